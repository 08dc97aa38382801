package catalog

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTerms(t *testing.T) {
	for text, want := range map[string]string{
		"Truyện Kiều":       "[[[truyen]] [[kieu]]]",
		"Spider-Man 2":      "[[[spider man] [spiderman]] [[2]]]",
		"J.R.R. Tolkien":    "[[[j r r] [jrr]] [[tolkien]]]",
		"R.U.R.":            "[[[r u r] [rur]]]",
		"L'Étranger":        "[[[letranger] [etranger]]]",
		"d’Artagnan":        "[[[dartagnan] [artagnan]]]",
		"Hitchhiker's":      "[[[hitchhikers]]]",
		"l'avant-garde":     "[[[lavant garde] [lavantgarde] [avant garde]]]",
		"紅樓夢 (Honglou)":     "[[[紅 樓 夢]] [[honglou]]]",
		"3.14":              "[[[3]] [[14]]]",
		"Dr. Jekyll":        "[[[dr]] [[jekyll]]]",
		"war / peace - end": "[[[war]] [[peace]] [[end]]]",
		"'--' ... !":        "[]",
		"":                  "[]",
	} {
		if got := fmt.Sprint(Terms(text)); got != want {
			t.Errorf("Terms(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestTitleKey(t *testing.T) {
	for title, want := range map[string]string{
		"The Hobbit":               "hobbit",
		"A Tale of Two Cities":     "tale of two cities",
		"The":                      "the",
		"Vợ chồng A Phủ":           "vo chong a phu",
		strings.Repeat("abc ", 90): strings.TrimSpace(strings.Repeat("abc ", 50)),
	} {
		if got := TitleKey(title); got != want {
			t.Errorf("TitleKey(%q) = %q, want %q", title, got, want)
		}
	}
}

// Whatever the text, its words are folded, not empty, within the bound, and stay what they are when they are taken apart again.
func FuzzTerms(f *testing.F) {
	for _, seed := range []string{"Truyện Kiều", "l'avant-garde J.R.R.", "紅樓夢x9", "\xff\x00'-.", "½ ﷺ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, term := range Terms(text) {
			if len(term) == 0 || len(term) > 3 {
				t.Fatalf("%d forms", len(term))
			}
			for _, form := range term {
				if len(form) == 0 {
					t.Fatal("an empty form")
				}
				for _, word := range form {
					if word == "" || strings.ContainsAny(word, " =':\\") || utf8.RuneCountInString(word) > MaxWordLength {
						t.Fatalf("word %q", word)
					}
					if again := Words(word); len(again) != 1 || again[0] != word {
						t.Fatalf("word %q, taken apart again: %q", word, again)
					}
				}
			}
		}
	})
}
