package api

import (
	"context"
	"net/http"
	"time"

	"bookvault/modules/members"
	"bookvault/platform/identity"
	"bookvault/platform/rest"
)

// registerLists adds one's own reading lists.
func (o *operations) registerLists(api *rest.API) {
	const accepted = "202: it is safe on disk and I see it at once; through other processes within moments. 200: it was so already, or is there for every process. " +
		"503: nothing was changed."
	route := func(method, path, id, summary string, status int) rest.Route {
		r := rest.Route{Method: method, Path: root + "/me/lists" + path, ID: id, Summary: summary, Tag: tag, Who: identity.Patron, Status: status, MaxBody: small}
		if method != "GET" {
			r.Detail = accepted
		}
		return r
	}
	rest.Register(api, route("GET", "", "list-my-lists", "My reading lists, with what is in them", 0), o.myLists)
	rest.Register(api, route("POST", "", "create-list", "Make a reading list", http.StatusAccepted), o.createList)
	rest.Register(api, route("PATCH", "/{id}", "rename-list", "Rename a reading list of mine", http.StatusAccepted), o.renameList)
	rest.Register(api, route("DELETE", "/{id}", "delete-list", "Delete a reading list of mine", http.StatusAccepted), o.deleteList)
	rest.Register(api, route("PUT", "/{id}/books/{book_id}", "add-to-list", "Put a title into a reading list of mine", http.StatusAccepted), o.addToList)
	rest.Register(api, route("DELETE", "/{id}/books/{book_id}", "remove-from-list", "Take a title out of a reading list of mine", http.StatusAccepted), o.removeFromList)
}

type listedView struct {
	BookID  int64     `json:"book_id"`
	AddedAt time.Time `json:"added_at"`
}

type listView struct {
	ID        int64        `json:"id"`
	Name      string       `json:"name"`
	CreatedAt time.Time    `json:"created_at"`
	Books     []listedView `json:"books" nullable:"false" doc:"In the order in which they were put in."`
}

func viewOfList(l members.List) listView {
	v := listView{ID: l.ID, Name: l.Name, CreatedAt: l.CreatedAt, Books: make([]listedView, len(l.Books))}
	for i, b := range l.Books {
		v.Books[i] = listedView{b.BookID, b.AddedAt}
	}
	return v
}

type listOutput struct {
	Status int
	Body   listView
}

func showList(l members.List, behind bool, err error) (*listOutput, error) {
	if err != nil {
		return nil, err
	}
	return &listOutput{Status: statusOf(behind), Body: viewOfList(l)}, nil
}

func statusOf(behind bool) int {
	if behind {
		return http.StatusAccepted
	}
	return http.StatusOK
}

func (o *operations) myLists(ctx context.Context, _ *struct{}) (*struct{ Body rest.Page[listView] }, error) {
	lists, err := o.service.MyLists(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]listView, len(lists))
	for i, l := range lists {
		views[i] = viewOfList(l)
	}
	return &struct{ Body rest.Page[listView] }{rest.Page[listView]{Items: views}}, nil
}

// NameInput is the name of a list. How long it may be is the domain's business.
type NameInput struct {
	Name string `json:"name" maxLength:"400"`
}

func (o *operations) createList(ctx context.Context, in *struct {
	rest.Command
	Body NameInput
}) (*listOutput, error) {
	return showList(o.service.CreateList(ctx, in.Body.Name, in.IdempotencyKey))
}

// ByList is the id of a list in a path, and ByBook that of a title.
type ByList struct {
	ID int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
}

// ByBook is the id of a title in a path.
type ByBook struct {
	BookID int64 `path:"book_id" minimum:"1" maximum:"9007199254740991"`
}

func (o *operations) renameList(ctx context.Context, in *struct {
	ByList
	Body NameInput
}) (*listOutput, error) {
	return showList(o.service.RenameList(ctx, in.ID, in.Body.Name))
}

type goneOutput struct {
	Status int
	Body   struct {
		ID int64 `json:"id" doc:"Of the list that is no more."`
	}
}

func (o *operations) deleteList(ctx context.Context, in *ByList) (*goneOutput, error) {
	behind, err := o.service.DeleteList(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &goneOutput{Status: statusOf(behind)}
	out.Body.ID = in.ID
	return out, nil
}

func (o *operations) addToList(ctx context.Context, in *struct {
	ByList
	ByBook
}) (*listOutput, error) {
	return showList(o.service.AddToList(ctx, in.ID, in.BookID))
}

func (o *operations) removeFromList(ctx context.Context, in *struct {
	ByList
	ByBook
}) (*listOutput, error) {
	return showList(o.service.RemoveFromList(ctx, in.ID, in.BookID))
}
