package modules_test

import (
	"log/slog"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/modules"
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
