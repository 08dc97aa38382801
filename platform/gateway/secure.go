package gateway

import (
	"net/http"
	"strings"
)

// PagePolicy lets pages use our own files and nothing else: no inline script or style, no frame around us. A page that needs
// more replaces it (platform/cdn).
const PagePolicy = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"

// The headers of every answer, ready-made: setting a slice costs a tenth of http.Header.Set. They are shared, so a handler
// replaces one (Set) and never appends to its array (Add copies, as their capacity is used up).
var (
	noSniff     = []string{"nosniff"}
	noReferrer  = []string{"same-origin"}
	sameOrigin  = []string{"same-origin"}
	permissions = []string{"camera=(self), geolocation=(), microphone=(), payment=(), usb=()"} // the camera scans barcodes

	pagePolicy = []string{PagePolicy}
	// dataPolicy is for answers of the API: no document, so nothing in them runs, and nobody shows them in a frame.
	dataPolicy = []string{"default-src 'none'; frame-ancestors 'none'"}
	// docsPolicy is for the API's documentation, whose viewer styles elements inline. Its scripts are files of ours.
	docsPolicy = []string{"default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"}
)

// secureHeaders tells browsers to believe the content type, to run only our own scripts, and to keep other sites out.
func secureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["X-Content-Type-Options"] = noSniff
		h["Referrer-Policy"] = noReferrer
		h["Cross-Origin-Resource-Policy"] = sameOrigin
		if strings.HasPrefix(r.URL.Path, "/api/") { // what follows is for documents, and a phone fetches many answers
			h["Content-Security-Policy"] = dataPolicy
			next.ServeHTTP(w, r)
			return
		}
		h["Permissions-Policy"] = permissions
		h["Cross-Origin-Opener-Policy"] = sameOrigin
		if r.URL.Path == "/docs" || strings.HasPrefix(r.URL.Path, "/docs/") {
			h["Content-Security-Policy"] = docsPolicy
		} else {
			h["Content-Security-Policy"] = pagePolicy
		}
		next.ServeHTTP(w, r)
	})
}
