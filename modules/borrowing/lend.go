package borrowing

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// CheckOut asks for a loan: at the desk of the copy with a barcode, or on the web of any free copy of a title.
type CheckOut struct {
	Card     string // of the member; a patron may leave it out
	Barcode  string // at the desk
	BookID   int64  // on the web
	Branch   string // of the desk; on the web where the member would like to fetch it; "": the library's default
	Override Override
}

// Warning tells the desk something that is no refusal.
type Warning struct {
	Code   string
	Detail string
}

// The codes of warnings.
const (
	SameTitleOnLoan = "same_title_on_loan" // the member has another copy of the title already
	FoundAgain      = "lost_copy_found"    // the copy was declared lost and settled, and is there after all
	TakenBack       = "loan_closed_first"  // the copy was on another member's loan, which this closed
	WebLoanMoved    = "web_loan_moved"     // the copy waited for another member, who gets another copy
)

// Lent is the answer to a check-out.
type Lent struct {
	LoanView
	Warnings []Warning
}

// CheckOut lends a copy. Refusals are problems of kind Conflict with every reason that applies.
func (s *Service) CheckOut(ctx context.Context, cmd CheckOut, order Order) (Lent, error) {
	if (cmd.Barcode == "") == (cmd.BookID == 0) {
		return Lent{}, problem.Invalid("invalid_request", "Give either barcode or book_id.",
			problem.Field{Field: "body.barcode", Detail: "give either barcode or book_id"})
	}
	if order.OccurredAt != nil && cmd.Barcode == "" {
		return Lent{}, problem.InvalidField("body.occurred_at", "goes with a barcode: it is for what was lent at a desk that was offline")
	}
	if cmd.Barcode != "" {
		if err := needStaff(ctx); err != nil {
			return Lent{}, problem.New(problem.Forbidden, "role_needed", "Borrowing by barcode is done at the desk. On the web, give book_id.")
		}
	}
	return retryMoved(ctx, s, func(ctx context.Context) (Lent, error) { return s.checkOut(ctx, cmd, order) })
}

func (s *Service) checkOut(ctx context.Context, cmd CheckOut, order Order) (Lent, error) {
	member, seen, title, early := s.meet(ctx, cmd)
	if early == nil {
		early = cmd.Override.check(ctx, member.ID)
	}
	takes := order.OccurredAt != nil || slices.Contains(cmd.Override.Codes, ItemOnLoan) // it may end the loan of another
	scope := Scope{Members: []Member{member}, Books: []int64{seen.BookID}, NewLoans: 1, NewCharges: 1, Sighted: order.OccurredAt != nil}
	if cmd.Barcode != "" {
		scope.Items = []int64{seen.ItemID}
		if seen.BorrowerID == member.ID {
			takes = false
		} else if takes = takes || seen.WaitsAt != ""; takes && seen.BorrowerID != 0 {
			scope.Accounts = []int64{seen.BorrowerID}
			if seen.WaitsAt != "" {
				scope.Picks = []Pick{{BookID: seen.BookID, MemberID: seen.BorrowerID, Branch: seen.WaitsAt}}
			}
		}
	} else {
		scope.Picks = []Pick{{BookID: cmd.BookID, MemberID: member.ID, Branch: cmd.Branch}}
	}
	return execute(ctx, s, order, scope, early, func(sc *Scene) (Lent, error) {
		branch, err := s.branchOf(sc, cmd.Branch)
		if err == nil && sc.outdated(member) {
			err = errMoved
		}
		if err != nil {
			return Lent{}, err
		}
		var l *Loan
		var warnings []Warning
		if cmd.Barcode != "" {
			it := sc.Items[seen.ItemID]
			if it == nil || it.BookID != seen.BookID || it.Barcode != cmd.Barcode {
				return Lent{}, errMoved
			}
			// Of a loan that ends, or may move, the member and the other copies must be there too.
			if other := sc.lastLoanOf(it.ID); other != nil && (takes || !other.Collected()) && other.MemberID != 0 && other.MemberID != seen.BorrowerID && other.MemberID != member.ID {
				return Lent{}, errMoved
			}
			if l = sc.uncollected(member, it); l != nil {
				sc.collect(l) // lent on the web, handed over now
			} else {
				l, warnings, err = sc.lend(member, it, branch, AtDesk, cmd.Override)
			}
		} else {
			l, warnings, err = sc.lendAny(member, cmd.BookID, cmd.Override)
		}
		if err != nil {
			return Lent{}, err
		}
		return Lent{LoanView: LoanView{Loan: *l, MemberCard: member.Card, Title: title, Untitled: title == "", Overdue: l.IsOverdue(sc.Now)}, Warnings: warnings}, nil
	})
}

// meet asks, all at once, who borrows, where the copy stands, and what the title is called. A catalogue that does not answer
// costs the name only, unless nobody else knows whether the title exists.
func (s *Service) meet(ctx context.Context, cmd CheckOut) (member Member, seen Glimpse, title string, err error) {
	var g errgroup.Group
	g.Go(func() (err error) {
		member, err = s.borrower(ctx, cmd.Card)
		return err
	})
	var itemErr error // comes second: a wrong card is the first thing to tell
	g.Go(func() error {
		seen.BookID = cmd.BookID
		if cmd.Barcode != "" {
			if seen, itemErr = s.store.Glimpse(ctx, cmd.Barcode); itemErr != nil {
				itemErr = orNotFound(itemErr, errItemNotFound(cmd.Barcode))
				return nil
			}
		}
		texts := s.titleTexts(ctx, seen.BookID)
		title = texts[seen.BookID]
		if cmd.BookID != 0 && texts != nil && title == "" {
			if _, known := texts[seen.BookID]; !known {
				itemErr = errBookNotFound()
			}
		}
		return nil
	})
	if err = g.Wait(); err == nil {
		err = itemErr
	}
	return member, seen, title, err
}

// lend decides on one copy and, when nothing stands against it, lends it.
func (sc *Scene) lend(m Member, it *Item, branch string, channel Channel, o Override) (*Loan, []Warning, error) {
	rule, due, reasons := sc.judgeLoan(m, it, branch, channel)
	standing, used := o.sift(reasons)
	standing, exceptions := sc.excuse(standing)
	if len(standing) > 0 {
		return nil, nil, problem.Refused(standing...)
	}
	var warnings []Warning
	if other := sc.openLoanOf(it.ID); other != nil {
		warnings = append(warnings, sc.freeCopy(it, other, branch))
	} else if settled := sc.settledLoanOf(it.ID); settled != nil && it.Status == Lost { // at a desk that was offline
		warnings = append(warnings, sc.foundAgain(it, settled, branch))
	}
	if sc.Accounts[m.ID].Books[it.BookID] > 0 {
		warnings = append(warnings, Warning{Code: SameTitleOnLoan, Detail: "The member has another copy of this title on loan."})
	}
	why := Explanation{Due: due, Overridden: used, Exceptions: exceptions}
	if len(used) > 0 {
		why.Reason = strings.TrimSpace(o.Reason)
	}
	if sc.Late {
		why.RecordedAt = &sc.Now
	}
	rule.Currency = sc.Currency // frozen with the amounts that it counts
	return sc.openLoan(m, it, branch, channel, rule.Terms, why), warnings, nil
}

// openLoan writes the loan, fills the borrower's own hold and takes the copy from a hold that was overridden.
func (sc *Scene) openLoan(m Member, it *Item, branch string, channel Channel, terms Terms, why Explanation) *Loan {
	l := &Loan{ID: take(&sc.LoanIDs), Ref: NewRef(), MemberID: m.ID, ItemID: it.ID, Barcode: it.Barcode, BookID: it.BookID, ItemType: it.ItemType,
		Branch: branch, Channel: channel, Status: LoanOpen, OpenedAt: sc.At, DueOn: why.Due.On, DueAt: why.Due.At, Terms: terms, Version: 1}
	if channel == AtDesk {
		l.CollectedAt = &sc.At
	}
	stream := loanStream(l.ID)
	why.Before = Before{Status: it.Status, Branch: it.CurrentBranch, TransitTo: it.TransitTo, SlipHold: it.SlipHold}
	if other := sc.captureOf(it.ID); other != nil && other.MemberID != m.ID {
		why.Before.DisplacedOne = true
		sc.release(other, stream)
	}
	if own := sc.ownHold(m.ID, it); own != nil {
		why.Before.HoldID, why.Before.HoldStatus, why.Before.HoldItem, why.Before.HoldExpires = own.ID, own.Status, own.CapturedItem, own.ExpiresOn
		sc.changeHold(own, EventHoldFilled, stream, func(h *Hold) {
			h.Status, h.CapturedItem, h.ExpiresOn, h.ClosedAt = HoldFilled, 0, nil, &sc.Now
		})
		why.Before.HoldVersion = own.Version
	}
	sc.changeItem(it, EventItemMoved, stream, func(it *Item) {
		it.Status, it.TransitTo, it.CurrentBranch = CheckedOut, "", branch
	})
	why.Before.ItemVersion = it.Version
	l.Why = why
	account := sc.Accounts[m.ID]
	account.ByType[l.ItemType]++
	account.Books[l.BookID]++
	sc.Loans[l.ID] = l
	sc.Changes.NewLoans = append(sc.Changes.NewLoans, l)
	sc.record(stream, 1, EventLoanOpened, loanOpened{BookID: l.BookID, ItemID: l.ItemID, Barcode: l.Barcode, ItemType: l.ItemType, Ref: l.Ref, Branch: l.Branch,
		Channel: l.Channel, DueOn: l.DueOn, DueAt: l.DueAt, Terms: l.Terms, Why: l.Why, OccurredAt: sc.occurred()}, why.Reason)
	return l
}

// release takes the copy away from a captured hold: it waits again, at its original place.
func (sc *Scene) release(h *Hold, because string) {
	sc.changeHold(h, EventHoldReleased, because, func(h *Hold) {
		h.Status, h.CapturedItem, h.ExpiresOn = HoldWaiting, 0, nil
	})
}

// ownHold finds the member's hold that a copy fills: the one it was shelved for, else the earliest.
func (sc *Scene) ownHold(memberID int64, it *Item) *Hold {
	if h := sc.captureOf(it.ID); h != nil && h.MemberID == memberID {
		return h
	}
	for _, h := range sc.queue(it.BookID) {
		if h.MemberID == memberID && h.canBeFilledBy(it.ID, it.Part) {
			return h
		}
	}
	return nil
}

// branchOf is the branch of a transaction: the one named, else the configured one, else the first.
func (s *Service) branchOf(sc *Scene, named string) (string, error) {
	if named != "" {
		if !sc.Policy.HasBranch(named) {
			return "", errBranchUnknown("body.branch")
		}
		return named, nil
	}
	if sc.Policy.HasBranch(s.settings.DefaultBranch) {
		return s.settings.DefaultBranch, nil
	}
	if len(sc.Policy.Branches) == 0 {
		return "", problem.Conflict("no_branch", "The library has no branch yet.")
	}
	return sc.Policy.Branches[0].Code, nil
}

func errBranchUnknown(field string) error {
	return problem.InvalidField(field, "is not a branch of this library; GET /api/borrowing/v1/branches lists them")
}

// orNotFound words a store's ErrNotFound; other errors stay.
func orNotFound(err, words error) error {
	if isNotFound(err) {
		return words
	}
	return err
}

// seesAll tells whether the caller may see other members' loans and holds.
func seesAll(ctx context.Context) bool {
	p, _ := identity.FromContext(ctx)
	return p.May(identity.Desk)
}
