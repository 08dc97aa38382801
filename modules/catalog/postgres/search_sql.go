package postgres

import (
	"fmt"

	"bookvault/modules/catalog"
)

// collations by the reader's language; any other reads by the root order of Unicode. Both have an index (books_title_…).
var collations = map[string]string{"vi": `"vi-x-icu"`, "": `"und-x-icu"`}

// surveyStatement looks at the candidates, and puts a page of them in order if they are all that matches.
func surveyStatement(m match, c catalog.Criteria, loans string, s catalog.SearchSettings) (string, []any) {
	bound := s.Candidates
	var upper condition
	if c.Sort == catalog.ByRelevance && c.After != nil {
		// A list that was complete when it began stays so, though a few titles were changed into it meanwhile.
		upper, bound = when(true, "b.id <= ?", c.After.Upper), 2*bound
	}
	candidates, args := candidatesOf(m, upper, bound)
	page, pageArgs := candidatesPage(m, c, loans, bound)
	looked := "0"
	if m.available {
		looked = "(SELECT count(*) FROM looked)"
	}
	// It begins with SELECT, since that is how GORM's resolver knows a read.
	sql := `SELECT a.answer FROM (WITH ` + candidates + `
SELECT json_build_object('page', (SELECT coalesce(json_agg(row_to_json(p)), '[]') FROM (` + page + `) p),
 'count', (SELECT count(*) FROM candidates), 'looked', ` + looked + `, 'some', (SELECT json_agg(id) FROM (SELECT id FROM candidates LIMIT ?) s),
 'upper', (SELECT coalesce(max(id), 0) FROM catalog.books),
 'facts', (SELECT json_build_object('languages', json_agg(language), 'years', json_agg(published_year),
   'genres', json_agg(genres), 'authors', json_agg(authors)) FROM candidates)) AS answer) a`
	return sql, append(append(args, pageArgs...), c.Limit)
}

// lookedShare is how many matches are looked at for each candidate where only those count that can be borrowed now: of a collection of
// which little is on the shelf, looking until there are enough would mean to look at everything.
const lookedShare = 2

// candidatesOf gives the candidates as part of a WITH, with looked before them where only what can be borrowed now counts.
func candidatesOf(m match, upper condition, bound int) (string, []any) {
	const columns = "b.id, b.title_key, b.sort_title, b.doc, b.language, b.published_year, b.genres, b.authors"
	available := m.available
	m.available = false
	where, args := m.where(upper)
	if m.newest {
		where += " ORDER BY b.id DESC"
	}
	if !available {
		return "candidates AS MATERIALIZED (\n  SELECT " + columns + " FROM catalog.books b WHERE " + where + " LIMIT ?)", append(args, bound)
	}
	return "looked AS MATERIALIZED (SELECT b.id FROM catalog.books b WHERE " + where + " LIMIT ?),\n candidates AS MATERIALIZED (\n  SELECT " + columns +
			" FROM looked l JOIN catalog.availability a ON a.book_id = l.id AND a.available_items > 0 JOIN catalog.books b ON b.id = l.id LIMIT ?)",
		append(args, lookedShare*bound, bound)
}

// candidatesPage puts the candidates in the order asked for. Where there are as many as the bound it gives nothing, and costs
// nothing.
func candidatesPage(m match, c catalog.Criteria, loans string, bound int) (string, []any) {
	after, again := c.After, c.After != nil
	if !again {
		after = &catalog.Place{}
	}
	complete := when(true, "(SELECT count(*) FROM candidates) < ?", bound)
	if m.available {
		complete = when(true, "(SELECT count(*) FROM candidates) < ? AND (SELECT count(*) FROM looked) < ?", bound, lookedShare*bound)
	}
	if loans != "" {
		return popularCandidates(c, loans, complete)
	}
	if c.Sort != catalog.ByRelevance {
		o := orderOf(c)
		where, args := all([]condition{complete, o.passed(after, again)})
		return "SELECT 0 AS phase, b.id, " + o.key + " AS key, 0 AS rank FROM candidates b WHERE " + where + " ORDER BY " + o.by + " LIMIT ?", append(args, c.Limit+1)
	}
	// One list in two phases: those that begin with what was typed by their keys, the others by rank.
	begins := m.beginsWith()
	phase, args := fmt.Sprint(catalog.PhaseRanked), []any(nil)
	rank, rankArgs := m.rank()
	if begins.sql != "" {
		phase = fmt.Sprintf("CASE WHEN %s THEN %d ELSE %d END", begins.sql, catalog.PhaseBeginnings, catalog.PhaseRanked)
		args = append(args, begins.args...)
	}
	var passed condition
	switch {
	case again && after.Phase == catalog.PhaseBeginnings:
		passed = when(true, "(b.phase > ? OR (b.key, b.id) > (CAST(? AS text), ?))", catalog.PhaseBeginnings, after.Key, after.ID)
	case again:
		passed = when(true, "b.phase = ? AND (b.rank, b.id) < (CAST(? AS real), ?)", catalog.PhaseRanked, after.Rank, after.ID)
	}
	within, withinArgs := all([]condition{complete})
	where, whereArgs := all([]condition{passed})
	args = append(append(append(args, rankArgs...), withinArgs...), whereArgs...)
	return fmt.Sprintf(`SELECT phase, id, CASE phase WHEN %[1]d THEN key ELSE '' END AS key, CASE phase WHEN %[1]d THEN 0 ELSE rank END AS rank
 FROM (SELECT %[2]s AS phase, b.id, b.title_key AS key, %[3]s AS rank FROM candidates b WHERE %[4]s) b WHERE %[5]s
 ORDER BY phase, CASE phase WHEN %[1]d THEN key END, CASE phase WHEN %[1]d THEN id END, rank DESC, id DESC LIMIT ?`,
		catalog.PhaseBeginnings, phase, rank, within, where), append(args, c.Limit+1)
}

// beginningsStatement walks along the keys of titles.
func beginningsStatement(m match, after *catalog.Place, again bool, upper int64, n int) (string, []any) {
	where, args := m.where(m.beginsWith(), when(true, "b.id <= ?", upper), when(again, "(b.title_key, b.id) > (?, ?)", after.Key, after.ID))
	return fmt.Sprintf("SELECT %d AS phase, b.id, b.title_key AS key, 0 AS rank FROM catalog.books b WHERE %s ORDER BY b.title_key, b.id LIMIT ?",
		catalog.PhaseBeginnings, where), append(args, n)
}

// newestStatement ranks the newest titles that match, as many as are ranked, and gives those after a place.
func newestStatement(m match, after *catalog.Place, fixed catalog.Place, candidates, n int) (string, []any) {
	rank, args := m.rank()
	inner, innerArgs := byID(m, "b.id, b.title_key, "+rank+" AS rank", span{low: fixed.Lower, high: fixed.Upper}, candidates)
	passed := when(after.Phase == catalog.PhaseRanked && after.ID != 0, "(b.rank, b.id) < (CAST(? AS real), ?)", after.Rank, after.ID)
	where, whereArgs := all([]condition{m.notBeginsWith(), passed})
	sql := fmt.Sprintf(`SELECT a.answer FROM (WITH newest AS MATERIALIZED (%s)
SELECT json_build_object('lower', (SELECT coalesce(min(id), 1) FROM newest), 'page', (SELECT coalesce(json_agg(row_to_json(p)), '[]') FROM
 (SELECT %d AS phase, b.id, b.rank FROM newest b WHERE %s ORDER BY b.rank DESC, b.id DESC LIMIT ?) p)) AS answer) a`,
		inner, catalog.PhaseRanked, where)
	return sql, append(append(append(args, innerArgs...), whereArgs...), n)
}

// order is an order other than by rank: what it goes by, and what comes after a place in it.
type order struct {
	key    string
	by     string
	passed func(after *catalog.Place, again bool) condition
}

func orderOf(c catalog.Criteria) order {
	compare, direction := ">", ""
	if c.Sort == catalog.ByTitleDesc || c.Sort == catalog.Newest {
		compare, direction = "<", " DESC"
	}
	if c.Sort == catalog.Newest || c.Sort == catalog.Oldest {
		return order{key: "''", by: "b.id" + direction, passed: func(after *catalog.Place, again bool) condition {
			return when(again, "b.id "+compare+" ?", after.ID)
		}}
	}
	collation, ok := collations[c.Reader]
	if !ok {
		collation = collations[""]
	}
	title := "b.sort_title COLLATE " + collation
	return order{key: "b.sort_title", by: title + direction + ", b.id" + direction, passed: func(after *catalog.Place, again bool) condition {
		return when(again, "("+title+", b.id) "+compare+" (?, ?)", after.Key, after.ID)
	}}
}

// orderedStatement is a page of all that matches, in an order that an index has.
func orderedStatement(m match, c catalog.Criteria, upper int64) (string, []any) {
	after, again := c.After, c.After != nil
	if !again {
		after = &catalog.Place{}
	}
	const columns = "0 AS phase, b.id, '' AS key, 0 AS rank"
	switch {
	case c.Sort == catalog.Newest && again:
		return byID(m, columns, span{high: after.ID - 1}, c.Limit+1)
	case c.Sort == catalog.Newest:
		return byID(m, columns, span{high: upper}, c.Limit+1)
	case c.Sort == catalog.Oldest:
		return byID(m, columns, span{low: after.ID + 1, high: upper, rising: true}, c.Limit+1)
	}
	o := orderOf(c)
	where, args := m.where(o.passed(after, again))
	return "SELECT 0 AS phase, b.id, b.sort_title AS key, 0 AS rank FROM catalog.books b WHERE " + where + " ORDER BY " + o.by + " LIMIT ?", append(args, c.Limit+1)
}
