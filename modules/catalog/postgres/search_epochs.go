package postgres

// span is a range of ids, both ends in it, and the way it is walked.
type span struct {
	low, high int64
	rising    bool
}

// byID gives the matches within a span of ids in their order, at most n. The columns may have parameters of their own, which
// come before those that it gives.
//
// Walking along the ids and trying each title is cheap where matches lie evenly, and a disaster where they do not: titles come
// in by the ten thousand, so that the only Vietnamese ones may all be below 900,000 others. So the walk goes by epochs: the
// index on the documents gives what matches within one epoch of 4096 titles in some tens of microseconds, also when that is
// nothing, and the next epoch is tried until there are enough. A beginning of a word would be looked up anew in every epoch,
// and without words or facts everything matches: there PostgreSQL chooses between the walk and the index by itself.
func byID(m match, columns string, ids span, n int, more ...condition) (string, []any) {
	first, last, step, direction := ids.high>>epochShift, ids.low>>epochShift, -1, " DESC"
	if ids.rising {
		first, last, step, direction = last, first, 1, ""
	}
	more = append([]condition{when(true, "b.id BETWEEN ? AND ?", ids.low, ids.high)}, more...)
	if m.open || m.doc == "" {
		where, args := m.where(more...)
		return "SELECT " + columns + " FROM catalog.books b WHERE " + where + " ORDER BY b.id" + direction + " LIMIT ?", append(args, n)
	}
	where, args := all(m.others(), []condition{when(m.available, onShelf)}, more)
	return `SELECT ` + columns + ` FROM generate_series(CAST(? AS bigint), CAST(? AS bigint), CAST(? AS bigint)) AS epoch (n)
 CROSS JOIN LATERAL (SELECT b.* FROM catalog.books b
  WHERE b.doc @@ (CAST(? AS tsquery) && CAST(quote_literal('` + factEpoch + `' || epoch.n) AS tsquery)) AND ` + where + `
  ORDER BY b.id` + direction + `) b LIMIT ?`, append(append([]any{first, last, step, m.doc}, args...), n)
}
