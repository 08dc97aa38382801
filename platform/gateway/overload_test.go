package gateway

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/platform/identity"
	"bookvault/platform/resilience"
)

// busyFor is a chain that lets in ten at once, before a handler that takes as long as the header Takes says, and vouches for the role of the
// header Vouch.
func busyFor(on func() bool) http.Handler {
	known := newProofs(100, "bv_session")
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if role, err := identity.ParseRole(r.Header.Get("Vouch")); err == nil {
			Vouch(r.Context(), role, 17)
		}
		if r.Header.Get("Takes") == "panic" {
			panic(http.ErrAbortHandler)
		}
		if took, err := time.ParseDuration(r.Header.Get("Takes")); err == nil {
			time.Sleep(took)
		}
	})
	return requestID(client(nil, 0)(overload(resilience.ShedSettings{Least: 10, Most: 10, Enabled: on}, func(r *http.Request) bool { return r.Header.Get("Full") != "" }, known, prometheus.NewRegistry())(inner)))
}

func TestUnderOverloadTheDeskComesFirstAndRobotsLast(t *testing.T) {
	const path = "GET /api/catalog/v1/books/1"
	callers := []struct {
		name    string
		headers []string
		in      int // of 20 at once, after those before
	}{
		{"robots", []string{"User-Agent", "examplebot/1"}, 5},
		{"the public", nil, 3},
		{"a token that was made up", []string{"Authorization", "Bearer invented"}, 0},
		{"members", []string{"Authorization", "Bearer member"}, 1},
		{"the desk", []string{"Cookie", "bv_session=desk"}, 20},
	}
	synctest.Test(t, func(t *testing.T) {
		h := busyFor(func() bool { return true })
		asked(h, "192.0.2.1:1", path, "Authorization", "Bearer member", "Vouch", "patron")
		asked(h, "192.0.2.1:1", path, "Cookie", "bv_session=desk", "Vouch", "desk")
		var all sync.WaitGroup
		for _, c := range callers {
			var lock sync.Mutex
			refused := 0
			for range 20 {
				all.Go(func() {
					w := asked(h, "192.0.2.1:1", path, append([]string{"Takes", "1h"}, c.headers...)...)
					if w.Code == 503 {
						lock.Lock()
						refused++
						lock.Unlock()
						if w.Header().Get("Retry-After") != "1" || problemOf(t, w).Code != "overloaded" {
							t.Errorf("%v %s", w.Header(), w.Body)
						}
					}
				})
			}
			synctest.Wait()
			lock.Lock()
			if 20-refused != c.in {
				t.Errorf("%s: %d of 20 let in, want %d", c.name, 20-refused, c.in)
			}
			lock.Unlock()
		}
		// Pages, and bodies that may take their time, pass.
		upload := httptest.NewRequest("POST", "/api/catalog/v1/imports", strings.NewReader("x"))
		upload.ContentLength = -1
		w := httptest.NewRecorder()
		h.ServeHTTP(w, upload)
		if page := asked(h, "192.0.2.1:1", "GET /"); page.Code != 200 || w.Code != 200 {
			t.Errorf("a page %d, an upload %d", page.Code, w.Code)
		}
		all.Wait()
	})
}

// Whose compartment is full is refused before any work, if it is the public; the others find out for themselves.
func TestThePublicIsRefusedBeforeAFullCompartment(t *testing.T) {
	const path = "GET /api/catalog/v1/books?q=emma"
	on := true
	h := busyFor(func() bool { return on })
	asked(h, "192.0.2.1:1", path, "Authorization", "Bearer member", "Vouch", "patron")
	for _, test := range []struct {
		name    string
		headers []string
		code    int
	}{
		{"the public", nil, 503},
		{"a robot", []string{"User-Agent", "examplebot/1"}, 503},
		{"a member", []string{"Authorization", "Bearer member"}, 200},
	} {
		for range 50 { // a refusal takes no place
			if w := asked(h, "192.0.2.1:1", path, append([]string{"Full", "yes"}, test.headers...)...); w.Code != test.code {
				t.Fatalf("%s: %d %s", test.name, w.Code, w.Body)
			}
		}
	}
	if w := asked(h, "192.0.2.1:1", path); w.Code != 200 {
		t.Errorf("with room: %d", w.Code)
	}
	on = false
	if w := asked(h, "192.0.2.1:1", path, "Full", "yes"); w.Code != 200 {
		t.Errorf("switched off: %d", w.Code)
	}
}

func TestARequestThatPanicsGivesItsPlaceBack(t *testing.T) {
	h := busyFor(func() bool { return true })
	for i := range 50 {
		func() {
			defer func() {
				if thrown := recover(); thrown != http.ErrAbortHandler {
					t.Errorf("%v", thrown)
				}
			}()
			asked(h, fmt.Sprintf("192.0.2.%d:1", i), "GET /api/catalog/v1/books/1", "Takes", "panic")
		}()
	}
	if w := asked(h, "192.0.2.1:1", "GET /api/catalog/v1/books/1"); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
