package catalog

import (
	"reflect"
	"testing"
)

func FuzzWordbook(f *testing.F) {
	for _, s := range []string{"", " ", "  The Spider-Man  of R.U.R. and l'Étranger ", "紅樓夢 Truyện\tKiều\u00a0x", "a - b . c ' d", "J. R. R. Tolkien"} {
		f.Add(s)
	}
	w := NewWordbook()
	f.Fuzz(func(t *testing.T, s string) {
		for range 2 { // the second time from memory
			got, want := w.Terms(s), Terms(s)
			if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
				t.Errorf("%q: %v, without memory %v", s, got, want)
			}
		}
		if Key(s) != KeyOf(w.Terms(s)) || TitleKey(s) != TitleKeyOf(w.Terms(s)) {
			t.Errorf("%q: another key", s)
		}
	})
}
