package gateway

import (
	"net/http"

	"bookvault/platform/problem"
)

// crossOrigin refuses requests that change something and that a browser sends on behalf of another site (net/http's check
// of Sec-Fetch-Site, else of Origin against Host). Programs that are no browsers send neither and pass.
func crossOrigin() func(http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		problem.Write(w, r, problem.New(problem.Forbidden, "cross_origin_refused",
			"This came from a page of another site. Open the library's own page and do it there."))
	}))
	return protection.Handler
}
