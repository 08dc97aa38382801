package gateway

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestSecureHeaders(t *testing.T) {
	tests := []struct{ path, has, hasNot string }{
		{"/", "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'", "unsafe"},
		{"/api/catalog/v1/books", "frame-ancestors 'none'", "unsafe"},
		{"/docs", "style-src 'self' 'unsafe-inline'", "script-src"},
		{"/docs/swagger-ui.css", "style-src 'self' 'unsafe-inline'", "unsafe-eval"},
		{"/docsearch", "form-action 'self'", "unsafe"},
	}
	for _, test := range tests {
		w, _ := through(t, httptest.NewRequest("GET", test.path, nil), ok)
		policy := w.Header().Get("Content-Security-Policy")
		if !strings.Contains(policy, test.has) || strings.Contains(policy, test.hasNot) {
			t.Errorf("%s: policy %q", test.path, policy)
		}
		for _, name := range []string{"X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy", "Cross-Origin-Opener-Policy"} {
			ofDocuments := name == "Permissions-Policy" || name == "Cross-Origin-Opener-Policy"
			if data := strings.HasPrefix(test.path, "/api/"); (w.Header().Get(name) == "") != (data && ofDocuments) {
				t.Errorf("%s: %s is %q", test.path, name, w.Header().Get(name))
			}
		}
	}
}

// The header values are shared by all answers: a handler that adds to one must not change the next answer's.
func TestAddingToASharedHeaderChangesNoOther(t *testing.T) {
	first := httptest.NewRecorder()
	secureHeaders(okHandler).ServeHTTP(first, httptest.NewRequest("GET", "/", nil))
	first.Header().Add("Referrer-Policy", "unsafe-url")
	second := httptest.NewRecorder()
	secureHeaders(okHandler).ServeHTTP(second, httptest.NewRequest("GET", "/", nil))
	if got := second.Header()["Referrer-Policy"]; len(got) != 1 || got[0] != "same-origin" {
		t.Errorf("the next answer has %q", got)
	}
}
