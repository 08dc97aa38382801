package borrowing_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bookvault/modules/borrowing"
	"bookvault/platform/problem"
)

// TestAnySequenceOfCommandsKeepsEveryInvariant does whatever comes to mind at two desks and on the web, while days pass, and
// compares with a small model of who has what, and with a count from nothing, as it goes.
func TestAnySequenceOfCommandsKeepsEveryInvariant(t *testing.T) {
	l := opened(t, 0)
	must(t, l.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 14, Renewals: 2, LoanLimit: 2, HoldLimit: 100}}))
	must(t, l.SaveHours(librarian(), "east", []borrowing.Opening{{Weekday: 2, Opens: "10:00", Closes: "19:00"}, {Weekday: 6, Opens: "10:00", Closes: "15:00"}}))
	start, round := l.clock.read(), 0
	check(t, func(r *rapid.T) {
		// Each round has members, titles and copies of its own in the same database.
		round++
		m := &model{library: l, round: round, has: map[string]int{}}
		l.clock.move(start.Sub(l.clock.read()))
		for i := range members {
			id := m.id(i + 1)
			l.people.byID[id] = borrowing.Member{ID: id, Card: fmt.Sprintf("C%d", id), Category: "adult"}
		}
		for i := range 6 {
			barcode := fmt.Sprintf("B%d-%d", round, i)
			l.add(barcode, m.nth(i/3+1), func(n *borrowing.NewItem) { n.Branch, n.Part = []string{"main", "east"}[i%2], []string{"", "I"}[i/2%2] })
			m.barcodes = append(m.barcodes, barcode)
		}
		r.Repeat(map[string]func(*rapid.T){
			"lend at the desk": m.lend, "lend more": m.lend, "lend on the web": m.borrow, "check in": m.checkIn, "check in again": m.checkIn, "renew": m.renew,
			"reverse": m.reverse, "hold": m.hold, "hold more": m.hold, "cancel": m.cancel, "mark": m.mark, "block": m.block, "days pass": m.wait,
			"hold on a part or a copy": m.holdOne, "edit a hold": m.editHold, "keep the shelves": m.keepShelves, "pull": m.pull,
		})
		m.check(r)
	})
	l.replays()
}

// members borrow in each round: few, so that they get into each other's way.
const members = 3

type model struct {
	*library
	round    int
	barcodes []string
	has      map[string]int // barcode -> member
	loans    []int64
	holds    []int64
}

func (m *model) id(n int) int64            { return int64(m.round*10 + n) }
func (m *model) nth(n int) int             { return m.round*3%900 + n }
func (m *model) member(r *rapid.T) int     { return rapid.IntRange(1, members).Draw(r, "member") }
func (m *model) barcode(r *rapid.T) string { return rapid.SampledFrom(m.barcodes).Draw(r, "barcode") }
func (m *model) branch(r *rapid.T) string {
	return rapid.SampledFrom([]string{"main", "east"}).Draw(r, "branch")
}
func (m *model) title(r *rapid.T) int { return m.nth(rapid.IntRange(1, 2).Draw(r, "title")) }
func (m *model) owned(member int) (n int) {
	for _, who := range m.has {
		if who == member {
			n++
		}
	}
	return n
}

// expected fails for what is no answer at all: only refusals by rule are.
func (m *model) expected(r *rapid.T, err error) {
	if err != nil && problem.Of(err).Kind != problem.ConflictKind {
		r.Fatalf("no refusal, but %v", err)
	}
}

func (m *model) lent(r *rapid.T, member int, lent borrowing.Lent, err error) {
	if err != nil {
		m.expected(r, err)
		return
	}
	if who := m.has[lent.Barcode]; who != 0 {
		r.Fatalf("%s was lent to %d, who has it already or while %d has it", lent.Barcode, member, who)
	}
	if m.owned(member) >= 2 {
		r.Fatalf("member %d got a third loan", member)
	}
	m.has[lent.Barcode] = member
	m.loans = append(m.loans, lent.ID)
}

func (m *model) lend(r *rapid.T) {
	member, barcode := m.member(r), m.barcode(r)
	lent, err := m.CheckOut(desk(), borrowing.CheckOut{Card: fmt.Sprintf("C%d", m.id(member)), Barcode: barcode, Branch: m.branch(r)}, borrowing.Order{})
	if who := m.has[barcode]; who == member && err == nil {
		if !lent.Collected() || lent.Channel != borrowing.OnWeb {
			r.Fatalf("%s was lent to %d again: %+v", barcode, who, lent.Loan)
		}
		return // it was lent on the web, and handed over now
	} else if who != 0 && err == nil {
		m.moved(r, barcode, who, lent)
	}
	m.lent(r, member, lent, err)
}

// moved notes that a copy which lay ready for somebody was lent to another, and that its web loan is of another copy now.
func (m *model) moved(r *rapid.T, barcode string, who int, lent borrowing.Lent) {
	if len(lent.Warnings) == 0 || lent.Warnings[0].Code != borrowing.WebLoanMoved {
		r.Fatalf("%s was lent while %d has it", barcode, who)
	}
	delete(m.has, barcode)
	for _, l := range m.openLoans(who) {
		if m.has[l.Barcode] == 0 && l.Channel == borrowing.OnWeb && !l.Collected() {
			m.has[l.Barcode] = who
			return
		}
	}
	r.Fatalf("the loan of %s by %d did not move", barcode, who)
}

func (m *model) openLoans(member int) []borrowing.LoanView {
	loans, _, err := m.Loans(desk(), fmt.Sprintf("C%d", m.id(member)), borrowing.LoanFilter{Status: borrowing.LoanOpen, Limit: 50})
	must(m.t, err)
	return loans
}

func (m *model) borrow(r *rapid.T) {
	member := m.member(r)
	lent, err := m.CheckOut(patron(m.id(member)), borrowing.CheckOut{BookID: book(m.title(r)), Branch: m.branch(r)}, borrowing.Order{})
	m.lent(r, member, lent, err)
}

func (m *model) checkIn(r *rapid.T) {
	barcode := m.barcode(r)
	in, err := m.CheckIn(desk(), borrowing.CheckIn{Barcode: barcode, Branch: m.branch(r), BookDrop: rapid.Bool().Draw(r, "drop")}, borrowing.Order{})
	if err != nil {
		r.Fatalf("a check-in failed: %v", err)
	}
	if (in.Closed != nil) != (m.has[barcode] != 0) {
		r.Fatalf("%s closed %v, but %d had it", barcode, in.Closed, m.has[barcode])
	}
	delete(m.has, barcode)
	if rapid.IntRange(0, 4).Draw(r, "look") == 0 {
		m.check(r)
	}
	again, err := m.CheckIn(desk(), borrowing.CheckIn{Barcode: barcode, Branch: in.Item.CurrentBranch}, borrowing.Order{})
	if err != nil || again.Item.Status != in.Item.Status && in.Item.Status != borrowing.InProcess || again.Item.TransitTo != in.Item.TransitTo {
		r.Fatalf("twice: %+v, then %+v (%v)", in.Item, again.Item, err)
	}
}

func (m *model) renew(r *rapid.T) {
	if len(m.loans) == 0 {
		r.Skip()
	}
	id := rapid.SampledFrom(m.loans).Draw(r, "loan")
	before, err := m.Loan(desk(), id)
	must(m.t, err)
	after, err := m.Renew(desk(), id, borrowing.Override{}, borrowing.Order{})
	m.expected(r, err)
	if err == nil && (after.DueOn <= before.DueOn || after.Renewals != before.Renewals+1 || after.Renewals > 2 || before.Status != borrowing.LoanOpen) {
		r.Fatalf("renewed %+v to %+v", before, after)
	}
}

func (m *model) reverse(r *rapid.T) {
	if len(m.loans) == 0 {
		r.Skip()
	}
	back, err := m.Reverse(desk(), rapid.SampledFrom(m.loans).Draw(r, "loan"), "", borrowing.Order{})
	m.expected(r, err)
	if err == nil {
		if m.has[back.Barcode] == 0 {
			r.Fatalf("%s was reversed, but nobody has it", back.Barcode)
		}
		delete(m.has, back.Barcode)
	}
}

func (m *model) hold(r *rapid.T) {
	h, err := m.PlaceHold(patron(m.id(m.member(r))), borrowing.PlaceHold{BookID: book(m.title(r)), PickupBranch: m.branch(r)}, borrowing.Order{})
	m.expected(r, err)
	if err == nil {
		m.holds = append(m.holds, h.ID)
	}
}

func (m *model) holdOne(r *rapid.T) {
	cmd := borrowing.PlaceHold{BookID: book(m.title(r)), Part: "I", PickupBranch: m.branch(r)}
	if rapid.Bool().Draw(r, "one copy") {
		cmd.BookID, cmd.Part, cmd.Barcode = 0, "", m.barcode(r)
	}
	h, err := m.PlaceHold(patron(m.id(m.member(r))), cmd, borrowing.Order{})
	m.expected(r, err)
	if err == nil {
		m.holds = append(m.holds, h.ID)
	}
}

func (m *model) editHold(r *rapid.T) {
	if len(m.holds) == 0 {
		r.Skip()
	}
	cmd := borrowing.EditHold{ID: rapid.SampledFrom(m.holds).Draw(r, "hold"), PickupBranch: m.branch(r)}
	if rapid.IntRange(0, 3).Draw(r, "suspend") == 0 {
		until := m.Today(m.clock.read()) + 5
		cmd.Suspend, cmd.SuspendedUntil = true, &until
	}
	before, err := m.Hold(desk(), cmd.ID)
	must(m.t, err)
	after, err := m.EditHold(desk(), cmd, borrowing.Order{})
	m.expected(r, err)
	if err == nil && (after.Position != before.Position || after.Place != before.Place || after.PickupBranch != cmd.PickupBranch) {
		r.Fatalf("edited %+v to %+v", before, after)
	}
}

// keepShelves ends what has had its time: holds on the shelf, and web loans that nobody fetched.
func (m *model) keepShelves(r *rapid.T) {
	for _, step := range m.Housekeeping() {
		if !slices.Contains([]string{"hold_shelf_dates", "expired_holds", "uncollected_loans"}, step.Name) {
			continue
		}
		for n := 1; n > 0; {
			var err error
			n, err = step.Run(context.Background())
			must(m.t, err)
		}
	}
	for barcode, who := range m.has {
		if !slices.ContainsFunc(m.openLoans(who), func(l borrowing.LoanView) bool { return l.Barcode == barcode }) {
			delete(m.has, barcode)
		}
	}
}

// pull reads the pull lists: each hold and each copy is there once, and each copy is what its hold wants.
func (m *model) pull(r *rapid.T) {
	seen := map[string]bool{}
	for _, branch := range []string{"main", "east"} {
		list, _, err := m.PullList(desk(), branch, borrowing.PullPlace{}, 1000)
		must(m.t, err)
		for _, p := range list {
			for _, what := range []string{p.Item.Barcode, fmt.Sprintf("hold %d loan %d", p.HoldID, p.LoanID)} {
				if seen[what] {
					r.Fatalf("%s is pulled twice", what)
				}
				seen[what] = true
			}
			if p.HoldID == 0 {
				continue
			}
			h, err := m.Hold(desk(), p.HoldID)
			must(m.t, err)
			if h.Status != borrowing.HoldWaiting || p.Item.Status != borrowing.Available || h.ItemID != 0 && h.ItemID != p.Item.ID || h.ItemID == 0 && h.Part != "" && h.Part != p.Item.Part {
				r.Fatalf("%+v is pulled for %+v", p.Item, h.Hold)
			}
		}
	}
}

func (m *model) cancel(r *rapid.T) {
	if len(m.holds) == 0 {
		r.Skip()
	}
	_, err := m.CancelHold(desk(), rapid.SampledFrom(m.holds).Draw(r, "hold"), borrowing.Order{})
	m.expected(r, err)
}

func (m *model) mark(r *rapid.T) {
	status := borrowing.Missing // comes back; the others do not, so they are rare
	switch rapid.IntRange(0, 11).Draw(r, "status") {
	case 0:
		status = borrowing.Damaged
	case 1:
		status = borrowing.Withdrawn
	}
	_, err := m.MarkItem(librarian(), m.barcode(r), status, "", borrowing.Order{})
	m.expected(r, err)
}

func (m *model) block(r *rapid.T) {
	id := m.id(m.member(r))
	if len(m.people.byID[id].Blocks) == 0 && rapid.IntRange(0, 2).Draw(r, "block") > 0 {
		return // most of the time nobody is blocked
	}
	m.people.change(id, func(p *borrowing.Member) {
		if len(p.Blocks) > 0 {
			p.Blocks = nil
		} else {
			p.Blocks = []string{"conduct"}
		}
	})
	must(m.t, m.MembersChanged(context.Background(), id))
}

func (m *model) wait(r *rapid.T) {
	m.clock.move(time.Duration(rapid.IntRange(1, 300).Draw(r, "hours")) * time.Hour)
}

func (m *model) check(r *rapid.T) {
	m.consistent()
	if n := m.count(fmt.Sprintf("borrowing.loans WHERE status = 'open' AND member_id / 10 = %d", m.round)); n != len(m.has) {
		r.Fatalf("%d open loans, but the model has %d", n, len(m.has))
	}
}
