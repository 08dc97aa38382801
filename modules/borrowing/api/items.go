package api

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
	"bookvault/platform/rest"
)

type moneyBody struct {
	Minor    int64  `json:"minor" minimum:"0" doc:"In the currency's own minor units: 50000 VND is 50,000 ₫."`
	Currency string `json:"currency" pattern:"^[A-Z]{3}$" doc:"ISO 4217."`
}

type itemBody struct {
	ID         int64      `json:"id"`
	Barcode    string     `json:"barcode"`
	BookID     int64      `json:"book_id"`
	Status     string     `json:"status"`
	Branch     string     `json:"branch" doc:"Where it is."`
	HomeBranch string     `json:"home_branch" doc:"Where it belongs."`
	TransitTo  string     `json:"transit_to,omitempty" doc:"Where it is going."`
	ItemType   string     `json:"item_type"`
	Part       string     `json:"part,omitempty"`
	CallNumber string     `json:"call_number,omitempty"`
	Location   string     `json:"location,omitempty"`
	Loanable   bool       `json:"loanable"`
	DueOn      string     `json:"due_on,omitempty" doc:"While it is on loan."`
	Price      *moneyBody `json:"price,omitempty" doc:"For staff: what replacing it costs."`
	Version    int        `json:"version"`
}

func itemOf(it borrowing.Item, staff bool) itemBody {
	b := itemBody{ID: it.ID, Barcode: it.Barcode, BookID: it.BookID, Status: string(it.Status), Branch: it.CurrentBranch, HomeBranch: it.HomeBranch,
		TransitTo: it.TransitTo, ItemType: it.ItemType, Part: it.Part, CallNumber: it.CallNumber, Location: it.Location, Loanable: it.Loanable,
		DueOn: textOf(it.DueOn), Version: it.Version}
	if staff && it.Price != nil {
		b.Price = (*moneyBody)(it.Price)
	}
	return b
}

func isStaff(ctx context.Context) bool {
	p, _ := identity.FromContext(ctx)
	return p.May(identity.Desk)
}

type addItemIn struct {
	rest.Command
	Body struct {
		BookID     int64      `json:"book_id" minimum:"1"`
		Barcode    string     `json:"barcode" minLength:"1" maxLength:"64"`
		Branch     string     `json:"branch,omitempty" maxLength:"32" doc:"Where it belongs; the library's default."`
		ItemType   string     `json:"item_type,omitempty" maxLength:"32" doc:"The first one of /item-types."`
		Part       string     `json:"part,omitempty" maxLength:"100" doc:"The volume, of a title in several."`
		CallNumber string     `json:"call_number,omitempty" maxLength:"200"`
		Location   string     `json:"location,omitempty" maxLength:"200"`
		Price      *moneyBody `json:"price,omitempty"`
		Loanable   *bool      `json:"loanable,omitempty" doc:"false: for use in the library. true."`
		Status     string     `json:"status,omitempty" enum:"available,on_order,in_process"`
	}
}

type itemOut struct {
	ETag string `header:"ETag"`
	Body itemBody
}

func itemAnswer(b itemBody) *itemOut { return &itemOut{ETag: rest.ETag(int32(b.Version)), Body: b} }

type addItemOut struct {
	Location string `header:"Location"`
	Body     itemBody
}

func (o *operations) addItem(ctx context.Context, in *addItemIn) (*addItemOut, error) {
	b := in.Body
	n := borrowing.NewItem{BookID: b.BookID, Barcode: b.Barcode, Branch: b.Branch, ItemType: b.ItemType, Part: b.Part, CallNumber: b.CallNumber,
		Location: b.Location, Price: (*borrowing.Money)(b.Price), Loanable: b.Loanable == nil || *b.Loanable, Status: borrowing.Status(b.Status)}
	body, err := command[borrowing.Item, itemBody]{route: "POST /items", key: in.IdempotencyKey, about: b, status: 201,
		body: func(it borrowing.Item) itemBody { return itemOf(it, true) },
		run:  func(order borrowing.Order) (borrowing.Item, error) { return o.desk.AddItem(ctx, n, order) },
	}.do(ctx)
	return &addItemOut{Location: root + "/items/" + url.PathEscape(body.Barcode), Body: body}, err
}

type listItemsIn struct {
	BookID int64  `query:"book_id" minimum:"1" required:"true"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" maxLength:"500"`
	PastIn
}

func (o *operations) listItems(ctx context.Context, in *listItemsIn) (*listOut[itemBody], error) {
	scope := fmt.Sprintf("items %d", in.BookID) + in.scope()
	after, err := place(scope, in.Cursor)
	if err != nil {
		return nil, err
	}
	var items []borrowing.Item
	var more bool
	if in.now() {
		items, more, err = o.desk.ItemsOfBook(ctx, in.BookID, after, in.Limit)
	} else {
		items, more, err = o.desk.ItemsOfBookAt(ctx, in.BookID, after, in.Limit, in.AsOf)
	}
	if err != nil {
		return nil, err
	}
	body := func(it borrowing.Item) itemBody { return itemOf(it, isStaff(ctx)) }
	return listed(ctx, items, more, scope, body, func(b itemBody) int64 { return b.ID }), nil
}

type oneItemIn struct {
	Barcode string `path:"barcode" maxLength:"64"`
	PastIn
}

func (o *operations) getItem(ctx context.Context, in *oneItemIn) (*itemOut, error) {
	it, err := look(in.PastIn, func() (borrowing.Item, error) { return o.desk.Item(ctx, in.Barcode) },
		func(at time.Time) (borrowing.Item, error) { return o.desk.ItemAt(ctx, in.Barcode, at) })
	if err != nil {
		return nil, err
	}
	return itemAnswer(itemOf(it, isStaff(ctx))), nil
}

type editItemIn struct {
	rest.Command
	Barcode string `path:"barcode" maxLength:"64"`
	IfMatch string `header:"If-Match" maxLength:"100" doc:"The version that was edited: its ETag. Every move of the copy makes a new one."`
	Body    struct {
		Barcode    *string    `json:"barcode,omitempty" minLength:"1" maxLength:"64" doc:"A new label."`
		HomeBranch *string    `json:"home_branch,omitempty" maxLength:"32" doc:"Where it belongs; its next check-in sends it there."`
		ItemType   *string    `json:"item_type,omitempty" maxLength:"32" doc:"Of loans from now on."`
		Part       *string    `json:"part,omitempty" maxLength:"100"`
		CallNumber *string    `json:"call_number,omitempty" maxLength:"200"`
		Location   *string    `json:"location,omitempty" maxLength:"200"`
		Price      *moneyBody `json:"price,omitempty"`
		NoPrice    bool       `json:"no_price,omitempty" doc:"Take the price away."`
		Loanable   *bool      `json:"loanable,omitempty" doc:"false: for use in the library."`
	}
}

func (o *operations) editItem(ctx context.Context, in *editItemIn) (*itemOut, error) {
	version, err := rest.IfMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	b := in.Body
	cmd := borrowing.EditItem{Barcode: in.Barcode, Version: int(version), NewBarcode: b.Barcode, HomeBranch: b.HomeBranch, ItemType: b.ItemType, Part: b.Part,
		CallNumber: b.CallNumber, Location: b.Location, Price: (*borrowing.Money)(b.Price), NoPrice: b.NoPrice, Loanable: b.Loanable}
	body, err := command[borrowing.Item, itemBody]{route: "PATCH /items/{barcode}", key: in.IdempotencyKey, about: cmd, status: 200,
		body: func(it borrowing.Item) itemBody { return itemOf(it, true) },
		run:  func(order borrowing.Order) (borrowing.Item, error) { return o.desk.EditItem(ctx, cmd, order) },
	}.do(ctx)
	return itemAnswer(body), err
}

type markIn struct {
	rest.Command
	Barcode string `path:"barcode" maxLength:"64"`
	Body    *struct {
		Reason string `json:"reason,omitempty" maxLength:"500" doc:"It is recorded."`
	} `required:"false"`
}

// mark makes the operation that gives a copy a status by hand.
func (o *operations) mark(status borrowing.Status) func(context.Context, *markIn) (*itemOut, error) {
	return func(ctx context.Context, in *markIn) (*itemOut, error) {
		reason := ""
		if in.Body != nil {
			reason = in.Body.Reason
		}
		body, err := command[borrowing.Item, itemBody]{route: "POST /items/{barcode}/" + string(status), key: in.IdempotencyKey, about: []any{in.Barcode, reason}, status: 200,
			body: func(it borrowing.Item) itemBody { return itemOf(it, true) },
			run: func(order borrowing.Order) (borrowing.Item, error) {
				return o.desk.MarkItem(ctx, in.Barcode, status, reason, order)
			},
		}.do(ctx)
		return itemAnswer(body), err
	}
}

type availabilityIn struct {
	BookIDs []int64 `query:"book_ids" required:"true" minItems:"1" maxItems:"200" doc:"Ids of titles, parted by commas."`
}

type availabilityBody struct {
	BookID    int64 `json:"book_id"`
	Items     int   `json:"items" doc:"Copies that are not withdrawn."`
	Available int   `json:"available" doc:"Copies that could be lent this moment."`
	Holds     int   `json:"holds" doc:"Members who wait."`
}

func (o *operations) availability(ctx context.Context, in *availabilityIn) (*struct{ Body rest.Page[availabilityBody] }, error) {
	for _, id := range in.BookIDs {
		if id < 1 {
			return nil, problem.InvalidField("query.book_ids", "must be ids of titles, parted by commas")
		}
	}
	counts, err := o.desk.Availability(ctx, in.BookIDs)
	if err != nil {
		return nil, err
	}
	bodies := make([]availabilityBody, len(counts))
	for i, c := range counts {
		bodies[i] = availabilityBody{BookID: c.BookID, Items: c.Items, Available: c.Available, Holds: c.Holds}
	}
	return &struct{ Body rest.Page[availabilityBody] }{rest.Page[availabilityBody]{Items: bodies}}, nil
}
