package rest

import (
	"errors"
	"testing"

	"bookvault/platform/problem"
)

type place struct {
	Rank float64
	ID   int64
}

func TestCursorsComeBackAndBelongToOneList(t *testing.T) {
	c := EncodeCursor("books?q=kieu", place{0.5, 42})
	var got place
	if err := DecodeCursor("books?q=kieu", c, &got); err != nil || got != (place{0.5, 42}) {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, bad := range []string{"", "x", c[:len(c)-1], c + "A", "A" + c[1:], "%%%"} {
		if err := DecodeCursor("books?q=kieu", bad, &got); !errors.Is(err, &problem.Error{Code: "invalid_cursor"}) {
			t.Errorf("DecodeCursor(%q) = %v", bad, err)
		}
	}
	if DecodeCursor("books?q=other", c, &got) == nil {
		t.Error("a cursor of another list was taken")
	}
}

func FuzzDecodeCursor(f *testing.F) {
	f.Add(EncodeCursor("s", place{1, 2}))
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, cursor string) {
		var p place
		if err := DecodeCursor("s", cursor, &p); err != nil && !errors.Is(err, &problem.Error{Code: "invalid_cursor"}) {
			t.Errorf("%v", err)
		}
	})
}

func TestIfMatch(t *testing.T) {
	for header, want := range map[string]int32{`"7"`: 7, `W/"7"`: 7, `"7-gzip"`: 7, `7`: 7, `*`: 0, ` "12" `: 12} {
		if got, err := IfMatch(header); err != nil || got != want {
			t.Errorf("IfMatch(%q) = %d, %v", header, got, err)
		}
	}
	for header, kind := range map[string]problem.Kind{``: problem.PreconditionRequired, `"x"`: problem.InvalidInput, `"1","2"`: problem.InvalidInput, `"99999999999"`: problem.InvalidInput} {
		if _, err := IfMatch(header); problem.Of(err).Kind != kind {
			t.Errorf("IfMatch(%q): %v", header, err)
		}
	}
}

func TestNoneMatch(t *testing.T) {
	for header, want := range map[string]bool{`"7"`: true, `W/"7"`: true, `"6", "7"`: true, `*`: true, `"6"`: false, ``: false} {
		if got := NoneMatch(header, `"7"`); got != want {
			t.Errorf("NoneMatch(%q) = %v", header, got)
		}
	}
}
