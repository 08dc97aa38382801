package postgres

import "strings"

// span is a range of ids, both ends in it, and the way it is walked.
type span struct {
	low, high int64
	rising    bool
}

// inEpoch gives the conditions on the documents of one epoch: an epoch is a fact of the document, so that the index answers it together with
// the parts of a query, all of which must hold. Each is a condition of its own, and each word of a phrase too, since the index then leaps from
// one to where the other goes on. Of one query that joins them it walks along the rarest word, and to the end of the catalogue where no title
// has all of them: once for every epoch.
func inEpoch(parts []string) (string, []any) {
	sql, args := "b.doc @@ CAST(quote_literal('"+factEpoch+"' || epoch.n) AS tsquery)", []any(nil)
	holds := func(part string) { sql, args = sql+" AND b.doc @@ CAST(? AS tsquery)", append(args, part) }
	for _, part := range parts {
		if words := strings.Split(part, " <-> "); len(words) > 1 && !strings.HasPrefix(part, "(") {
			for _, word := range words {
				holds(word)
			}
		}
		holds(part)
	}
	return sql, args
}

// byID gives the matches within a span of ids in their order, at most n. The columns may have parameters of their own, which
// come before those that it gives.
//
// Walking along the ids and trying each title is cheap where matches lie evenly, and a disaster where they do not: titles come
// in by the ten thousand, so that the only Vietnamese ones may all be below 900,000 others. So the walk goes by epochs: the
// index on the documents gives what matches within one epoch of 4096 titles in some tens of microseconds, also when that is
// nothing, and the next epoch is tried until there are enough. A beginning of a word would be looked up anew in every epoch:
// where many match, each title is tried along the ids, and where few do, all are gathered and sorted.
func byID(m match, columns string, ids span, n int, more ...condition) (string, []any) {
	direction := " DESC"
	if ids.rising {
		direction = ""
	}
	switch {
	case m.doc != "" && !m.goesOn():
		return alongEpochs(m, columns, ids, n, more...)
	case m.gathers(n):
		where, args := m.where(append([]condition{when(true, "b.id + 0 BETWEEN ? AND ?", ids.low, ids.high)}, more...)...)
		return "SELECT " + columns + " FROM (SELECT b.id, b.title_key, b.doc FROM catalog.books b WHERE " + where + " OFFSET 0) b ORDER BY b.id" + direction + " LIMIT ?", append(args, n)
	default:
		where, args := m.tried(append([]condition{when(true, "b.id BETWEEN ? AND ?", ids.low, ids.high)}, more...)...)
		return "SELECT " + columns + " FROM catalog.books b WHERE " + where + " ORDER BY b.id" + direction + " LIMIT ?", append(args, n)
	}
}

// alongEpochs gives what has the likely parts of a query within a span of ids, an epoch after the other.
func alongEpochs(m match, columns string, ids span, n int, more ...condition) (string, []any) {
	first, last, step, direction := ids.high>>epochShift, ids.low>>epochShift, -1, " DESC"
	if ids.rising {
		first, last, step, direction = last, first, 1, ""
	}
	within, withinArgs := inEpoch(m.likely)
	where, args := all(m.others(), []condition{when(m.available, onShelf), when(true, "b.id BETWEEN ? AND ?", ids.low, ids.high)}, more)
	return `SELECT ` + columns + ` FROM generate_series(CAST(? AS bigint), CAST(? AS bigint), CAST(? AS bigint)) AS epoch (n)
 CROSS JOIN LATERAL (SELECT b.* FROM catalog.books b
  WHERE ` + within + ` AND ` + where + `
  ORDER BY b.id` + direction + `) b LIMIT ?`, append(append(append([]any{first, last, step}, withinArgs...), args...), n)
}
