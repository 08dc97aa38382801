package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"bookvault/modules/catalog"
)

// place is a row of a page as the database answers it: phase, id, key and rank of a title.
type place struct {
	Phase int     `json:"phase"`
	ID    int64   `json:"id"`
	Key   string  `json:"key"`
	Rank  float32 `json:"rank"`
}

// survey is what the first statement of a search gives.
type survey struct {
	Page   []place        `json:"-"`      // of the candidates, when they are all that matches, or the best of the newest
	Count  int            `json:"count"`  // of the candidates
	Looked int            `json:"looked"` // matches that were looked at, where only those count that can be borrowed now
	Some   []int64        `json:"some"`   // any of the candidates, as many as a page
	Lower  int64          `json:"lower"`  // lowest id of those that were ranked; 0 where none were
	Upper  int64          `json:"upper"`  // highest id there is
	Facets catalog.Facets `json:"-"`
}

// isBroad tells whether more may match than the survey looked at.
func (f *survey) isBroad(candidates int) bool {
	return f.Count >= candidates || f.Looked >= lookedShare*candidates
}

// Find answers a search in one statement where few titles match, and in two or three where many do. The first looks at the
// candidates: any matches, in whatever order PostgreSQL comes upon them, bounded in number. They are counted and looked at for
// facets; when they are all that matches, they are put in order as well, and that is the answer. Otherwise the page is asked
// for along an index that has the order asked for. So no search costs more than the bound, whatever it matches; and one that takes its budget all
// the same answers what it has found by then, and says so, or fails if that is nothing.
func (s *Store) Find(ctx context.Context, c catalog.Criteria) (catalog.Found, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.settings.Budget, errBudget)
	defer cancel()
	ranked := c.Sort == catalog.ByRelevance
	var standing []string
	if ranked && c.After != nil {
		standing = c.After.Words
	}
	m := matchOf(c, s.counts.now(ctx, s.db), standing)
	loans, asOf := "", (*time.Time)(nil)
	if c.Sort == catalog.Popular {
		from, at, err := s.db.Figures(ctx, popularity)
		if err != nil {
			return catalog.Found{}, err
		}
		loans, asOf = from, &at
	}
	f, err := s.survey(ctx, m, c, loans)
	if overBudget(ctx, err) {
		return catalog.Found{}, catalog.SearchTooSlow()
	}
	if err != nil {
		return catalog.Found{}, err
	}
	broad := f.isBroad(s.settings.Candidates)
	if ranked && c.After != nil {
		broad = c.After.Lower > 0 // as it was when the list began
	}
	fixed := catalog.Place{Upper: f.Upper}
	if c.After != nil {
		fixed = catalog.Place{Upper: c.After.Upper, Lower: c.After.Lower, Words: c.After.Words}
	}
	page := f.Page
	switch {
	case broad && loans != "":
		page, err = s.popularPage(ctx, m, c, loans, f.Upper)
	case broad && ranked:
		page, fixed, err = s.rankedPage(ctx, m, c, fixed, f)
	case broad && c.Sort == catalog.Newest && c.After == nil && len(page) > c.Limit: // they came newest first
	case broad:
		page, err = s.orderedPage(ctx, m, c, f.Upper)
	}
	if overBudget(ctx, err) {
		return catalog.Found{Partial: true, IDs: f.Some, Total: catalog.Total{Value: f.Count, Relation: "gte"}, Facets: f.Facets, AsOf: asOf}, nil
	}
	if err != nil {
		return catalog.Found{}, err
	}
	found := catalog.Found{AsOf: asOf, Total: catalog.Total{Value: f.Count, Relation: "eq"}, Facets: f.Facets, More: len(page) > c.Limit}
	if broad {
		found.Total = catalog.Total{Value: min(f.Count, s.settings.Candidates), Relation: "gte"}
	}
	for _, p := range page[:min(len(page), c.Limit)] {
		next := catalog.Place{Phase: p.Phase, ID: p.ID, Key: p.Key, Rank: p.Rank}
		if ranked {
			next.Upper, next.Lower, next.Words = fixed.Upper, fixed.Lower, fixed.Words
		}
		found.IDs, found.Places = append(found.IDs, p.ID), append(found.Places, next)
	}
	return found, nil
}

// errBudget ends what a search may take.
var errBudget = errors.New("the search took its budget")

// overBudget tells whether a statement failed since the search has taken its budget, rather than since its caller left.
func overBudget(ctx context.Context, err error) bool {
	return err != nil && errors.Is(context.Cause(ctx), errBudget)
}

// survey goes by epochs where very many match, and gathers all that match where that is sooner done or the epochs hold too few.
func (s *Store) survey(ctx context.Context, m match, c catalog.Criteria, loans string) (survey, error) {
	w := way{bound: s.settings.Candidates}
	want := w.bound
	if m.available {
		want *= lookedShare
	}
	if m.walks(want) {
		along := way{bound: w.bound, epochs: m.epochs(want)}
		if c.Sort == catalog.ByRelevance && c.After == nil && !m.available {
			along.ranked = s.ranks()
		}
		f, err := s.look(ctx, m, c, loans, along)
		if err != nil || f.isBroad(s.settings.Candidates) {
			return f, err
		}
	}
	return s.look(ctx, m, c, loans, w)
}

func (s *Store) look(ctx context.Context, m match, c catalog.Criteria, loans string, w way) (f survey, err error) {
	statement, args := surveyStatement(m, c, loans, w)
	var page, told sql.NullString
	var languages, years, genres, authors sql.NullString
	if err := s.db.Search(ctx).Raw(statement, args...).Row().Scan(&page, &told, &languages, &years, &genres, &authors); err != nil {
		return f, fmt.Errorf("search: %w", err)
	}
	if page.Valid {
		err = json.Unmarshal([]byte(page.String), &f.Page)
	}
	if err = errors.Join(err, json.Unmarshal([]byte(told.String), &f)); err != nil {
		return f, fmt.Errorf("read the answer of a search: %w", err)
	}
	all := facts{count: f.Count, languages: languages.String, years: years.String, genres: genres.String, authors: authors.String}
	f.Facets, err = all.facets(s.settings.FacetValues)
	return f, err
}

// ask runs a statement that answers one JSON document.
func (s *Store) ask(ctx context.Context, into any, sql string, args []any) error {
	var raw string
	if err := s.db.Search(ctx).Raw(sql, args...).Row().Scan(&raw); err != nil {
		return fmt.Errorf("search: %w", err)
	}
	if err := json.Unmarshal([]byte(raw), into); err != nil {
		return fmt.Errorf("read the answer of a search: %w", err)
	}
	return nil
}

// rankedShare is the part of the candidates that is ranked where more match than are looked at: which of very many matches come
// right after those that begin with what was typed matters less than what ranking them costs.
const rankedShare = 2

// ranks is how many matches are ranked of very many.
func (s *Store) ranks() int { return max(s.settings.Candidates/rankedShare, 1) }

// rankedPage is a page of a list that matches more than is ranked: the titles that begin with what was typed, then the newest
// candidates by rank, then the rest, newest first. It gives the id from which on titles are ranked, and the words that stood for a beginning.
func (s *Store) rankedPage(ctx context.Context, m match, c catalog.Criteria, fixed catalog.Place, f survey) ([]place, catalog.Place, error) {
	after, again := c.After, c.After != nil
	if !again {
		after = &catalog.Place{}
	}
	n := c.Limit + 1
	var page []place
	if m.keyFrom != "" && after.Phase == catalog.PhaseBeginnings {
		var err error
		if page, err = s.beginnings(ctx, m, n, m.beginsWith(), when(true, "b.id <= ?", fixed.Upper), when(again, "(b.title_key, b.id) > (?, ?)", after.Key, after.ID)); err != nil {
			return nil, fixed, err
		}
	}
	unfixed := fixed.Lower == 0 || fixed.Lower > fixed.Upper
	if len(page) == n && unfixed {
		// Nothing is ranked yet, and most readers go no further: what is ranked is fixed by the first page that needs it. Until
		// then a place says so by a lower end above the upper one.
		fixed.Lower = fixed.Upper + 1
		return page, fixed, nil
	}
	if unfixed {
		fixed.Lower, fixed.Words = 0, nil
		if m.goesOn() && m.walks(s.ranks()) {
			fixed.Words = m.standing
		}
	}
	likely := len(fixed.Words) > 0
	switch {
	case len(page) == n || after.Phase > catalog.PhaseRanked:
	case f.Lower > 0 && unfixed:
		page, fixed.Lower = append(page, f.Page...), f.Lower
	default:
		var newest struct {
			Lower int64   `json:"lower"`
			Page  []place `json:"page"`
		}
		sql, args := newestStatement(m, likely, after, fixed, s.ranks(), n)
		if err := s.ask(ctx, &newest, sql, args); err != nil {
			return nil, fixed, err
		}
		page, fixed.Lower = append(page, newest.Page...), max(fixed.Lower, newest.Lower)
	}
	if len(page) < n {
		below, others := fixed.Lower, condition{}
		if likely { // what begins so and was not ranked may be above
			below, others = fixed.Upper+1, when(true, "NOT (b.id >= ? AND ts_match_vq(b.doc, CAST(? AS tsquery)))", fixed.Lower, strings.Join(m.likely, " & "))
		}
		if after.Phase == catalog.PhaseRest {
			below = after.ID
		}
		var rest []place
		sql, args := byID(m, fmt.Sprintf("%d AS phase, b.id, '' AS key, 0 AS rank", catalog.PhaseRest), span{high: below - 1}, n-len(page), m.notBeginsWith(), others)
		if err := s.rows(ctx, &rest, sql, args); err != nil {
			return nil, fixed, err
		}
		page = append(page, rest...)
	}
	return page[:min(len(page), n)], fixed, nil
}

// beginnings are the first matches among the titles that begin with what was typed, by their keys.
func (s *Store) beginnings(ctx context.Context, m match, n int, begin ...condition) (page []place, err error) {
	statement, args := beginningsStatement(m, begin, n)
	if err := s.rows(ctx, &page, statement, args); err != nil || len(page) == n {
		return page, err
	}
	var more bool
	statement, args = moreBegin(begin)
	if err := s.db.Search(ctx).Raw(statement, args...).Row().Scan(&more); err != nil || !more {
		return page, err
	}
	page = nil
	statement, args = gatheredBeginnings(m, begin, n)
	return page, s.rows(ctx, &page, statement, args)
}

// orderedPage is a page of a list in an order that an index has.
func (s *Store) orderedPage(ctx context.Context, m match, c catalog.Criteria, upper int64) ([]place, error) {
	var page []place
	sql, args := orderedStatement(m, c, upper)
	return page, s.rows(ctx, &page, sql, args)
}

func (s *Store) rows(ctx context.Context, into *[]place, sql string, args []any) error {
	if err := s.db.Search(ctx).Raw(sql, args...).Scan(into).Error; err != nil {
		return fmt.Errorf("search for a page: %w", err)
	}
	return nil
}
