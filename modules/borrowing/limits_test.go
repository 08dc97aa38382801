package borrowing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"bookvault/modules/borrowing"
	"bookvault/platform/problem"
)

// rule saves a rule that lends three weeks, for the cell given.
func (l *library) rule(branch, category, itemType string, loans, holds int) {
	l.t.Helper()
	must(l.t, l.SaveRule(librarian(), borrowing.Rule{RuleKey: borrowing.RuleKey{Branch: branch, Category: category, ItemType: itemType},
		Terms: borrowing.Terms{LoanDays: 21, Renewals: 2, LoanLimit: loans, HoldLimit: holds}}))
}

func dvd(n *borrowing.NewItem) { n.ItemType = "dvd" }

// refusedFor fails unless a command was refused for these codes in this order, and gives what the reasons say.
func refusedFor(t *testing.T, what string, err error, want ...string) string {
	t.Helper()
	if err == nil {
		t.Fatalf("%s: not refused", what)
	}
	if got := codes(t, err); !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
	words := ""
	for _, r := range problem.Of(err).Reasons {
		words += r.Detail + " "
	}
	return words
}

func TestTheLoanLimitCountsWithinTheRulesItemTypePlusATotalByCategory(t *testing.T) {
	l := opened(t, 2)
	l.rule("", "", "", 9, 9)
	l.rule("", "", "dvd", 2, 9)
	must(t, l.SaveCategoryLimits(librarian(), "adult", borrowing.CategoryLimits{LoanTotal: 4}))
	for i := range 4 {
		l.add(fmt.Sprintf("D%d", i), 10+i, dvd)
		l.add(fmt.Sprintf("B%d", i), 20+i)
	}
	l.mustLend("C1", "D0")
	l.mustLend("C1", "D1")
	_, err := l.lend("C1", "D2")
	if words := refusedFor(t, "a third DVD", err, borrowing.LoanLimitReached); !strings.Contains(words, "2 loans of the item type dvd") || !strings.Contains(words, "is 2") {
		t.Errorf("it says %q", words)
	}
	l.mustLend("C1", "B0") // the limit of DVDs says nothing of books
	l.mustLend("C1", "B1")
	_, err = l.lend("C1", "B2")
	if words := refusedFor(t, "a fifth loan", err, borrowing.LoanLimitReached); !strings.Contains(words, "4 loans in all") || !strings.Contains(words, "adult") {
		t.Errorf("it says %q", words)
	}
	_, err = l.lend("C1", "D2")
	refusedFor(t, "a third DVD as fifth loan", err, borrowing.LoanLimitReached, borrowing.LoanLimitReached)
	over := borrowing.CheckOut{Card: "C1", Barcode: "D2", Override: borrowing.Override{Codes: []string{borrowing.LoanLimitReached}, Reason: "a school class"}}
	if _, err = l.CheckOut(librarian(), over, borrowing.Order{}); err != nil {
		t.Errorf("overridden by a librarian: %v", err)
	}
	l.people.change(2, func(m *borrowing.Member) { m.Category = "child" }) // without a total
	for _, barcode := range []string{"B2", "B3", "D3"} {
		l.mustLend("C2", barcode)
	}
}

func TestTheHoldLimitOfTheRuleAndTheTotalByCategory(t *testing.T) {
	l := opened(t, 2)
	l.rule("", "", "", 9, 3)
	l.rule("", "", "dvd", 9, 1)
	l.rule("east", "", "", 9, 0)
	for i := range 5 {
		l.add(fmt.Sprintf("D%d", i), 10+i, dvd)
		l.add(fmt.Sprintf("B%d", i), 20+i)
	}
	l.add("DB", 30, dvd)
	l.add("BD", 30) // a title in both types
	place := func(title int, pickup string) error {
		return second(l.PlaceHold(patron(1), borrowing.PlaceHold{BookID: book(title), PickupBranch: pickup}, borrowing.Order{}))
	}
	must(t, place(10, "main"))
	if words := refusedFor(t, "a second DVD", place(11, "main"), borrowing.HoldLimitReached); !strings.Contains(words, "1 holds of the item type dvd") {
		t.Errorf("it says %q", words)
	}
	refusedFor(t, "a branch that grants none", place(20, "east"), borrowing.HoldLimitReached)
	must(t, place(20, "main"))
	must(t, place(30, "main")) // the books' rule grants more, and either copy would do
	refusedFor(t, "a fourth hold", place(21, "main"), borrowing.HoldLimitReached)

	must(t, l.SaveCategoryLimits(librarian(), "adult", borrowing.CategoryLimits{HoldTotal: 2}))
	if words := refusedFor(t, "over both", place(21, "main"), borrowing.HoldLimitReached, borrowing.HoldLimitReached); !strings.Contains(words, "3 holds in all; the total for the category adult is 2") {
		t.Errorf("it says %q", words)
	}
	over := borrowing.PlaceHold{Card: "C1", BookID: book(21), Override: borrowing.Override{Codes: []string{borrowing.HoldLimitReached}, Reason: "an exam"}}
	if _, err := l.PlaceHold(desk(), over, borrowing.Order{}); problem.Of(err).Kind != problem.Forbidden {
		t.Errorf("the desk overrode it: %v", err)
	}
	if _, err := l.PlaceHold(librarian(), over, borrowing.Order{}); err != nil {
		t.Errorf("overridden by a librarian: %v", err)
	}
	l.consistent()
}

func TestTwoDesksCannotBothPassTheLastHold(t *testing.T) {
	l := opened(t, 1)
	l.rule("", "", "", 9, 3)
	for i := range 10 {
		l.add(fmt.Sprintf("B%d", i), 20+i)
	}
	outcome := atOnce(10, func(i int) error {
		return second(l.PlaceHold(patron(1), borrowing.PlaceHold{BookID: book(20 + i)}, borrowing.Order{}))
	})
	if outcome[""] != 3 || outcome[borrowing.HoldLimitReached] != 7 {
		t.Errorf("of ten holds at once with a limit of three: %v", outcome)
	}
	l.consistent()
}

func TestTheBranchOfTheRuleIsTheTransactionsAndOnTheWebTheItems(t *testing.T) {
	l := opened(t, 2)
	must(t, l.SaveRule(librarian(), borrowing.Rule{RuleKey: borrowing.RuleKey{Branch: "east"}, Terms: borrowing.Terms{LoanDays: 5, LoanLimit: 9, HoldLimit: 9}}))
	l.add("E1", 1, func(n *borrowing.NewItem) { n.Branch = "east" })
	l.add("E2", 2, func(n *borrowing.NewItem) { n.Branch = "east" })
	web, err := l.CheckOut(patron(1), borrowing.CheckOut{BookID: book(1), Branch: "main"}, borrowing.Order{})
	must(t, err)
	if web.Why.Due.Asked.Branch != "east" || web.Why.Due.Rule.Branch != "east" || web.Terms.LoanDays != 5 {
		t.Errorf("on the web: %+v by %+v", web.Terms, web.Why.Due)
	}
	desk, err := l.CheckOut(desk(), borrowing.CheckOut{Card: "C2", Barcode: "E2", Branch: "main"}, borrowing.Order{})
	must(t, err)
	if desk.Why.Due.Asked.Branch != "main" || desk.Why.Due.Rule.Branch != "" || desk.Terms.LoanDays != 21 {
		t.Errorf("at the desk: %+v by %+v", desk.Terms, desk.Why.Due)
	}
}

func TestAHoldOnOneItemIsLimitedByTheRuleOfItsType(t *testing.T) {
	l := opened(t, 1)
	l.rule("", "", "", 9, 9)
	l.rule("", "", "dvd", 9, 0)
	l.add("B1", 1)
	l.add("D1", 1, dvd)
	_, err := l.PlaceHold(patron(1), borrowing.PlaceHold{Barcode: "D1"}, borrowing.Order{})
	refusedFor(t, "a hold on the DVD", err, borrowing.HoldLimitReached)
	if _, err := l.PlaceHold(patron(1), borrowing.PlaceHold{BookID: book(1)}, borrowing.Order{}); err != nil {
		t.Errorf("a hold on the title, which the book can fill: %v", err)
	}
}
