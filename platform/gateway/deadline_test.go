package gateway

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestDeadline(t *testing.T) {
	tests := []struct {
		name   string
		length int64
		want   time.Duration
	}{
		{"no body", 0, time.Second},
		{"a small body", 500, time.Second},
		{"a large body", largeBody + 1, time.Second + time.Minute},
		{"a body of unknown length", -1, time.Second + time.Minute},
	}
	for _, test := range tests {
		r := httptest.NewRequest("POST", "/", strings.NewReader("body"))
		r.ContentLength = test.length
		through(t, r, func(_ http.ResponseWriter, r *http.Request) {
			end, bounded := r.Context().Deadline()
			if left := time.Until(end); !bounded || left > test.want || left < test.want-500*time.Millisecond {
				t.Errorf("%s: %v left, want %v", test.name, left, test.want)
			}
		}, func(s *Settings) { s.MaxBody = 2 * largeBody })
	}
}
