package api

import (
	"context"
	"fmt"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/platform/identity"
	"bookvault/platform/rest"
)

type holdBody struct {
	ID             int64     `json:"id"`
	BookID         int64     `json:"book_id"`
	Title          string    `json:"title,omitempty" doc:"Left out while the catalogue does not answer."`
	MemberCard     string    `json:"member_card"`
	Status         string    `json:"status" enum:"waiting,in_transit,ready,filled,cancelled,expired"`
	Position       int       `json:"position" doc:"In the queue, from 1; 0 for a hold that is over."`
	PickupBranch   string    `json:"pickup_branch"`
	Item           string    `json:"item,omitempty" doc:"Barcode of the copy that is kept or travels for it."`
	PlacedAt       time.Time `json:"placed_at"`
	SuspendedUntil string    `json:"suspended_until,omitempty"`
	ExpiresOn      string    `json:"expires_on,omitempty" doc:"Last day on the hold shelf."`
}

func holdOf(v borrowing.HoldView) holdBody {
	return holdBody{ID: v.ID, BookID: v.BookID, Title: v.Title, MemberCard: v.MemberCard, Status: string(v.Status), Position: v.Position,
		PickupBranch: v.PickupBranch, Item: v.Barcode, PlacedAt: v.PlacedAt, SuspendedUntil: textOf(v.SuspendedUntil), ExpiresOn: textOf(v.ExpiresOn)}
}

type placeHoldIn struct {
	rest.Command
	Body struct {
		MemberCard     string    `json:"member_card,omitempty" maxLength:"64" doc:"Patrons may leave out their own."`
		BookID         int64     `json:"book_id" minimum:"1"`
		PickupBranch   string    `json:"pickup_branch,omitempty" maxLength:"32" doc:"The library's default."`
		SuspendedUntil string    `json:"suspended_until,omitempty" maxLength:"10" doc:"Keep the place, and pass over it until this date."`
		Override       *override `json:"override,omitempty"`
	}
}

type placedOut struct {
	Location string `header:"Location"`
	Body     holdBody
}

func (o *operations) placeHold(ctx context.Context, in *placeHoldIn) (*placedOut, error) {
	cmd := borrowing.PlaceHold{Card: in.Body.MemberCard, BookID: in.Body.BookID, PickupBranch: in.Body.PickupBranch, Override: in.Body.Override.domain()}
	var err error
	if cmd.SuspendedUntil, err = dateOf("body.suspended_until", in.Body.SuspendedUntil); err != nil {
		return nil, err
	}
	body, err := command[borrowing.HoldView, holdBody]{route: "POST /holds", key: in.IdempotencyKey, about: in.Body, status: 201, body: holdOf,
		run: func(order borrowing.Order) (borrowing.HoldView, error) { return o.desk.PlaceHold(ctx, cmd, order) },
	}.do(ctx)
	return &placedOut{Location: fmt.Sprintf("%s/holds/%d", root, body.ID), Body: body}, err
}

type listHoldsIn struct {
	MemberCard string `query:"member_card" maxLength:"64" doc:"Staff may leave it out, and see everybody's."`
	BookID     int64  `query:"book_id" minimum:"1"`
	Status     string `query:"status" enum:"live,all" default:"live"`
	Limit      int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor     string `query:"cursor" maxLength:"500"`
}

type holdsOut struct {
	Link string `header:"Link"`
	Body rest.Page[holdBody]
}

func (o *operations) listHolds(ctx context.Context, in *listHoldsIn) (*holdsOut, error) {
	p, _ := identity.FromContext(ctx)
	scope := fmt.Sprintf("holds %d %q %d %s", p.MemberID, in.MemberCard, in.BookID, in.Status)
	before, err := place(scope, in.Cursor)
	if err != nil {
		return nil, err
	}
	holds, more, err := o.desk.Holds(ctx, in.MemberCard, borrowing.HoldFilter{BookID: in.BookID, Live: in.Status == "live", Before: before, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	bodies := make([]holdBody, len(holds))
	for i, h := range holds {
		bodies[i] = holdOf(h)
	}
	out := &holdsOut{Body: page(bodies, more, scope, func(h holdBody) int64 { return h.ID })}
	out.Link = rest.NextLink(ctx, out.Body.NextCursor)
	return out, nil
}

type oneHoldIn struct {
	ID int64 `path:"id" minimum:"1"`
}

type holdOut struct{ Body holdBody }

func (o *operations) getHold(ctx context.Context, in *oneHoldIn) (*holdOut, error) {
	h, err := o.desk.Hold(ctx, in.ID)
	return &holdOut{holdOf(h)}, err
}

type cancelHoldIn struct {
	rest.Command
	ID int64 `path:"id" minimum:"1"`
}

func (o *operations) cancelHold(ctx context.Context, in *cancelHoldIn) (*holdOut, error) {
	body, err := command[borrowing.HoldView, holdBody]{route: "DELETE /holds/{id}", key: in.IdempotencyKey, about: in.ID, status: 200, body: holdOf,
		run: func(order borrowing.Order) (borrowing.HoldView, error) { return o.desk.CancelHold(ctx, in.ID, order) },
	}.do(ctx)
	return &holdOut{body}, err
}

type namedBody struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

type namesOut struct{ Body rest.Page[namedBody] }

func (o *operations) listBranches(ctx context.Context, _ *struct{}) (*namesOut, error) {
	p, err := o.desk.Policy(ctx)
	if err != nil {
		return nil, err
	}
	out := &namesOut{rest.Page[namedBody]{Items: []namedBody{}}}
	for _, b := range p.Branches {
		out.Body.Items = append(out.Body.Items, namedBody{b.Code, b.Name})
	}
	return out, nil
}

func (o *operations) listItemTypes(ctx context.Context, _ *struct{}) (*namesOut, error) {
	p, err := o.desk.Policy(ctx)
	if err != nil {
		return nil, err
	}
	out := &namesOut{rest.Page[namedBody]{Items: []namedBody{}}}
	for _, t := range p.ItemTypes {
		out.Body.Items = append(out.Body.Items, namedBody{t.Code, t.Name})
	}
	return out, nil
}
