package gateway

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRequestID(t *testing.T) {
	tests := []struct {
		given []string
		kept  bool
	}{
		{nil, false},
		{[]string{"0af7651916cd43dd8448eb211c80319c"}, true},
		{[]string{"7b2e1f64-9c1d-4f5e-8a1b-2c3d4e5f6a7b"}, true},
		{[]string{"short"}, false},
		{[]string{strings.Repeat("x", 65)}, false},
		{[]string{"forged\nlevel=ERROR"}, false},
		{[]string{"<script>alert(1)</script>"}, false},
		{[]string{"first-of-two", "second-of-two"}, false},
	}
	seen := map[string]bool{}
	for _, test := range tests {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header[requestIDHeader] = test.given
		inside := ""
		w, _ := through(t, r, func(_ http.ResponseWriter, r *http.Request) { inside = RequestID(r.Context()) })
		id := w.Header().Get(requestIDHeader)
		if id == "" || id != inside || seen[id] {
			t.Errorf("%q: answered %q, inside %q, seen before %v", test.given, id, inside, seen[id])
		}
		if kept := len(test.given) == 1 && id == test.given[0]; kept != test.kept {
			t.Errorf("%q: kept %v", test.given, kept)
		}
		seen[id] = true
	}
	if RequestID(t.Context()) != "" || ClientAddress(t.Context()).IsValid() || Secure(t.Context()) {
		t.Error("a context outside of the gateway knows a request")
	}
}
