package catalog

import (
	"errors"
	"strings"
	"testing"
)

func TestParseISBN(t *testing.T) {
	for _, c := range []struct {
		text string
		want ISBN
		err  error
	}{
		{"9780439023481", "9780439023481", nil},
		{"978-0-439-02348-1", "9780439023481", nil},
		{"978 0 439 02348 1", "9780439023481", nil},
		{"ISBN 978-0-439-02348-1", "9780439023481", nil},
		{"isbn-13: 9780439023481", "9780439023481", nil},
		{"978\u20110\u2011439\u201302348\u20141", "9780439023481", nil}, // the dashes that word processors put there
		{"0439023483", "9780439023481", nil},
		{"0-439-02348-3", "9780439023481", nil},
		{"ISBN-10 0439023483", "9780439023481", nil},
		{"080442957X", "9780804429573", nil},
		{"080442957x", "9780804429573", nil},
		{"9791032305690", "9791032305690", nil},
		{"439023483", "", ErrISBNLength}, // the zero that spreadsheets lose is the importer's to mend
		{"", "", ErrISBNLength},
		{"97804390234811", "", ErrISBNLength},
		{"9780439023482", "", ErrISBNCheck},
		{"9780439032481", "", ErrISBNCheck}, // two digits in the wrong order
		{"0439023484", "", ErrISBNCheck},
		{"1234567890128", "", ErrISBNPrefix},
		{"978043902348X", "", ErrISBNDigits},
		{"X439023483", "", ErrISBNDigits},
		{"9.78043902348e+12", "", ErrISBNDigits},
		{"９780439023481", "", ErrISBNDigits},
		{strings.Repeat("1", 1<<20), "", ErrISBNLength},
	} {
		got, err := ParseISBN(c.text)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("ParseISBN(%.40q) = %q, %v; want %q, %v", c.text, got, err, c.want, c.err)
		}
	}
}

func TestISBN10IsOnlyForBookland(t *testing.T) {
	if got, ok := ISBN("9780804429573").ISBN10(); !ok || got != "080442957X" {
		t.Errorf("ISBN10 = %q, %v", got, ok)
	}
	if got, ok := ISBN("9791032305690").ISBN10(); ok {
		t.Errorf("an ISBN under 979 has the ten-digit form %q", got)
	}
}

// Whatever is accepted is thirteen digits, is accepted again as it is, and survives the way over its ten-digit form.
func FuzzParseISBN(f *testing.F) {
	for _, seed := range []string{"9780439023481", "0-439-02348-3", "080442957x", "ISBN-10: 0439023483", "978\u20110439023481", "", "X"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := ParseISBN(text)
		if err != nil {
			if n != "" {
				t.Fatalf("refused, yet gave %q", n)
			}
			return
		}
		if len(n) != 13 {
			t.Fatalf("%q has %d digits", n, len(n))
		}
		if again, err := ParseISBN(string(n)); err != nil || again != n {
			t.Fatalf("ParseISBN(%q) = %q, %v", n, again, err)
		}
		if ten, ok := n.ISBN10(); ok {
			if back, err := ParseISBN(ten); err != nil || back != n {
				t.Fatalf("by its ten digits %q: %q, %v", ten, back, err)
			}
		}
		wrong := []byte(n)
		wrong[5] = '0' + (wrong[5]-'0'+1)%10
		if _, err := ParseISBN(string(wrong)); !errors.Is(err, ErrISBNCheck) {
			t.Fatalf("one wrong digit in %s went unseen: %v", wrong, err)
		}
	})
}
