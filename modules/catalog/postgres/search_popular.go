package postgres

import (
	"context"

	"bookvault/modules/catalog"
)

// The order "popular": titles by their loans in the last year, as of the last count, then those that nobody borrowed, newest first. It is
// one order by (loans, id), where those have 0 loans; a place keeps the loans as its rank.

// popularCandidates puts the candidates in that order.
func popularCandidates(c catalog.Criteria, loans string, complete condition) (string, []any) {
	after, again := c.After, c.After != nil
	if !again {
		after = &catalog.Place{}
	}
	const rank = "coalesce(p.loans, 0)"
	where, args := all([]condition{complete, when(again, "("+rank+", b.id) < (?, ?)", int64(after.Rank), after.ID)})
	return "SELECT 0 AS phase, b.id, '' AS key, " + rank + "::real AS rank FROM candidates b LEFT JOIN " + loans + " p ON p.book_id = b.id WHERE " + where +
		" ORDER BY " + rank + " DESC, b.id DESC LIMIT ?", append(args, c.Limit+1)
}

// popularPage is a page of more titles than are looked at: along the index of loans, then along the ids.
func (s *Store) popularPage(ctx context.Context, m match, c catalog.Criteria, loans string, upper int64) ([]place, error) {
	after, again := c.After, c.After != nil
	n := c.Limit + 1
	var page []place
	if !again || after.Rank > 0 {
		passed := condition{}
		if again {
			passed = when(true, "(p.loans, p.book_id) < (?, ?)", int64(after.Rank), after.ID)
		}
		match, args := m.where(when(true, "b.id = p.book_id"))
		before, beforeArgs := all([]condition{passed})
		sql := "SELECT 0 AS phase, b.id, '' AS key, p.loans::real AS rank FROM " + loans + " p CROSS JOIN LATERAL (SELECT b.id FROM catalog.books b WHERE " + match +
			" OFFSET 0) b WHERE " + before + " ORDER BY p.loans DESC, p.book_id DESC LIMIT ?"
		if err := s.rows(ctx, &page, sql, append(append(args, beforeArgs...), n)); err != nil {
			return nil, err
		}
	}
	if len(page) >= n {
		return page, nil
	}
	below := upper
	if again && after.Rank == 0 {
		below = after.ID - 1
	}
	var rest []place
	sql, args := byID(m, "0 AS phase, b.id, '' AS key, 0 AS rank", span{high: below}, n-len(page),
		when(true, "NOT EXISTS (SELECT FROM "+loans+" p WHERE p.book_id = b.id)"))
	if err := s.rows(ctx, &rest, sql, args); err != nil {
		return nil, err
	}
	return append(page, rest...), nil
}
