package borrowing

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// lastSecondOf looks at every second of two days for the last one that has a local date: slow, and sure.
func lastSecondOf(d Date, in *time.Location) (last time.Time) {
	begin := d.Midnight().Add(-15 * time.Hour)
	for s := range 54 * 3600 {
		if at := begin.Add(time.Duration(s) * time.Second); DateOf(at, in) == d {
			last = at
		}
	}
	return last
}

// midnights finds the changes of a zone's clocks about midnight, between two years: the dates on both sides, and how many midnights
// were left out, and how many came twice or had their hour before twice.
func midnights(in *time.Location, from, until int) (dates []Date, missing, twice int) {
	for at := time.Date(from, 1, 1, 0, 0, 0, 0, in); at.Year() < until; {
		_, change := at.ZoneBounds()
		if change.IsZero() {
			break
		}
		_, before := change.Add(-time.Second).In(in).Zone()
		_, after := change.In(in).Zone()
		was := change.UTC().Add(time.Duration(before) * time.Second) // what the clock was about to show
		is := change.UTC().Add(time.Duration(after) * time.Second)   // what it showed
		midnight := was.Add(time.Hour).Truncate(24 * time.Hour)      // the nearest one, if it is near
		if was.Sub(midnight).Abs() <= time.Hour {
			dates = append(dates, DateOf(midnight, time.UTC)-1, DateOf(midnight, time.UTC))
			if is.After(was) && !was.After(midnight) && is.After(midnight) {
				missing++
			}
			if is.Before(was) && !is.After(midnight) && !was.Before(midnight) {
				twice++
			}
		}
		at = change.In(in)
	}
	return dates, missing, twice
}

func TestADueDateEndsWithTheLastSecondOfItsDateWhereMidnightsAreMissingOrComeTwice(t *testing.T) {
	missing, twice, looked := 0, 0, 0
	for _, name := range []string{"America/Santiago", "Asia/Beirut", "America/Havana", "Africa/Cairo", "America/Asuncion", "Asia/Amman", "America/Sao_Paulo", "Asia/Gaza"} {
		in := zone(t, name)
		dates, m, w := midnights(in, 2021, 2028)
		missing, twice = missing+m, twice+w
		for _, d := range dates {
			looked++
			if end, exists := d.EndOfDay(in); !exists || !end.Equal(lastSecondOf(d, in)) {
				t.Errorf("%s in %s ends %s, but its last second is %s", d, name, end, lastSecondOf(d, in))
			}
		}
	}
	if missing < 20 || twice < 20 || looked < 60 {
		t.Errorf("only %d missing and %d repeated midnights were found, of %d", missing, twice, looked)
	}
}

func TestDueDatesOfZonesThatChangeAtMidnight(t *testing.T) {
	for _, c := range []struct {
		zone, from string
		days       int
		due, at    string
	}{
		{"America/Santiago", "2026-08-15", 21, "2026-09-05", "2026-09-06T03:59:59Z"}, // the 6th begins at 01:00
		{"America/Santiago", "2026-03-14", 21, "2026-04-04", "2026-04-05T03:59:59Z"}, // its last hour comes twice
		{"America/Santiago", "2028-02-08", 21, "2028-02-29", "2028-03-01T02:59:59Z"},
		{"Asia/Beirut", "2026-03-07", 21, "2026-03-28", "2026-03-28T21:59:59Z"}, // the 29th begins at 01:00
		{"Asia/Beirut", "2026-10-03", 21, "2026-10-24", "2026-10-24T21:59:59Z"}, // its last hour comes twice
		{"America/Havana", "2026-02-14", 21, "2026-03-07", "2026-03-08T04:59:59Z"},
		{"America/Havana", "2026-10-10", 21, "2026-10-31", "2026-11-01T03:59:59Z"}, // midnight comes twice: it ends before the first
		{"Africa/Cairo", "2026-04-02", 21, "2026-04-23", "2026-04-23T21:59:59Z"},
		{"Africa/Cairo", "2026-10-08", 21, "2026-10-29", "2026-10-29T21:59:59Z"},
		{"Asia/Ho_Chi_Minh", "2026-08-15", 21, "2026-09-05", "2026-09-05T16:59:59Z"},
	} {
		due, err := (&Policy{}).ComputeDue(RuleKey{Branch: "main"}, RuleKey{}, 1, date(t, c.from), c.days, zone(t, c.zone))
		if err != nil || due.On.String() != c.due || due.At.Format(time.RFC3339) != c.at || due.Moved != nil {
			t.Errorf("%s + %d in %s: %s until %s (%v), want %s until %s", c.from, c.days, c.zone, due.On, due.At.Format(time.RFC3339), err, c.due, c.at)
		}
	}
}

func TestLeapDays(t *testing.T) {
	for _, c := range []struct {
		from string
		days int
		due  string
	}{
		{"2028-02-08", 21, "2028-02-29"}, {"2027-02-08", 21, "2027-03-01"}, {"2028-02-28", 1, "2028-02-29"}, {"2028-02-29", 1, "2028-03-01"},
		{"2028-02-29", 365, "2029-02-28"}, {"2028-02-29", 366, "2029-03-01"}, {"2028-02-29", 1461, "2032-02-29"},
		{"2000-02-22", 7, "2000-02-29"}, {"2100-02-22", 7, "2100-03-01"}, {"2099-12-31", 60, "2100-03-01"}, // 2100 has none
	} {
		if due, err := (&Policy{}).ComputeDue(RuleKey{}, RuleKey{}, 1, date(t, c.from), c.days, time.UTC); err != nil || due.On.String() != c.due {
			t.Errorf("%s + %d is %s (%v), want %s", c.from, c.days, due.On, err, c.due)
		}
	}
}

func TestADueDateInALongClosureMovesBehindItAndSaysWhy(t *testing.T) {
	weekdays := []Opening{{1, "09:00", "18:00"}, {2, "09:00", "18:00"}, {3, "09:00", "18:00"}, {4, "09:00", "18:00"}, {5, "09:00", "18:00"}}
	p := &Policy{Branches: []Branch{{Code: "main"}, {Code: "old"}}, Hours: map[string][]Opening{"main": weekdays}, Closures: []Closure{
		{Branch: "old", First: date(t, "2020-01-01"), Last: date(t, "2025-12-31"), Reason: "rebuilt"}, // six years, over today
		{First: date(t, "2026-07-03"), Last: date(t, "2026-08-30"), Reason: "summer"},                 // with the weekend after it, 59 days
		{First: date(t, "2026-12-24"), Last: date(t, "2026-12-31"), Reason: "Christmas"},
		{Branch: "main", First: date(t, "2027-01-01"), Last: date(t, "2027-01-03"), Reason: "New Year"},
	}}
	if err := p.CheckCalendar(date(t, "2026-01-01")); err != nil {
		t.Fatalf("a calendar whose long closure is over: %v", err)
	}
	for _, c := range []struct{ branch, reached, due, why string }{
		{"main", "2026-07-02", "2026-07-02", ""},
		{"main", "2026-07-03", "2026-08-31", "summer"},
		{"main", "2026-08-30", "2026-08-31", "summer"},
		{"old", "2026-07-10", "2026-08-31", "summer"},
		{"main", "2026-12-26", "2027-01-04", "Christmas"}, // through both closures and the weekend
		{"old", "2026-12-26", "2027-01-01", "Christmas"},
		{"main", "2026-06-27", "2026-06-29", "closed on Saturdays"},
	} {
		due, err := p.ComputeDue(RuleKey{Branch: c.branch}, RuleKey{}, 1, date(t, c.reached)-21, 21, time.UTC)
		if err != nil || due.On.String() != c.due || due.Reached.String() != c.reached {
			t.Errorf("%s at %s: due %s (%v), want %s", c.reached, c.branch, due.On, err, c.due)
		}
		if moved := due.Moved; (moved != nil) != (c.why != "") || moved != nil && (moved.Why != c.why || moved.From != due.Reached || moved.To != due.On) {
			t.Errorf("%s at %s: %+v, want %q", c.reached, c.branch, moved, c.why)
		}
	}
	_, err := p.ComputeDue(RuleKey{Branch: "old"}, RuleKey{}, 1, date(t, "2023-05-05"), 21, time.UTC)
	if err == nil || !strings.Contains(err.Error(), "old has no open day in the 60 days after 2023-05-26") {
		t.Errorf("in the years of closure: %v", err)
	}
}

// aCalendar draws the hours of a branch, or none, and closures of which some are long.
func aCalendar(r *rapid.T) *Policy {
	p := &Policy{Branches: []Branch{{Code: "main"}, {Code: "east"}}, Hours: map[string][]Opening{}}
	for _, day := range rapid.SliceOfNDistinct(rapid.IntRange(0, 6), 0, 7, rapid.ID[int]).Draw(r, "weekdays") {
		p.Hours["main"] = append(p.Hours["main"], Opening{day, "09:00", "18:00"})
	}
	for range rapid.IntRange(0, 6).Draw(r, "closures") {
		first := Date(rapid.IntRange(20500, 20900).Draw(r, "first"))
		last := first + Date(rapid.SampledFrom([]int{0, 1, 6, 13, 30, 55, 62, 90, 400}).Draw(r, "length"))
		p.Closures = append(p.Closures, Closure{Branch: rapid.SampledFrom([]string{"", "main", "east"}).Draw(r, "where"), First: first, Last: last})
	}
	return p
}

// shut says the same as closedOn in other words.
func shut(p *Policy, branch string, day Date) bool {
	weekday := (int(day)%7 + 7 + 4) % 7 // 1970-01-01 was a Thursday
	open := len(p.Hours[branch]) == 0 || slices.ContainsFunc(p.Hours[branch], func(o Opening) bool { return o.Weekday == weekday })
	return !open || slices.ContainsFunc(p.Closures, func(c Closure) bool {
		return day >= c.First && day <= c.Last && (c.Branch == branch || c.Branch == "")
	})
}

func TestDueDatesAreTheNextOpenDayInAnyCalendar(t *testing.T) {
	zones := []*time.Location{time.UTC, zone(t, "America/Santiago"), zone(t, "Asia/Beirut"), zone(t, "Asia/Ho_Chi_Minh")}
	rapid.Check(t, func(r *rapid.T) {
		p, branch := aCalendar(r), rapid.SampledFrom([]string{"main", "east"}).Draw(r, "branch")
		from, days := Date(rapid.IntRange(20400, 20900).Draw(r, "from")), rapid.IntRange(1, 60).Draw(r, "days")
		in := rapid.SampledFrom(zones).Draw(r, "zone")
		due, err := p.ComputeDue(RuleKey{Branch: branch}, RuleKey{}, 1, from, days, in)
		want := from + Date(days)
		for want <= from+Date(days)+openSearchDays && shut(p, branch, want) {
			want++
		}
		if want > from+Date(days)+openSearchDays {
			if err == nil {
				r.Fatalf("no day is open in 60, but it is due %s", due.On)
			}
			return
		}
		if err != nil || due.On != want || DateOf(due.At, in) != want || DateOf(due.At.Add(time.Second), in) == want || (due.Moved != nil) != (want != due.Reached) {
			r.Fatalf("%s + %d: due %s until %s, moved %+v (%v), want %s", from, days, due.On, due.At, due.Moved, err, want)
		}
	})
}

func TestACalendarIsRefusedExactlyWhenSomeDayToComeHasNoOpenDayIn60(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p, today := aCalendar(r), Date(rapid.IntRange(20400, 21000).Draw(r, "today"))
		hopeless := ""
		for _, b := range p.Branches {
			for day := today; day < 21500 && hopeless == ""; day++ {
				stretch := 0
				for stretch <= openSearchDays && shut(p, b.Code, day+Date(stretch)) {
					stretch++
				}
				if stretch > openSearchDays {
					hopeless = fmt.Sprintf("%s after %s", b.Code, day)
				}
			}
		}
		if err := p.CheckCalendar(today); (err != nil) != (hopeless != "") {
			r.Fatalf("from %s: %v, but %q", today, err, hopeless)
		}
	})
}

// The oracle asks for the eight cells by name, in the order that the specification gives.
func TestTheMostSpecificRuleWinsInAnyMatrix(t *testing.T) {
	code := func(letter string) *rapid.Generator[string] {
		return rapid.SampledFrom([]string{"", letter + "1", letter + "2"})
	}
	rapid.Check(t, func(r *rapid.T) {
		cells := map[RuleKey]int64{}
		for i := range rapid.IntRange(0, 20).Draw(r, "rules") {
			key := RuleKey{code("b").Draw(r, "branch"), code("c").Draw(r, "category"), code("t").Draw(r, "item type")}
			if _, taken := cells[key]; !taken {
				cells[key] = int64(i + 1)
			}
		}
		p := &Policy{}
		for key, id := range cells { // in any order
			p.Rules = append(p.Rules, Rule{ID: id, RuleKey: key})
		}
		ask := RuleKey{rapid.SampledFrom([]string{"b1", "b2", "b3"}).Draw(r, "at"), rapid.SampledFrom([]string{"c1", "c2", ""}).Draw(r, "of"), rapid.SampledFrom([]string{"t1", "t2", "t3"}).Draw(r, "for")}
		b, c, i := ask.Branch, ask.Category, ask.ItemType
		var want []int64
		for _, key := range []RuleKey{{b, c, i}, {b, c, ""}, {b, "", i}, {b, "", ""}, {"", c, i}, {"", c, ""}, {"", "", i}, {"", "", ""}} {
			if id, there := cells[key]; there && !slices.Contains(want, id) {
				want = append(want, id)
			}
		}
		var got []int64
		for _, rule := range p.RulesFor(ask) {
			got = append(got, rule.ID)
		}
		if !slices.Equal(got, want) {
			r.Fatalf("%+v is ruled by %v, want %v of %v", ask, got, want, cells)
		}
		rule, found := p.RuleFor(ask)
		if found != (len(want) > 0) || found && rule.ID != want[0] {
			r.Fatalf("%+v: rule %d (%v), want %v", ask, rule.ID, found, want)
		}
	})
}
