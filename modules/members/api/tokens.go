package api

import (
	"context"
	"strconv"
	"time"

	"bookvault/modules/members"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
	"bookvault/platform/rest"
)

// TokenView is an API token as it is listed, without its secret.
type TokenView struct {
	ID         int64     `json:"id"`
	Name       string    `json:"name"`
	Role       string    `json:"role" enum:"patron,desk,librarian,administrator"`
	Card       string    `json:"card" doc:"Of the member for whom it stands."`
	CreatedAt  time.Time `json:"created_at"`
	ExpiresAt  time.Time `json:"expires_at"`
	LastUsedOn *string   `json:"last_used_on" doc:"The day of the last use; null: never."`
}

func showToken(t members.Token) TokenView {
	v := TokenView{ID: t.ID, Name: t.Name, Role: t.Role.String(), Card: t.Card, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt}
	if !t.LastUsedOn.IsZero() {
		day := t.LastUsedOn.Format(time.DateOnly)
		v.LastUsedOn = &day
	}
	return v
}

type listTokensInput struct {
	All    bool   `query:"all" doc:"Everybody's tokens, for administrators."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" maxLength:"2000"`
}

type tokenList struct {
	Link string `header:"Link"`
	Body rest.Page[TokenView]
}

func (o *operations) listTokens(ctx context.Context, in *listTokensInput) (*tokenList, error) {
	scope, before := "tokens\n"+strconv.FormatBool(in.All), int64(0)
	if in.Cursor != "" {
		if err := rest.DecodeCursor(scope, in.Cursor, &before); err != nil {
			return nil, err
		}
	}
	found, err := o.service.ListTokens(ctx, in.All, before, in.Limit+1)
	if err != nil {
		return nil, err
	}
	out := &tokenList{}
	if len(found) > in.Limit {
		found = found[:in.Limit]
		cursor := rest.EncodeCursor(scope, found[in.Limit-1].ID)
		out.Body.NextCursor = &cursor
	}
	out.Body.Items = make([]TokenView, len(found))
	for i, t := range found {
		out.Body.Items[i] = showToken(t)
	}
	out.Link = rest.NextLink(ctx, out.Body.NextCursor)
	return out, nil
}

type createTokenInput struct {
	Body struct {
		Name      string `json:"name" minLength:"1" maxLength:"100" doc:"What it is for."`
		Role      string `json:"role,omitempty" enum:"patron,desk,librarian,administrator" doc:"At most the caller's own, which is taken when left out."`
		ExpiresIn int64  `json:"expires_in,omitempty" minimum:"60" maximum:"315360000" doc:"Seconds; the server has a default and a longest."`
	}
}

type createdToken struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		TokenView
		Token string `json:"token" doc:"The secret. It is shown this once; send it as Authorization: Bearer."`
	}
}

func (o *operations) createToken(ctx context.Context, in *createTokenInput) (*createdToken, error) {
	n := members.NewToken{Name: in.Body.Name, Lifetime: time.Duration(in.Body.ExpiresIn) * time.Second}
	if in.Body.Role != "" {
		var err error
		if n.Role, err = identity.ParseRole(in.Body.Role); err != nil {
			return nil, problem.InvalidField("body.role", "%s", err.Error())
		}
	}
	t, secret, err := o.service.CreateToken(ctx, n)
	if err != nil {
		return nil, err
	}
	out := &createdToken{CacheControl: "no-store, no-transform"}
	out.Body.TokenView, out.Body.Token = showToken(t), secret
	return out, nil
}

func (o *operations) revokeToken(ctx context.Context, in *byID) (*noContent, error) {
	return &noContent{}, o.service.RevokeToken(ctx, in.ID)
}
