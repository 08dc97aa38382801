package catalog

import (
	"math"
	"strings"
	"unicode/utf8"
)

// Place is where a page ended; it is what a cursor holds. The fields depend on the order.
type Place struct {
	Phase int     `json:"p,omitempty"` // of a ranked list: see the constants
	ID    int64   `json:"i"`
	Key   string  `json:"k,omitempty"` // title key or sort title of that title
	Rank  float32 `json:"r,omitempty"`
	// A ranked list is fixed when it begins, so that nothing that is added meanwhile can move it: no title above Upper is in
	// it, and the titles that are ranked are those from Lower on (0: all that match; above Upper: not settled yet).
	Upper int64 `json:"u,omitempty"`
	Lower int64 `json:"l,omitempty"`
	// Words are those that stood for the beginning of a word when titles were ranked (nil: all that begin so).
	Words []string `json:"w,omitempty"`
	// Instead are the words that were put in place of mistyped ones.
	Instead map[string][]string `json:"t,omitempty"`
}

// Phases of a ranked list, one after the other: titles that begin with what was typed, in order of the alphabet; the newest
// of the other matches by rank; the rest, newest first. Each has a fixed order of its own, so that pages have no gap and no
// repeat however many titles match.
const (
	PhaseBeginnings = iota
	PhaseRanked
	PhaseRest
)

// mostInstead bounds what a cursor may carry, generously.
const mostInstead = 64

// Valid tells whether a place can be one of ours. A cursor is sealed but no secret, so whoever reads the source can make one
// up; it must not be able to do more than to name another place.
func (p *Place) Valid() bool {
	ok := p.Phase >= PhaseBeginnings && p.Phase <= PhaseRest && p.ID >= 0 && p.ID <= MaxID && p.Upper >= 0 && p.Lower >= 0 &&
		utf8.ValidString(p.Key) && strings.IndexByte(p.Key, 0) < 0 && utf8.RuneCountInString(p.Key) <= max(KeyLength, SortTitleLength) &&
		!math.IsNaN(float64(p.Rank)) && !math.IsInf(float64(p.Rank), 0) && len(p.Instead) <= mostInstead && len(p.Words) <= mostInstead
	for _, word := range p.Words {
		ok = ok && isWord(word)
	}
	for word, others := range p.Instead {
		ok = ok && isWord(word) && len(others) <= mostInstead
		for _, other := range others {
			ok = ok && isWord(other)
		}
	}
	return ok
}

func isWord(s string) bool {
	words := Words(s)
	return len(words) == 1 && words[0] == s
}
