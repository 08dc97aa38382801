package api

import (
	"context"
	"fmt"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/platform/ledger"
	"bookvault/platform/rest"
)

type trailIn struct {
	Stream string    `query:"stream" maxLength:"100" doc:"Only of this stream: loan/17, hold/4, item/9, title/1024, rules …"`
	Type   string    `query:"type" maxLength:"64" doc:"Only events of this type, such as ChargeWaived."`
	Actor  string    `query:"actor" maxLength:"64" doc:"Only what was done by staff/<member id>, borrower or system."`
	Since  time.Time `query:"since" doc:"Recorded at this instant or later (RFC 3339)."`
	Until  time.Time `query:"until" doc:"Recorded before this instant."`
	Limit  int       `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string    `query:"cursor" maxLength:"500"`
}

type trailBody struct {
	Position  int64     `json:"position" doc:"In the order of writing over all streams."`
	Stream    string    `json:"stream" doc:"What it happened to."`
	Version   int       `json:"version" doc:"1, 2, 3 … in its stream. 0: what was known when events began to keep all of it."`
	Type      string    `json:"type"`
	At        time.Time `json:"at" doc:"When it was recorded."`
	By        string    `json:"by" doc:"staff/<member id>, borrower or system."`
	Reason    string    `json:"reason,omitempty" doc:"Why, where somebody said so."`
	RequestID string    `json:"request_id,omitempty" doc:"Of the request that caused it."`
	Data      any       `json:"data"`
}

func trailOf(e ledger.Event) trailBody {
	return trailBody{Position: e.Position, Stream: e.Stream, Version: e.Version, Type: e.Type, At: e.At, By: e.Actor, Reason: e.Reason, RequestID: e.RequestID, Data: e.Data}
}

// trail answers with a part of the audit trail.
func (o *operations) trail(ctx context.Context, in *trailIn) (*listOut[trailBody], error) {
	scope := fmt.Sprintf("trail %q %q %q %s %s", in.Stream, in.Type, in.Actor, in.Since.UTC().Format(time.RFC3339Nano), in.Until.UTC().Format(time.RFC3339Nano))
	f := borrowing.TrailFilter{Stream: in.Stream, Type: in.Type, Actor: in.Actor, Since: in.Since, Until: in.Until, Limit: in.Limit}
	if in.Cursor != "" {
		if err := rest.DecodeCursor(scope, in.Cursor, &f.Before); err != nil {
			return nil, err
		}
	}
	events, more, err := o.desk.Trail(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &listOut[trailBody]{Body: rest.Page[trailBody]{Items: make([]trailBody, len(events))}}
	for i, e := range events {
		out.Body.Items[i] = trailOf(e)
	}
	if more {
		last := events[len(events)-1]
		cursor := rest.EncodeCursor(scope, borrowing.TrailPlace{At: last.At, Position: last.Position})
		out.Body.NextCursor, out.Link = &cursor, rest.NextLink(ctx, &cursor)
	}
	return out, nil
}
