package members

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseCard(t *testing.T) {
	for text, want := range map[string]Card{
		"0001234":               {"0001234", "0001234"}, // leading zeros are part of the number
		" p-0001 ":              {"p-0001", "P0001"},
		"2 9001 0000.0001_8":    {"2 9001 0000.0001_8", "290010000" + "00018"},
		"P0001":                 {"P0001", "P0001"},
		strings.Repeat("7", 32): {strings.Repeat("7", 32), strings.Repeat("7", 32)},
	} {
		if got, err := ParseCard(text); err != nil || got != want {
			t.Errorf("ParseCard(%q) = %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "   ", "---", "a/b", "1%", "a\x00b", "١٢٣", "Đ1", "a\nb", "\xff", strings.Repeat("7", 33), strings.Repeat("-", 1<<20)} {
		if got, err := ParseCard(text); err == nil {
			t.Errorf("ParseCard(%.20q) = %+v, want an error", text, got)
		}
	}
}

// The check digit finds every single wrong digit, and every swap of neighbours but 09 and 90: Luhn's promise.
func TestCheckDigitFindsSlips(t *testing.T) {
	if got := luhn("7992739871"); got != 3 { // the example of ISO/IEC 7812-1's annex as it is usually given
		t.Fatalf("luhn(7992739871) = %d, want 3", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		card, err := numberedCard("29001", rapid.Int64Range(1, 99_999_999).Draw(t, "number"))
		if err != nil || len(card.Key) != 14 {
			t.Fatalf("%+v, %v", card, err)
		}
		at := rapid.IntRange(0, 12).Draw(t, "at")
		slip := []byte(card.Key)
		slip[at] = '0' + (slip[at]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		if luhn(string(slip[:13])) == slip[13]-'0' {
			t.Fatalf("%s passes for %s", slip, card.Key)
		}
	})
}

// Whatever is typed, a card is refused, or has a key that the database's own check accepts and that reads as itself.
func FuzzParseCard(f *testing.F) {
	for _, seed := range []string{"0001234", "p-0001", "", "Đ", "a\x00", strings.Repeat("-", 70), "\xff\xfe", "1 2 3"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		card, err := ParseCard(text)
		if err != nil {
			return
		}
		if len(card.Key) < 1 || len(card.Key) > cardMax || len(card.Printed) > 2*cardMax || strings.Trim(card.Key, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			t.Errorf("ParseCard(%q) = %+v", text, card)
		}
		for _, again := range []string{card.Key, card.Printed, strings.ToLower(card.Key)} {
			if got, err := ParseCard(again); err != nil || got.Key != card.Key {
				t.Errorf("ParseCard(%q) = %+v, %v; the key was %q", again, got, err, card.Key)
			}
		}
	})
}

func TestFold(t *testing.T) {
	for text, want := range map[string]string{
		"Nguyễn Thị Đào":     "nguyen thi dao",
		"Nguyê\u0303n":       "nguyen",
		"  Jean-Luc  O'Neil": "jean luc oneil",
		"ŁUKASZ Ørsted":      "lukasz orsted",
		"...":                "",
		"村上 春樹":              "村上 春樹",
	} {
		if got := fold(text); got != want {
			t.Errorf("fold(%q) = %q, want %q", text, got, want)
		}
	}
}
