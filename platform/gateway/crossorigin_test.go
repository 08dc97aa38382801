package gateway

import (
	"net/http/httptest"
	"testing"
)

func TestCrossOrigin(t *testing.T) {
	tests := []struct {
		name, method string
		headers      map[string]string
		status       int
	}{
		{"our own page", "POST", map[string]string{"Sec-Fetch-Site": "same-origin"}, 200},
		{"a program", "POST", nil, 200},
		{"another site's page", "POST", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"a neighbour on a subdomain", "DELETE", map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		{"an old browser elsewhere", "PUT", map[string]string{"Origin": "https://evil.example"}, 403},
		{"an old browser here", "PUT", map[string]string{"Origin": "http://example.com"}, 200},
		{"a link from elsewhere", "GET", map[string]string{"Sec-Fetch-Site": "cross-site"}, 200},
	}
	for _, test := range tests {
		r := httptest.NewRequest(test.method, "/api/borrowing/v1/loans", nil)
		for name, value := range test.headers {
			r.Header.Set(name, value)
		}
		if w, _ := through(t, r, ok); w.Code != test.status {
			t.Errorf("%s: answered %d, want %d", test.name, w.Code, test.status)
		}
	}
}
