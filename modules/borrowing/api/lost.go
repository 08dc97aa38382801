package api

import (
	"context"

	"bookvault/modules/borrowing"
	"bookvault/platform/rest"
)

type goneBody struct {
	Item    itemBody     `json:"item"`
	Loan    *LoanBody    `json:"loan" doc:"It stays open; null when there was none."`
	Charges []chargeBody `json:"charges,omitempty" doc:"What this charged: the fine that accrued, the replacement price, the processing fee."`
}

func goneOf(g borrowing.Gone) goneBody {
	b := goneBody{Item: itemOf(g.Item, true), Charges: chargesOf(g.Charges)}
	if g.Loan != nil {
		loan := loanOf(*g.Loan)
		b.Loan = &loan
	}
	return b
}

type goneOut struct{ Body goneBody }

type lostIn struct {
	rest.Command
	Barcode string `path:"barcode" maxLength:"64"`
	Body    *struct {
		Price  *int64 `json:"price,omitempty" minimum:"1" maximum:"1000000000000" doc:"What replacing it costs, in minor units of the library's currency; as the copy's record says."`
		Reason string `json:"reason,omitempty" maxLength:"500" doc:"It is recorded."`
	} `required:"false"`
}

func (o *operations) declareLost(ctx context.Context, in *lostIn) (*goneOut, error) {
	cmd := borrowing.DeclareLost{Barcode: in.Barcode}
	if in.Body != nil {
		cmd.Price, cmd.Reason = in.Body.Price, in.Body.Reason
	}
	body, err := command[borrowing.Gone, goneBody]{route: "POST /items/{barcode}/lost", key: in.IdempotencyKey, about: []any{in.Barcode, in.Body}, status: 200, body: goneOf,
		run: func(order borrowing.Order) (borrowing.Gone, error) { return o.desk.DeclareLost(ctx, cmd, order) },
	}.do(ctx)
	return &goneOut{body}, err
}

func (o *operations) claimReturned(ctx context.Context, in *markIn) (*goneOut, error) {
	reason := ""
	if in.Body != nil {
		reason = in.Body.Reason
	}
	body, err := command[borrowing.Gone, goneBody]{route: "POST /items/{barcode}/claimed-returned", key: in.IdempotencyKey, about: []any{in.Barcode, reason}, status: 200, body: goneOf,
		run: func(order borrowing.Order) (borrowing.Gone, error) {
			return o.desk.ClaimReturned(ctx, in.Barcode, reason, order)
		},
	}.do(ctx)
	return &goneOut{body}, err
}
