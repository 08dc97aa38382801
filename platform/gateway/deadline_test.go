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

func TestAClientMayWaitLessLongAndNotLonger(t *testing.T) {
	tests := []struct {
		given []string
		limit time.Duration // 0: refused
	}{
		{nil, time.Second},
		{[]string{"0.25"}, 250 * time.Millisecond},
		{[]string{"1e-3"}, time.Millisecond},
		{[]string{"3600"}, time.Second},
		{[]string{"Inf"}, time.Second},
		{[]string{"0"}, 0}, {[]string{"-1"}, 0}, {[]string{"NaN"}, 0}, {[]string{"2s"}, 0}, {[]string{""}, 0}, {[]string{"1", "2"}, 0},
	}
	for _, test := range tests {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Request-Timeout"] = test.given
		var left time.Duration
		w, _ := through(t, r, func(_ http.ResponseWriter, r *http.Request) {
			end, _ := r.Context().Deadline()
			left = time.Until(end)
		})
		if test.limit == 0 {
			if w.Code != 400 || problemOf(t, w).Code != "request_timeout_invalid" || left != 0 {
				t.Errorf("%q: %d %s", test.given, w.Code, w.Body)
			}
			continue
		}
		if w.Code != 200 || left > test.limit || left < test.limit-900*time.Millisecond {
			t.Errorf("%q: %d, %v left", test.given, w.Code, left)
		}
	}
}
