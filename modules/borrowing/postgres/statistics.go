package postgres

import (
	"context"
	"fmt"
	"time"

	"bookvault/modules/borrowing"
)

// Views that the figures are read from (migrations/0018_statistics.sql).
const (
	dailyCirculation = "borrowing.daily_circulation"
	mostBorrowed     = "borrowing.most_borrowed"
	overdueLoans     = "borrowing.overdue"
	genreCirculation = "reports.genre_circulation"
)

// Circulation gives the figures of a period.
func (s *Store) Circulation(ctx context.Context, f borrowing.StatisticsFilter) (c borrowing.Circulation, err error) {
	c.AsOf = time.Now()
	read := func(view string, into any, sql string, args ...any) {
		if err != nil {
			return
		}
		var from string
		var asOf time.Time
		if from, asOf, err = s.db.Figures(ctx, view); err != nil {
			return
		}
		if asOf.Before(c.AsOf) {
			c.AsOf = asOf
		}
		if err = s.db.Read(ctx).Raw(fmt.Sprintf(sql, from), args...).Scan(into).Error; err != nil {
			err = fmt.Errorf("read %s: %w", view, err)
		}
	}
	var days []struct {
		Day                 time.Time
		CheckOuts, CheckIns int64
	}
	first, last := (f.Today - borrowing.Date(f.Period.Days()) + 1).Midnight(), f.Today.Midnight()
	const within = `FROM %s WHERE day BETWEEN ? AND ? AND (? = '' OR branch = ?) GROUP BY 1`
	named := func(column string) string {
		return `SELECT ` + column + ` AS name, sum(check_outs)::bigint AS check_outs, sum(check_ins)::bigint AS check_ins ` + within + ` ORDER BY 2 DESC, 1`
	}
	read(dailyCirculation, &days, `SELECT day, sum(check_outs)::bigint AS check_outs, sum(check_ins)::bigint AS check_ins `+within+` ORDER BY 1`, first, last, f.Branch, f.Branch)
	read(dailyCirculation, &c.Branches, named("branch"), first, last, f.Branch, f.Branch)
	read(dailyCirculation, &c.Categories, named("category"), first, last, f.Branch, f.Branch)
	read(genreCirculation, &c.Genres, `SELECT genre AS name, check_outs FROM %s WHERE period = ? ORDER BY check_outs DESC, genre LIMIT ?`, f.Period, f.Most)
	read(mostBorrowed, &c.MostBorrowed, titlesByLoans, f.Period, f.Most)
	var overdue []struct {
		Branch, Weeks string
		Loans         int64
		OldestDue     time.Time
	}
	read(overdueLoans, &overdue, `SELECT branch, weeks, loans, oldest_due FROM %s WHERE ? = '' OR branch = ? ORDER BY branch, weeks`, f.Branch, f.Branch)
	for _, d := range days {
		c.Days = append(c.Days, borrowing.DayCount{Day: borrowing.DateOf(d.Day, time.UTC), CheckOuts: d.CheckOuts, CheckIns: d.CheckIns})
	}
	for _, o := range overdue {
		c.Overdue = append(c.Overdue, borrowing.OverdueCount{Branch: o.Branch, Weeks: o.Weeks, Loans: o.Loans, OldestDue: borrowing.DateOf(o.OldestDue, time.UTC)})
	}
	return c, err
}

const titlesByLoans = `SELECT place, book_id, loans FROM %s WHERE period = ? AND place <= ? ORDER BY place`

// MostBorrowed lists titles by their loans in a period.
func (s *Store) MostBorrowed(ctx context.Context, p borrowing.Period, limit int) (r borrowing.Ranking, err error) {
	from, asOf, err := s.db.Figures(ctx, mostBorrowed)
	if err != nil {
		return r, err
	}
	r.AsOf = asOf
	if err := s.db.Read(ctx).Raw(fmt.Sprintf(titlesByLoans, from), p, limit).Scan(&r.Titles).Error; err != nil {
		return r, fmt.Errorf("read %s: %w", mostBorrowed, err)
	}
	return r, nil
}
