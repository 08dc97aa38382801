package api

import (
	"context"
	"fmt"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
	"bookvault/platform/rest"
)

type warningBody struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// LoanBody is a loan as it is answered. (Embedded, so exported: huma looks at no other.)
type LoanBody struct {
	ID          int64         `json:"id" doc:"0 in the answer of a dry run."`
	Barcode     string        `json:"barcode"`
	BookID      int64         `json:"book_id"`
	Title       string        `json:"title,omitempty" doc:"Left out while the catalogue does not answer."`
	Untitled    bool          `json:"title_unknown,omitempty" doc:"true: the catalogue does not say the title just now."`
	MemberCard  string        `json:"member_card" doc:"The member's current card; empty once the loan was made anonymous."`
	Branch      string        `json:"branch" doc:"Where it was lent."`
	ItemType    string        `json:"item_type"`
	Channel     string        `json:"channel" enum:"desk,web"`
	OpenedAt    time.Time     `json:"opened_at"`
	DueOn       string        `json:"due_on" format:"date" doc:"The library's date."`
	DueAt       time.Time     `json:"due_at" doc:"The last second of that date in the library's time zone."`
	Renewals    int           `json:"renewals"`
	Overdue     bool          `json:"overdue"`
	Status      string        `json:"status" enum:"open,closed"`
	CollectedAt *time.Time    `json:"collected_at,omitempty" doc:"When the member was given the copy; left out while a web loan waits to be fetched."`
	ClosedAt    *time.Time    `json:"closed_at,omitempty"`
	ReturnedOn  string        `json:"returned_on,omitempty" doc:"When it came back: earlier than closed_at, out of the book drop."`
	ClosedBy    string        `json:"closed_by,omitempty" doc:"check_in, reversal, or settled: it was lost and is paid for."`
	LostOn      string        `json:"lost_on,omitempty" doc:"When the copy was declared lost."`
	ClaimedOn   string        `json:"claimed_returned_on,omitempty" doc:"When the member claimed to have returned it: no fine for later days."`
	RecordedAt  *time.Time    `json:"recorded_at,omitempty" doc:"When it was entered, of what happened at a desk that was offline."`
	Exceptions  []string      `json:"exceptions,omitempty" doc:"What policy says against it: it was lent, or renewed, at a desk that was offline."`
	Warnings    []warningBody `json:"warnings,omitempty" doc:"What the desk should know, though it is no refusal."`
}

func loanOf(v borrowing.LoanView) LoanBody {
	return LoanBody{ID: v.ID, Barcode: v.Barcode, BookID: v.BookID, Title: v.Title, Untitled: v.Untitled, MemberCard: v.MemberCard, Branch: v.Branch, ItemType: v.ItemType,
		Channel: string(v.Channel), OpenedAt: v.OpenedAt, DueOn: v.DueOn.String(), DueAt: v.DueAt, Renewals: v.Renewals, Overdue: v.Overdue,
		Status: string(v.Status), CollectedAt: v.CollectedAt, ClosedAt: v.ClosedAt, ReturnedOn: textOf(v.ReturnedOn), ClosedBy: v.ClosedBy, LostOn: textOf(v.LostOn), ClaimedOn: textOf(v.ClaimedOn),
		RecordedAt: v.Why.RecordedAt, Exceptions: v.Why.Exceptions}
}

type lendIn struct {
	rest.Command
	Validate bool `query:"validate" doc:"Say what would happen, and lend nothing."`
	Body     struct {
		MemberCard string     `json:"member_card,omitempty" maxLength:"64" doc:"Patrons may leave out their own."`
		Barcode    string     `json:"barcode,omitempty" maxLength:"64" doc:"At the desk: this copy."`
		BookID     int64      `json:"book_id,omitempty" minimum:"1" doc:"On the web: any free copy of this title."`
		Branch     string     `json:"branch,omitempty" maxLength:"32" doc:"Of the desk; on the web, where the copy would best stand."`
		Override   *override  `json:"override,omitempty"`
		OccurredAt *time.Time `json:"occurred_at,omitempty" doc:"For staff: when it happened, at a desk that was offline (RFC 3339). The book has left: refusals by policy become exceptions of the loan."`
	}
}

type lendOut struct {
	Status   int
	Location string `header:"Location"`
	Body     LoanBody
}

func (o *operations) checkOut(ctx context.Context, in *lendIn) (*lendOut, error) {
	cmd := borrowing.CheckOut{Card: in.Body.MemberCard, Barcode: in.Body.Barcode, BookID: in.Body.BookID, Branch: in.Body.Branch, Override: in.Body.Override.domain()}
	body, err := command[borrowing.Lent, LoanBody]{route: "POST /loans", key: in.IdempotencyKey, about: in.Body, at: in.Body.OccurredAt, status: 201, dry: in.Validate,
		body: func(l borrowing.Lent) LoanBody {
			body := loanOf(l.LoanView)
			for _, w := range l.Warnings {
				body.Warnings = append(body.Warnings, warningBody(w))
			}
			return body
		},
		run: func(order borrowing.Order) (borrowing.Lent, error) { return o.desk.CheckOut(ctx, cmd, order) },
	}.do(ctx)
	if err != nil {
		return nil, err
	}
	if in.Validate {
		body.ID = 0
		return &lendOut{Status: 200, Body: body}, nil
	}
	return &lendOut{Status: 201, Location: fmt.Sprintf("%s/loans/%d", root, body.ID), Body: body}, nil
}

type loanOut struct{ Body LoanBody }

type renewIn struct {
	rest.Command
	ID   int64 `path:"id" minimum:"1"`
	Body *struct {
		Override   *override  `json:"override,omitempty"`
		OccurredAt *time.Time `json:"occurred_at,omitempty" doc:"For staff: when it happened, at a desk that was offline (RFC 3339)."`
	} `required:"false"`
}

func (o *operations) renew(ctx context.Context, in *renewIn) (*loanOut, error) {
	var over borrowing.Override
	var at *time.Time
	if in.Body != nil {
		over, at = in.Body.Override.domain(), in.Body.OccurredAt
	}
	body, err := command[borrowing.LoanView, LoanBody]{route: "POST /loans/{id}/renewals", key: in.IdempotencyKey, about: []any{in.ID, over, at}, at: at, status: 200, body: loanOf,
		run: func(order borrowing.Order) (borrowing.LoanView, error) { return o.desk.Renew(ctx, in.ID, over, order) },
	}.do(ctx)
	return &loanOut{body}, err
}

type dueDateIn struct {
	rest.Command
	ID   int64 `path:"id" minimum:"1"`
	Body struct {
		DueOn    string    `json:"due_on" format:"date" doc:"The library's date; on a closed day it moves to the next open one."`
		Reason   string    `json:"reason" minLength:"1" maxLength:"500" doc:"Why. It is recorded."`
		Override *override `json:"override,omitempty"`
	}
}

func (o *operations) changeDueDate(ctx context.Context, in *dueDateIn) (*loanOut, error) {
	day, err := borrowing.ParseDate(in.Body.DueOn)
	if err != nil {
		return nil, problem.InvalidField("body.due_on", "%v", err)
	}
	body, err := command[borrowing.LoanView, LoanBody]{route: "POST /loans/{id}/due-date", key: in.IdempotencyKey, about: []any{in.ID, in.Body}, status: 200, body: loanOf,
		run: func(order borrowing.Order) (borrowing.LoanView, error) {
			return o.desk.ChangeDueDate(ctx, in.ID, day, in.Body.Reason, in.Body.Override.domain(), order)
		},
	}.do(ctx)
	return &loanOut{body}, err
}

type reverseIn struct {
	rest.Command
	ID   int64 `path:"id" minimum:"1"`
	Body *struct {
		Reason string `json:"reason,omitempty" maxLength:"500" doc:"What went wrong. It is recorded."`
	} `required:"false"`
}

func (o *operations) reverse(ctx context.Context, in *reverseIn) (*loanOut, error) {
	reason := ""
	if in.Body != nil {
		reason = in.Body.Reason
	}
	body, err := command[borrowing.LoanView, LoanBody]{route: "POST /loans/{id}/reversal", key: in.IdempotencyKey, about: []any{in.ID, reason}, status: 200, body: loanOf,
		run: func(order borrowing.Order) (borrowing.LoanView, error) {
			return o.desk.Reverse(ctx, in.ID, reason, order)
		},
	}.do(ctx)
	return &loanOut{body}, err
}

type collectIn struct {
	rest.Command
	ID int64 `path:"id" minimum:"1"`
}

func (o *operations) collect(ctx context.Context, in *collectIn) (*loanOut, error) {
	body, err := command[borrowing.LoanView, LoanBody]{route: "POST /loans/{id}/collection", key: in.IdempotencyKey, about: in.ID, status: 200, body: loanOf,
		run: func(order borrowing.Order) (borrowing.LoanView, error) { return o.desk.Collect(ctx, in.ID, order) },
	}.do(ctx)
	return &loanOut{body}, err
}

type listLoansIn struct {
	MemberCard string `query:"member_card" maxLength:"64" doc:"Staff may leave it out, and see everybody's."`
	Status     string `query:"status" enum:"open,closed,overdue,all" default:"all"`
	Limit      int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor     string `query:"cursor" maxLength:"500"`
	PastIn
}

func (o *operations) listLoans(ctx context.Context, in *listLoansIn) (*listOut[LoanBody], error) {
	p, _ := identity.FromContext(ctx)
	scope := fmt.Sprintf("loans %d %q %s", p.MemberID, in.MemberCard, in.Status) + in.scope()
	before, err := place(scope, in.Cursor)
	if err != nil {
		return nil, err
	}
	f := borrowing.LoanFilter{Before: before, Limit: in.Limit}
	switch in.Status {
	case "overdue":
		f.Overdue = true
	case "open", "closed":
		f.Status = borrowing.LoanStatus(in.Status)
	}
	if in.now() {
		return o.loans(ctx, in.MemberCard, f, scope)
	}
	loans, more, err := o.desk.LoansAt(ctx, in.MemberCard, f, in.AsOf)
	if err != nil {
		return nil, err
	}
	return listed(ctx, loans, more, scope, loanOf, func(l LoanBody) int64 { return l.ID }), nil
}

// loans answers a page of a list of loans.
func (o *operations) loans(ctx context.Context, card string, f borrowing.LoanFilter, scope string) (*listOut[LoanBody], error) {
	loans, more, err := o.desk.Loans(ctx, card, f)
	if err != nil {
		return nil, err
	}
	return listed(ctx, loans, more, scope, loanOf, func(l LoanBody) int64 { return l.ID }), nil
}

type deskLoansIn struct {
	Branch string `query:"branch" maxLength:"32" doc:"Where they were lent; every branch."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" maxLength:"500"`
}

func (o *operations) exceptions(ctx context.Context, in *deskLoansIn) (*listOut[LoanBody], error) {
	return o.deskLoans(ctx, in, "exceptions", borrowing.LoanFilter{Exceptions: true})
}

func (o *operations) claims(ctx context.Context, in *deskLoansIn) (*listOut[LoanBody], error) {
	return o.deskLoans(ctx, in, "claims", borrowing.LoanFilter{Claimed: true})
}

// deskLoans lists loans of everybody that a desk works through.
func (o *operations) deskLoans(ctx context.Context, in *deskLoansIn, name string, f borrowing.LoanFilter) (*listOut[LoanBody], error) {
	scope := fmt.Sprintf("%s %q", name, in.Branch)
	before, err := place(scope, in.Cursor)
	if err != nil {
		return nil, err
	}
	f.Branch, f.Before, f.Limit = in.Branch, before, in.Limit
	return o.loans(ctx, "", f, scope)
}

type oneLoanIn struct {
	ID int64 `path:"id" minimum:"1"`
	PastIn
}

type explainedLoan struct {
	LoanBody
	Terms      borrowing.Terms `json:"terms" doc:"Of the rule, as they were when the loan was opened."`
	DueWhy     borrowing.Due   `json:"explanation" doc:"How the due date was reached: the rule, and the value of each input."`
	Overridden []string        `json:"overridden,omitempty" doc:"Refusals that a member of staff overrode."`
}

func (o *operations) getLoan(ctx context.Context, in *oneLoanIn) (*struct{ Body explainedLoan }, error) {
	l, err := look(in.PastIn, func() (borrowing.LoanView, error) { return o.desk.Loan(ctx, in.ID) },
		func(at time.Time) (borrowing.LoanView, error) { return o.desk.LoanAt(ctx, in.ID, at) })
	if err != nil {
		return nil, err
	}
	return &struct{ Body explainedLoan }{explainedLoan{LoanBody: loanOf(l), Terms: l.Terms, DueWhy: l.Why.Due, Overridden: l.Why.Overridden}}, nil
}
