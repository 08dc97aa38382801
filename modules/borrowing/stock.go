package borrowing

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// NewItem describes a copy to be added; what is left out has the default in its comment.
type NewItem struct {
	BookID     int64
	Barcode    string
	Branch     string // its home; the library's default
	ItemType   string // the first one
	Part       string
	CallNumber string
	Location   string
	Price      *Money
	Loanable   bool
	Status     Status // available, on_order or in_process; available
}

var currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)

// AddItem adds a copy of a title that the catalogue knows.
func (s *Service) AddItem(ctx context.Context, n NewItem, order Order) (Item, error) {
	if err := needStaff(ctx); err != nil {
		return Item{}, err
	}
	if err := n.tidy(); err != nil {
		return Item{}, err
	}
	var early error
	texts, err := s.titles.TitlesByID(ctx, []int64{n.BookID})
	if err != nil {
		return Item{}, errCatalogueSilent(err)
	}
	if _, exists := texts[n.BookID]; !exists {
		early = errBookNotFound()
	}
	scope := Scope{Books: []int64{n.BookID}, NewTitles: true, NewItems: 1}
	return execute(ctx, s, order, scope, early, func(sc *Scene) (Item, error) {
		branch, err := s.branchOf(sc, n.Branch)
		if err != nil {
			return Item{}, err
		}
		it, err := sc.addItem(n, branch)
		if err != nil {
			return Item{}, err
		}
		return *it, nil
	})
}

// AddItems adds many copies in one transaction, all of them or none: the way in for a stock that exists already. Problems are
// those of AddItem, without saying which copy it was.
func (s *Service) AddItems(ctx context.Context, list []NewItem, order Order) ([]Item, error) {
	if err := needStaff(ctx); err != nil {
		return nil, err
	}
	books := map[int64]bool{}
	list = slices.Clone(list) // tidied here, and left as they are for the caller
	for i := range list {
		if err := list[i].tidy(); err != nil {
			return nil, err
		}
		books[list[i].BookID] = true
	}
	ids := slices.Sorted(maps.Keys(books))
	texts, err := s.titles.TitlesByID(ctx, ids)
	if err != nil {
		return nil, errCatalogueSilent(err)
	}
	var early error
	if len(texts) < len(ids) {
		early = errBookNotFound()
	}
	scope := Scope{Books: ids, NewTitles: true, NewItems: len(list)}
	return execute(ctx, s, order, scope, early, func(sc *Scene) ([]Item, error) {
		items := make([]Item, 0, len(list))
		for _, n := range list {
			branch, err := s.branchOf(sc, n.Branch)
			if err != nil {
				return nil, err
			}
			it, err := sc.addItem(n, branch)
			if err != nil {
				return nil, err
			}
			items = append(items, *it)
		}
		return items, nil
	})
}

func errItemTypeUnknown() error {
	return problem.InvalidField("body.item_type", "is not an item type of this library; GET /api/borrowing/v1/item-types lists them")
}

func errCatalogueSilent(cause error) error {
	return problem.New(problem.Unavailable, "catalogue_unavailable", "The catalogue does not answer, so the title cannot be checked. Please try again.").Because(cause)
}

// tidy refuses what is no copy, and brings its texts to NFC.
func (n *NewItem) tidy() error {
	if err := CheckBarcode("body.barcode", n.Barcode); err != nil {
		return err
	}
	if err := tidyWords(&n.Part, &n.CallNumber, &n.Location); err != nil {
		return err
	}
	if n.BookID <= 0 {
		return errBookNotFound()
	}
	if err := checkPrice(n.Price); err != nil {
		return err
	}
	switch n.Status {
	case "", Available, OnOrder, InProcess:
		return nil
	}
	return problem.InvalidField("body.status", "of a new copy is available, on_order or in_process")
}

// CheckBarcode refuses what is no barcode: 1 to 64 printable characters without spaces around them.
func CheckBarcode(field, barcode string) error {
	n := len([]rune(barcode))
	if n < 1 || n > 64 || strings.TrimSpace(barcode) != barcode || strings.ContainsFunc(barcode, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return problem.InvalidField(field, "must be 1 to 64 printable characters, without spaces around them")
	}
	return nil
}

func (sc *Scene) addItem(n NewItem, branch string) (*Item, error) {
	if n.ItemType == "" && len(sc.Policy.ItemTypes) > 0 {
		n.ItemType = sc.Policy.ItemTypes[0].Code
	}
	if !sc.Policy.HasItemType(n.ItemType) {
		return nil, errItemTypeUnknown()
	}
	if n.Status == "" {
		n.Status = Available
	}
	t := sc.Titles[n.BookID]
	if t.Closed {
		return nil, errBookNotFound() // the catalogue is deleting it
	}
	it := &Item{ID: take(&sc.ItemIDs), Barcode: n.Barcode, BookID: n.BookID, HomeBranch: branch, CurrentBranch: branch, ItemType: n.ItemType, Part: n.Part,
		CallNumber: n.CallNumber, Location: n.Location, Price: n.Price, Loanable: n.Loanable, Status: n.Status, CreatedAt: sc.Now, Version: 1}
	sc.Changes.NewItems = append(sc.Changes.NewItems, it)
	sc.count(n.BookID, func(t *Title) {
		items, available := it.counts()
		t.Items, t.Available = t.Items+items, t.Available+available
	})
	sc.record(itemStream(it.ID), 1, EventItemAdded, itemAdded{BookID: it.BookID, Barcode: it.Barcode, Branch: branch, ItemType: it.ItemType, Part: it.Part,
		Loanable: it.Loanable, Status: it.Status, Price: it.Price, CallNumber: it.CallNumber, Location: it.Location}, "")
	return it, nil
}

// CloseTitle makes sure that nothing of a title is left here and that nothing comes, so that the catalogue can delete it. It is
// a problem of kind Conflict while there are items that are not withdrawn, live holds or open charges. It can be repeated.
func (s *Service) CloseTitle(ctx context.Context, bookID int64) error {
	if p, _ := identity.FromContext(ctx); !p.May(identity.Librarian) {
		return problem.New(problem.Forbidden, "role_needed", "This needs the role librarian.")
	}
	_, err := execute(ctx, s, Order{}, Scope{Books: []int64{bookID}, NewTitles: true, Leftover: true}, nil, func(sc *Scene) (struct{}, error) {
		t := sc.Titles[bookID]
		var reasons []problem.Reason
		if t.Items > 0 {
			reasons = append(reasons, final(TitleHasItems, "The title has items that are not withdrawn."))
		}
		if t.Holds > 0 {
			reasons = append(reasons, final(TitleHasHolds, "Members wait for this title."))
		}
		if sc.Owing[bookID] {
			reasons = append(reasons, final(TitleHasCharges, "Charges about this title are not settled."))
		}
		if len(reasons) > 0 {
			return struct{}{}, problem.Refused(reasons...)
		}
		if !t.Closed {
			sc.count(bookID, func(t *Title) { t.Closed = true })
			sc.record(titleStream(bookID), 1, EventTitleClosed, titleClosed{BookID: bookID}, "")
		}
		return struct{}{}, nil
	})
	return err
}
