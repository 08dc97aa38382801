package postgres

import (
	"fmt"

	"bookvault/modules/catalog"
)

// collations by the reader's language; any other reads by the root order of Unicode. Both have an index (books_title_…).
var collations = map[string]string{"vi": `"vi-x-icu"`, "": `"und-x-icu"`}

// way is how a survey comes to its candidates.
type way struct {
	bound  int // of the candidates
	epochs int // how many are looked into, from the newest on; 0: all matches are gathered, in whatever order
	ranked int // how many of the newest candidates are ranked, by the way of epochs
}

// surveyStatement looks at the candidates, and puts a page of them in order if they are all that matches. By the way of epochs there are
// enough of them, as a rule, and the newest are ranked.
func surveyStatement(m match, c catalog.Criteria, loans string, w way) (string, []any) {
	var upper condition
	if c.Sort == catalog.ByRelevance && c.After != nil {
		// A list that was complete when it began stays so, though a few titles were changed into it meanwhile.
		upper = when(true, "b.id <= ?", c.After.Upper)
		if w.epochs == 0 {
			w.bound *= 2
		}
	}
	candidates, args := candidatesOf(m, upper, w)
	page, pageArgs := candidatesPage(m, c, loans, w.bound)
	if w.epochs > 0 {
		page, pageArgs = newestPage(m, c, w)
	}
	looked := "0"
	if m.available {
		looked = "(SELECT count(*) FROM looked)"
	}
	// It begins with SELECT, since that is how GORM's resolver knows a read.
	sql := `SELECT a.page, a.told, a.languages, a.years, a.genres, a.authors FROM (WITH ` + candidates + `
SELECT (SELECT json_agg(row_to_json(p)) FROM (` + page + `) p) AS page,
 json_build_object('count', (SELECT count(*) FROM candidates), 'looked', ` + looked + `, 'some', (SELECT json_agg(id) FROM (SELECT id FROM candidates LIMIT ?) s),
  'lower', ` + lowest(w) + `, 'upper', (SELECT coalesce(max(id), 0) FROM catalog.books)) AS told,
 f.* FROM (SELECT string_agg(language, E'\n') AS languages, string_agg(coalesce(published_year::text, ''), E'\n') AS years,
  string_agg(genres::text, E'\n') AS genres, string_agg(authors::text, E'\n') AS authors
  FROM catalog.books WHERE ctid = ANY (ARRAY(SELECT tid FROM candidates))) f) a`
	return sql, append(append(args, pageArgs...), c.Limit)
}

// lowest is the id from which on titles are ranked by the way of epochs; 0 where fewer match than are.
func lowest(w way) string {
	if w.ranked == 0 {
		return "0"
	}
	return fmt.Sprintf("(SELECT min(id) FROM candidates WHERE nth <= %[1]d HAVING count(*) = %[1]d)", w.ranked)
}

// lookedShare is how many matches are looked at for each candidate where only those count that can be borrowed now: of a collection of
// which little is on the shelf, looking until there are enough would mean to look at everything.
const lookedShare = 2

// candidatesOf gives the candidates as part of a WITH, with looked before them where only what can be borrowed now counts. They are no more than
// ids and where the rows lie: sorting and keeping whole rows costs several times what going there again does, within one statement.
func candidatesOf(m match, upper condition, w way) (string, []any) {
	available := m.available
	m.available = false
	var matches string
	var args []any
	switch {
	case w.epochs > 0:
		within, withinArgs := inEpoch(m.likely)
		where, whereArgs := all(m.others(), []condition{upper})
		matches = "SELECT b.id, b.tid FROM (SELECT max(id) >> ? AS newest FROM catalog.books) t CROSS JOIN LATERAL generate_series(t.newest, greatest(t.newest - ?, 0), -1) AS epoch (n)" +
			" CROSS JOIN LATERAL (SELECT b.id, b.ctid AS tid FROM catalog.books b WHERE " + within + " AND " + where + " ORDER BY b.id DESC) b"
		args = append(append([]any{epochShift, w.epochs - 1}, withinArgs...), whereArgs...)
	default:
		where, whereArgs := m.where(upper)
		matches, args = "SELECT b.id, b.ctid AS tid FROM catalog.books b WHERE "+where, whereArgs
		if m.newest {
			matches += " ORDER BY b.id DESC"
		}
	}
	switch {
	case available:
		return "looked AS MATERIALIZED (" + matches + " LIMIT ?),\n candidates AS MATERIALIZED (SELECT l.id, l.tid FROM looked l" +
			" JOIN catalog.availability a ON a.book_id = l.id AND a.available_items > 0 LIMIT ?)", append(args, lookedShare*w.bound, w.bound)
	case w.ranked > 0:
		return "candidates AS MATERIALIZED (SELECT b.id, b.tid, row_number() OVER () AS nth FROM (" + matches + ") b LIMIT ?)", append(args, w.bound)
	default:
		return "candidates AS MATERIALIZED (" + matches + " LIMIT ?)", append(args, w.bound)
	}
}

// candidateRows are the candidates with what they are put in order by.
const candidateRows = "(SELECT b.id, b.title_key, b.sort_title, b.doc FROM candidates c JOIN catalog.books b ON b.ctid = c.tid) b"

// newestPage gives the first page of what the way of epochs has found, where that has the order asked for: the newest, or the best ranked of
// the newest.
func newestPage(m match, c catalog.Criteria, w way) (string, []any) {
	switch {
	case w.ranked > 0:
		rank, args := m.rank()
		where, whereArgs := all([]condition{m.notBeginsWith()})
		return fmt.Sprintf("SELECT %d AS phase, b.id, '' AS key, %s AS rank FROM candidates c JOIN catalog.books b ON b.ctid = c.tid WHERE c.nth <= %d AND %s ORDER BY 4 DESC, 2 DESC LIMIT ?",
			catalog.PhaseRanked, rank, w.ranked, where), append(append(args, whereArgs...), c.Limit+1)
	case c.Sort == catalog.Newest && c.After == nil && !m.goesOn():
		return "SELECT 0 AS phase, b.id, '' AS key, 0 AS rank FROM candidates b ORDER BY b.id DESC LIMIT ?", []any{c.Limit + 1}
	default:
		return "SELECT 0 AS phase WHERE false", nil
	}
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
		return "SELECT 0 AS phase, b.id, " + o.key + " AS key, 0 AS rank FROM " + candidateRows + " WHERE " + where + " ORDER BY " + o.by + " LIMIT ?", append(args, c.Limit+1)
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
 FROM (SELECT %[2]s AS phase, b.id, b.title_key AS key, %[3]s AS rank FROM `+candidateRows+` WHERE %[4]s) b WHERE %[5]s
 ORDER BY phase, CASE phase WHEN %[1]d THEN key END, CASE phase WHEN %[1]d THEN id END, rank DESC, id DESC LIMIT ?`,
		catalog.PhaseBeginnings, phase, rank, within, where), append(args, c.Limit+1)
}

// beginningsLooked is how many titles that begin with what was typed are tried one after the other. Where few of them pass a filter (English
// words, and a filter for Vietnamese), gathering what matches is sooner done than trying all that begin so.
const beginningsLooked = 500

const beginningColumns = "%d AS phase, b.id, b.title_key AS key, 0 AS rank"

// beginningsStatement walks along the keys of titles, so many of them at most.
func beginningsStatement(m match, begin []condition, n int) (string, []any) {
	within, args := all([]condition{{sql: "b.deleted_at IS NULL"}}, begin)
	where, whereArgs := m.tried()
	return fmt.Sprintf("SELECT "+beginningColumns+" FROM (SELECT b.id, b.title_key, b.doc, b.published_year, b.deleted_at FROM catalog.books b WHERE %s"+
			" ORDER BY b.title_key, b.id LIMIT %d) b WHERE %s ORDER BY b.title_key, b.id LIMIT ?", catalog.PhaseBeginnings, within, beginningsLooked, where),
		append(append(args, whereArgs...), n)
}

// moreBegin asks whether more titles begin so than beginningsStatement tries.
func moreBegin(begin []condition) (string, []any) {
	within, args := all([]condition{{sql: "b.deleted_at IS NULL"}}, begin)
	return fmt.Sprintf("SELECT EXISTS (SELECT FROM catalog.books b WHERE %s ORDER BY b.title_key, b.id OFFSET %d LIMIT 1)", within, beginningsLooked), args
}

// gatheredBeginnings gathers what matches and begins so, and puts that in order.
func gatheredBeginnings(m match, begin []condition, n int) (string, []any) {
	inner, args := m.where(begin...)
	return fmt.Sprintf("SELECT "+beginningColumns+" FROM (SELECT b.id, b.title_key FROM catalog.books b WHERE %s OFFSET 0) b ORDER BY b.title_key, b.id LIMIT ?",
		catalog.PhaseBeginnings, inner), append(args, n)
}

// newestStatement ranks the newest titles that match, as many as are ranked, and gives those after a place. With likely only those count
// that have one of the words which stand for a beginning.
func newestStatement(m match, likely bool, after *catalog.Place, fixed catalog.Place, candidates, n int) (string, []any) {
	ids := span{low: fixed.Lower, high: fixed.Upper}
	const columns = "b.id, b.title_key, b.doc"
	inner, args := byID(m, columns, ids, candidates)
	if likely {
		inner, args = alongEpochs(m, columns, ids, candidates)
	}
	rank, rankArgs := m.rank()
	passed := when(after.Phase == catalog.PhaseRanked && after.ID != 0, "(b.rank, b.id) < (CAST(? AS real), ?)", after.Rank, after.ID)
	where, whereArgs := all([]condition{m.notBeginsWith(), passed})
	sql := fmt.Sprintf(`SELECT a.answer FROM (WITH newest AS MATERIALIZED (SELECT b.id, b.title_key, %s AS rank FROM (%s) b)
SELECT json_build_object('lower', (SELECT coalesce(min(id), 1) FROM newest), 'page', (SELECT coalesce(json_agg(row_to_json(p)), '[]') FROM
 (SELECT %d AS phase, b.id, b.rank FROM newest b WHERE %s ORDER BY b.rank DESC, b.id DESC LIMIT ?) p)) AS answer) a`,
		rank, inner, catalog.PhaseRanked, where)
	return sql, append(append(append(rankArgs, args...), whereArgs...), n)
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
	const titles = "SELECT 0 AS phase, b.id, b.sort_title AS key, 0 AS rank FROM "
	if m.gathers(c.Limit + 1) {
		inner, args := m.where()
		where, whereArgs := all([]condition{o.passed(after, again)})
		return titles + "(SELECT b.id, b.sort_title FROM catalog.books b WHERE " + inner + " OFFSET 0) b WHERE " + where + " ORDER BY " + o.by + " LIMIT ?",
			append(append(args, whereArgs...), c.Limit+1)
	}
	where, args := m.tried(o.passed(after, again))
	return titles + "catalog.books b WHERE " + where + " ORDER BY " + o.by + " LIMIT ?", append(args, c.Limit+1)
}
