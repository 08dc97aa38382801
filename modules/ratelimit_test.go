package modules_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/modules"
	"bookvault/platform/cache"
	"bookvault/platform/cache/redistest"
	"bookvault/platform/config"
	"bookvault/platform/gateway"
)

// A token that authentication knows has a share of its own once it was used; one that is made up shares its address's.
func TestAnHonestTokenHasAShareOfItsOwn(t *testing.T) {
	h := openHouse(t)
	defaults, err := os.ReadFile("../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	settings, err := config.Load(config.Sources{Defaults: defaults, Flags: map[string]string{"rate_limit.rate": "0.1", "rate_limit.burst": "10"}})
	if err != nil {
		t.Fatal(err)
	}
	chain := gateway.Chain(h.library.Handler, modules.GatewaySettings(settings, h.library, prometheus.NewRegistry(), slog.New(slog.DiscardHandler)))
	ask := func(p proof) int {
		r := httptest.NewRequest("GET", "/api/members/v1/me", nil)
		if p.header != "" {
			r.Header.Set(p.header, p.value)
		}
		w := httptest.NewRecorder()
		chain.ServeHTTP(w, r)
		return w.Code
	}
	token, session := h.proofs["desk's token"], h.proofs["desk's session"]
	for _, p := range []proof{token, session} {
		if code := ask(p); code != 200 {
			t.Fatalf("%s: %d", p.header, code)
		}
	}
	for range 20 {
		ask(h.proofs["a made-up token"])
	}
	for name, want := range map[string]int{"nobody": 429, "an old cookie": 429, "an expired token": 429, "desk's token": 200, "desk's session": 200} {
		if code := ask(h.proofs[name]); code != want {
			t.Errorf("%s: %d, want %d", name, code, want)
		}
	}
}

// Two processes share what a client may ask through a real Redis. When that one is gone each goes by its own count.
func TestTwoProcessesShareARateLimit(t *testing.T) {
	redis := redistest.New(t)
	h := openHouse(t)
	defaults, err := os.ReadFile("../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	settings, err := config.Load(config.Sources{Defaults: defaults, Flags: map[string]string{"rate_limit.rate": "0.1", "rate_limit.burst": "40", "rate_limit.lease": "4", "rate_limit.hold": "0s"}})
	if err != nil {
		t.Fatal(err)
	}
	var chains []http.Handler
	for range 2 {
		remote, err := cache.NewRemote(cache.RemoteSettings{URL: redis.URL, Version: "test", Timeout: time.Second, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = remote.Stop(context.Background()) })
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			if _, err := remote.Settle([]string{"warm"}, []time.Duration{0}, []time.Duration{time.Second}); err == nil {
				break
			} else if time.Now().After(deadline) {
				t.Fatal(err)
			}
		}
		library := *h.library
		library.Remote = remote
		chains = append(chains, gateway.Chain(h.library.Handler, modules.GatewaySettings(settings, &library, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))))
	}
	// through counts what both let through of a hundred requests each, slowly enough for news to arrive.
	through := func(from string) (n int) {
		for range 100 {
			for _, chain := range chains {
				r := httptest.NewRequest("GET", "/api/catalog/v1/books/1", nil)
				r.RemoteAddr = from
				w := httptest.NewRecorder()
				chain.ServeHTTP(w, r)
				if w.Code != http.StatusTooManyRequests {
					n++
				}
			}
			time.Sleep(2 * time.Millisecond)
		}
		return n
	}
	if n := through("192.0.2.1:1"); n < 40 || n > 70 {
		t.Errorf("together they let %d through, of a share of 40", n)
	}
	if keys := redis.Keys(); len(keys) == 0 {
		t.Error("Redis knows of no client")
	}
	redis.Kill()
	if n := through("192.0.2.2:1"); n < 80 || n > 82 {
		t.Errorf("on their own they let %d through, of 40 each", n)
	}
}
