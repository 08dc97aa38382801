package members

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"bookvault/platform/hlc"
	"bookvault/platform/problem"
)

// List is a reading list of a member.
type List struct {
	ID        int64
	Name      string
	CreatedAt time.Time
	Books     []ListedBook // in the order in which they were put in
}

// ListedBook is a title in a list.
type ListedBook struct {
	BookID  int64
	AddedAt time.Time
}

// ListWrite is how a list, or a title in one, is from a moment on; of two of the same the newer holds.
type ListWrite struct {
	MemberID  int64     `json:"member"`
	ListID    int64     `json:"list"`
	BookID    int64     `json:"book,omitempty"` // 0: it is about the list itself
	Name      string    `json:"name,omitempty"` // of a list
	CreatedAt time.Time `json:"created,omitzero"`
	Gone      bool      `json:"gone,omitempty"` // deleted, or taken out
	At        hlc.Time  `json:"at"`
}

// same tells whether two writes are of the same list or title in one.
func (w ListWrite) same(v ListWrite) bool { return w.ListID == v.ListID && w.BookID == v.BookID }

// ListsWith gives a member's lists with a write in them, and whether that changed them. It leaves those given as they are.
func ListsWith(have []ListWrite, write ListWrite) ([]ListWrite, bool) {
	i := slices.IndexFunc(have, write.same)
	if i >= 0 && !write.At.After(have[i].At) {
		return have, false
	}
	with := slices.Clone(have)
	if i < 0 {
		return append(with, write), true
	}
	with[i] = write
	return with, true
}

// shown turns writes into the lists that they leave, the oldest list first.
func shown(writes []ListWrite) []List {
	lists := []List{}
	for _, w := range writes {
		if w.BookID == 0 && !w.Gone {
			lists = append(lists, List{ID: w.ListID, Name: w.Name, CreatedAt: w.CreatedAt, Books: []ListedBook{}})
		}
	}
	slices.SortFunc(lists, func(a, b List) int {
		if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
			return c
		}
		return int(min(1, max(-1, a.ID-b.ID)))
	})
	inside := slices.DeleteFunc(slices.Clone(writes), func(w ListWrite) bool { return w.BookID == 0 || w.Gone })
	slices.SortFunc(inside, func(a, b ListWrite) int { return a.At.Compare(b.At) })
	for _, w := range inside {
		if i := slices.IndexFunc(lists, func(l List) bool { return l.ID == w.ListID }); i >= 0 {
			lists[i].Books = append(lists[i].Books, ListedBook{w.BookID, w.At.Wall()})
		}
	}
	return lists
}

// ListsChanged is the topic under which changes of lists are heard of, by the members' ids (platform/database, Feed).
const ListsChanged = "lists"

// ListTracesKept is how long it is known that a list was deleted, or a title taken out: longer than an older write can be under way.
const ListTracesKept = 30 * 24 * time.Hour

// Lists keeps reading lists.
type Lists interface {
	// ListRows reads all of a member, what is gone too.
	ListRows(ctx context.Context, memberID int64) ([]ListWrite, error)
	// WriteList writes one, and dates it unless it is dated. behind tells that it is safe, but only on its way to where others read.
	WriteList(ctx context.Context, w ListWrite) (_ ListWrite, behind bool, err error)
}

// ListStore is where lists live. A write never takes the place of a newer one, in whatever order, and however often, they come.
type ListStore interface {
	Lists
	// WriteLists writes many in one transaction; those of members who are no more are lost, or belong to whom they were merged into.
	WriteLists(ctx context.Context, list []ListWrite) error
	// ForgetListTraces deletes what has been gone since before a time.
	ForgetListTraces(ctx context.Context, before time.Time) (int64, error)
}

// SetLists says where lists are. It is called once, by modules.go, before the service is used.
func (s *Service) SetLists(l Lists) { s.lists = l }

// MyLists reads the caller's lists.
func (s *Service) MyLists(ctx context.Context) ([]List, error) {
	rows, err := s.lists.ListRows(ctx, caller(ctx).MemberID)
	if err != nil {
		return nil, err
	}
	return shown(rows), nil
}

func (s *Service) myList(ctx context.Context, id int64) (List, error) {
	lists, err := s.MyLists(ctx)
	if err != nil {
		return List{}, err
	}
	if i := slices.IndexFunc(lists, func(l List) bool { return l.ID == id }); i >= 0 {
		return lists[i], nil
	}
	return List{}, problem.NotFound("list_not_found", "You have no list with the id %d.", id)
}

const listNameMax = 100

func listName(name string) (string, error) {
	name = strings.Join(strings.Fields(norm.NFC.String(name)), " ")
	if name == "" || utf8.RuneCountInString(name) > listNameMax || strings.ContainsRune(name, 0) {
		return "", problem.InvalidField("body.name", "names the list, in at most %d characters", listNameMax)
	}
	return name, nil
}

// CreateList makes a list of the caller's; sent again with its key it is the same list. behind is as that of Lists. Problems: too_many_lists, invalid_request.
func (s *Service) CreateList(ctx context.Context, name, key string) (_ List, behind bool, err error) {
	if name, err = listName(name); err != nil {
		return List{}, false, err
	}
	lists, err := s.MyLists(ctx)
	if err != nil {
		return List{}, false, err
	}
	member := caller(ctx).MemberID
	id := rand.Int64N(1<<52-1) + 1
	if key != "" {
		sum := sha256.Sum256(fmt.Appendf(nil, "list\n%d\n%s", member, key))
		id = int64(binary.BigEndian.Uint64(sum[:8])>>12) | 1
		if i := slices.IndexFunc(lists, func(l List) bool { return l.ID == id }); i >= 0 {
			return lists[i], false, nil
		}
	}
	if len(lists) >= s.settings.ListsMax {
		return List{}, false, problem.Conflict("too_many_lists", "You have %d lists, which is as many as there can be. Delete one first.", len(lists))
	}
	l := List{ID: id, Name: name, CreatedAt: s.clock(), Books: []ListedBook{}}
	_, behind, err = s.lists.WriteList(ctx, ListWrite{MemberID: member, ListID: id, Name: name, CreatedAt: l.CreatedAt})
	return l, behind, err
}

// RenameList gives a list of the caller's another name. Problems: list_not_found, invalid_request.
func (s *Service) RenameList(ctx context.Context, id int64, name string) (_ List, behind bool, err error) {
	if name, err = listName(name); err != nil {
		return List{}, false, err
	}
	l, err := s.myList(ctx, id)
	if err != nil {
		return List{}, false, err
	}
	l.Name = name
	_, behind, err = s.lists.WriteList(ctx, ListWrite{MemberID: caller(ctx).MemberID, ListID: id, Name: name, CreatedAt: l.CreatedAt})
	return l, behind, err
}

// DeleteList deletes a list of the caller's; one that is not there is no error.
func (s *Service) DeleteList(ctx context.Context, id int64) (behind bool, err error) {
	l, err := s.myList(ctx, id)
	if err != nil {
		return false, absent(err)
	}
	_, behind, err = s.lists.WriteList(ctx, ListWrite{MemberID: caller(ctx).MemberID, ListID: id, CreatedAt: l.CreatedAt, Gone: true})
	return behind, err
}

func absent(err error) error {
	if problem.Of(err).Kind == problem.NotFoundKind {
		return nil
	}
	return err
}

// AddToList puts a title into a list of the caller's; one that is in it stays where it is. Problems: list_not_found, book_not_found, list_full.
func (s *Service) AddToList(ctx context.Context, id, bookID int64) (_ List, behind bool, err error) {
	l, err := s.myList(ctx, id)
	if err != nil {
		return List{}, false, err
	}
	if slices.ContainsFunc(l.Books, func(b ListedBook) bool { return b.BookID == bookID }) {
		return l, false, nil
	}
	if len(l.Books) >= s.settings.ListItemsMax {
		return List{}, false, problem.Conflict("list_full", "There are %d titles in this list, which is as many as there can be. Take one out first, or make another list.", len(l.Books))
	}
	if err := s.catalogue.TitleExists(ctx, bookID); err != nil {
		return List{}, false, err
	}
	w, behind, err := s.lists.WriteList(ctx, ListWrite{MemberID: caller(ctx).MemberID, ListID: id, BookID: bookID})
	l.Books = append(l.Books, ListedBook{bookID, w.At.Wall()})
	return l, behind, err
}

// RemoveFromList takes a title out of a list of the caller's; one that is not in it is no error. Problems: list_not_found.
func (s *Service) RemoveFromList(ctx context.Context, id, bookID int64) (_ List, behind bool, err error) {
	l, err := s.myList(ctx, id)
	if err != nil {
		return List{}, false, err
	}
	left := slices.DeleteFunc(slices.Clone(l.Books), func(b ListedBook) bool { return b.BookID == bookID })
	if len(left) == len(l.Books) {
		return l, false, nil
	}
	l.Books = left
	_, behind, err = s.lists.WriteList(ctx, ListWrite{MemberID: caller(ctx).MemberID, ListID: id, BookID: bookID, Gone: true})
	return l, behind, err
}
