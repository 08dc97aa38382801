package problem

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestEveryKindHasAStatus(t *testing.T) {
	for k := Internal; k <= DeadlineExceeded; k++ {
		if _, ok := statuses[k]; !ok {
			t.Errorf("kind %d has no status", k)
		}
	}
}

func TestWhatIsNotAProblemShowsNothingOfItself(t *testing.T) {
	w := httptest.NewRecorder()
	Write(w, httptest.NewRequest("GET", "/", nil), fmt.Errorf("dial tcp 10.0.0.7: password=hunter2"))
	if w.Code != 500 || strings.Contains(w.Body.String(), "hunter2") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestWriteIsRFC9457(t *testing.T) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/", nil)
	r.Header.Set("X-Request-Id", "r1")
	refusal := Refused(Reason{Code: "item_on_loan", Detail: "Somebody else has it."}, Reason{Code: "member_blocked", Detail: "Blocked.", Overridable: true, By: "desk"})
	refusal.RetryAfter = 1500 * time.Millisecond
	Write(w, r, fmt.Errorf("lend: %w", refusal))
	var got Details
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if w.Code != http.StatusConflict || got.Code != "item_on_loan" || len(got.Reasons) != 2 || got.RequestID != "r1" {
		t.Errorf("%d %+v", w.Code, got)
	}
	if w.Header().Get("Retry-After") != "2" || w.Header().Get("Content-Type") != ContentType {
		t.Errorf("headers %v", w.Header())
	}
}

func TestAHeadRequestGetsNoBody(t *testing.T) {
	w := httptest.NewRecorder()
	Write(w, httptest.NewRequest("HEAD", "/", nil), NotFound("book_not_found", "no such title"))
	if w.Code != 404 || w.Body.Len() != 0 {
		t.Errorf("%d, %d bytes", w.Code, w.Body.Len())
	}
}

func TestErrorsIsComparesCodes(t *testing.T) {
	err := fmt.Errorf("delete: %w", Conflict("title_in_use", "has items").Because(errors.New("cause")))
	if !errors.Is(err, &Error{Code: "title_in_use"}) || errors.Is(err, &Error{Code: "other"}) {
		t.Error("errors.Is does not go by code")
	}
}
