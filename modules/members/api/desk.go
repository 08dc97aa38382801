package api

import (
	"context"

	"bookvault/modules/members"
	"bookvault/platform/rest"
)

func showMember(m members.Member, err error) (*memberOutput, error) {
	if err != nil {
		return nil, err
	}
	return &memberOutput{ETag: rest.ETag(m.Version), Body: show(m, true)}, nil
}

type replaceCardInput struct {
	rest.Command
	ByCard
	Body struct {
		NewCard string `json:"new_card,omitempty" maxLength:"64" doc:"Made by the library, with a check digit, when left out."`
		Reason  string `json:"reason" enum:"lost,stolen,damaged,other" doc:"lost and stolen end the member's sessions too."`
	}
}

func (o *operations) replaceCard(ctx context.Context, in *replaceCardInput) (*memberOutput, error) {
	return showMember(o.service.ReplaceCard(ctx, in.Card, members.CardReplacement{NewCard: in.Body.NewCard, Reason: in.Body.Reason}, in.IdempotencyKey))
}

type memberCommandInput struct {
	rest.Command
	ByCard
}

func (o *operations) renewMembership(ctx context.Context, in *memberCommandInput) (*memberOutput, error) {
	return showMember(o.service.Renew(ctx, in.Card, in.IdempotencyKey))
}

type addBlockInput struct {
	rest.Command
	ByCard
	Body blockInput
}

func (o *operations) addBlock(ctx context.Context, in *addBlockInput) (*memberOutput, error) {
	return showMember(o.service.AddBlock(ctx, in.Card, members.Block{Code: in.Body.Code, Note: in.Body.Note}, in.IdempotencyKey))
}

type removeBlockInput struct {
	rest.Command
	ByCard
	Code string `path:"code" maxLength:"32"`
}

func (o *operations) removeBlock(ctx context.Context, in *removeBlockInput) (*memberOutput, error) {
	return showMember(o.service.RemoveBlock(ctx, in.Card, in.Code, in.IdempotencyKey))
}
