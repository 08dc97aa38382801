package api

import (
	"context"
	"net/url"
	"time"

	"bookvault/modules/members"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
	"bookvault/platform/rest"
)

type blockInput struct {
	Code string `json:"code" pattern:"^[a-z][a-z0-9_]{0,31}$" maxLength:"32" doc:"Stable code, such as lost_card."`
	Note string `json:"note,omitempty" maxLength:"500" doc:"For staff only."`
}

func readBlocks(in []blockInput) []members.Block {
	blocks := make([]members.Block, len(in))
	for i, b := range in {
		blocks[i] = members.Block{Code: b.Code, Note: b.Note}
	}
	return blocks
}

// readDay reads a date; the format itself was checked before.
func readDay(path, text string) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil || day.Year() < 2 { // the zero time means "never" further in, and nobody may type it
		return day, problem.InvalidField(path, "must be a date, such as 2027-03-31")
	}
	return day, nil
}

// readRole reads the role from the two ways to give it; Undeclared when it is not given.
func readRole(role string, roles []string) (identity.Role, error) {
	if role != "" {
		roles = append(roles[:len(roles):len(roles)], role)
	}
	highest := identity.Undeclared
	for _, name := range roles {
		r, err := identity.ParseRole(name)
		if err != nil {
			return r, problem.InvalidField("body.roles", "must be among patron, desk, librarian, administrator")
		}
		highest = max(highest, r)
	}
	return highest, nil
}

type createMemberInput struct {
	rest.Command
	Body struct {
		Card      string       `json:"card,omitempty" maxLength:"64" doc:"Made by the library, with a check digit, when left out. Leading zeros are kept."`
		Name      string       `json:"name" minLength:"1" maxLength:"200"`
		Email     string       `json:"email,omitempty" maxLength:"254"`
		Category  string       `json:"category,omitempty" maxLength:"32" doc:"adult when left out."`
		ExpiresOn string       `json:"expires_on,omitempty" format:"date" doc:"By category when left out."`
		Language  string       `json:"language,omitempty" maxLength:"35"`
		Role      string       `json:"role,omitempty" enum:"patron,desk,librarian,administrator"`
		Roles     []string     `json:"roles,omitempty" maxItems:"4" enum:"patron,desk,librarian,administrator" doc:"The same as role; the highest counts."`
		Blocks    []blockInput `json:"blocks,omitempty" maxItems:"20"`
		Password  string       `json:"password,omitempty" maxLength:"1024" doc:"Without one the member cannot sign in yet."`
	}
}

type createdMember struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     Account
}

func (o *operations) createMember(ctx context.Context, in *createMemberInput) (*createdMember, error) {
	n := members.NewMember{Card: in.Body.Card, Name: in.Body.Name, Email: in.Body.Email, Category: in.Body.Category, Language: in.Body.Language,
		Blocks: readBlocks(in.Body.Blocks), Password: in.Body.Password, IdempotencyKey: in.IdempotencyKey}
	if in.Body.ExpiresOn != "" {
		day, err := readDay("body.expires_on", in.Body.ExpiresOn)
		if err != nil {
			return nil, err
		}
		n.ExpiresOn = &day
	}
	var err error
	if n.Role, err = readRole(in.Body.Role, in.Body.Roles); err != nil {
		return nil, err
	}
	m, err := o.service.Create(ctx, n)
	if err != nil {
		return nil, err
	}
	return &createdMember{Location: root + "/members/" + url.PathEscape(m.Card), ETag: rest.ETag(m.Version), Body: show(m, true)}, nil
}

type listMembersInput struct {
	Q      string `query:"q" maxLength:"200" doc:"Beginnings of the name's words, of a card number or of an e-mail address."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" maxLength:"2000"`
}

type memberList struct {
	Link string `header:"Link"`
	Body rest.Page[Account]
}

// place is a cursor's content.
type place struct {
	Name string `json:"n"`
	ID   int64  `json:"i"`
}

func (o *operations) listMembers(ctx context.Context, in *listMembersInput) (*memberList, error) {
	scope := "members\n" + in.Q
	var after *members.Place
	if in.Cursor != "" {
		var p place
		if err := rest.DecodeCursor(scope, in.Cursor, &p); err != nil {
			return nil, err
		}
		after = &members.Place{FoldedName: p.Name, ID: p.ID}
	}
	found, next, err := o.service.List(ctx, in.Q, after, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &memberList{}
	out.Body.Items = make([]Account, len(found))
	for i, m := range found {
		out.Body.Items[i] = show(m, true)
	}
	if next != nil {
		cursor := rest.EncodeCursor(scope, place{Name: next.FoldedName, ID: next.ID})
		out.Body.NextCursor = &cursor
	}
	out.Link = rest.NextLink(ctx, out.Body.NextCursor)
	return out, nil
}

// ByCard names a member in the path.
type ByCard struct {
	Card string `path:"card" maxLength:"64"`
}

type memberOutput struct {
	ETag string `header:"ETag"`
	Body Account
}

func (o *operations) getMember(ctx context.Context, in *ByCard) (*memberOutput, error) {
	m, err := o.service.Get(ctx, in.Card)
	if err != nil {
		return nil, err
	}
	return &memberOutput{ETag: rest.ETag(m.Version), Body: show(m, staff(ctx))}, nil
}

type editMemberInput struct {
	ByCard
	IfMatch string `header:"If-Match" maxLength:"100" doc:"The version that was edited. Without it the change is made to whatever is there now."`
	Body    struct {
		Card      change[string] `json:"card,omitempty" maxLength:"64" doc:"A new card; the old one still finds its member, and lends nothing."`
		Name      change[string] `json:"name,omitempty" maxLength:"200"`
		Email     change[string] `json:"email,omitempty" maxLength:"254" doc:"null removes it."`
		Category  change[string] `json:"category,omitempty" maxLength:"32"`
		ExpiresOn change[string] `json:"expires_on,omitempty" maxLength:"10" doc:"A date; null: it does not expire."`
		Language  change[string] `json:"language,omitempty" maxLength:"35" doc:"null removes it."`
		Role      string         `json:"role,omitempty" enum:"patron,desk,librarian,administrator"`
		Roles     []string       `json:"roles,omitempty" maxItems:"4" enum:"patron,desk,librarian,administrator"`
		Blocks    *[]blockInput  `json:"blocks,omitempty" maxItems:"20" doc:"Replaces all blocks."`
	}
}

func (o *operations) editMember(ctx context.Context, in *editMemberInput) (*memberOutput, error) {
	c, err := in.read()
	if err != nil {
		return nil, err
	}
	m, err := o.service.Edit(ctx, in.Card, c)
	if err != nil {
		return nil, err
	}
	return &memberOutput{ETag: rest.ETag(m.Version), Body: show(m, staff(ctx))}, nil
}

// ifVersion reads an If-Match header that may be left out; nil is any version.
func ifVersion(header string) (*int32, error) {
	if header == "" {
		return nil, nil
	}
	version, err := rest.IfMatch(header)
	if err != nil || version == 0 {
		return nil, err
	}
	return &version, nil
}

func (in *editMemberInput) read() (c members.Change, err error) {
	if c.IfVersion, err = ifVersion(in.IfMatch); err != nil {
		return c, err
	}
	if c.Card, err = in.Body.Card.needed("body.card"); err != nil {
		return c, err
	}
	if c.Name, err = in.Body.Name.needed("body.name"); err != nil {
		return c, err
	}
	if c.Category, err = in.Body.Category.needed("body.category"); err != nil {
		return c, err
	}
	c.Email, c.Language = in.Body.Email.orZero(), in.Body.Language.orZero()
	if day := in.Body.ExpiresOn.orZero(); day != nil {
		c.ExpiresOn = &time.Time{}
		if *day != "" {
			if *c.ExpiresOn, err = readDay("body.expires_on", *day); err != nil {
				return c, err
			}
		}
	}
	role, err := readRole(in.Body.Role, in.Body.Roles)
	if err != nil {
		return c, err
	}
	if role != identity.Undeclared {
		c.Role = &role
	}
	if in.Body.Blocks != nil {
		blocks := readBlocks(*in.Body.Blocks)
		c.Blocks = &blocks
	}
	return c, nil
}

type setPasswordInput struct {
	Client
	ByCard
	Body struct {
		Old string `json:"old_password,omitempty" maxLength:"1024" doc:"Needed for one's own."`
		New string `json:"new_password" maxLength:"1024"`
	}
}

func (o *operations) setPassword(ctx context.Context, in *setPasswordInput) (*noContent, error) {
	return &noContent{}, o.service.SetPassword(ctx, in.Card, in.Body.Old, in.Body.New, in.address)
}
