package api

import (
	"context"
	"fmt"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/platform/rest"
)

// DeskList says which part of a list to read. (Embedded, so exported: huma looks at no other.)
type DeskList struct {
	Branch string `query:"branch" maxLength:"32" doc:"The library's default."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" maxLength:"500"`
}

func (in DeskList) filter(after int64) borrowing.ListFilter {
	return borrowing.ListFilter{Branch: in.Branch, After: after, Limit: in.Limit}
}

type pullBody struct {
	Kind         string    `json:"kind" enum:"hold,loan" doc:"hold: check the copy in; loan: keep it for the member, and scan it for them when they come."`
	HoldID       int64     `json:"hold_id,omitempty"`
	LoanID       int64     `json:"loan_id,omitempty" doc:"Of a loan made on the web."`
	Barcode      string    `json:"barcode"`
	BookID       int64     `json:"book_id"`
	Title        string    `json:"title,omitempty" doc:"Left out while the catalogue does not answer."`
	Part         string    `json:"part,omitempty"`
	CallNumber   string    `json:"call_number,omitempty"`
	Location     string    `json:"location,omitempty"`
	PickupBranch string    `json:"pickup_branch"`
	Slip         string    `json:"slip,omitempty" doc:"The last four characters of the member's card."`
	Since        time.Time `json:"since" doc:"When the hold was placed, or the loan made."`
}

type pullsOut struct {
	Link string `header:"Link"`
	Body rest.Page[pullBody]
}

func (o *operations) pullList(ctx context.Context, in *DeskList) (*pullsOut, error) {
	scope := fmt.Sprintf("pull list %q", in.Branch)
	var after borrowing.PullPlace
	if in.Cursor != "" {
		if err := rest.DecodeCursor(scope, in.Cursor, &after); err != nil {
			return nil, err
		}
	}
	pulls, further, err := o.desk.PullList(ctx, in.Branch, after, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &pullsOut{Body: rest.Page[pullBody]{Items: make([]pullBody, len(pulls))}}
	for i, p := range pulls {
		kind := "hold"
		if p.LoanID != 0 {
			kind = "loan"
		}
		out.Body.Items[i] = pullBody{Kind: kind, HoldID: p.HoldID, LoanID: p.LoanID, Barcode: p.Item.Barcode, BookID: p.Item.BookID, Title: p.Title, Part: p.Item.Part,
			CallNumber: p.Item.CallNumber, Location: p.Item.Location, PickupBranch: p.PickupBranch, Slip: p.Slip, Since: p.Since}
	}
	if further != nil {
		cursor := rest.EncodeCursor(scope, *further)
		out.Body.NextCursor = &cursor
	}
	out.Link = rest.NextLink(ctx, out.Body.NextCursor)
	return out, nil
}

type holdShelfIn struct {
	DeskList
	Clear bool `query:"clear" doc:"Only what nobody fetches any more, to be checked in again; else only what is kept for somebody."`
}

type shelvedBody struct {
	ItemID     int64  `json:"item_id"`
	Barcode    string `json:"barcode"`
	BookID     int64  `json:"book_id"`
	Title      string `json:"title,omitempty" doc:"Left out while the catalogue does not answer."`
	Part       string `json:"part,omitempty"`
	CallNumber string `json:"call_number,omitempty"`
	HoldID     int64  `json:"hold_id,omitempty" doc:"The hold whose slip it wears."`
	HoldStatus string `json:"hold_status,omitempty" enum:"ready,filled,cancelled,expired,waiting,in_transit"`
	Slip       string `json:"slip,omitempty" doc:"The last four characters of the member's card."`
	ExpiresOn  string `json:"expires_on,omitempty" doc:"Last day on the shelf, until the branch closes."`
	Clear      bool   `json:"clear" doc:"Nobody fetches it any more: check it in."`
}

func (o *operations) holdShelf(ctx context.Context, in *holdShelfIn) (*listOut[shelvedBody], error) {
	scope := fmt.Sprintf("hold shelf %q %t", in.Branch, in.Clear)
	after, err := place(scope, in.Cursor)
	if err != nil {
		return nil, err
	}
	f := in.filter(after)
	f.Clear = in.Clear
	list, more, err := o.desk.HoldShelf(ctx, f)
	if err != nil {
		return nil, err
	}
	return listed(ctx, list, more, scope, shelvedOf, func(b shelvedBody) int64 { return b.ItemID }), nil
}

func shelvedOf(e borrowing.Shelved) shelvedBody {
	return shelvedBody{ItemID: e.Item.ID, Barcode: e.Item.Barcode, BookID: e.Item.BookID, Title: e.Title, Part: e.Item.Part, CallNumber: e.Item.CallNumber,
		HoldID: e.Hold.ID, HoldStatus: string(e.Hold.Status), Slip: e.Slip, ExpiresOn: textOf(e.Hold.ExpiresOn), Clear: e.Clear}
}

type travellingBody struct {
	ItemID  int64  `json:"item_id"`
	Barcode string `json:"barcode"`
	BookID  int64  `json:"book_id"`
	Title   string `json:"title,omitempty" doc:"Left out while the catalogue does not answer."`
	Part    string `json:"part,omitempty"`
	From    string `json:"from" doc:"The branch that has to send it, or has sent it."`
	To      string `json:"to"`
	HoldID  int64  `json:"hold_id,omitempty" doc:"The hold it travels for; left out, it goes home."`
}

func (o *operations) transit(ctx context.Context, in *DeskList) (*listOut[travellingBody], error) {
	scope := fmt.Sprintf("transit %q", in.Branch)
	after, err := place(scope, in.Cursor)
	if err != nil {
		return nil, err
	}
	list, more, err := o.desk.Transit(ctx, in.filter(after))
	if err != nil {
		return nil, err
	}
	return listed(ctx, list, more, scope, travellingOf, func(b travellingBody) int64 { return b.ItemID }), nil
}

func travellingOf(e borrowing.Travelling) travellingBody {
	return travellingBody{ItemID: e.Item.ID, Barcode: e.Item.Barcode, BookID: e.Item.BookID, Title: e.Title, Part: e.Item.Part,
		From: e.Item.CurrentBranch, To: e.Item.TransitTo, HoldID: e.HoldID}
}
