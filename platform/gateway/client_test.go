package gateway

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

var okHandler = http.HandlerFunc(ok)

func TestClientAddress(t *testing.T) {
	tests := []struct {
		name, peer    string
		forwarded     []string
		proto         string
		want          string
		secure        bool
		trustsNothing bool
	}{
		{name: "a direct client", peer: "192.0.2.9:5000", want: "192.0.2.9"},
		{name: "an untrusted peer's headers are ignored", peer: "192.0.2.9:5000", forwarded: []string{"1.1.1.1"}, proto: "https", want: "192.0.2.9"},
		{name: "through a trusted proxy", peer: "10.0.0.1:5000", forwarded: []string{"198.51.100.7"}, proto: "https", want: "198.51.100.7", secure: true},
		{name: "an invented first hop", peer: "10.0.0.1:5000", forwarded: []string{"1.1.1.1, 198.51.100.7"}, want: "198.51.100.7"},
		{name: "two proxies", peer: "10.0.0.1:5000", forwarded: []string{"198.51.100.7, 10.0.0.2"}, want: "198.51.100.7"},
		{name: "two headers", peer: "10.0.0.1:5000", forwarded: []string{"198.51.100.7", "10.0.0.2"}, want: "198.51.100.7"},
		{name: "rubbish", peer: "10.0.0.1:5000", forwarded: []string{"1.1.1.1, unknown"}, want: "10.0.0.1"},
		{name: "nothing said", peer: "10.0.0.1:5000", want: "10.0.0.1"},
		{name: "IPv4 in IPv6", peer: "[::ffff:10.0.0.1]:5000", forwarded: []string{"2001:db8::1"}, want: "2001:db8::1"},
		{name: "the proxy nearest to us says http", peer: "10.0.0.1:5000", proto: "https, http", want: "10.0.0.1"},
		{name: "no proxy is trusted", peer: "10.0.0.1:5000", forwarded: []string{"1.1.1.1"}, proto: "https", want: "10.0.0.1", trustsNothing: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = test.peer
			if test.forwarded != nil {
				r.Header["X-Forwarded-For"] = test.forwarded
			}
			if test.proto != "" {
				r.Header.Set("X-Forwarded-Proto", test.proto)
			}
			through(t, r, func(_ http.ResponseWriter, r *http.Request) {
				if got := ClientAddress(r.Context()); got != netip.MustParseAddr(test.want) {
					t.Errorf("address %v, want %s", got, test.want)
				}
				if got := Secure(r.Context()); got != test.secure {
					t.Errorf("secure %v", got)
				}
			}, func(s *Settings) {
				if test.trustsNothing {
					s.TrustedProxies = nil
				}
			})
		})
	}
}
