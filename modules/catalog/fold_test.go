package catalog

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"":                         "",
		"  Truyện   Kiều ":         "truyen kieu",
		"Đất rừng phương Nam":      "dat rung phuong nam",
		"Số đỏ":                    "so do",
		"L'Étranger":               "letranger",
		"The Hitch-Hiker’s Guide!": "the hitch hikers guide",
		"Čapek, R.U.R.":            "capek r u r",
		"Straße":                   "strasse",
		"1984":                     "1984",
		"Война и мир":              "воина и мир",
		"紅樓夢":                      "紅樓夢",
		"—…“”":                     "",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
		if got := Fold(norm.NFD.String(in)); got != want {
			t.Errorf("Fold(NFD %q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzFold(f *testing.F) {
	f.Add("Truyện Kiều")
	f.Add("\xff\x00đ ́")
	f.Add("\xf4ӝ") // a broken byte in front of a letter with a mark
	f.Fuzz(func(t *testing.T, s string) {
		once := Fold(s)
		if twice := Fold(once); twice != once {
			t.Errorf("Fold is not idempotent on %q: %q, then %q", s, once, twice)
		}
	})
}

// ASCII text takes a short way; it must lead to the same place as the long one, which any accent forces.
func TestTheShortWayIsTheSame(t *testing.T) {
	for _, s := range []string{"", " The  Hitch-Hiker's (2nd) Guide! ", "R.U.R.", "a'b", "' '", "UPPER lower 42", "\x00\x7f~", strings.Repeat("long", 40)} {
		const mark = "ø" // folds to o, and is not ASCII
		if got, want := Fold(s+" "+mark), strings.TrimSpace(Fold(s)+" o"); got != want {
			t.Errorf("Fold(%q): the short way gives %q, the long one %q", s, want, got)
		}
	}
}
