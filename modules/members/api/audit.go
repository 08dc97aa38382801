package api

import (
	"context"
	"fmt"
	"time"

	"bookvault/modules/members"
	"bookvault/platform/rest"
)

type auditView struct {
	ID        int64     `json:"id"`
	At        time.Time `json:"at"`
	ActorID   *int64    `json:"actor_id,omitempty" doc:"For staff only: stable id of the member who did it; left out for a command on the server."`
	ActorRole string    `json:"actor_role"`
	Via       string    `json:"via"`
	Action    string    `json:"action" doc:"What was done or read, such as account_read, loans_read, block_added."`
	MemberID  *int64    `json:"member_id,omitempty" doc:"Stable id of the member whom it is about; left out for a search or a list of many."`
	Detail    string    `json:"detail,omitempty" doc:"For staff only: names of what was touched, never its content, and the reason of a merge."`
}

type auditList struct {
	Link string `header:"Link"`
	Body rest.Page[auditView]
}

// AuditPage is what audits are asked with.
type AuditPage struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" maxLength:"2000"`
}

// list answers a page of an audit; read is asked for one entry more than fits.
func (in AuditPage) list(ctx context.Context, scope string, read func(before int64, limit int) ([]members.RecordedEntry, error)) (*auditList, error) {
	before := int64(0)
	if in.Cursor != "" {
		if err := rest.DecodeCursor(scope, in.Cursor, &before); err != nil {
			return nil, err
		}
	}
	found, err := read(before, in.Limit+1)
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
		v := auditView{ID: e.ID, At: e.At, ActorRole: e.ActorRole.String(), Via: string(e.Via), Action: e.Action}
		if e.SubjectID != 0 {
			v.MemberID = &e.SubjectID
		}
		if staff(ctx) {
			v.Detail = e.Detail
			if e.ActorID != 0 {
				v.ActorID = &e.ActorID
			}
		}
		out.Body.Items[i] = v
	}
	out.Link = rest.NextLink(ctx, out.Body.NextCursor)
	return out, nil
}

type auditOfInput struct {
	ByCard
	AuditPage
}

func (o *operations) auditOf(ctx context.Context, in *auditOfInput) (*auditList, error) {
	return in.list(ctx, "audit\n"+in.Card, func(before int64, limit int) ([]members.RecordedEntry, error) {
		return o.service.AuditOf(ctx, in.Card, before, limit)
	})
}

type auditInput struct {
	AuditPage
	MemberID int64 `query:"member_id" minimum:"1" doc:"About whom, by the stable id: also of members who are no more."`
	ActorID  int64 `query:"actor_id" minimum:"1" doc:"By whom."`
}

func (o *operations) audit(ctx context.Context, in *auditInput) (*auditList, error) {
	return in.list(ctx, fmt.Sprintf("audit\n%d %d", in.MemberID, in.ActorID), func(before int64, limit int) ([]members.RecordedEntry, error) {
		return o.service.Audit(ctx, members.AuditFilter{SubjectID: in.MemberID, ActorID: in.ActorID, Before: before, Limit: limit})
	})
}
