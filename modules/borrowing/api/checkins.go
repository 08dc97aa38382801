package api

import (
	"context"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/platform/rest"
)

type checkInIn struct {
	rest.Command
	Body struct {
		Barcode    string     `json:"barcode" minLength:"1" maxLength:"64"`
		Branch     string     `json:"branch,omitempty" maxLength:"32" doc:"Where it lies; the library's default."`
		ReturnedOn string     `json:"returned_on,omitempty" maxLength:"10" doc:"It came back on this date, earlier than it is scanned."`
		BookDrop   bool       `json:"book_drop,omitempty" doc:"It was in the drop: it came back on the last open day before today."`
		OccurredAt *time.Time `json:"occurred_at,omitempty" doc:"For staff: when it happened, at a desk that was offline (RFC 3339). What is known since then stays."`
	}
}

type nextBody struct {
	Action string `json:"action" enum:"shelve,put_on_hold_shelf,send,process,set_aside,leave"`
	Branch string `json:"branch,omitempty" doc:"Where it belongs, or travels to."`
	HoldID int64  `json:"hold_id,omitempty" doc:"The hold that it is kept or travels for."`
	Alert  string `json:"alert,omitempty" doc:"Something unusual that a person should look at."`
	Detail string `json:"detail" doc:"What to do, in words."`
}

type checkedInBody struct {
	Item       itemBody  `json:"item" doc:"What the copy is now."`
	Title      string    `json:"title,omitempty"`
	ClosedLoan *LoanBody `json:"closed_loan" doc:"The loan that this closed; null when there was none."`
	Next       nextBody  `json:"next" doc:"What to do with the copy."`

	Charges  []chargeBody `json:"charges,omitempty" doc:"What this charged: the fine that accrued."`
	Refunded *moneyBody   `json:"refunded,omitempty" doc:"Give this back to the member: the copy was lost, and paid for."`
}

func (o *operations) checkIn(ctx context.Context, in *checkInIn) (*struct{ Body checkedInBody }, error) {
	cmd := borrowing.CheckIn{Barcode: in.Body.Barcode, Branch: in.Body.Branch, BookDrop: in.Body.BookDrop}
	var err error
	if cmd.ReturnedOn, err = dateOf("body.returned_on", in.Body.ReturnedOn); err != nil {
		return nil, err
	}
	body, err := command[borrowing.CheckedIn, checkedInBody]{route: "POST /check-ins", key: in.IdempotencyKey, about: in.Body, at: in.Body.OccurredAt, status: 200,
		body: func(c borrowing.CheckedIn) checkedInBody {
			b := checkedInBody{Item: itemOf(c.Item, true), Title: c.Title, Next: nextBody(c.Next), Charges: chargesOf(c.Charges)}
			if c.Refunded.Minor > 0 {
				b.Refunded = (*moneyBody)(&c.Refunded)
			}
			if c.Closed != nil {
				loan := loanOf(*c.Closed)
				b.ClosedLoan = &loan
			}
			return b
		},
		run: func(order borrowing.Order) (borrowing.CheckedIn, error) { return o.desk.CheckIn(ctx, cmd, order) },
	}.do(ctx)
	return &struct{ Body checkedInBody }{body}, err
}
