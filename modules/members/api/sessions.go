package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bookvault/modules/members"
	"bookvault/platform/gateway"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
	"bookvault/platform/rest"
)

// Client is what an operation needs to know of the connection; huma fills it in.
type Client struct {
	address string
	overTLS bool
}

// Resolve takes what the gateway found out, which believes a proxy's headers only where the proxy is trusted; without a gateway in front
// the connection itself says it. Headers that a client can make up do not count.
func (c *Client) Resolve(hc huma.Context) []error {
	c.address, c.overTLS = hc.RemoteAddr(), hc.TLS() != nil || gateway.Secure(hc.Context())
	if address := gateway.ClientAddress(hc.Context()); address.IsValid() {
		c.address = address.String()
	}
	return nil
}

// Account is a member as the API shows it.
type Account struct {
	ID        int64     `json:"id"`
	Version   int32     `json:"version" doc:"Changes with every edit; send it as If-Match."`
	Card      string    `json:"card" doc:"The current card, as printed."`
	Name      string    `json:"name"`
	Email     *string   `json:"email,omitempty"`
	Category  string    `json:"category"`
	ExpiresOn *string   `json:"expires_on,omitempty" format:"date" doc:"Last day of the membership; left out when it does not expire."`
	Language  *string   `json:"language,omitempty" doc:"For pages and letters, a BCP 47 tag."`
	Role      string    `json:"role" enum:"patron,desk,librarian,administrator"`
	Roles     []string  `json:"roles" nullable:"false" doc:"The role again, as a list. Roles are ordered: each may do all of the lower ones."`
	Blocks    []block   `json:"blocks" nullable:"false" doc:"Why the member may not borrow now."`
	History   bool      `json:"keep_history" doc:"Whether a history of what was borrowed is kept, as the member chose."`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

type block struct {
	Code  string    `json:"code"`
	Note  string    `json:"note,omitempty" doc:"For staff only."`
	Since time.Time `json:"since"`
	SetBy int64     `json:"set_by,omitempty" doc:"For staff only: stable id of who set it; left out for a command on the server."`
}

// show encodes a member for whoever asks: notes of blocks, and who set them, are between staff.
func show(m members.Member, forStaff bool) Account {
	a := Account{ID: m.ID, Version: m.Version, Card: m.Card, Name: m.Name, Category: m.Category, Role: m.Role.String(), Roles: []string{m.Role.String()},
		Blocks: make([]block, len(m.Blocks)), History: m.KeepHistory, CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt}
	if m.Email != "" {
		a.Email = &m.Email
	}
	if m.Language != "" {
		a.Language = &m.Language
	}
	if !m.ExpiresOn.IsZero() {
		day := m.ExpiresOn.Format(time.DateOnly)
		a.ExpiresOn = &day
	}
	for i, b := range m.Blocks {
		a.Blocks[i] = block{Code: b.Code, Since: b.Since}
		if forStaff {
			a.Blocks[i].Note, a.Blocks[i].SetBy = b.Note, b.SetBy
		}
	}
	return a
}

// staff tells whether the caller works here.
func staff(ctx context.Context) bool {
	p, _ := identity.FromContext(ctx)
	return p.May(identity.Desk)
}

type signInInput struct {
	Client
	Cookie    http.Cookie `cookie:"bv_session"`
	UserAgent string      `header:"User-Agent"`
	Body      struct {
		Login    string `json:"login,omitempty" maxLength:"254" doc:"Card number or e-mail address."`
		Card     string `json:"card,omitempty" maxLength:"254" doc:"The same, for those who know that it is a card number."`
		Email    string `json:"email,omitempty" maxLength:"254" doc:"The same, for those who know that it is an e-mail address."`
		Password string `json:"password" maxLength:"1024"`
	}
}

type signedIn struct {
	SetCookie    http.Cookie `header:"Set-Cookie"`
	CacheControl string      `header:"Cache-Control"`
	Body         struct {
		Member    Account   `json:"member"`
		ExpiresAt time.Time `json:"expires_at" doc:"The latest end of the session; it ends before when it is not used."`
	}
}

func (o *operations) signIn(ctx context.Context, in *signInInput) (*signedIn, error) {
	login, given := "", 0
	for _, value := range []string{in.Body.Login, in.Body.Card, in.Body.Email} {
		if value != "" {
			login, given = value, given+1
		}
	}
	if given != 1 {
		return nil, problem.InvalidField("body.login", "give a card number or an e-mail address, as login, card or email")
	}
	started, err := o.service.SignIn(ctx, members.SignIn{Login: login, Password: in.Body.Password, Address: in.address, UserAgent: in.UserAgent,
		Replaces: in.Cookie.Value})
	if err != nil {
		return nil, err
	}
	out := &signedIn{SetCookie: o.sessionCookie(started.Token, in.overTLS), CacheControl: "no-store"}
	out.Body.Member, out.Body.ExpiresAt = show(started.Member, started.Member.Role >= identity.Desk), started.Session.ExpiresAt
	return out, nil
}

type signOutInput struct {
	Client
	Cookie http.Cookie `cookie:"bv_session"`
}

type signedOut struct {
	SetCookie    http.Cookie `header:"Set-Cookie"`
	CacheControl string      `header:"Cache-Control"`
}

func (o *operations) signOut(ctx context.Context, in *signOutInput) (*signedOut, error) {
	if err := o.service.SignOut(ctx, in.Cookie.Value); err != nil {
		return nil, err
	}
	return &signedOut{SetCookie: o.noCookie(in.overTLS), CacheControl: "no-store"}, nil
}

type sessionView struct {
	ID         int64     `json:"id"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at" doc:"To the minute."`
	ExpiresAt  time.Time `json:"expires_at"`
	Browser    string    `json:"browser,omitempty" doc:"Family of the browser; nothing else is kept of it."`
	Current    bool      `json:"current" doc:"Whether it is the one that asks."`
}

type sessionList struct {
	Body rest.Page[sessionView]
}

func (o *operations) listSessions(ctx context.Context, _ *struct{}) (*sessionList, error) {
	found, err := o.service.MySessions(ctx)
	if err != nil {
		return nil, err
	}
	p, _ := identity.FromContext(ctx)
	out := &sessionList{}
	out.Body.Items = make([]sessionView, len(found))
	for i, s := range found {
		out.Body.Items[i] = sessionView{ID: s.ID, CreatedAt: s.CreatedAt, LastSeenAt: s.LastSeenAt, ExpiresAt: s.ExpiresAt, Browser: s.AgentFamily,
			Current: p.Via == identity.ViaSession && p.ProofID == s.ID}
	}
	return out, nil
}

type byID struct {
	ID int64 `path:"id" minimum:"1"`
}

func (o *operations) endSession(ctx context.Context, in *byID) (*noContent, error) {
	return &noContent{}, o.service.EndSession(ctx, in.ID)
}
