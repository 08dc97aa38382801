package api_test

import (
	"sync"
	"testing"
)

func TestATitleThatIsSentTwiceWithItsKeyIsMadeOnce(t *testing.T) {
	l := newLibrary(t)
	body := map[string]any{"title": "Lục Vân Tiên", "authors": []any{map[string]any{"name": "Nguyễn Đình Chiểu"}}, "genres": []any{"Poetry"}}
	replies := make([]reply, 4)
	var all sync.WaitGroup
	for i := range replies {
		all.Go(func() { replies[i] = l.do("POST", "/books", body, "Idempotency-Key", "k1") })
	}
	all.Wait()
	first := l.do("POST", "/books", body, "Idempotency-Key", "k1")
	if first.status != 201 || first.header.Get("ETag") != `"1"` {
		t.Fatalf("made: %d %s", first.status, first.raw)
	}
	// The answer stays what it was, whatever becomes of the title.
	edited := map[string]any{"title": "Another", "authors": body["authors"]}
	if r := l.do("PUT", "/books/"+id(first), edited, "If-Match", `"1"`); r.status != 200 {
		t.Fatalf("edited: %d %s", r.status, r.raw)
	}
	for _, r := range append(replies, l.do("POST", "/books", body, "Idempotency-Key", "k1")) {
		if r.body["code"] == "idempotency_in_progress" && r.status == 409 {
			continue
		}
		if r.status != 201 || string(r.raw) != string(first.raw) || r.header.Get("Location") != first.header.Get("Location") {
			t.Errorf("again: %d %s\nfirst: %s", r.status, r.raw, first.raw)
		}
	}
	if r := l.do("POST", "/books", edited, "Idempotency-Key", "k1"); r.status != 422 || r.body["code"] != "idempotency_key_reused" {
		t.Errorf("another title: %d %s", r.status, r.raw)
	}
	if r := l.do("POST", "/books", map[string]any{"title": "No author"}, "Idempotency-Key", "k2"); r.status != 422 {
		t.Errorf("a mistake: %d %s", r.status, r.raw)
	}
	if r := l.do("POST", "/books", body, "Idempotency-Key", "k2"); r.status != 201 || id(r) == id(first) {
		t.Errorf("the key of a mistake: %d %s", r.status, r.raw)
	}
}
