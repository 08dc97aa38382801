package borrowing

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"bookvault/platform/problem"
)

var orderCode = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

// Policy gives the library's own order as it is now: branches, item types, rules and calendar.
func (s *Service) Policy(ctx context.Context) (*Policy, error) { return s.store.Policy(ctx) }

// AddBranch adds a branch after the others. A code that is taken is refused as branch_exists.
func (s *Service) AddBranch(ctx context.Context, code, name string, order Order) (Branch, error) {
	return s.enter(ctx, branchList, Branch{Code: code, Name: name}, order, addOnly)
}

// RenameBranch gives a branch another name.
func (s *Service) RenameBranch(ctx context.Context, code, name string, order Order) (Branch, error) {
	return s.enter(ctx, branchList, Branch{Code: code, Name: name}, order, renameOnly)
}

// SaveBranch adds a branch in a place of the order, or moves and renames it.
func (s *Service) SaveBranch(ctx context.Context, b Branch) error {
	_, err := s.enter(ctx, branchList, b, Order{}, addOrReplace)
	return err
}

// AddItemType adds an item type after the others. A code that is taken is refused as item_type_exists.
func (s *Service) AddItemType(ctx context.Context, code, name string, order Order) (ItemType, error) {
	b, err := s.enter(ctx, itemTypeList, Branch{Code: code, Name: name}, order, addOnly)
	return ItemType(b), err
}

// RenameItemType gives an item type another name.
func (s *Service) RenameItemType(ctx context.Context, code, name string, order Order) (ItemType, error) {
	b, err := s.enter(ctx, itemTypeList, Branch{Code: code, Name: name}, order, renameOnly)
	return ItemType(b), err
}

// SaveItemType adds an item type in a place of the order, or moves and renames it.
func (s *Service) SaveItemType(ctx context.Context, t ItemType) error {
	_, err := s.enter(ctx, itemTypeList, Branch(t), Order{}, addOrReplace)
	return err
}

// listOfCodes is one of the two lists that rules speak of. Their entries are alike.
type listOfCodes struct {
	stream, added, changed string // where and as what it is recorded
	exists, missing, what  string
	entries                func(*Policy) []Branch
	keep                   func(*Changes, Branch)
}

var branchList = listOfCodes{stream: "branches", added: EventBranchAdded, changed: EventBranchChanged,
	exists: BranchExists, missing: "branch_not_found", what: "branch",
	entries: func(p *Policy) []Branch { return p.Branches },
	keep:    func(c *Changes, b Branch) { c.Branches = append(c.Branches, b) }}

var itemTypeList = listOfCodes{stream: "item_types", added: EventItemTypeAdded, changed: EventItemTypeChanged,
	exists: ItemTypeExists, missing: "item_type_not_found", what: "item type",
	entries: func(p *Policy) (list []Branch) {
		for _, t := range p.ItemTypes {
			list = append(list, Branch(t))
		}
		return list
	},
	keep: func(c *Changes, b Branch) { c.ItemTypes = append(c.ItemTypes, ItemType(b)) }}

// How an entry is made.
type entering int

const (
	addOnly      entering = iota // behind the others
	renameOnly                   // in its place
	addOrReplace                 // as it is given
)

// enter runs the command that adds or changes an entry of a list.
func (s *Service) enter(ctx context.Context, to listOfCodes, e Branch, order Order, how entering) (Branch, error) {
	if err := needLibrarian(ctx); err != nil {
		return Branch{}, err
	}
	if !orderCode.MatchString(e.Code) {
		return Branch{}, problem.InvalidField("body.code", "must be 1 to 32 of a-z, 0-9, - and _, beginning with a letter or digit")
	}
	e.Name = norm.NFC.String(strings.TrimSpace(e.Name))
	if n := utf8.RuneCountInString(e.Name); n < 1 || n > 200 || strings.ContainsFunc(e.Name, unicode.IsControl) {
		return Branch{}, problem.InvalidField("body.name", "must be 1 to 200 characters, and no control characters")
	}
	return execute(ctx, s, order, Scope{Order: true}, nil, func(sc *Scene) (Branch, error) {
		entries := to.entries(sc.Policy)
		at := slices.IndexFunc(entries, func(known Branch) bool { return known.Code == e.Code })
		next, event := e, to.added
		if at >= 0 {
			event = to.changed
		}
		switch {
		case how == addOnly && at >= 0:
			return Branch{}, problem.Refused(final(to.exists, "The "+to.what+" with this code is "+entries[at].Name+"."))
		case how == addOnly && len(entries) > 0:
			next.Sort = entries[len(entries)-1].Sort + 1 // they are in this order
		case how == renameOnly && at < 0:
			return Branch{}, problem.NotFound(to.missing, "There is no %s with this code.", to.what)
		case how == renameOnly:
			next.Sort = entries[at].Sort
		}
		if at >= 0 && entries[at] == next {
			return next, nil
		}
		to.keep(&sc.Changes, next)
		sc.record(to.stream, sc.Policy.Editions[to.stream]+1, event, next, "")
		return next, nil
	})
}

// MembersChanged tells borrowing that the standing of members changed, so that their holds are passed over, or served again.
// modules.go connects it; a command about a member refreshes it too.
func (s *Service) MembersChanged(ctx context.Context, ids ...int64) error {
	found, err := s.members.MembersByID(ctx, ids)
	if err != nil {
		return err
	}
	standings := make(map[int64]Standing, len(found))
	for id, m := range found {
		standings[id] = StandingOf(m)
	}
	return s.store.KeepStandings(ctx, standings)
}
