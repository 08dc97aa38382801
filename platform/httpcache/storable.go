package httpcache

import (
	"net/http"
	"strings"
)

// byHeuristics are the final statuses that may be stored without explicit freshness (RFC 9110, section 15.1), less 206.
var byHeuristics = map[int]bool{200: true, 203: true, 204: true, 300: true, 301: true, 308: true, 404: true, 405: true, 410: true, 414: true, 501: true}

// understood are the statuses whose caching rules this cache implements, for must-understand.
var understood = map[int]bool{200: true, 203: true, 204: true, 300: true, 301: true, 302: true, 303: true, 307: true, 308: true, 400: true, 401: true, 403: true,
	404: true, 405: true, 410: true, 414: true, 500: true, 501: true, 502: true, 503: true, 504: true}

// policy is what an answer says of its storing and reuse.
type policy struct {
	directives
	targeted bool // by CDN-Cache-Control: Cache-Control and Expires are then for others
}

func policyOf(h http.Header) policy {
	if d, there := targeted(h); there {
		return policy{d, true}
	}
	return policy{parseDirectives(h["Cache-Control"]), false}
}

// storable decides by RFC 9111, section 3, for a shared cache.
func storable(r *http.Request, status int, h http.Header, p policy) bool {
	switch {
	case status < 200 || status == http.StatusPartialContent || status == http.StatusNotModified:
		return false
	case p.has("no-store") && !(p.has("must-understand") && understood[status]):
		return false
	case p.has("must-understand") && !understood[status]:
		return false
	case p.has("private") && p.directives["private"] == "":
		return false
	case asked(r).noStore:
		return false
	case len(h["Set-Cookie"]) > 0 || len(h["Set-Cookie2"]) > 0:
		return false // what is meant for one is not handed to another, whatever it says of itself
	case r.Header.Get("Authorization") != "" && !p.has("public") && !p.has("must-revalidate") && !p.has("s-maxage"):
		return false
	case variesByAll(h["Vary"]):
		return false
	}
	if p.has("public") || p.has("max-age") || p.has("s-maxage") || p.has("no-cache") {
		return true
	}
	if !p.targeted && len(h["Expires"]) > 0 {
		return true
	}
	return byHeuristics[status] && (h.Get("Last-Modified") != "" || h.Get("Etag") != "")
}

// hopByHop are fields of one connection; they are neither stored nor, with what Connection names, sent on from the store.
var hopByHop = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization", "Te",
	"Trailer", "Transfer-Encoding", "Upgrade"}

// kept copies the fields of an answer that are stored.
func kept(h http.Header, p policy) http.Header {
	out := h.Clone()
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			out.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range hopByHop {
		delete(out, name)
	}
	// no-cache and private with names concern those fields only.
	for _, directive := range []string{"no-cache", "private"} {
		if names := p.directives[directive]; names != "" {
			for name := range strings.SplitSeq(names, ",") {
				out.Del(strings.TrimSpace(name))
			}
		}
	}
	delete(out, "Cache-Status")
	return out
}
