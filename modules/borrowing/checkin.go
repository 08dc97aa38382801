package borrowing

import (
	"context"

	"golang.org/x/sync/errgroup"

	"bookvault/platform/problem"
)

// CheckIn says that a copy lies on a desk.
type CheckIn struct {
	Barcode    string
	Branch     string // "": the library's default
	ReturnedOn *Date  // it came back earlier than it is scanned
	BookDrop   bool   // it was found in the drop: it came back on the last open day before today
}

// CheckedIn is the answer: what the item now is, the loan that this closed, and what to do next. It is never a refusal.
type CheckedIn struct {
	Item   Item
	Title  string
	Closed *LoanView
	Next   Next

	Charges  []Charge // that this made
	Refunded Money    // of a lost copy that came back: give this back to the member
}

// Next tells the desk what to do with the copy in its hand.
type Next struct {
	Action string // shelve, put_on_hold_shelf, send, process, set_aside, leave
	Branch string // where it belongs, or travels to
	HoldID int64  // the hold it is kept or travels for
	Alert  string // something unusual that a person should look at
	Detail string // the same in words
}

// The actions of Next.
const (
	Shelve     = "shelve"
	PutOnShelf = "put_on_hold_shelf"
	Send       = "send"
	Process    = "process"
	SetAside   = "set_aside"
	Leave      = "leave" // nothing changes
)

// CheckIn takes a copy back, whatever its status.
func (s *Service) CheckIn(ctx context.Context, cmd CheckIn, order Order) (CheckedIn, error) {
	if err := needStaff(ctx); err != nil {
		return CheckedIn{}, err
	}
	if cmd.BookDrop && cmd.ReturnedOn != nil {
		return CheckedIn{}, problem.InvalidField("body.book_drop", "give either book_drop or returned_on")
	}
	at := s.now()
	if order.OccurredAt != nil {
		at = *order.OccurredAt
	}
	if cmd.ReturnedOn != nil && *cmd.ReturnedOn > s.Today(at) {
		return CheckedIn{}, problem.InvalidField("body.returned_on", "is in the future")
	}
	return retryMoved(ctx, s, func(ctx context.Context) (CheckedIn, error) { return s.checkIn(ctx, cmd, order) })
}

func (s *Service) checkIn(ctx context.Context, cmd CheckIn, order Order) (CheckedIn, error) {
	seen, err := s.store.Glimpse(ctx, cmd.Barcode)
	if err != nil {
		return execute(ctx, s, order, Scope{}, orNotFound(err, errItemNotFound(cmd.Barcode)), func(*Scene) (CheckedIn, error) { return CheckedIn{}, nil })
	}
	card, title := s.cardAndTitle(ctx, seen.BorrowerID, seen.BookID)
	scope := Scope{Books: []int64{seen.BookID}, Items: []int64{seen.ItemID}, NewCharges: 1, Sighted: order.OccurredAt != nil}
	if seen.BorrowerID != 0 {
		scope.Accounts = []int64{seen.BorrowerID}
	}
	return execute(ctx, s, order, scope, nil, func(sc *Scene) (CheckedIn, error) {
		branch, err := s.branchOf(sc, cmd.Branch)
		if err != nil {
			return CheckedIn{}, err
		}
		it := sc.Items[seen.ItemID]
		if it == nil || it.BookID != seen.BookID {
			return CheckedIn{}, errMoved
		}
		loan := sc.lastLoanOf(it.ID)
		if loan != nil && loan.MemberID != 0 && loan.MemberID != seen.BorrowerID {
			return CheckedIn{}, errMoved
		}
		a := arrival{Scene: sc, item: it, loan: loan, branch: branch, shelfDays: s.settings.HoldShelfDays}
		a.returnedOn, a.bookDrop = sc.returnDay(cmd, loan, branch), cmd.BookDrop
		answer := CheckedIn{Title: title}
		if sc.seenSince(it.ID) {
			answer.Next = a.outdated()
		} else {
			answer.Next = arrivals[it.Status](&a)
		}
		answer.Refunded = a.refunded
		answer.Item = *it
		for _, c := range sc.Changes.Charges {
			answer.Charges = append(answer.Charges, *c)
		}
		if a.closed != nil {
			answer.Closed = &LoanView{Loan: *a.closed, MemberCard: card, Title: title}
		}
		return answer, nil
	})
}

// cardAndTitle looks up what the answer shows besides the loan. Neighbours that are ill cost the words only.
func (s *Service) cardAndTitle(ctx context.Context, memberID, bookID int64) (card, title string) {
	var g errgroup.Group
	if memberID != 0 {
		g.Go(func() error {
			card = s.cards(ctx, memberID)[memberID]
			return nil
		})
	}
	title = s.titleTexts(ctx, bookID)[bookID]
	_ = g.Wait() // its one function gives no error
	return card, title
}

// returnDay is the library's date on which the copy came back: fines use it, and the time of the scan is kept beside it.
func (sc *Scene) returnDay(cmd CheckIn, loan *Loan, branch string) Date {
	day := sc.On
	switch {
	case cmd.ReturnedOn != nil:
		day = *cmd.ReturnedOn
	case cmd.BookDrop:
		day = sc.Policy.LastOpenBefore(branch, sc.On)
		if loan != nil {
			day = max(day, DateOf(loan.OpenedAt, sc.Zone))
		}
	}
	return day
}

// arrival is one copy on one desk.
type arrival struct {
	*Scene
	item       *Item
	loan       *Loan // its open loan, or that of a lost copy which was settled, or nil
	branch     string
	returnedOn Date
	bookDrop   bool
	shelfDays  int
	closed     *Loan
	refunded   Money
}

// arrivals says what a check-in does, by the status that the copy has. Every status is here.
var arrivals = map[Status]func(*arrival) Next{
	CheckedOut:      func(a *arrival) Next { return a.giveBack(a.notHandedOver()) },
	Lost:            func(a *arrival) Next { return a.giveBack("This copy was declared lost.") },
	ClaimedReturned: func(a *arrival) Next { return a.giveBack("The member had claimed that this copy was returned.") },
	Missing:         func(a *arrival) Next { return a.route("This copy was missing.") },
	Available:       func(a *arrival) Next { return a.route("") },
	InProcess:       func(a *arrival) Next { return a.route("") },
	InTransit:       (*arrival).travel,
	OnHoldShelf:     (*arrival).shelved,
	OnOrder: func(a *arrival) Next {
		a.move(func(it *Item) { it.Status, it.CurrentBranch = InProcess, a.branch })
		return Next{Action: Process, Branch: a.branch, Detail: "It has arrived from the supplier. Prepare it for lending; check it in again when that is done."}
	},
	Damaged:   func(a *arrival) Next { return a.setAside() },
	Withdrawn: func(a *arrival) Next { return a.setAside() },
}

func (a *arrival) move(change func(*Item)) {
	because := ""
	if a.closed != nil {
		because = loanStream(a.closed.ID)
	}
	a.changeItem(a.item, EventItemMoved, because, change)
}

// giveBack closes the loan, charges what accrued or undoes what a loss cost, and routes the copy. A return that is older than the
// loan does not close it: it was another one's.
func (a *arrival) giveBack(alert string) Next {
	if l := a.loan; l != nil {
		if a.returnedOn < DateOf(l.OpenedAt, a.Zone) {
			return Next{Action: Leave, Branch: a.item.CurrentBranch, Alert: "This copy was lent again after that day.",
				Detail: "The loan stays open: it began after the day of this return."}
		}
		if l.Status == LoanOpen {
			a.close()
		} else {
			a.refunded = a.cameBack(l, a.returnedOn)
		}
		if a.refunded.Minor > 0 {
			alert += " It was paid for: give the member " + a.refunded.String() + " back."
		}
	}
	return a.route(alert)
}

// close ends the copy's loan because the copy came back: what accrued is charged, and what losing it cost is undone.
func (a *arrival) close() {
	a.fine(a.loan, a.item.Price, a.returnedOn)
	a.changeLoan(a.loan, EventLoanClosed, loanClosed{BookID: a.loan.BookID, ItemID: a.loan.ItemID, Branch: a.branch, ReturnedOn: a.returnedOn, BookDrop: a.bookDrop, fines: a.loan.fines(), OccurredAt: a.occurred()}, "",
		func(l *Loan) {
			l.Status, l.ClosedAt, l.ReturnedOn, l.ClosedBy = LoanClosed, &a.At, &a.returnedOn, ByCheckIn
		})
	a.closed, a.refunded = a.loan, a.undoLoss(a.loan, a.returnedOn)
}

// notHandedOver is said of a web loan that ends before its member was given the copy.
func (a *arrival) notHandedOver() string {
	if a.loan == nil || a.loan.Collected() {
		return ""
	}
	return "This copy was borrowed on the web and not handed over yet. That loan is closed."
}

func (a *arrival) setAside() Next {
	return Next{Action: SetAside, Branch: a.item.HomeBranch, Alert: "This copy is " + a.item.Status.Words() + ".",
		Detail: "Put it aside for the librarian: it is " + a.item.Status.Words() + " and is not lent."}
}
