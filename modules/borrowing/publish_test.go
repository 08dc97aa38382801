package borrowing_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"bookvault/modules/borrowing"
	"bookvault/platform/problem"
)

// matrix is a sound one of three rules.
func matrix() borrowing.Matrix {
	return borrowing.Matrix{
		Rules: []borrowing.Rule{
			{RuleKey: borrowing.RuleKey{Branch: "east", Category: "child"}, Terms: borrowing.Terms{LoanDays: 14, LoanLimit: 3, HoldLimit: 1}},
			{Terms: borrowing.Terms{LoanDays: 28, Renewals: 1, LoanLimit: 8, HoldLimit: 4, FinePerDay: 1000, GraceDays: 1, FineCap: 50000, LostFee: 20000}},
			{RuleKey: borrowing.RuleKey{ItemType: "dvd"}, Terms: borrowing.Terms{LoanDays: 7, LoanLimit: 2, HoldLimit: 2, RenewFrom: borrowing.RenewFromToday}},
		},
		Categories: map[string]borrowing.CategoryLimits{"adult": {LoanTotal: 9, HoldTotal: 5, ChargesLimit: 100000}},
	}
}

func TestPublishingNewRulesNeverChangesOpenLoans(t *testing.T) {
	l := opened(t, 2)
	l.add("B1", 1)
	l.add("B2", 2)
	first, err := l.PublishRules(librarian(), matrix(), 1, "money at last", borrowing.Order{})
	must(t, err)
	before := l.mustLend("C1", "B1")
	if before.Terms.FinePerDay != 1000 || before.Terms.Currency != "VND" || before.Terms.FineCap != 50000 || before.Terms.LostFee != 20000 || before.Terms.GraceDays != 1 || before.Terms.HoldLimit != 4 || before.Why.Due.Rules != first.Version {
		t.Errorf("opened under %+v of version %d", before.Terms, before.Why.Due.Rules)
	}
	dearer := matrix()
	dearer.Rules[1].LoanDays, dearer.Rules[1].FinePerDay, dearer.Rules[1].Renewals = 3, 9000, 0
	_, err = l.PublishRules(librarian(), dearer, first.Version, "", borrowing.Order{})
	must(t, err)
	kept, err := l.Loan(desk(), before.ID)
	must(t, err)
	if kept.Terms != before.Terms || kept.DueOn != before.DueOn || kept.Version != before.Version || !reflect.DeepEqual(kept.Why, before.Why) {
		t.Errorf("the open loan became %+v", kept)
	}
	renewed, err := l.Renew(patron(1), before.ID, borrowing.Override{}, borrowing.Order{})
	must(t, err) // the terms of then grant it, for as many days as then
	if renewed.DueOn != before.DueOn+28 || renewed.Why.Due.Rules != first.Version {
		t.Errorf("renewed until %s by version %d", renewed.DueOn, renewed.Why.Due.Rules)
	}
	if after := l.mustLend("C2", "B2"); after.Terms.FinePerDay != 9000 || after.DueOn != before.DueOn-25 || after.Why.Due.Rules != first.Version+1 {
		t.Errorf("the next loan is under %+v until %s", after.Terms, after.DueOn)
	}
	l.consistent()
}

func TestEveryVersionOfTheRulesIsKeptWithWhoPublishedItWhenAndWhy(t *testing.T) {
	l := opened(t, 0)
	ctx := context.Background()
	came, err := l.RulesEdition(ctx, 1)
	must(t, err)
	if came.Version != 1 || came.By != "system" || len(came.Document.Rules) != 1 || came.Document.Rules[0].LoanDays != 21 || came.Document.Currency != "VND" {
		t.Errorf("the library came with %+v", came)
	}
	list, more, err := l.Editions(ctx, borrowing.RulesStream, 0, 10)
	if must(t, err); more || len(list) != 1 || list[0].Version != 1 {
		t.Errorf("versions at first %+v", list)
	}
	published, err := l.PublishRules(librarian(), matrix(), 1, "  money at last ", borrowing.Order{})
	must(t, err)
	if published.Version != 2 || published.By != "staff/9001" || published.Note != "money at last" || !published.At.Equal(l.clock.read()) {
		t.Errorf("published %+v", published)
	}
	for i := range 4 {
		m := matrix()
		m.Rules[1].LoanDays = 30 + i
		_, err := l.PublishRules(librarian(), m, 0, fmt.Sprintf("try %d", i), borrowing.Order{})
		must(t, err)
	}
	for version, days := range map[int]int{1: 21, 2: 28, 3: 30, 4: 31, 5: 32, 6: 33} {
		e, err := l.RulesEdition(ctx, version)
		must(t, err)
		if e.Version != version || e.Document.Rules[0].LoanDays != days { // the general rule comes first
			t.Errorf("version %d: %+v", version, e)
		}
	}
	if now, err := l.RulesEdition(ctx, 0); err != nil || now.Version != 6 || now.Document.Rules[0].LoanDays != 33 || len(now.Document.Rules) != 3 ||
		now.Document.Categories["adult"] != matrix().Categories["adult"] || now.Document.Rules[1].RenewFrom != borrowing.RenewFromToday {
		t.Errorf("in force %+v %v", now, err)
	}
	if _, err := l.RulesEdition(ctx, 7); problem.Of(err).Kind != problem.NotFoundKind {
		t.Errorf("a version to come: %v", err)
	}
	var seen []int
	for before := 0; ; {
		page, more, err := l.Editions(ctx, borrowing.RulesStream, before, 4)
		must(t, err)
		for _, e := range page {
			seen, before = append(seen, e.Version), e.Version
		}
		if !more {
			break
		}
	}
	if fmt.Sprint(seen) != "[6 5 4 3 2 1]" {
		t.Errorf("listed %v", seen)
	}
	l.consistent()
}

func TestAnEditOfRulesThatWereReplacedIsRefused(t *testing.T) {
	l := opened(t, 0)
	outcome := atOnce(6, func(int) error { return second(l.PublishRules(librarian(), matrix(), 1, "", borrowing.Order{})) })
	if outcome[""] != 1 || outcome["version_conflict"] != 5 {
		t.Errorf("six edits of version 1 at once: %v", outcome)
	}
	if _, err := l.PublishRules(librarian(), matrix(), 9, "", borrowing.Order{}); problem.Of(err).Kind != problem.PreconditionFailed {
		t.Errorf("a version to come: %v", err)
	}
	if _, err := l.PublishRules(desk(), matrix(), 2, "", borrowing.Order{}); problem.Of(err).Kind != problem.Forbidden {
		t.Errorf("the desk published rules: %v", err)
	}
	l.consistent()
}

func TestRulesThatCannotBeAreRefusedWithEveryField(t *testing.T) {
	l := opened(t, 0)
	m := matrix()
	m.Currency = "EUR"
	m.Rules[0].Branch, m.Rules[0].ItemType, m.Rules[0].Category = "moon", "scroll", "Children"
	m.Rules[2].FinePerDay = -1
	m.Rules = append(m.Rules, borrowing.Rule{Terms: borrowing.Terms{LoanDays: 1}})
	m.Categories["adult"] = borrowing.CategoryLimits{LoanTotal: -1}
	_, err := l.PublishRules(librarian(), m, 0, "", borrowing.Order{})
	var fields []string
	for _, f := range problem.Of(err).Fields {
		fields = append(fields, f.Field)
	}
	words := strings.Join(fields, " ")
	for _, want := range []string{"body.currency", ".branch", ".item_type", ".category", "body.rules[1]", "body.rules[2]", "body.categories.adult"} {
		if !strings.Contains(words, want) {
			t.Errorf("%s is not among %s", want, words)
		}
	}
	if _, err := l.PublishRules(librarian(), borrowing.Matrix{}, 0, "", borrowing.Order{}); problem.Of(err).Kind.Status() != 422 {
		t.Errorf("no rule at all: %v", err)
	}
	if _, err := l.PublishRules(librarian(), matrix(), 0, strings.Repeat("x", 501), borrowing.Order{}); problem.Of(err).Kind.Status() != 422 {
		t.Errorf("a long note: %v", err)
	}
	if n := l.count("borrowing.rules"); n != 1 {
		t.Errorf("%d rules are left", n)
	}
}

func TestACalendarWithNoOpenDayIn60IsRefusedWithItsBranchAndDay(t *testing.T) {
	l := opened(t, 1)
	closed := func(branch, first, last string) borrowing.Closure {
		from, err1 := borrowing.ParseDate(first)
		to, err2 := borrowing.ParseDate(last)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		return borrowing.Closure{Branch: branch, First: from, Last: to, Reason: "works"}
	}
	weekdays := []borrowing.Opening{{Weekday: 5, Opens: "09:00", Closes: "18:00"}, {Weekday: 1, Opens: "09:00", Closes: "18:00"}}
	for _, c := range []struct {
		what     string
		hours    map[string][]borrowing.Opening
		closures []borrowing.Closure
		day      string // "": it is sound
	}{
		{"sixty days", nil, []borrowing.Closure{closed("east", "2026-06-01", "2026-07-30")}, ""},
		{"sixty-one days", nil, []borrowing.Closure{closed("east", "2026-06-01", "2026-07-31")}, "2026-06-01"},
		{"in two pieces", nil, []borrowing.Closure{closed("east", "2026-07-01", "2026-08-31"), closed("", "2026-06-20", "2026-06-30")}, "2026-06-20"},
		{"eight weeks, and the weekend before them", map[string][]borrowing.Opening{"east": weekdays}, []borrowing.Closure{closed("east", "2026-06-08", "2026-08-02")}, ""},
		{"sixty days with those about them", map[string][]borrowing.Opening{"east": weekdays}, []borrowing.Closure{closed("east", "2026-06-08", "2026-08-04")}, "2026-06-06"},
		{"years long ago", nil, []borrowing.Closure{closed("", "2020-01-01", "2024-12-31")}, ""},
		{"years to come", nil, []borrowing.Closure{closed("", "2031-01-01", "2033-12-31")}, "2031-01-01"},
		{"begun long ago", nil, []borrowing.Closure{closed("", "2020-01-01", "2033-12-31")}, "2026-03-02"},
	} {
		_, err := l.PublishCalendar(librarian(), borrowing.Calendar{Hours: c.hours, Closures: c.closures}, 0, c.what, borrowing.Order{})
		switch {
		case c.day == "":
			if err != nil {
				t.Errorf("%s: %v", c.what, err)
			}
		case code(err) != borrowing.NoOpenDay || problem.Of(err).Kind.Status() != 422:
			t.Errorf("%s: %v", c.what, err)
		default:
			if words := err.Error(); !strings.Contains(words, c.day) || !strings.Contains(words, "east") && !strings.Contains(words, "main") {
				t.Errorf("%s: %q names no %s", c.what, words, c.day)
			}
		}
	}
	for what, c := range map[string]borrowing.Calendar{
		"an unknown branch":       {Hours: map[string][]borrowing.Opening{"moon": weekdays}},
		"a weekday twice":         {Hours: map[string][]borrowing.Opening{"east": append(weekdays, weekdays...)}},
		"closing before it opens": {Hours: map[string][]borrowing.Opening{"east": {{Weekday: 1, Opens: "18:00", Closes: "09:00"}}}},
		"an eighth day":           {Hours: map[string][]borrowing.Opening{"east": {{Weekday: 7, Opens: "09:00", Closes: "18:00"}}}},
		"a closure backwards":     {Closures: []borrowing.Closure{closed("", "2026-06-02", "2026-06-01")}},
		"a closure on the moon":   {Closures: []borrowing.Closure{closed("moon", "2026-06-01", "2026-06-01")}},
	} {
		if _, err := l.PublishCalendar(librarian(), c, 0, "", borrowing.Order{}); problem.Of(err).Kind.Status() != 422 {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestTheCalendarIsPublishedInVersionsAndHoldsFromTheNextCommandOn(t *testing.T) {
	l := opened(t, 1)
	l.add("B1", 1)
	other := borrowing.New(l.store, l.people, l.shelf, borrowing.Settings{Clock: l.clock.read, DefaultBranch: "main", Location: l.clock.now.Location()}) // keeps the policy in memory
	if _, err := other.CheckOut(desk(), borrowing.CheckOut{Card: "C1", Barcode: "B1"}, borrowing.Order{DryRun: true}); err != nil {
		t.Fatal(err)
	}
	due := borrowing.NewDate(2026, 3, 23)
	calendar := borrowing.Calendar{Hours: map[string][]borrowing.Opening{"main": {{Weekday: 4, Opens: "10:00", Closes: "19:00"}, {Weekday: 1, Opens: "09:00", Closes: "18:00"}}},
		Closures: []borrowing.Closure{{First: due, Last: due, Reason: "stocktaking"}}}
	e, err := l.PublishCalendar(librarian(), calendar, 1, "", borrowing.Order{})
	must(t, err)
	if e.Version != 2 || e.Document.Hours["main"][0].Weekday != 1 {
		t.Errorf("published %+v", e)
	}
	lent, err := other.CheckOut(desk(), borrowing.CheckOut{Card: "C1", Barcode: "B1"}, borrowing.Order{})
	must(t, err)
	if lent.DueOn != due+3 || lent.Why.Due.Moved == nil || lent.Why.Due.Moved.Why != "stocktaking" {
		t.Errorf("due %s, %+v", lent.DueOn, lent.Why.Due.Moved)
	}
	now, err := l.CalendarEdition(desk(), 0)
	if must(t, err); !reflect.DeepEqual(now.Document, e.Document) {
		t.Errorf("in force %+v, published %+v", now.Document, e.Document)
	}
	if came, err := l.CalendarEdition(desk(), 1); err != nil || len(came.Document.Hours) != 0 || len(came.Document.Closures) != 0 {
		t.Errorf("the library came with %+v %v", came, err)
	}
	_, err = l.PublishCalendar(librarian(), borrowing.Calendar{}, 2, "", borrowing.Order{})
	must(t, err)
	if l.count("borrowing.opening_hours")+l.count("borrowing.closures") != 0 {
		t.Error("an empty calendar left hours or closures behind")
	}
	l.consistent()
}

func TestBranchesAndItemTypesAreAddedOnceAndRenamed(t *testing.T) {
	l := opened(t, 0)
	added, err := l.AddBranch(librarian(), "west", " Đie\u0323\u0302n Biên ", borrowing.Order{})
	if must(t, err); added.Sort != 2 || added.Name != "Điện Biên" {
		t.Errorf("added %+v", added)
	}
	if _, err := l.AddBranch(librarian(), "west", "Other", borrowing.Order{}); code(err) != borrowing.BranchExists {
		t.Errorf("added twice: %v", err)
	}
	if _, err := l.AddItemType(librarian(), "dvd", "Other", borrowing.Order{}); code(err) != borrowing.ItemTypeExists {
		t.Errorf("added twice: %v", err)
	}
	renamed, err := l.RenameBranch(librarian(), "west", "West", borrowing.Order{})
	if must(t, err); renamed.Name != "West" || renamed.Sort != 2 {
		t.Errorf("renamed %+v", renamed)
	}
	if _, err := l.RenameItemType(librarian(), "scroll", "Scroll", borrowing.Order{}); problem.Of(err).Kind != problem.NotFoundKind {
		t.Errorf("renamed what is not there: %v", err)
	}
	for what, err := range map[string]error{
		"a code with spaces": second(l.AddBranch(librarian(), "far west", "Far west", borrowing.Order{})),
		"no name":            second(l.AddBranch(librarian(), "far", " ", borrowing.Order{})),
		"a long name":        second(l.AddBranch(librarian(), "far", strings.Repeat("x", 201), borrowing.Order{})),
		"a line break":       second(l.AddBranch(librarian(), "far", "far\nwest", borrowing.Order{})),
	} {
		if problem.Of(err).Kind.Status() != 422 {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := l.AddBranch(desk(), "north", "North", borrowing.Order{}); problem.Of(err).Kind != problem.Forbidden {
		t.Errorf("the desk added a branch: %v", err)
	}
	p, err := l.Policy(desk())
	if must(t, err); len(p.Branches) != 3 || p.Branches[2].Name != "West" {
		t.Errorf("branches %+v", p.Branches)
	}
	l.consistent()
}
