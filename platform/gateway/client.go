package gateway

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// client finds out where a request comes from. The connection says so; a proxy's forwarding headers are believed only when
// the connection comes from a trusted network, and then from the right: the first address that is not a trusted proxy's.
//
// Whoever came by TLS is told to go on doing so (HSTS); in plain text anybody could say that.
func client(trusted []netip.Prefix, hsts time.Duration) func(http.Handler) http.Handler {
	isTrusted := func(address netip.Addr) bool {
		for _, network := range trusted {
			if network.Contains(address) {
				return true
			}
		}
		return false
	}
	strict := []string{"max-age=" + strconv.FormatInt(int64(hsts/time.Second), 10)}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			e := exchangeOf(r.Context())
			if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
				e.client = peer.Addr().Unmap()
			}
			e.secure = r.TLS != nil
			if len(trusted) > 0 && isTrusted(e.client) {
				e.secure = e.secure || lastOf(r.Header["X-Forwarded-Proto"]) == "https"
				e.client = forwarded(r.Header["X-Forwarded-For"], e.client, isTrusted)
			}
			if e.secure && hsts > 0 {
				w.Header()["Strict-Transport-Security"] = strict
			}
			next.ServeHTTP(w, r)
		})
	}
}

// forwarded walks X-Forwarded-For from the right. Whatever cannot be read ends the walk at the last address that could be:
// what stands left of it may be invented.
func forwarded(headers []string, peer netip.Addr, isTrusted func(netip.Addr) bool) netip.Addr {
	hops := strings.Split(strings.Join(headers, ","), ",")
	found := peer
	for i := len(hops) - 1; i >= 0 && isTrusted(found); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		found = hop.Unmap()
	}
	return found
}

// lastOf gives the last word of a list header: the one that our own proxy wrote.
func lastOf(headers []string) string {
	if len(headers) == 0 {
		return ""
	}
	words := strings.Split(headers[len(headers)-1], ",")
	return strings.TrimSpace(words[len(words)-1])
}
