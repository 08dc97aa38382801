package gateway

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAPanicIsAnsweredLoggedAndNotShown(t *testing.T) {
	r := httptest.NewRequest("GET", "/api/members/v1/members/C-77?q=x", nil)
	w, lines := through(t, r, func(http.ResponseWriter, *http.Request) { panic("password=hunter2") })
	if d := problemOf(t, w); w.Code != 500 || d.Code != "internal_error" || strings.Contains(w.Body.String(), "hunter2") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w.Header().Get("Content-Security-Policy") == "" {
		t.Error("the 500 has no secure headers")
	}
	if len(lines) != 2 || lines[0]["msg"] != "request" || lines[0]["status"] != 500.0 || lines[1]["msg"] != "panic in a handler" {
		t.Fatalf("log %v", lines)
	}
	if stack := lines[1]["stack"].(string); !strings.Contains(stack, "recover_test.go") || lines[1]["route"] != "/api/members/v1/members/-" {
		t.Errorf("log %v", lines[1])
	}
}

func TestAnAnswerThatHasBegunIsCut(t *testing.T) {
	defer func() {
		if thrown := recover(); thrown != http.ErrAbortHandler {
			t.Errorf("thrown %v", thrown)
		}
	}()
	through(t, httptest.NewRequest("GET", "/", nil), func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("half of "))
		panic("the rest")
	})
}

func TestNetHTTPsOwnAbortPasses(t *testing.T) {
	defer func() {
		if thrown := recover(); thrown != http.ErrAbortHandler {
			t.Errorf("thrown %v", thrown)
		}
	}()
	through(t, httptest.NewRequest("GET", "/", nil), func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
}
