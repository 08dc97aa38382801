package api

import (
	"context"

	"bookvault/modules/borrowing"
	"bookvault/platform/rest"
)

type namedBody struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

type namesOut struct{ Body rest.Page[namedBody] }

func (o *operations) listBranches(ctx context.Context, _ *struct{}) (*namesOut, error) {
	p, err := o.desk.Policy(ctx)
	if err != nil {
		return nil, err
	}
	out := &namesOut{rest.Page[namedBody]{Items: []namedBody{}}}
	for _, b := range p.Branches {
		out.Body.Items = append(out.Body.Items, namedBody{b.Code, b.Name})
	}
	return out, nil
}

func (o *operations) listItemTypes(ctx context.Context, _ *struct{}) (*namesOut, error) {
	p, err := o.desk.Policy(ctx)
	if err != nil {
		return nil, err
	}
	out := &namesOut{rest.Page[namedBody]{Items: []namedBody{}}}
	for _, t := range p.ItemTypes {
		out.Body.Items = append(out.Body.Items, namedBody{t.Code, t.Name})
	}
	return out, nil
}

type addNamedIn struct {
	rest.Command
	Body struct {
		Code string `json:"code" minLength:"1" maxLength:"32" pattern:"^[a-z0-9][a-z0-9_-]*$"`
		Name string `json:"name" minLength:"1" maxLength:"200"`
	}
}

type renameIn struct {
	rest.Command
	Code string `path:"code" minLength:"1" maxLength:"32"`
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"200"`
	}
}

type namedOut struct{ Body namedBody }

// addNamed adds a branch or an item type; both are a code and a name.
func addNamed[E borrowing.Branch | borrowing.ItemType](path string, add func(context.Context, string, string, borrowing.Order) (E, error)) func(context.Context, *addNamedIn) (*namedOut, error) {
	return func(ctx context.Context, in *addNamedIn) (*namedOut, error) {
		body, err := command[E, namedBody]{route: "POST " + path, key: in.IdempotencyKey, about: in.Body, status: 201, body: namedOf[E],
			run: func(order borrowing.Order) (E, error) { return add(ctx, in.Body.Code, in.Body.Name, order) },
		}.do(ctx)
		return &namedOut{body}, err
	}
}

// rename gives a branch or an item type another name. Its code is what copies and rules hold, and stays.
func rename[E borrowing.Branch | borrowing.ItemType](path string, to func(context.Context, string, string, borrowing.Order) (E, error)) func(context.Context, *renameIn) (*namedOut, error) {
	return func(ctx context.Context, in *renameIn) (*namedOut, error) {
		body, err := command[E, namedBody]{route: "PATCH " + path + "/{code}", key: in.IdempotencyKey, about: []any{in.Code, in.Body}, status: 200, body: namedOf[E],
			run: func(order borrowing.Order) (E, error) { return to(ctx, in.Code, in.Body.Name, order) },
		}.do(ctx)
		return &namedOut{body}, err
	}
}

func namedOf[E borrowing.Branch | borrowing.ItemType](e E) namedBody {
	b := borrowing.Branch(e)
	return namedBody{b.Code, b.Name}
}
