package postgres

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"bookvault/modules/catalog"
	"bookvault/platform/database"
)

// wordCounts say in what share of all titles the commonest words and facts stand, as ANALYZE counted them in a sample.
type wordCounts struct {
	titles float64 // in all
	words  []string
	shares []float64 // in the order of words
	rare   float64   // what is not among them stands in a smaller share
}

const (
	// broadBeginning is the number of titles from which a beginning of a word costs more by the index, which gathers them all first,
	// than by looking into the titles that the other words leave.
	broadBeginning = 20_000
	// walkedShare is the share of all titles from which walking along the ids is the quickest way to a thousand matches: it meets
	// them in the order in which they lie on the disk.
	walkedShare = 0.1
	// fewTitles is how many of those there may be: each is read.
	fewTitles = 4000
)

// tooBroad tells whether the last word of a query, which may go on, is better tried on what the facts and the other words leave.
func (w *wordCounts) tooBroad(facts []string, others []catalog.QueryTerm, last catalog.QueryTerm) bool {
	if w == nil || len(w.words) == 0 {
		return false
	}
	left := 1.0
	for _, fact := range facts {
		if !strings.HasPrefix(fact, "(") { // of several decades nothing is said
			left = min(left, w.share(strings.Trim(fact, "'")))
		}
	}
	for _, t := range others {
		if t.ISBN != "" {
			return true
		}
		share := 0.0
		for _, form := range t.Forms {
			least := 1.0
			for _, word := range form {
				least = min(least, w.share(word))
			}
			share += least
		}
		left = min(left, share)
	}
	if left*w.titles > fewTitles {
		return false
	}
	begins := 0.0
	for _, form := range last.Forms {
		begins += w.beginning(form[len(form)-1])
	}
	return begins*w.titles > broadBeginning
}

// isBroad tells whether very many titles match a fact or a term, of which there is one.
func (w *wordCounts) isBroad(facts []string, terms []catalog.QueryTerm) bool {
	if w == nil || len(w.words) == 0 {
		return false
	}
	share := 0.0
	for _, fact := range facts {
		share = w.share(strings.Trim(fact, "'"))
	}
	for _, t := range terms {
		for _, form := range t.Forms {
			switch word := form[len(form)-1]; {
			case len(form) > 1: // of words that stand together nothing is said
			case t.Open:
				share = max(share, w.beginningOfOne(word))
			default:
				share = max(share, w.share(word))
			}
		}
	}
	return share >= walkedShare
}

// beginningOfOne gives the greatest share of a word that begins so: at least as many titles have a word of these.
func (w *wordCounts) beginningOfOne(word string) (most float64) {
	from, _ := slices.BinarySearch(w.words, word)
	for i := from; i < len(w.words) && strings.HasPrefix(w.words[i], word); i++ {
		most = max(most, w.shares[i])
	}
	return most
}

// share gives that of a word, at most.
func (w *wordCounts) share(word string) float64 {
	if i, there := slices.BinarySearch(w.words, word); there {
		return w.shares[i]
	}
	return w.rare
}

// beginning adds the shares of the words that begin so.
func (w *wordCounts) beginning(word string) (sum float64) {
	from, _ := slices.BinarySearch(w.words, word)
	for i := from; i < len(w.words) && strings.HasPrefix(w.words[i], word); i++ {
		sum += w.shares[i]
	}
	return sum
}

// wordCounter keeps the counts, and renews them now and then.
type wordCounter struct {
	kept  atomic.Pointer[wordCounts]
	until atomic.Int64 // Unix nanoseconds: the counts are good, or somebody is renewing them
}

// countsKept is how long counts are good. They change when a good part of all titles has.
const countsKept = 5 * time.Minute

// Without counts (a catalogue that was never analysed) the lists are null, and nothing counts as broad.
const readCounts = `SELECT json_build_object('titles', c.reltuples, 'words', s.most_common_elems::text::text[], 'shares', s.most_common_elem_freqs)
FROM pg_class c LEFT JOIN pg_stats s ON s.schemaname = 'catalog' AND s.tablename = 'books' AND s.attname = 'doc'
WHERE c.oid = 'catalog.books'::regclass`

// now gives the counts; nil while there are none. Whoever finds them old renews them, and the others go on with the old ones.
func (c *wordCounter) now(ctx context.Context, db *database.DB) *wordCounts {
	now := time.Now()
	until := c.until.Load()
	if now.UnixNano() < until || !c.until.CompareAndSwap(until, now.Add(countsKept).UnixNano()) {
		return c.kept.Load()
	}
	var raw string
	var told struct {
		Titles float64   `json:"titles"`
		Words  []string  `json:"words"`
		Shares []float64 `json:"shares"`
	}
	err := db.Read(ctx).Raw(readCounts).Row().Scan(&raw)
	if err == nil {
		err = json.Unmarshal([]byte(raw), &told)
	}
	if err != nil {
		c.until.CompareAndSwap(now.Add(countsKept).UnixNano(), now.Add(time.Second).UnixNano()) // the search itself will say what is wrong
		return c.kept.Load()
	}
	counts, words, shares := &wordCounts{titles: told.Titles}, told.Words, told.Shares
	// The frequencies are followed by the least of them, the most, and a third number.
	if len(words) > 0 && len(shares) >= len(words)+2 {
		order := make([]int, len(words))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(a, b int) int { return strings.Compare(words[a], words[b]) })
		for _, i := range order {
			counts.words, counts.shares = append(counts.words, words[i]), append(counts.shares, shares[i])
		}
		counts.rare = shares[len(words)]
	}
	c.kept.Store(counts)
	return counts
}
