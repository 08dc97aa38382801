package borrowing

// Lateness is what the fine of a loan is reckoned from.
type Lateness struct {
	Branch string // whose calendar counts
	DueOn  Date
	Terms  Terms
	Price  *Money // of the copy; nil: not known

	Fined        int64 // what was charged for it so far
	FinedThrough *Date // the last day that this counts
	LostOn       *Date // no fine for days after it
	ClaimedOn    *Date // nor after the member claimed to have returned it
}

// lateness gives what the fine of a loan of a copy is reckoned from.
func (l *Loan) lateness(price *Money) Lateness {
	return Lateness{Branch: l.Branch, DueOn: l.DueOn, Terms: l.Terms, Price: price, Fined: l.Fined, FinedThrough: l.FinedThrough, LostOn: l.LostOn, ClaimedOn: l.ClaimedOn}
}

// Accrued is the fine that a loan has run up by the end of a day and that was not charged yet, in minor units of its terms'
// currency. Within the grace (counted in open days, since nobody can return a book on a closed one) it is nothing; later every
// open day after the due date counts, those of the grace too. With what was charged before it never goes beyond the cap, nor
// beyond the replacement price where that is in the same currency.
func (p *Policy) Accrued(l Lateness, until Date) int64 {
	for _, end := range []*Date{l.LostOn, l.ClaimedOn} {
		if end != nil {
			until = min(until, *end)
		}
	}
	if l.Terms.FinePerDay == 0 || until <= l.DueOn || p.OpenDays(l.Branch, l.DueOn+1, until) <= l.Terms.GraceDays {
		return 0
	}
	from := l.DueOn + 1
	if l.FinedThrough != nil {
		from = max(from, *l.FinedThrough+1)
	}
	// Terms are bounded (mostMoney), and days by the calendar, so that this stays far below what an int64 holds.
	fine := int64(p.OpenDays(l.Branch, from, until)) * l.Terms.FinePerDay
	if l.Terms.FineCap > 0 {
		fine = min(fine, l.Terms.FineCap-l.Fined)
	}
	if l.Price != nil && l.Price.Currency == l.Terms.Currency {
		fine = min(fine, l.Price.Minor-l.Fined)
	}
	return max(min(fine, mostMoney-l.Fined), 0)
}

// OpenDays counts the days from first to last, both included, on which a branch is open.
func (p *Policy) OpenDays(branch string, first, last Date) int {
	n := p.weeklyOpen(branch, first, last)
	for _, c := range p.Closures { // by first day, so that a day which two of them share is taken away once
		from, to := max(c.First, first), min(c.Last, last)
		if from > to || c.Branch != "" && c.Branch != branch {
			continue
		}
		n -= p.weeklyOpen(branch, from, to)
		first = to + 1
	}
	return n
}

// weeklyOpen counts open days by the weekly hours alone.
func (p *Policy) weeklyOpen(branch string, first, last Date) int {
	if first > last {
		return 0
	}
	days, hours := int(last-first)+1, p.Hours[branch]
	if len(hours) == 0 {
		return days
	}
	n := days / 7 * len(hours)
	for day := last - Date(days%7) + 1; day <= last; day++ {
		for _, h := range hours {
			if h.Weekday == int(day.Weekday()) {
				n++
			}
		}
	}
	return n
}
