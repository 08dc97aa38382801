package seeding

import (
	"reflect"
	"sort"
	"strings"
	"testing"
	"time"

	"bookvault/modules/catalog"
)

func TestTheSameSeedMakesTheSameLibrary(t *testing.T) {
	a, b, other := New(1, 1000), New(1, 1000), New(2, 1000)
	same := 0
	for _, i := range []int{999, 0, 500, 7} { // in any order
		x, xw := a.Title(i)
		y, yw := b.Title(i)
		if !reflect.DeepEqual(x, y) || !reflect.DeepEqual(xw, yw) || a.Member(i) != b.Member(i) {
			t.Errorf("title %d: %+v and %+v", i, x, y)
		}
		if z, _ := other.Title(i); z.Title == x.Title {
			same++
		}
	}
	if same == 4 {
		t.Error("another seed makes the same titles")
	}
}

// Every title must be one that the catalogue would take from a librarian, in the form in which it is stored.
func TestTitlesAreInForm(t *testing.T) {
	l := New(3, 20_000)
	for i := range 20_000 {
		b, writers := l.Title(i)
		tidy := b
		tidy.Tidy()
		if fields := catalog.DefaultLimits.Check(&b, time.Now()); len(fields) > 0 || tidy.Title != b.Title || tidy.Language != b.Language || tidy.ISBN13 != b.ISBN13 {
			t.Fatalf("title %d: %v %+v", i, fields, b)
		}
		for n, w := range writers {
			if b.Authors[n].Name != l.Author(w) {
				t.Fatalf("title %d: author %d is %q", i, w, b.Authors[n].Name)
			}
		}
	}
}

func TestAuthorsAreTold(t *testing.T) {
	const n = 300_000
	seen := make(map[string]int, n)
	for i := range n {
		name := personName(i)
		if first, twice := seen[name]; twice {
			t.Fatalf("authors %d and %d are both %q", first, i, name)
		}
		seen[name] = i
	}
}

// In a catalogue the r-th word stands about 1/r as often as the first, so the most frequent hundred make up a good part of
// all, and a long tail stands once or twice.
func TestFrequenciesAreNatural(t *testing.T) {
	l := New(1, 50_000)
	words, authors := map[string]int{}, map[int]int{}
	total := 0
	for i := range 50_000 {
		b, writers := l.Title(i)
		for _, w := range strings.Fields(strings.ToLower(b.Title)) {
			words[w]++
			total++
		}
		authors[writers[0]]++
	}
	counts := make([]int, 0, len(words))
	rare := 0
	for _, n := range words {
		counts = append(counts, n)
		if n <= 2 {
			rare++
		}
	}
	sort.Sort(sort.Reverse(sort.IntSlice(counts)))
	head := 0
	for _, n := range counts[:100] {
		head += n
	}
	if share := float64(head) / float64(total); share < 0.25 || share > 0.65 {
		t.Errorf("the hundred most frequent words make up %.2f", share)
	}
	if share := float64(rare) / float64(len(words)); share < 0.2 {
		t.Errorf("only %.2f of %d words are rare", share, len(words))
	}
	if authors[0] < 20*len(authors)/l.Authors() || len(authors) < l.Authors()/2 {
		t.Errorf("the first author has %d titles, and %d of %d have any", authors[0], len(authors), l.Authors())
	}
}

func TestCopiesAddUp(t *testing.T) {
	for _, c := range []struct{ titles, copies int }{{1, 5}, {1000, 2000}, {1000, 10}, {7, 0}} {
		of := New(1, c.titles).Copies(c.copies)
		sum, most := 0, 0
		for i := range c.titles {
			n := of(i)
			if n < 0 {
				t.Fatalf("%v: title %d has %d copies", c, i, n)
			}
			sum, most = sum+n, max(most, n)
		}
		if sum != c.copies {
			t.Errorf("%v: %d copies", c, sum)
		}
	}
}

func BenchmarkTitle(b *testing.B) {
	l := New(1, 1_000_000)
	for i := 0; b.Loop(); i++ {
		l.Title(i)
	}
}
