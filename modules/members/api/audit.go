package api

import (
	"context"
	"time"

	"bookvault/platform/rest"
)

type auditInput struct {
	ByCard
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" maxLength:"2000"`
}

type auditView struct {
	ID        int64     `json:"id"`
	At        time.Time `json:"at"`
	ActorID   *int64    `json:"actor_id" doc:"Stable id of the member who did it; null for a command on the server."`
	ActorRole string    `json:"actor_role"`
	Via       string    `json:"via"`
	Action    string    `json:"action"`
	Detail    string    `json:"detail,omitempty" doc:"Names of what was touched, never its content."`
}

type auditList struct {
	Link string `header:"Link"`
	Body rest.Page[auditView]
}

func (o *operations) auditOf(ctx context.Context, in *auditInput) (*auditList, error) {
	scope, before := "audit\n"+in.Card, int64(0)
	if in.Cursor != "" {
		if err := rest.DecodeCursor(scope, in.Cursor, &before); err != nil {
			return nil, err
		}
	}
	found, err := o.service.AuditOf(ctx, in.Card, before, in.Limit+1)
	if err != nil {
		return nil, err
	}
	out := &auditList{}
	if len(found) > in.Limit {
		found = found[:in.Limit]
		cursor := rest.EncodeCursor(scope, found[in.Limit-1].ID)
		out.Body.NextCursor = &cursor
	}
	out.Body.Items = make([]auditView, len(found))
	for i, e := range found {
		out.Body.Items[i] = auditView{ID: e.ID, At: e.At, ActorRole: e.ActorRole.String(), Via: string(e.Via), Action: e.Action, Detail: e.Detail}
		if e.ActorID != 0 {
			out.Body.Items[i].ActorID = &e.ActorID
		}
	}
	out.Link = rest.NextLink(ctx, out.Body.NextCursor)
	return out, nil
}
