package problem

import (
	"maps"
	"net/http/httptest"
	"testing"
	"time"
)

// What is written beforehand is what would be written, but for the request's name.
func TestAReadyProblemIsTheProblem(t *testing.T) {
	for _, method := range []string{"GET", "HEAD"} {
		for _, after := range []time.Duration{0, time.Millisecond, 2500 * time.Millisecond, time.Minute, time.Hour} {
			e := New(TooMany, "rate_limited", "You ask more than your share.")
			e.RetryAfter = after
			want, got := httptest.NewRecorder(), httptest.NewRecorder()
			Write(want, httptest.NewRequest(method, "/", nil), e)
			if after == time.Hour {
				e.RetryAfter = time.Second
				NewReady(e).WriteAfter(got, httptest.NewRequest(method, "/", nil), after)
			} else {
				NewReady(e).Write(got, httptest.NewRequest(method, "/", nil))
			}
			if got.Code != want.Code || got.Body.String() != want.Body.String() || !maps.EqualFunc(got.Header(), want.Header(), func(a, b []string) bool { return a[0] == b[0] }) {
				t.Errorf("%s after %v: %d %v %s\nwant %d %v %s", method, after, got.Code, got.Header(), got.Body, want.Code, want.Header(), want.Body)
			}
		}
	}
}
