package borrowing

import (
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func date(t *testing.T, text string) Date {
	t.Helper()
	d, err := ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheLastSecondOfADate(t *testing.T) {
	for _, c := range []struct{ zone, day, end string }{
		{"America/Santiago", "2026-09-05", "2026-09-06T03:59:59Z"}, // the next midnight does not exist
		{"America/Santiago", "2026-09-06", "2026-09-07T02:59:59Z"},
		{"America/Santiago", "2026-04-04", "2026-04-05T03:59:59Z"}, // 23:00 to 24:00 comes twice: the second one ends the day
		{"Europe/Berlin", "2026-03-29", "2026-03-29T21:59:59Z"},
		{"Europe/Berlin", "2026-10-25", "2026-10-25T22:59:59Z"},
		{"Asia/Ho_Chi_Minh", "2026-02-28", "2026-02-28T16:59:59Z"},
		{"Asia/Ho_Chi_Minh", "2028-02-29", "2028-02-29T16:59:59Z"},
		{"Asia/Kathmandu", "2026-01-01", "2026-01-01T18:14:59Z"},
		{"Pacific/Kiritimati", "2026-12-31", "2026-12-31T09:59:59Z"},
		{"Etc/GMT+12", "2026-12-31", "2027-01-01T11:59:59Z"},
		{"America/St_Johns", "1990-10-27", "1990-10-28T03:29:59Z"}, // at 00:01 clocks went back to 23:01 of the day before
		{"Africa/Cairo", "2026-04-23", "2026-04-23T21:59:59Z"},     // midnight to 01:00 does not exist on the 24th
		{"UTC", "1969-12-31", "1969-12-31T23:59:59Z"},
	} {
		end, exists := date(t, c.day).EndOfDay(zone(t, c.zone))
		if got := end.Format(time.RFC3339); got != c.end || !exists {
			t.Errorf("%s in %s ends %s (%v), want %s", c.day, c.zone, got, exists, c.end)
		}
	}
	if end, exists := date(t, "2011-12-30").EndOfDay(zone(t, "Pacific/Apia")); exists {
		t.Errorf("Samoa left out 2011-12-30, but it ends %s", end)
	}
}

// Every date of years with odd changes: the end has the date, and the next second has a later one.
func TestTheLastSecondIsTheLast(t *testing.T) {
	for _, name := range []string{"America/Santiago", "America/Asuncion", "America/St_Johns", "Africa/Cairo", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Apia", "America/Havana"} {
		loc := zone(t, name)
		for d := NewDate(2009, 1, 1); d < NewDate(2027, 1, 1); d++ {
			end, exists := d.EndOfDay(loc)
			if !exists {
				continue
			}
			if DateOf(end, loc) != d {
				t.Fatalf("%s in %s: %s has the date %s", d, name, end, DateOf(end, loc))
			}
			for _, later := range []time.Duration{time.Second, time.Hour, 2 * time.Hour, 24 * time.Hour} {
				if got := DateOf(end.Add(later), loc); got <= d {
					t.Fatalf("%s in %s: %v after its end it is %s", d, name, later, got)
				}
			}
		}
	}
}

func TestDueDatesMoveToTheNextOpenDay(t *testing.T) {
	weekdays := []Opening{{1, "09:00", "18:00"}, {2, "09:00", "18:00"}, {3, "09:00", "18:00"}, {4, "09:00", "18:00"}, {5, "09:00", "18:00"}}
	p := &Policy{
		Branches: []Branch{{Code: "main"}, {Code: "east"}},
		Hours:    map[string][]Opening{"main": weekdays},
		Closures: []Closure{
			{First: date(t, "2026-12-24"), Last: date(t, "2027-01-01"), Reason: "winter break"},
			{Branch: "main", First: date(t, "2028-02-29"), Last: date(t, "2028-02-29")},
			{Branch: "east", First: date(t, "2030-01-01"), Last: date(t, "2031-12-31"), Reason: "rebuilding"},
		},
	}
	for _, c := range []struct {
		branch, from string
		days         int
		due, why     string
	}{
		{"main", "2026-03-02", 21, "2026-03-23", ""},
		{"main", "2026-03-02", 19, "2026-03-23", "closed on Saturdays"},
		{"main", "2026-03-02", 20, "2026-03-23", "closed on Sundays"},
		{"east", "2026-03-02", 20, "2026-03-22", ""}, // no hours are known: open every day
		{"main", "2026-12-10", 14, "2027-01-04", "winter break"},
		{"east", "2026-12-10", 14, "2027-01-02", "winter break"},
		{"main", "2028-02-08", 21, "2028-03-01", "closed"}, // the leap day
		{"east", "2027-02-08", 21, "2027-03-01", ""},
	} {
		asked := RuleKey{Branch: c.branch, Category: "adult", ItemType: "book"}
		due, err := p.ComputeDue(asked, RuleKey{}, 1, date(t, c.from), c.days, zone(t, "Europe/Berlin"))
		if err != nil || due.On.String() != c.due || DateOf(due.At, zone(t, "Europe/Berlin")) != due.On {
			t.Errorf("%s + %d at %s: %s (%v), want %s", c.from, c.days, c.branch, due.On, err, c.due)
		}
		if (due.Moved == nil) != (c.why == "") || due.Moved != nil && (due.Moved.Why != c.why || due.Moved.To != due.On || due.Moved.From != due.Reached) {
			t.Errorf("%s + %d at %s: moved %+v, want %q", c.from, c.days, c.branch, due.Moved, c.why)
		}
	}
	if _, err := p.ComputeDue(RuleKey{Branch: "east"}, RuleKey{}, 1, date(t, "2030-06-01"), 21, time.UTC); err == nil {
		t.Error("two years of closure gave a due date")
	}
	if err := p.CheckCalendar(date(t, "2026-01-01")); err == nil {
		t.Error("a calendar with two years of closure was accepted")
	}
	if err := p.CheckCalendar(date(t, "2032-01-01")); err != nil {
		t.Errorf("closures of the past: %v", err)
	}
}

func TestADateThatAZoneLeftOutIsPassedOver(t *testing.T) {
	due, err := (&Policy{}).ComputeDue(RuleKey{Branch: "main"}, RuleKey{}, 1, date(t, "2011-12-29"), 1, zone(t, "Pacific/Apia"))
	if err != nil || due.On.String() != "2011-12-31" || due.Moved == nil {
		t.Errorf("%+v %v", due, err)
	}
}

func TestOpenDays(t *testing.T) {
	p := &Policy{Hours: map[string][]Opening{"main": {{1, "09:00", "18:00"}, {3, "09:00", "18:00"}}},
		Closures: []Closure{{First: date(t, "2026-03-04"), Last: date(t, "2026-03-04")}}}
	monday := date(t, "2026-03-02")
	if got := p.LastOpenBefore("main", monday); got.String() != "2026-02-25" {
		t.Errorf("last open before Monday %s", got)
	}
	if got := p.LastOpenBefore("main", date(t, "2026-03-09")); got != monday {
		t.Errorf("last open before the next Monday %s", got)
	}
	if got, err := p.NthOpenDay("main", monday, 3); err != nil || got.String() != "2026-03-16" {
		t.Errorf("third open day %s %v", got, err)
	}
}

func TestTheMostSpecificRuleWins(t *testing.T) {
	rule := func(id int64, branch, category, itemType string) Rule {
		return Rule{ID: id, RuleKey: RuleKey{branch, category, itemType}}
	}
	p := &Policy{Rules: []Rule{rule(1, "", "", ""), rule(2, "", "", "dvd"), rule(3, "", "adult", ""), rule(4, "", "adult", "dvd"), rule(5, "east", "", ""),
		rule(6, "east", "", "dvd"), rule(7, "east", "adult", ""), rule(8, "west", "adult", "dvd")}}
	for _, c := range []struct {
		branch, category, itemType string
		want                       int64
	}{
		{"main", "child", "book", 1}, {"main", "child", "dvd", 2}, {"main", "adult", "book", 3}, {"main", "adult", "dvd", 4},
		{"east", "child", "book", 5}, {"east", "child", "dvd", 6}, {"east", "adult", "book", 7},
		{"east", "adult", "dvd", 7}, // (b,c,*) beats (*,c,t) and (b,*,t)
		{"west", "adult", "dvd", 8}, {"west", "child", "dvd", 2},
	} {
		if got, ok := p.RuleFor(RuleKey{c.branch, c.category, c.itemType}); !ok || got.ID != c.want {
			t.Errorf("%+v: rule %d, want %d", c, got.ID, c.want)
		}
	}
	if _, ok := (&Policy{Rules: p.Rules[1:]}).RuleFor(RuleKey{"main", "child", "book"}); ok {
		t.Error("a rule was found where none fits")
	}
}

func TestDates(t *testing.T) {
	for _, bad := range []string{"", "2026-2-3", "2026-02-30", "0000-01-01", "9999-12-31", "1899-12-31", "3000-01-01", "2026-02-03T00:00:00Z", "-001-01-01", "２０２６-02-03"} {
		if d, err := ParseDate(bad); err == nil {
			t.Errorf("%q was read as %s", bad, d)
		}
	}
	for _, good := range []string{"1900-01-01", "1969-12-31", "1970-01-01", "2028-02-29", "2999-12-31"} {
		if d, err := ParseDate(good); err != nil || d.String() != good {
			t.Errorf("%s was read as %s, %v", good, d, err)
		}
	}
}
