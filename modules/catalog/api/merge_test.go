package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// moved asks for a title without going where it leads.
func (l *library) moved(id string) (status int, location string) {
	l.t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(l.url + "/books/" + id)
	if err != nil {
		l.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode, resp.Header.Get("Location")
}

func TestTheOldIdOfAMergedTitleAnswers301(t *testing.T) {
	l := newLibrary(t)
	a, b, c := l.add("Truyện Kiều", nil), l.add("Kim Vân Kiều", nil), l.add("Đoạn trường tân thanh", nil)
	merge := func(from, into reply, headers ...string) reply {
		l.t.Helper()
		return l.do("POST", "/books/"+id(from)+"/merge", fmt.Sprintf(`{"into":%s}`, id(into)), headers...)
	}
	var number int64
	fmt.Sscan(id(a), &number)
	l.used[number] = true
	if r := merge(a, b); r.status != 409 || r.body["code"] != "title_has_items" {
		t.Errorf("what borrowing refuses: %d %s", r.status, r.raw)
	}
	if status, _ := l.moved(id(a)); status != 200 {
		t.Errorf("after a refusal: %d", status)
	}
	delete(l.used, number)
	if r := merge(a, b, "If-Match", `"7"`); r.status != 412 {
		t.Errorf("an old version: %d %s", r.status, r.raw)
	}
	if r := merge(a, a); r.status != 422 {
		t.Errorf("into itself: %d %s", r.status, r.raw)
	}
	if r := l.do("POST", "/books/"+id(a)+"/merge", `{"into":999999}`); r.status != 422 || !strings.Contains(string(r.raw), "body.into") {
		t.Errorf("into nothing: %d %s", r.status, r.raw)
	}
	for range 2 { // repeated, it is the same
		if r := merge(a, b, "If-Match", `"1"`); r.status != 200 || id(r) != id(b) {
			t.Errorf("%d %s", r.status, r.raw)
		}
	}
	if status, location := l.moved(id(a)); status != 301 || location != "/api/catalog/v1/books/"+id(b) {
		t.Errorf("%d to %q", status, location)
	}
	if r := l.do("GET", "/books/"+id(a), nil); r.status != 200 || id(r) != id(b) {
		t.Errorf("who follows: %d %s", r.status, r.raw)
	}
	if r := l.do("GET", "/books?q=truyen+kieu", nil); r.titles() != "" {
		t.Errorf("it is found still: %s", r.raw)
	}
	if r := merge(a, c); r.status != 404 {
		t.Errorf("elsewhere, afterwards: %d %s", r.status, r.raw)
	}
	if r := merge(c, a); r.status != 422 {
		t.Errorf("into a tombstone: %d %s", r.status, r.raw)
	}
	if r := merge(b, c); r.status != 200 {
		t.Errorf("%d %s", r.status, r.raw)
	}
	for _, old := range []reply{a, b} {
		if status, location := l.moved(id(old)); status != 301 || location != "/api/catalog/v1/books/"+id(c) {
			t.Errorf("in one step: %d to %q", status, location)
		}
	}
	if r := l.do("DELETE", "/books/"+id(c), nil); r.status != 204 {
		t.Errorf("%d", r.status)
	}
	if r := l.do("GET", "/books/"+id(c), nil); r.status != 404 {
		t.Errorf("deleted, not merged: %d", r.status)
	}
	if r := merge(b, c, "Authorization", "Bearer desk"); r.status != 403 {
		t.Errorf("by the desk: %d", r.status)
	}
}
