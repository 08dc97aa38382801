package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	Page   []place `json:"page"`   // of the candidates, when they are all that matches
	Count  int     `json:"count"`  // of the candidates
	Looked int     `json:"looked"` // matches that were looked at, where only those count that can be borrowed now
	Some   []int64 `json:"some"`   // any of the candidates, as many as a page
	Upper  int64   `json:"upper"`  // highest id there is
	Facts  facts   `json:"facts"`
}

// Find answers a search in one statement where few titles match, and in two or three where many do. The first looks at the
// candidates: any matches, in whatever order PostgreSQL comes upon them, bounded in number. They are counted and looked at for
// facets; when they are all that matches, they are put in order as well, and that is the answer. Otherwise the page is asked
// for along an index that has the order asked for. So no search costs more than the bound, whatever it matches; and one that takes its budget all
// the same answers what it has found by then, and says so.
func (s *Store) Find(ctx context.Context, c catalog.Criteria) (catalog.Found, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.settings.Budget, errBudget)
	defer cancel()
	m := matchOf(c, s.counts.now(ctx, s.db))
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
		return catalog.Found{Partial: true, Total: catalog.Total{Relation: "gte"}, Facets: facts{}.facets(0), AsOf: asOf}, nil
	}
	if err != nil {
		return catalog.Found{}, err
	}
	broad := f.Count >= s.settings.Candidates || f.Looked >= lookedShare*s.settings.Candidates
	ranked := c.Sort == catalog.ByRelevance
	if ranked && c.After != nil {
		broad = c.After.Lower > 0 // as it was when the list began
	}
	fixed := catalog.Place{Upper: f.Upper}
	if c.After != nil {
		fixed = catalog.Place{Upper: c.After.Upper, Lower: c.After.Lower}
	}
	page := f.Page
	switch {
	case broad && loans != "":
		page, err = s.popularPage(ctx, m, c, loans, f.Upper)
	case broad && ranked:
		page, fixed.Lower, err = s.rankedPage(ctx, m, c, fixed)
	case broad:
		page, err = s.orderedPage(ctx, m, c, f.Upper)
	}
	if overBudget(ctx, err) {
		return catalog.Found{Partial: true, IDs: f.Some, Total: catalog.Total{Value: f.Count, Relation: "gte"}, Facets: f.Facts.facets(s.settings.FacetValues), AsOf: asOf}, nil
	}
	if err != nil {
		return catalog.Found{}, err
	}
	found := catalog.Found{AsOf: asOf, Total: catalog.Total{Value: f.Count, Relation: "eq"}, Facets: f.Facts.facets(s.settings.FacetValues), More: len(page) > c.Limit}
	if broad {
		found.Total = catalog.Total{Value: min(f.Count, s.settings.Candidates), Relation: "gte"}
	}
	for _, p := range page[:min(len(page), c.Limit)] {
		next := catalog.Place{Phase: p.Phase, ID: p.ID, Key: p.Key, Rank: p.Rank}
		if ranked {
			next.Upper, next.Lower = fixed.Upper, fixed.Lower
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

func (s *Store) survey(ctx context.Context, m match, c catalog.Criteria, loans string) (f survey, err error) {
	sql, args := surveyStatement(m, c, loans, s.settings)
	return f, s.ask(ctx, &f, sql, args)
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
const rankedShare = 4

// rankedPage is a page of a list that matches more than is ranked: the titles that begin with what was typed, then the newest
// candidates by rank, then the rest, newest first. It gives the id from which on titles are ranked.
func (s *Store) rankedPage(ctx context.Context, m match, c catalog.Criteria, fixed catalog.Place) ([]place, int64, error) {
	after, again := c.After, c.After != nil
	if !again {
		after = &catalog.Place{}
	}
	n := c.Limit + 1
	var page []place
	if m.keyFrom != "" && after.Phase == catalog.PhaseBeginnings {
		sql, args := beginningsStatement(m, after, again, fixed.Upper, n)
		if err := s.rows(ctx, &page, sql, args); err != nil {
			return nil, 0, err
		}
	}
	unfixed := fixed.Lower == 0 || fixed.Lower > fixed.Upper
	if len(page) == n && unfixed {
		// Nothing is ranked yet, and most readers go no further: what is ranked is fixed by the first page that needs it. Until
		// then a place says so by a lower end above the upper one.
		return page, fixed.Upper + 1, nil
	}
	if unfixed {
		fixed.Lower = 0
	}
	if after.Phase <= catalog.PhaseRanked && len(page) < n {
		var newest struct {
			Lower int64   `json:"lower"`
			Page  []place `json:"page"`
		}
		sql, args := newestStatement(m, after, fixed, max(s.settings.Candidates/rankedShare, 1), n)
		if err := s.ask(ctx, &newest, sql, args); err != nil {
			return nil, 0, err
		}
		page, fixed.Lower = append(page, newest.Page...), max(fixed.Lower, newest.Lower)
	}
	if len(page) < n {
		below := fixed.Lower
		if after.Phase == catalog.PhaseRest {
			below = after.ID
		}
		var rest []place
		sql, args := byID(m, fmt.Sprintf("%d AS phase, b.id, '' AS key, 0 AS rank", catalog.PhaseRest), span{high: below - 1}, n-len(page), m.notBeginsWith())
		if err := s.rows(ctx, &rest, sql, args); err != nil {
			return nil, 0, err
		}
		page = append(page, rest...)
	}
	return page[:min(len(page), n)], fixed.Lower, nil
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
