package gateway

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestBodyLimit(t *testing.T) {
	limit := func(s *Settings) { s.MaxBody = 10 }
	announced := httptest.NewRequest("POST", "/", strings.NewReader("eleven byte"))
	w, _ := through(t, announced, func(http.ResponseWriter, *http.Request) { t.Error("the handler ran") }, limit)
	if d := problemOf(t, w); w.Code != 413 || d.Code != "body_too_large" || w.Header().Get("Connection") != "close" {
		t.Errorf("%d %+v", w.Code, d)
	}

	streamed := httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader("eleven byte")))
	streamed.ContentLength = -1
	through(t, streamed, func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); !tooLarge {
			t.Errorf("read to the end: %v", err)
		}
	}, limit)

	through(t, httptest.NewRequest("POST", "/", strings.NewReader("ten bytes!")), func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err != nil || len(body) != 10 {
			t.Errorf("a body of the limit: %q, %v", body, err)
		}
	}, limit)
}
