package api

import (
	"context"

	"bookvault/modules/members"
	"bookvault/platform/identity"
	"bookvault/platform/rest"
)

type meView struct {
	Account
	Via string `json:"via" enum:"session,token" doc:"How the caller is known."`
	May string `json:"may" enum:"patron,desk,librarian,administrator" doc:"What the caller may do: the role, or the token's when that is lower."`
	// IdleSeconds is for pages on computers that many use.
	IdleSeconds int `json:"idle_seconds,omitempty" doc:"Seconds without a request after which the session ends; left out for a token."`
}

type meOutput struct {
	ETag string `header:"ETag"`
	Body meView
}

func (o *operations) showMe(m members.Member, p identity.Principal) *meOutput {
	view := meView{Account: show(m, p.May(identity.Desk)), Via: string(p.Via), May: p.Role.String()}
	if p.Via == identity.ViaSession {
		view.IdleSeconds = int(o.service.SessionIdle().Seconds())
	}
	return &meOutput{ETag: rest.ETag(m.Version), Body: view}
}

func (o *operations) me(ctx context.Context, _ *struct{}) (*meOutput, error) {
	m, p, err := o.service.Me(ctx)
	if err != nil {
		return nil, err
	}
	return o.showMe(m, p), nil
}

type editMeInput struct {
	IfMatch string `header:"If-Match" maxLength:"100" doc:"The version that was edited. Without it the change is made to whatever is there now."`
	Body    struct {
		Email       change[string] `json:"email,omitempty" maxLength:"254" doc:"null removes it."`
		Language    change[string] `json:"language,omitempty" maxLength:"35" doc:"A BCP 47 tag, such as vi; null removes it."`
		KeepHistory *bool          `json:"keep_history,omitempty" doc:"false: what I borrowed is forgotten some days after it came back."`
	}
}

func (o *operations) editMe(ctx context.Context, in *editMeInput) (*meOutput, error) {
	version, err := ifVersion(in.IfMatch)
	if err != nil {
		return nil, err
	}
	m, p, err := o.service.EditMe(ctx, members.Change{IfVersion: version, Email: in.Body.Email.orZero(), Language: in.Body.Language.orZero(),
		KeepHistory: in.Body.KeepHistory})
	if err != nil {
		return nil, err
	}
	return o.showMe(m, p), nil
}
