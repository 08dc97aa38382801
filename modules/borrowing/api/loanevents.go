package api

import (
	"context"
	"fmt"
	"strings"
	"time"

	"bookvault/platform/identity"
	"bookvault/platform/ledger"
)

type loanEventsIn struct {
	ID     int64  `path:"id" minimum:"1"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" maxLength:"500"`
}

type eventBody struct {
	Version int       `json:"version" doc:"1, 2, 3 … in the life of the loan."`
	Type    string    `json:"type"`
	At      time.Time `json:"at"`
	By      string    `json:"by" doc:"borrower, system, or staff (for staff with the id)."`
	Reason  string    `json:"reason,omitempty"`
	Data    any       `json:"data"`
}

func (o *operations) loanEvents(ctx context.Context, in *loanEventsIn) (*listOut[eventBody], error) {
	scope := fmt.Sprintf("loan events %d", in.ID)
	after, err := place(scope, in.Cursor)
	if err != nil {
		return nil, err
	}
	events, more, err := o.desk.LoanEvents(ctx, in.ID, int(min(after, 1<<30)), in.Limit)
	if err != nil {
		return nil, err
	}
	p, _ := identity.FromContext(ctx)
	return listed(ctx, events, more, scope, func(e ledger.Event) eventBody {
		by := e.Actor
		if !p.May(identity.Desk) {
			by, _, _ = strings.Cut(by, "/") // a patron is not told which colleague
		}
		return eventBody{Version: e.Version, Type: e.Type, At: e.At, By: by, Reason: e.Reason, Data: e.Data}
	}, func(e eventBody) int64 { return int64(e.Version) }), nil
}
