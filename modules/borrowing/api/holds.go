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
	Untitled       bool      `json:"title_unknown,omitempty" doc:"true: the catalogue does not say the title just now."`
	Part           string    `json:"part,omitempty" doc:"The part that is waited for; any will do where it is left out."`
	Barcode        string    `json:"barcode,omitempty" doc:"The one copy that is waited for; any will do where it is left out."`
	MemberCard     string    `json:"member_card"`
	Status         string    `json:"status" enum:"waiting,in_transit,ready,filled,cancelled,expired"`
	Position       int       `json:"position" doc:"In the queue, from 1; 0 for a hold that is over, and with as_of."`
	PickupBranch   string    `json:"pickup_branch"`
	Item           string    `json:"item,omitempty" doc:"Barcode of the copy that is kept or travels for it."`
	PlacedAt       time.Time `json:"placed_at"`
	SuspendedUntil string    `json:"suspended_until,omitempty"`
	ExpiresOn      string    `json:"expires_on,omitempty" doc:"Last day on the hold shelf, until the branch closes."`
	Version        int       `json:"version" doc:"Counts the changes; also the ETag."`
}

func holdOf(v borrowing.HoldView) holdBody {
	return holdBody{ID: v.ID, BookID: v.BookID, Title: v.Title, Untitled: v.Untitled, Part: v.Part, Barcode: v.Wanted, MemberCard: v.MemberCard, Status: string(v.Status), Position: v.Position,
		PickupBranch: v.PickupBranch, Item: v.Barcode, PlacedAt: v.PlacedAt, SuspendedUntil: textOf(v.SuspendedUntil), ExpiresOn: textOf(v.ExpiresOn), Version: v.Version}
}

type placeHoldIn struct {
	rest.Command
	Body struct {
		MemberCard     string    `json:"member_card,omitempty" maxLength:"64" doc:"Patrons may leave out their own."`
		BookID         int64     `json:"book_id,omitempty" minimum:"1" doc:"Any copy of this title."`
		Part           string    `json:"part,omitempty" maxLength:"100" doc:"With book_id: of this part only."`
		Barcode        string    `json:"barcode,omitempty" maxLength:"64" doc:"This copy only, in place of book_id."`
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
	cmd := borrowing.PlaceHold{Card: in.Body.MemberCard, BookID: in.Body.BookID, Part: in.Body.Part, Barcode: in.Body.Barcode, PickupBranch: in.Body.PickupBranch, Override: in.Body.Override.domain()}
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
	PastIn
}

func (o *operations) listHolds(ctx context.Context, in *listHoldsIn) (*listOut[holdBody], error) {
	p, _ := identity.FromContext(ctx)
	scope := fmt.Sprintf("holds %d %q %d %s", p.MemberID, in.MemberCard, in.BookID, in.Status) + in.scope()
	before, err := place(scope, in.Cursor)
	if err != nil {
		return nil, err
	}
	f := borrowing.HoldFilter{BookID: in.BookID, Live: in.Status == "live", Before: before, Limit: in.Limit}
	var holds []borrowing.HoldView
	var more bool
	if in.now() {
		holds, more, err = o.desk.Holds(ctx, in.MemberCard, f)
	} else {
		holds, more, err = o.desk.HoldsAt(ctx, in.MemberCard, f, in.AsOf)
	}
	if err != nil {
		return nil, err
	}
	return listed(ctx, holds, more, scope, holdOf, func(h holdBody) int64 { return h.ID }), nil
}

type oneHoldIn struct {
	ID int64 `path:"id" minimum:"1"`
	PastIn
}

type holdOut struct {
	ETag string `header:"ETag"`
	Body holdBody
}

func holdAnswer(b holdBody) *holdOut { return &holdOut{ETag: rest.ETag(int32(b.Version)), Body: b} }

func (o *operations) getHold(ctx context.Context, in *oneHoldIn) (*holdOut, error) {
	h, err := look(in.PastIn, func() (borrowing.HoldView, error) { return o.desk.Hold(ctx, in.ID) },
		func(at time.Time) (borrowing.HoldView, error) { return o.desk.HoldAt(ctx, in.ID, at) })
	return holdAnswer(holdOf(h)), err
}

type editHoldIn struct {
	rest.Command
	ID      int64  `path:"id" minimum:"1"`
	IfMatch string `header:"If-Match" maxLength:"100" doc:"The version that was edited. Without it the change is made to whatever is there now."`
	Body    struct {
		PickupBranch   string  `json:"pickup_branch,omitempty" maxLength:"32" doc:"A copy that was found already is sent there."`
		SuspendedUntil *string `json:"suspended_until,omitempty" maxLength:"10" doc:"Keep the place, and pass over it until this date; empty: serve it again now."`
	}
}

func (o *operations) editHold(ctx context.Context, in *editHoldIn) (*holdOut, error) {
	cmd := borrowing.EditHold{ID: in.ID, PickupBranch: in.Body.PickupBranch, Suspend: in.Body.SuspendedUntil != nil}
	var err error
	if cmd.Suspend {
		if cmd.SuspendedUntil, err = dateOf("body.suspended_until", *in.Body.SuspendedUntil); err != nil {
			return nil, err
		}
	}
	if in.IfMatch != "" {
		version, err := rest.IfMatch(in.IfMatch)
		if err != nil {
			return nil, err
		}
		cmd.Version = int(version)
	}
	body, err := command[borrowing.HoldView, holdBody]{route: "PATCH /holds/{id}", key: in.IdempotencyKey, about: cmd, status: 200, body: holdOf,
		run: func(order borrowing.Order) (borrowing.HoldView, error) { return o.desk.EditHold(ctx, cmd, order) },
	}.do(ctx)
	return holdAnswer(body), err
}

type cancelHoldIn struct {
	rest.Command
	ID int64 `path:"id" minimum:"1"`
}

func (o *operations) cancelHold(ctx context.Context, in *cancelHoldIn) (*holdOut, error) {
	body, err := command[borrowing.HoldView, holdBody]{route: "DELETE /holds/{id}", key: in.IdempotencyKey, about: in.ID, status: 200, body: holdOf,
		run: func(order borrowing.Order) (borrowing.HoldView, error) { return o.desk.CancelHold(ctx, in.ID, order) },
	}.do(ctx)
	return holdAnswer(body), err
}
