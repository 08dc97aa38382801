package api

import (
	"context"

	"bookvault/modules/members"
	"bookvault/platform/rest"
)

type mergeInput struct {
	rest.Command
	ByCard
	Body struct {
		Into   string `json:"into" minLength:"1" maxLength:"64" doc:"A card of the member who stays."`
		Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"Why. It is recorded."`
	}
}

// mergeMember answers with the survivor.
func (o *operations) mergeMember(ctx context.Context, in *mergeInput) (*memberOutput, error) {
	return showMember(o.service.Merge(ctx, in.Card, members.MergeRequest{Into: in.Body.Into, Reason: in.Body.Reason}, in.IdempotencyKey))
}

func (o *operations) deleteMember(ctx context.Context, in *memberCommandInput) (*noContent, error) {
	return &noContent{}, o.service.Delete(ctx, in.Card, in.IdempotencyKey)
}
