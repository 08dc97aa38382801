package postgres

import (
	"strings"
	"testing"

	"bookvault/modules/catalog"
)

// Which way a search goes to its candidates follows from how common its words are; what it finds does not.
func TestCommonWordsDecideTheWay(t *testing.T) {
	counts := &wordCounts{titles: 1_000_000, words: []string{"=gfiction", "history", "love", "of", "tale", "the", "theory"},
		shares: []float64{0.2, 0.15, 0.02, 0.1, 0.0005, 0.13, 0.01}, rare: 0.0004}
	for name, c := range map[string]struct {
		criteria         catalog.Criteria
		filtered, newest bool
	}{
		"a very common word":                         {catalog.Criteria{Query: query(t, "history")}, false, true},
		"and whole":                                  {catalog.Criteria{Query: query(t, "history ")}, false, true},
		"a common beginning after a rare word":       {catalog.Criteria{Query: query(t, "tale the")}, true, false},
		"after an unknown one":                       {catalog.Criteria{Query: query(t, "zebras the")}, true, false},
		"that is whole":                              {catalog.Criteria{Query: query(t, "tale the ")}, false, false},
		"a common beginning after a common word":     {catalog.Criteria{Query: query(t, "history the")}, false, false},
		"a rare beginning after a rare word":         {catalog.Criteria{Query: query(t, "tale zeb")}, false, false},
		"a word that is not that common":             {catalog.Criteria{Query: query(t, "love")}, false, false},
		"a common fact alone":                        {catalog.Criteria{Genre: "Fiction"}, false, true},
		"with a common word":                         {catalog.Criteria{Genre: "Fiction", Query: query(t, "history")}, false, false},
		"everything":                                 {catalog.Criteria{}, false, true},
		"what can be borrowed":                       {catalog.Criteria{Available: true}, false, true},
		"years, which have an index of their own":    {catalog.Criteria{YearFrom: new(1950)}, false, false},
		"a phrase, of which nothing is said by that": {catalog.Criteria{Query: query(t, `"history of"`)}, false, false},
	} {
		m := matchOf(c.criteria, counts)
		if (m.filter != "") != c.filtered || m.newest != c.newest || c.filtered == strings.Contains(m.doc, ":*") && c.filtered {
			t.Errorf("%s: index %q, filter %q, newest %v", name, m.doc, m.filter, m.newest)
		}
		if without := matchOf(c.criteria, nil); without.filter != "" || without.newest && m.doc != "" {
			t.Errorf("%s, of a catalogue that was never analysed: %+v", name, without)
		}
	}
}

func query(t *testing.T, text string) catalog.Query {
	t.Helper()
	q, err := catalog.ParseQuery(text, catalog.DefaultQueryLimits)
	if err != nil {
		t.Fatal(err)
	}
	return q
}
