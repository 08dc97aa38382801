package borrowing

import (
	"context"
	"regexp"
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
	return enter(ctx, s, branchList, Branch{Code: code, Name: name}, order, addOnly)
}

// RenameBranch gives a branch another name.
func (s *Service) RenameBranch(ctx context.Context, code, name string, order Order) (Branch, error) {
	return enter(ctx, s, branchList, Branch{Code: code, Name: name}, order, renameOnly)
}

// SaveBranch adds a branch in a place of the order, or moves and renames it.
func (s *Service) SaveBranch(ctx context.Context, b Branch) error {
	_, err := enter(ctx, s, branchList, b, Order{}, addOrReplace)
	return err
}

// AddItemType adds an item type after the others. A code that is taken is refused as item_type_exists.
func (s *Service) AddItemType(ctx context.Context, code, name string, order Order) (ItemType, error) {
	return enter(ctx, s, itemTypeList, ItemType{Code: code, Name: name}, order, addOnly)
}

// RenameItemType gives an item type another name.
func (s *Service) RenameItemType(ctx context.Context, code, name string, order Order) (ItemType, error) {
	return enter(ctx, s, itemTypeList, ItemType{Code: code, Name: name}, order, renameOnly)
}

// SaveItemType adds an item type in a place of the order, or moves and renames it.
func (s *Service) SaveItemType(ctx context.Context, t ItemType) error {
	_, err := enter(ctx, s, itemTypeList, t, Order{}, addOrReplace)
	return err
}

// named is an entry of the two lists that rules speak of: a code, a name, and its place.
type named interface{ Branch | ItemType }

// listOfCodes is one of the two lists.
type listOfCodes[E named] struct {
	stream, added, changed string // where and as what it is recorded
	exists, missing, what  string
	entries                func(*Policy) []E
	keep                   func(*Changes, E)
}

var branchList = listOfCodes[Branch]{stream: "branches", added: EventBranchAdded, changed: EventBranchChanged,
	exists: BranchExists, missing: "branch_not_found", what: "branch",
	entries: func(p *Policy) []Branch { return p.Branches },
	keep:    func(c *Changes, b Branch) { c.Branches = append(c.Branches, b) }}

var itemTypeList = listOfCodes[ItemType]{stream: "item_types", added: EventItemTypeAdded, changed: EventItemTypeChanged,
	exists: ItemTypeExists, missing: "item_type_not_found", what: "item type",
	entries: func(p *Policy) []ItemType { return p.ItemTypes },
	keep:    func(c *Changes, t ItemType) { c.ItemTypes = append(c.ItemTypes, t) }}

// How an entry is made.
type entering int

const (
	addOnly      entering = iota // behind the others
	renameOnly                   // in its place
	addOrReplace                 // as it is given
)

// enter runs the command that adds or changes an entry of a list.
func enter[E named](ctx context.Context, s *Service, to listOfCodes[E], entry E, order Order, how entering) (none E, err error) {
	if err := needLibrarian(ctx); err != nil {
		return none, err
	}
	e := Branch(entry)
	if !orderCode.MatchString(e.Code) {
		return none, problem.InvalidField("body.code", "must be 1 to 32 of a-z, 0-9, - and _, beginning with a letter or digit")
	}
	e.Name = norm.NFC.String(strings.TrimSpace(e.Name))
	if n := utf8.RuneCountInString(e.Name); n < 1 || n > 200 || strings.ContainsFunc(e.Name, unicode.IsControl) {
		return none, problem.InvalidField("body.name", "must be 1 to 200 characters, and no control characters")
	}
	return execute(ctx, s, order, Scope{Order: true}, nil, func(sc *Scene) (E, error) {
		var known *Branch
		next, event, last := e, to.added, -1
		for _, there := range to.entries(sc.Policy) {
			if b := Branch(there); b.Code == e.Code {
				known, event = &b, to.changed
			}
			last = max(last, Branch(there).Sort)
		}
		switch {
		case how == addOnly && known != nil:
			return none, problem.Refused(final(to.exists, "The "+to.what+" with this code is "+known.Name+"."))
		case how == addOnly:
			next.Sort = last + 1
		case how == renameOnly && known == nil:
			return none, problem.NotFound(to.missing, "There is no %s with this code.", to.what)
		case how == renameOnly:
			next.Sort = known.Sort
		}
		if known != nil && *known == next {
			return E(next), nil
		}
		to.keep(&sc.Changes, E(next))
		sc.record(to.stream, sc.Policy.Editions[to.stream]+1, event, next, "")
		return E(next), nil
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
