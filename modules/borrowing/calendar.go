package borrowing

import "fmt"

// openSearchDays bounds the search for an open day: a calendar without one in as many days is refused.
const openSearchDays = 60

// Opening is when a branch is open on a weekday (0 is Sunday), as 09:00.
type Opening struct {
	Weekday int    `json:"weekday"`
	Opens   string `json:"opens"`
	Closes  string `json:"closes"`
}

// Closure is a stretch of days, both included, on which a branch ("": every branch) stays closed.
type Closure struct {
	Branch string `json:"branch"`
	First  Date   `json:"first_day"`
	Last   Date   `json:"last_day"`
	Reason string `json:"reason"`
}

// Moved says that a day was replaced by the next open one, and why.
type Moved struct {
	From Date   `json:"from"`
	To   Date   `json:"to"`
	Why  string `json:"why"`
}

// closedOn says why a branch is closed on a day; "" when it is open.
func (p *Policy) closedOn(branch string, day Date) string {
	for _, c := range p.Closures {
		if (c.Branch == "" || c.Branch == branch) && c.First <= day && day <= c.Last {
			if c.Reason == "" {
				return "closed"
			}
			return c.Reason
		}
	}
	hours := p.Hours[branch]
	if len(hours) == 0 {
		return ""
	}
	for _, h := range hours {
		if h.Weekday == int(day.Weekday()) {
			return ""
		}
	}
	return "closed on " + day.Weekday().String() + "s"
}

// OpenFrom gives day itself, or the next day on which the branch is open, with the reason of the move. It fails when there is
// none within 60 days.
func (p *Policy) OpenFrom(branch string, day Date) (Date, *Moved, error) {
	why := p.closedOn(branch, day)
	if why == "" {
		return day, nil, nil
	}
	for next := day + 1; next <= day+openSearchDays; next++ {
		if p.closedOn(branch, next) == "" {
			return next, &Moved{From: day, To: next, Why: why}, nil
		}
	}
	return 0, nil, fmt.Errorf("%s has no open day in the %d days after %s", branch, openSearchDays, day)
}

// LastOpenBefore gives the last open day before day: the day that a book found in the drop is taken to have come back. With
// none in 60 days it is the day before.
func (p *Policy) LastOpenBefore(branch string, day Date) Date {
	for d := day - 1; d >= day-openSearchDays; d-- {
		if p.closedOn(branch, d) == "" {
			return d
		}
	}
	return day - 1
}

// NthOpenDay gives the nth open day of a branch after day: how long a hold waits on the shelf.
func (p *Policy) NthOpenDay(branch string, day Date, n int) (Date, error) {
	var err error
	for range n {
		if day, _, err = p.OpenFrom(branch, day+1); err != nil {
			return 0, err
		}
	}
	return day, nil
}

// CheckCalendar refuses a policy in which some branch has 60 days without an open one, from a day on. Such a stretch holds the first
// day of a closure, so it is looked for there, from where the days before are closed already.
func (p *Policy) CheckCalendar(from Date) error {
	for _, b := range p.Branches {
		if _, _, err := p.OpenFrom(b.Code, from); err != nil {
			return err
		}
		for _, c := range p.Closures {
			if c.Last < from || c.Branch != "" && c.Branch != b.Code {
				continue
			}
			day := max(c.First, from)
			for day > from && p.closedOn(b.Code, day-1) != "" {
				day--
			}
			if _, _, err := p.OpenFrom(b.Code, day); err != nil {
				return err
			}
		}
	}
	return nil
}
