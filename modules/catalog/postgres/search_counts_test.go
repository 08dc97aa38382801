package postgres

import (
	"strings"
	"testing"

	"bookvault/modules/catalog"
)

// Which way a search goes to its candidates follows from how common its words are; what it finds does not.
func TestCommonWordsDecideTheWay(t *testing.T) {
	counts := &wordCounts{titles: 1_000_000, words: []string{"=d1990", "=gfiction", "history", "love", "of", "tale", "the", "theory"},
		shares: []float64{0.1, 0.2, 0.15, 0.02, 0.1, 0.0005, 0.13, 0.01}, rare: 0.0004}
	for name, c := range map[string]struct {
		criteria         catalog.Criteria
		filtered, walked bool
		likely           string
	}{
		"a very common word":                     {catalog.Criteria{Query: query(t, "history")}, false, true, "(('history'))"},
		"and whole":                              {catalog.Criteria{Query: query(t, "history ")}, false, true, "'history'"},
		"a common beginning after a rare word":   {catalog.Criteria{Query: query(t, "tale the")}, true, false, "(('the' | 'theory')) & 'tale'"},
		"after an unknown one":                   {catalog.Criteria{Query: query(t, "zebras the")}, true, false, "(('the' | 'theory')) & 'zebras'"},
		"that is whole":                          {catalog.Criteria{Query: query(t, "tale the ")}, false, false, "'tale' & 'the'"},
		"a common beginning after a common word": {catalog.Criteria{Query: query(t, "history the")}, false, true, "(('the' | 'theory')) & 'history'"},
		"a rare beginning after a rare word":     {catalog.Criteria{Query: query(t, "tale zeb")}, false, false, ""},
		"a word that is not that common":         {catalog.Criteria{Query: query(t, "tale")}, false, false, "(('tale'))"},
		"a word that is typed twice":             {catalog.Criteria{Query: query(t, "love love")}, false, true, "'love'"},
		"a common fact alone":                    {catalog.Criteria{Genre: "Fiction"}, false, true, "'=gfiction'"},
		"with a common word":                     {catalog.Criteria{Genre: "Fiction", Query: query(t, "history")}, false, true, "'=gfiction' & (('history'))"},
		"everything":                             {catalog.Criteria{}, false, false, ""},
		"what can be borrowed":                   {catalog.Criteria{Available: true}, false, false, ""},
		"a decade":                               {catalog.Criteria{YearFrom: new(1990), YearTo: new(1999)}, false, true, "('=d1990')"},
		"a phrase":                               {catalog.Criteria{Query: query(t, `"history of"`)}, false, true, "'history' <-> 'of'"},
	} {
		m := matchOf(c.criteria, counts, nil)
		if (m.filter != "") != c.filtered || m.walks(1000) != c.walked || c.filtered == strings.Contains(m.doc, ":*") && c.filtered || strings.Join(m.likely, " & ") != c.likely {
			t.Errorf("%s: index %q, filter %q, walks %v by %q, %.0f expected", name, m.doc, m.filter, m.walks(1000), m.likely, m.expected)
		}
		if without := matchOf(c.criteria, nil, nil); without.filter != "" || without.walks(1000) {
			t.Errorf("%s, of a catalogue that was never counted: %+v", name, without)
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
