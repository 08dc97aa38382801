package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"bookvault/modules/catalog"
	"bookvault/platform/database"
)

// wordCounts say in what share of all titles words and facts stand, but for rare ones, as a sample has it.
type wordCounts struct {
	titles float64 // in all
	words  []string
	shares []float64 // in the order of words
	rare   float64   // what is not among them stands in a smaller share
}

// standIns is how many words stand for the beginning of one while candidates are looked for: with few, most of what begins so is found.
const standIns = 16

// known tells whether there are counts to go by. There are none of a catalogue that was never counted.
func (w *wordCounts) known() bool { return w != nil && len(w.words) > 0 && w.titles > 0 }

// share gives that of a word, at most.
func (w *wordCounts) share(word string) float64 {
	if i, there := slices.BinarySearch(w.words, word); there {
		return w.shares[i]
	}
	return w.rare
}

// beginning adds the shares of the words that begin so, and gives the commonest of them with the sum of theirs.
func (w *wordCounts) beginning(word string) (sum float64, commonest []string, theirs float64) {
	from, _ := slices.BinarySearch(w.words, word)
	to := from
	for ; to < len(w.words) && strings.HasPrefix(w.words[to], word); to++ {
		sum += w.shares[to]
	}
	order := make([]int, to-from)
	for i := range order {
		order[i] = from + i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(w.shares[b], w.shares[a]) })
	for _, i := range order[:min(len(order), standIns)] {
		commonest, theirs = append(commonest, w.words[i]), theirs+w.shares[i]
	}
	return sum, commonest, theirs
}

// phraseFactor is how many times more often words stand side by side in that order than chance would have it, for each word after the first.
const phraseFactor = 4

// term gives the share of titles that have a term, about.
func (w *wordCounts) term(t catalog.QueryTerm) (sum float64) {
	if t.ISBN != "" {
		return 0
	}
	for _, form := range t.Forms {
		product, least := 1.0, 1.0
		for i, word := range form {
			share := w.share(word)
			if t.Open && i == len(form)-1 {
				share, _, _ = w.beginning(word)
			}
			product, least = product*share, min(least, share)
			if i > 0 {
				product *= phraseFactor
			}
		}
		sum += min(product, least)
	}
	return min(sum, 1)
}

// facts gives the share of titles that pass the filters, about, as if they had nothing to do with each other.
func (w *wordCounts) facts(c catalog.Criteria) float64 {
	share := 1.0
	for _, fact := range filters(withoutYears(c)) {
		share *= w.share(strings.Trim(fact, "'"))
	}
	if c.YearFrom != nil || c.YearTo != nil {
		share *= w.years(c.YearFrom, c.YearTo)
	}
	return share
}

// readCost is what it costs to read a title and try its words, in matches of a beginning that the index gathers.
const readCost = 3

// tooBroad tells whether the last word of a query, which may go on, is better tried on the titles that the facts and the other words leave:
// the index gathers all that begins so before it looks at anything else.
func (w *wordCounts) tooBroad(c catalog.Criteria, others []catalog.QueryTerm, last catalog.QueryTerm) bool {
	if !w.known() {
		return false
	}
	facts := filters(withoutYears(c))
	if len(facts)+len(others) == 0 {
		return false
	}
	product, least := 1.0, 1.0
	for _, fact := range facts {
		share := w.share(strings.Trim(fact, "'"))
		product, least = product*share, min(least, share)
	}
	for _, t := range others {
		share := w.term(t)
		product, least = product*share, min(least, share)
	}
	left, begins := min(least, phraseFactor*product), 0.0
	for _, form := range last.Forms {
		sum, _, _ := w.beginning(form[len(form)-1])
		begins += sum
	}
	return readCost*left < begins
}

func withoutYears(c catalog.Criteria) catalog.Criteria {
	c.YearFrom, c.YearTo = nil, nil
	return c
}

// years gives the share of titles of a span of years, by the decades that lie in it.
func (w *wordCounts) years(from, to *int) (sum float64) {
	i, _ := slices.BinarySearch(w.words, factDecade)
	for ; i < len(w.words) && strings.HasPrefix(w.words[i], factDecade); i++ {
		first, err := strconv.Atoi(w.words[i][len(factDecade):])
		if err != nil {
			continue
		}
		low, high := first, first+9
		if from != nil {
			low = max(low, *from)
		}
		if to != nil {
			high = min(high, *to)
		}
		if high >= low {
			sum += w.shares[i] * float64(high-low+1) / 10
		}
	}
	return max(sum, w.rare)
}

// wordCounter keeps the counts, and renews them now and then.
type wordCounter struct {
	kept  atomic.Pointer[wordCounts]
	until atomic.Int64 // Unix nanoseconds: the counts are good, or somebody is renewing them
}

// countsKept is how long counts are good. They change when a good part of all titles has.
const countsKept = 5 * time.Minute

// wordCountsView holds the counts (migrations/0019_word_counts.sql).
const wordCountsView = "catalog.word_counts"

const (
	readCounts = `SELECT json_build_object('words', json_agg(word ORDER BY word), 'titles', json_agg(titles ORDER BY word)) FROM ` + wordCountsView

	// analysedCounts are what ANALYZE counted, for as long as the view was never refreshed: of the thousand commonest words alone. Without
	// either the lists are null, and nothing counts as broad.
	analysedCounts = `SELECT json_build_object('words', array_prepend('', s.most_common_elems::text::text[]),
 'titles', array_prepend(c.reltuples, (SELECT array_agg(c.reltuples * f) FROM unnest(s.most_common_elem_freqs) f)))
FROM pg_class c LEFT JOIN pg_stats s ON s.schemaname = 'catalog' AND s.tablename = 'books' AND s.attname = 'doc'
WHERE c.oid = 'catalog.books'::regclass`
)

// now gives the counts; nil while there are none. Whoever finds them old renews them, and the others go on with the old ones.
func (c *wordCounter) now(ctx context.Context, db *database.DB) *wordCounts {
	now := time.Now()
	until := c.until.Load()
	if now.UnixNano() < until || !c.until.CompareAndSwap(until, now.Add(countsKept).UnixNano()) {
		return c.kept.Load()
	}
	counts, err := readWordCounts(ctx, db)
	if err != nil {
		c.until.CompareAndSwap(now.Add(countsKept).UnixNano(), now.Add(time.Second).UnixNano()) // the search itself will say what is wrong
		return c.kept.Load()
	}
	c.kept.Store(counts)
	return counts
}

func readWordCounts(ctx context.Context, db *database.DB) (*wordCounts, error) {
	from, _, err := db.Figures(ctx, wordCountsView)
	if err != nil {
		return nil, err
	}
	sql := readCounts
	if from != wordCountsView {
		sql = analysedCounts
	}
	var raw string
	var told struct {
		Words  []string  `json:"words"`
		Titles []float64 `json:"titles"`
	}
	if err := db.Read(ctx).Raw(sql).Row().Scan(&raw); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(raw), &told); err != nil {
		return nil, err
	}
	counts := &wordCounts{rare: 1}
	order := make([]int, min(len(told.Words), len(told.Titles))) // what ANALYZE counted is followed by the bounds of the frequencies
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(told.Words[a], told.Words[b]) }) // as Go does, whatever the database's order
	for _, i := range order {
		if told.Words[i] == "" {
			counts.titles = told.Titles[i]
		}
	}
	for _, i := range order {
		if told.Words[i] == "" || counts.titles <= 0 {
			continue
		}
		share := told.Titles[i] / counts.titles
		counts.words, counts.shares, counts.rare = append(counts.words, told.Words[i]), append(counts.shares, share), min(counts.rare, share)
	}
	return counts, nil
}
