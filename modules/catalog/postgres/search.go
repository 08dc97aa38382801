package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"bookvault/modules/catalog"
)

// collations by the reader's language; any other reads by the root order of Unicode. Both have an index (books_title_…).
var collations = map[string]string{"vi": `"vi-x-icu"`, "": `"und-x-icu"`}

// place is a row of a page as the database answers it: phase, id, key and rank of a title.
type place struct {
	Phase int     `json:"phase"`
	ID    int64   `json:"id"`
	Key   string  `json:"key"`
	Rank  float32 `json:"rank"`
}

// answer is what one statement gives: the page, and what is known of all that matches.
type answer struct {
	Page   []place        `json:"page"`
	Count  int            `json:"count"` // of the candidates
	Upper  int64          `json:"upper"` // highest id there is
	Lower  int64          `json:"lower"` // lowest id among the candidates
	Facets catalog.Facets `json:"facets"`
}

// Find answers a search with one statement, or two where a page goes beyond what is ranked. All that is counted, ranked and
// looked at for facets are the candidates: the newest titles that match, bounded in number. So the cost is bounded whatever
// matches, and all of an answer is of one moment.
func (s *Store) Find(ctx context.Context, c catalog.Criteria) (catalog.Found, error) {
	m := matchOf(c)
	sql, args := s.statement(m, c)
	a, err := s.ask(ctx, sql, args)
	if err != nil {
		return catalog.Found{}, err
	}
	full := a.Count >= s.settings.Candidates || c.After != nil && c.After.Lower > 0
	upper, lower := a.Upper, int64(0)
	if c.After != nil && c.Sort == catalog.ByRelevance {
		upper, lower = c.After.Upper, c.After.Lower
	} else if full {
		lower = a.Lower
	}
	if c.Sort == catalog.ByRelevance && len(a.Page) <= c.Limit && lower > 0 {
		rest, err := s.rest(ctx, m, c, lower, c.Limit+1-len(a.Page))
		if err != nil {
			return catalog.Found{}, err
		}
		a.Page = append(a.Page, rest...)
	}
	found := catalog.Found{Total: catalog.Total{Value: a.Count, Relation: "eq"}, Facets: a.Facets, More: len(a.Page) > c.Limit}
	if full {
		found.Total = catalog.Total{Value: s.settings.Candidates, Relation: "gte"}
	}
	for _, p := range a.Page[:min(len(a.Page), c.Limit)] {
		found.IDs = append(found.IDs, p.ID)
		next := catalog.Place{Phase: p.Phase, ID: p.ID, Key: p.Key, Rank: p.Rank}
		if c.Sort == catalog.ByRelevance {
			next.Upper, next.Lower = upper, lower
		}
		found.Places = append(found.Places, next)
	}
	return found, nil
}

func (s *Store) ask(ctx context.Context, sql string, args []any) (answer, error) {
	var raw string
	if err := s.db.Search(ctx).Raw(sql, args...).Row().Scan(&raw); err != nil {
		return answer{}, fmt.Errorf("search: %w", err)
	}
	var a answer
	if err := json.Unmarshal([]byte(raw), &a); err != nil {
		return answer{}, fmt.Errorf("read the answer of a search: %w", err)
	}
	return a, nil
}

// statement is the whole search: candidates once, then page, count and facets of them.
func (s *Store) statement(m match, c catalog.Criteria) (string, []any) {
	ranked := c.Sort == catalog.ByRelevance
	var upper, lower condition
	if ranked && c.After != nil {
		upper = when(true, "b.id <= ?", c.After.Upper)
		lower = when(c.After.Lower > 0, "b.id >= ?", c.After.Lower)
	}
	rank, args := "0", []any(nil)
	if ranked && m.words != "" {
		rank, args = "ts_rank(b.doc, CAST(? AS tsquery))", []any{m.words}
	}
	where, whereArgs := m.where(upper, lower)
	page, pageArgs := pageOf(m, c, upper)
	args = append(append(append(args, whereArgs...), s.settings.Candidates), pageArgs...)
	// It begins with SELECT, since that is how GORM's resolver knows a read.
	return `SELECT a.answer FROM (WITH candidates AS MATERIALIZED (
  SELECT b.id, b.title_key, ` + rank + ` AS rank, b.language, b.published_year, b.genres, b.authors
  FROM catalog.books b WHERE ` + where + ` ORDER BY b.id DESC LIMIT ?)
SELECT json_build_object('page', (SELECT coalesce(json_agg(row_to_json(p)), '[]') FROM (` + page + `) p),
 'count', (SELECT count(*) FROM candidates), 'lower', (SELECT coalesce(min(id), 0) FROM candidates),
 'upper', (SELECT coalesce(max(id), 0) FROM catalog.books), 'facets', ` + facets(s.settings.FacetValues) + `) AS answer) a`, args
}

// pageOf selects one title more than the page has, so that it is known whether another page follows.
func pageOf(m match, c catalog.Criteria, upper condition) (string, []any) {
	after := c.After
	if after == nil {
		after = &catalog.Place{}
	}
	again := c.After != nil
	n := c.Limit + 1
	switch c.Sort {
	case catalog.ByTitle, catalog.ByTitleDesc:
		collation, ok := collations[c.Reader]
		if !ok {
			collation = collations[""]
		}
		key, compare, direction := "b.sort_title COLLATE "+collation, ">", ""
		if c.Sort == catalog.ByTitleDesc {
			compare, direction = "<", " DESC"
		}
		where, args := m.where(when(again, "("+key+", b.id) "+compare+" (?, ?)", after.Key, after.ID))
		return "SELECT 0 AS phase, b.id, b.sort_title AS key, 0 AS rank FROM catalog.books b WHERE " + where +
			" ORDER BY " + key + direction + ", b.id" + direction + " LIMIT ?", append(args, n)
	case catalog.Newest, catalog.Oldest:
		compare, direction := "<", " DESC"
		if c.Sort == catalog.Oldest {
			compare, direction = ">", ""
		}
		where, args := m.where(when(again, "b.id "+compare+" ?", after.ID))
		return "SELECT 0 AS phase, b.id, '' AS key, 0 AS rank FROM catalog.books b WHERE " + where + " ORDER BY b.id" + direction + " LIMIT ?", append(args, n)
	}
	return rankedPage(m, after, again, upper, n)
}

// rankedPage takes up a ranked list where the last page ended: beginnings of titles, then the candidates by rank. The rest is
// a statement of its own, since most lists end before it.
func rankedPage(m match, after *catalog.Place, again bool, upper condition, n int) (string, []any) {
	var parts []string
	var args []any
	if m.keyFrom != "" && after.Phase == catalog.PhaseBeginnings {
		where, a := m.where(m.beginsWith(), upper, when(again, "(b.title_key, b.id) > (?, ?)", after.Key, after.ID))
		parts = append(parts, fmt.Sprintf("(SELECT %d AS phase, b.id, b.title_key AS key, 0::real AS rank FROM catalog.books b WHERE %s ORDER BY b.title_key, b.id LIMIT ?)",
			catalog.PhaseBeginnings, where))
		args = append(append(args, a...), n)
	}
	if after.Phase <= catalog.PhaseRanked {
		outside := m.notBeginsWith()
		passed := when(again && after.Phase == catalog.PhaseRanked, "(b.rank, b.id) < (CAST(? AS real), ?)", after.Rank, after.ID)
		conditions := []string{"true"}
		for _, c := range []condition{outside, passed} {
			if c.sql != "" {
				conditions, args = append(conditions, c.sql), append(args, c.args...)
			}
		}
		parts = append(parts, fmt.Sprintf("(SELECT %d, b.id, '', b.rank FROM candidates b WHERE %s ORDER BY b.rank DESC, b.id DESC LIMIT ?)",
			catalog.PhaseRanked, strings.Join(conditions, " AND ")))
		args = append(args, n)
	}
	if len(parts) == 0 {
		return "SELECT 0 AS phase, 0 AS id, '' AS key, 0 AS rank WHERE false", nil
	}
	return "SELECT * FROM (" + strings.Join(parts, " UNION ALL ") + ") u (phase, id, key, rank) ORDER BY phase, key, CASE phase WHEN 0 THEN id END, rank DESC, id DESC LIMIT ?", append(args, n)
}

// rest goes on after the ranked titles of a search that matches more than are ranked.
func (s *Store) rest(ctx context.Context, m match, c catalog.Criteria, lower int64, n int) ([]place, error) {
	below := lower
	if c.After != nil && c.After.Phase == catalog.PhaseRest {
		below = c.After.ID
	}
	where, args := m.where(m.notBeginsWith(), when(true, "b.id < ?", below))
	var ids []int64
	err := s.db.Search(ctx).Raw("SELECT b.id FROM catalog.books b WHERE "+where+" ORDER BY b.id DESC LIMIT ?", append(args, n)...).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("search beyond the ranked titles: %w", err)
	}
	out := make([]place, len(ids))
	for i, id := range ids {
		out[i] = place{Phase: catalog.PhaseRest, ID: id}
	}
	return out, nil
}

// facets counts what the candidates have in common. The values are what the filters of the same names take.
func facets(values int) string {
	one := func(name, value, label, from, order string) string {
		return fmt.Sprintf(`'%s', (SELECT coalesce(json_agg(json_build_object('value', v, 'label', l, 'count', n) ORDER BY %s), '[]')
  FROM (SELECT %s AS v, %s AS l, count(*) AS n FROM %s GROUP BY 1, 2 ORDER BY 3 DESC, 1 LIMIT %d) f)`, name, order, value, label, from, values)
	}
	return "json_build_object(" + strings.Join([]string{
		one("genre", "g", "''", "candidates, jsonb_array_elements_text(genres) g", "n DESC, v"),
		one("language", "language", "''", "candidates WHERE language <> ''", "n DESC, v"),
		one("author", "a ->> 'id'", "a ->> 'name'", "candidates, jsonb_array_elements(authors) a", "n DESC, l"),
		one("decade", "(floor(published_year / 10.0) * 10)::integer::text", "''", "candidates WHERE published_year IS NOT NULL", "v::integer"),
	}, ", ") + ")"
}
