// Package seeding makes a synthetic library for measuring: as many titles as one asks for, with the frequencies that real
// catalogues have (a few words, authors and genres stand in very many titles, and most in very few: Zipf's law). Everything
// follows from the seed and the number of the title, so that two machines make the same library, and a run that was broken off
// goes on where it was. It writes nothing; the next room is modules/catalog/postgres (seed.go), which does.
package seeding

import (
	"math/rand/v2"
	"strconv"
	"strings"

	"bookvault/modules/catalog"
)

// Library makes the titles and people of one seed. It is safe for concurrent use once made.
type Library struct {
	seed   uint64
	titles int
	names  []string // of the authors
	houses []string

	lexicons []lexicon
	tongues  zipf // which lexicon a title is of
	writer   zipf // which author wrote a title
	genre    zipf
	house    zipf // which publisher
	lengths  zipf
}

// titlesAnAuthor is how many titles there are for each author: real catalogues have between three and six.
const titlesAnAuthor = 5

const publishers = 2000

// New prepares a library of a number of titles.
func New(seed uint64, titles int) *Library {
	l := &Library{seed: seed, titles: titles, names: make([]string, max(1, titles/titlesAnAuthor)), houses: make([]string, publishers)}
	for i := range l.names {
		l.names[i] = personName(i)
	}
	for i := range l.houses {
		l.houses[i] = publisherName(i)
	}
	l.lexicons = lexicons()
	weights := make([]float64, len(l.lexicons))
	for i, x := range l.lexicons {
		weights[i] = x.share
	}
	l.tongues = weighted(weights)
	l.writer = newZipf(len(l.names), 0.75, 8)
	l.genre = newZipf(len(genres), 1, 2)
	l.house = newZipf(publishers, 1, 3)
	l.lengths = weighted([]float64{0, 4, 14, 22, 21, 15, 10, 6, 4, 2, 1, 1}) // words of a title
	return l
}

// Titles is how many titles there are.
func (l *Library) Titles() int { return l.titles }

// Authors is how many authors there are.
func (l *Library) Authors() int { return len(l.names) }

// Genres are all genres that titles have.
func (l *Library) Genres() []string { return genres }

// Author gives the number and name of the i-th author. Each name is there once.
func (l *Library) Author(i int) string { return l.names[i] }

// streams of random numbers that have nothing to do with each other
const (
	titleStream  = 1 << 40
	memberStream = 2 << 40
	copyStream   = 3 << 40
)

func (l *Library) random(stream uint64, i int) *rand.Rand {
	return rand.New(rand.NewPCG(l.seed, stream+uint64(i)))
}

// Title makes the i-th title, from 0. The second result is the numbers of its authors, in their order.
func (l *Library) Title(i int) (catalog.Book, []int) {
	r := l.random(titleStream, i)
	x := &l.lexicons[l.tongues.pick(r)]
	b := catalog.Book{Title: l.phrase(r, x, 1+l.lengths.pick(r)), Language: x.language}
	if r.IntN(6) == 0 {
		b.Subtitle = l.phrase(r, x, 3+r.IntN(5))
	}
	var writers []int
	for n := 1 + several(r); len(writers) < n; {
		w := l.writer.pick(r)
		if len(writers) == 0 || writers[0] != w && (len(writers) < 2 || writers[1] != w) {
			writers = append(writers, w)
		} else {
			n--
		}
	}
	for _, w := range writers {
		b.Authors = append(b.Authors, catalog.Author{Name: l.Author(w)})
	}
	first := l.genre.pick(r)
	b.Genres = append(b.Genres, genres[first])
	if second := l.genre.pick(r); second != first && r.IntN(3) > 0 {
		b.Genres = append(b.Genres, genres[second])
	}
	for range r.IntN(3) {
		if s := l.phrase(r, x, 1+r.IntN(2)); len(b.Subjects) == 0 || b.Subjects[0] != s {
			b.Subjects = append(b.Subjects, s)
		}
	}
	b.Publisher = l.houses[l.house.pick(r)]
	year := 2025 - int(r.ExpFloat64()*22)
	if year < 1450 {
		year = 1450 + r.IntN(500)
	}
	b.PublishedYear = &year
	if year > 1965 || r.IntN(4) == 0 {
		b.ISBN13 = isbn(i)
	}
	if r.IntN(10) > 0 {
		pages := max(16, int(r.NormFloat64()*110+290))
		b.Pages = &pages
	}
	if r.IntN(9) == 0 {
		b.Series = l.phrase(r, x, 2)
		b.SeriesPosition = strconv.Itoa(1 + r.IntN(9))
	}
	if r.IntN(4) == 0 {
		b.Description = l.phrase(r, x, 10+r.IntN(15)) + ". " + l.phrase(r, x, 8+r.IntN(12)) + "."
	}
	return b, writers
}

// several says how many authors a title has beyond the first.
func several(r *rand.Rand) int {
	switch n := r.IntN(100); {
	case n < 82:
		return 0
	case n < 96:
		return 1
	}
	return 2
}

// phrase puts words together by their frequency, none twice in a row.
func (l *Library) phrase(r *rand.Rand, x *lexicon, words int) string {
	var b strings.Builder
	last := -1
	for n := range words {
		w := x.frequency.pick(r)
		if w == last {
			w = x.frequency.pick(r)
		}
		last = w
		if n == 0 {
			b.WriteString(x.capital[w])
			continue
		}
		b.WriteByte(' ')
		if len(x.words[w]) > 3 && x.capitals {
			b.WriteString(x.capital[w])
		} else {
			b.WriteString(x.words[w])
		}
	}
	return b.String()
}

// isbn makes an ISBN-13 of a number, with its check digit.
func isbn(i int) string {
	digits := []byte("978000000000")
	for n, at := uint64(i)*7919%1_000_000_000, 11; at > 2; at-- {
		digits[at] = byte('0' + n%10)
		n /= 10
	}
	sum := 0
	for at, d := range digits {
		sum += int(d-'0') * (1 + 2*(at%2))
	}
	return string(digits) + string(byte('0'+(10-sum%10)%10))
}
