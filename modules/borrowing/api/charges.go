package api

import (
	"context"
	"fmt"
	"strings"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/platform/identity"
	"bookvault/platform/rest"
)

// AmountBody says in what an amount is given. (Embedded, so exported: huma looks at no other.)
type AmountBody struct {
	Currency string `json:"currency" doc:"ISO 4217."`
	Exponent int    `json:"exponent" doc:"Decimals of the currency: 50000 is 50,000 VND with 0, 500.00 USD with 2."`
}

func amountOf(currency string) AmountBody {
	return AmountBody{currency, borrowing.Exponent(currency)}
}

type entryBody struct {
	ID     int64  `json:"id"`
	Kind   string `json:"kind" enum:"charge,payment,waiver,void,refund"`
	Amount int64  `json:"amount"`
	On     string `json:"on" format:"date"`
	By     string `json:"by" doc:"borrower, system, or staff (for staff with the id)."`
	Method string `json:"method,omitempty" doc:"Of a payment."`
	Reason string `json:"reason,omitempty"`
}

type chargeBody struct {
	ID         int64  `json:"id"`
	MemberCard string `json:"member_card,omitempty"`
	Kind       string `json:"kind" enum:"overdue,lost,processing,manual"`
	LoanID     int64  `json:"loan_id,omitempty" doc:"What it is for; left out of one made by hand, and once who borrowed was forgotten."`
	BookID     int64  `json:"book_id,omitempty"`
	Barcode    string `json:"barcode,omitempty"`
	Title      string `json:"title,omitempty"`
	Note       string `json:"note,omitempty"`
	On         string `json:"on" format:"date" doc:"The library's date."`
	AmountBody
	Amount      int64       `json:"amount" doc:"In minor units of the currency, as all amounts."`
	Paid        int64       `json:"paid"`
	Waived      int64       `json:"waived"`
	Voided      int64       `json:"voided" doc:"Taken back while it was unpaid: a lost copy was returned."`
	Refunded    int64       `json:"refunded" doc:"Of what was paid, given back."`
	Outstanding int64       `json:"outstanding" doc:"amount - paid - waived - voided"`
	Entries     []entryBody `json:"entries,omitempty" doc:"What became of it, oldest first."`
}

func chargeOf(v borrowing.ChargeView, staff bool) chargeBody {
	b := chargeBody{ID: v.ID, MemberCard: v.MemberCard, Kind: string(v.Kind), LoanID: v.LoanID, BookID: v.BookID, Barcode: v.Barcode, Title: v.Title, Note: v.Note,
		On: v.Day.String(), AmountBody: amountOf(v.Currency), Amount: v.Amount, Paid: v.Paid, Waived: v.Waived, Voided: v.Voided, Refunded: v.Refunded, Outstanding: v.Outstanding()}
	for _, e := range v.Entries {
		by := e.Actor
		if !staff {
			by, _, _ = strings.Cut(by, "/") // a patron is not told which colleague
		}
		b.Entries = append(b.Entries, entryBody{ID: e.ID, Kind: string(e.Kind), Amount: e.Amount, On: e.Day.String(), By: by, Method: e.Method, Reason: e.Reason})
	}
	return b
}

// chargesOf shows what a command charged, of a title that its answer names.
func chargesOf(list []borrowing.Charge) (bodies []chargeBody) {
	for _, c := range list {
		bodies = append(bodies, chargeOf(borrowing.ChargeView{Charge: c}, true))
	}
	return bodies
}

type listChargesIn struct {
	MemberCard string `query:"member_card" maxLength:"64" doc:"Patrons may leave out their own."`
	Status     string `query:"status" enum:"open,all" default:"all" doc:"open: only those that are not settled."`
	Limit      int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor     string `query:"cursor" maxLength:"500"`
	PastIn
}

type accountBody struct {
	Items      []chargeBody `json:"items" doc:"Charges, newest first."`
	NextCursor *string      `json:"next_cursor"`
	Balance    int64        `json:"balance" doc:"What is owed, in the library's currency."`
	Accrued    int64        `json:"accrued" doc:"Fines that still grow on open loans: charged at check-in, renewal or loss."`
	AmountBody
}

type accountOut struct {
	Link string `header:"Link"`
	Body accountBody
}

func (o *operations) listCharges(ctx context.Context, in *listChargesIn) (*accountOut, error) {
	p, _ := identity.FromContext(ctx)
	scope := fmt.Sprintf("charges %d %q %s", p.MemberID, in.MemberCard, in.Status) + in.scope()
	before, err := place(scope, in.Cursor)
	if err != nil {
		return nil, err
	}
	f := borrowing.ChargeFilter{Open: in.Status == "open", Before: before, Limit: in.Limit}
	account, err := look(in.PastIn, func() (borrowing.AccountView, error) { return o.desk.Account(ctx, in.MemberCard, f) },
		func(at time.Time) (borrowing.AccountView, error) { return o.desk.AccountAt(ctx, in.MemberCard, f, at) })
	if err != nil {
		return nil, err
	}
	body := func(c borrowing.ChargeView) chargeBody { return chargeOf(c, isStaff(ctx)) }
	page := page(account.Charges, account.More, scope, body, func(c chargeBody) int64 { return c.ID })
	return &accountOut{Link: rest.NextLink(ctx, page.NextCursor), Body: accountBody{Items: page.Items, NextCursor: page.NextCursor,
		Balance: account.Balance.Minor, Accrued: account.Accrued.Minor, AmountBody: amountOf(account.Balance.Currency)}}, nil
}

type chargeIn struct {
	rest.Command
	Body struct {
		MemberCard string `json:"member_card" minLength:"1" maxLength:"64"`
		Amount     int64  `json:"amount" minimum:"1" maximum:"1000000000000" doc:"In minor units of the library's currency."`
		Note       string `json:"note" minLength:"1" maxLength:"500" doc:"What it is for. The member reads it."`
	}
}

type chargeOut struct{ Body chargeBody }

func (o *operations) charge(ctx context.Context, in *chargeIn) (*chargeOut, error) {
	body, err := command[borrowing.ChargeView, chargeBody]{route: "POST /charges", key: in.IdempotencyKey, about: in.Body, status: 201,
		body: func(c borrowing.ChargeView) chargeBody { return chargeOf(c, true) },
		run: func(order borrowing.Order) (borrowing.ChargeView, error) {
			return o.desk.Charge(ctx, borrowing.NewCharge{Card: in.Body.MemberCard, Amount: in.Body.Amount, Note: in.Body.Note}, order)
		},
	}.do(ctx)
	return &chargeOut{body}, err
}

type settledPart struct {
	ChargeID    int64 `json:"charge_id"`
	Amount      int64 `json:"amount"`
	Outstanding int64 `json:"outstanding" doc:"What is left of the charge."`
}

type settledBody struct {
	Amount int64 `json:"amount"`
	AmountBody
	Charges     []settledPart `json:"charges" doc:"What it went to, oldest first."`
	Balance     int64         `json:"balance" doc:"What the member owes now."`
	LoansClosed []int64       `json:"loans_closed,omitempty" doc:"Loans of lost copies that are settled with this."`
}

type settledOut struct{ Body settledBody }

func settledOf(s borrowing.Settled) settledBody {
	b := settledBody{Amount: s.Minor, AmountBody: amountOf(s.Currency), Balance: s.Balance.Minor, LoansClosed: s.Closed}
	for _, p := range s.Parts {
		b.Charges = append(b.Charges, settledPart(p))
	}
	return b
}

type payIn struct {
	rest.Command
	Body struct {
		MemberCard string `json:"member_card" minLength:"1" maxLength:"64"`
		Amount     int64  `json:"amount" minimum:"1" maximum:"1000000000000" doc:"In minor units; never more than is owed."`
		ChargeID   int64  `json:"charge_id,omitempty" minimum:"1" doc:"Pay this one; else the oldest first."`
		Method     string `json:"method,omitempty" maxLength:"32" doc:"As the desk names it: cash, card, transfer."`
		Note       string `json:"note,omitempty" maxLength:"500"`
	}
}

func (o *operations) pay(ctx context.Context, in *payIn) (*settledOut, error) {
	b := in.Body
	body, err := command[borrowing.Settled, settledBody]{route: "POST /payments", key: in.IdempotencyKey, about: b, status: 201, body: settledOf,
		run: func(order borrowing.Order) (borrowing.Settled, error) {
			return o.desk.Pay(ctx, borrowing.Settle{Card: b.MemberCard, ChargeID: b.ChargeID, Amount: b.Amount, Method: b.Method, Reason: b.Note}, order)
		},
	}.do(ctx)
	return &settledOut{body}, err
}

type waiveIn struct {
	rest.Command
	Body struct {
		MemberCard string `json:"member_card,omitempty" maxLength:"64" doc:"May be left out where a charge is named."`
		ChargeID   int64  `json:"charge_id,omitempty" minimum:"1" doc:"Waive this one; else the oldest first."`
		Amount     int64  `json:"amount" minimum:"1" maximum:"1000000000000" doc:"In minor units; never more than is owed."`
		Reason     string `json:"reason" minLength:"1" maxLength:"500" doc:"Why. It is recorded."`
	}
}

func (o *operations) waive(ctx context.Context, in *waiveIn) (*settledOut, error) {
	b := in.Body
	body, err := command[borrowing.Settled, settledBody]{route: "POST /waivers", key: in.IdempotencyKey, about: b, status: 201, body: settledOf,
		run: func(order borrowing.Order) (borrowing.Settled, error) {
			return o.desk.Waive(ctx, borrowing.Settle{Card: b.MemberCard, ChargeID: b.ChargeID, Amount: b.Amount, Reason: b.Reason}, order)
		},
	}.do(ctx)
	return &settledOut{body}, err
}
