package borrowing

import (
	"context"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"bookvault/platform/ledger"
	"bookvault/platform/problem"
)

// EditItem changes what is written of a copy; what is nil stays as it is. Where the copy is, and its status, follow from commands.
type EditItem struct {
	Barcode string
	Version int // that was edited; 0: any

	NewBarcode *string
	HomeBranch *string
	ItemType   *string // of loans from now on; one that is open keeps its own
	Part       *string
	CallNumber *string
	Location   *string
	Price      *Money
	NoPrice    bool // takes the price away
	Loanable   *bool
}

// EditItem changes a copy, if nobody changed or moved it since the version that was edited: else it is a problem version_conflict. A
// hold that the copy was kept for and can no longer fill waits again, at its place; the copy then stays where it is until its next
// check-in. The part of the only copy that members wait for stays.
func (s *Service) EditItem(ctx context.Context, cmd EditItem, order Order) (Item, error) {
	if err := needStaff(ctx); err != nil {
		return Item{}, err
	}
	if err := cmd.tidy(); err != nil {
		return Item{}, err
	}
	return retryMoved(ctx, s, func(ctx context.Context) (Item, error) {
		seen, err := s.store.Glimpse(ctx, cmd.Barcode)
		scope := Scope{Books: []int64{seen.BookID}, Items: []int64{seen.ItemID}, Siblings: cmd.Part != nil}
		return execute(ctx, s, order, scope, orNotFound(err, errItemNotFound(cmd.Barcode)), func(sc *Scene) (Item, error) {
			it := sc.Items[seen.ItemID]
			if it == nil || it.BookID != seen.BookID || it.Barcode != cmd.Barcode {
				return Item{}, errMoved
			}
			if err := sc.editItem(it, cmd); err != nil {
				return Item{}, err
			}
			return *it, nil
		})
	})
}

func (c *EditItem) tidy() error {
	if c.NewBarcode != nil {
		if err := CheckBarcode("body.barcode", *c.NewBarcode); err != nil {
			return err
		}
	}
	if c.NoPrice && c.Price != nil {
		return problem.InvalidField("body.no_price", "give either a price or none")
	}
	if err := checkPrice(c.Price); err != nil {
		return err
	}
	return tidyWords(c.Part, c.CallNumber, c.Location)
}

func (sc *Scene) editItem(it *Item, c EditItem) error {
	if c.Version != 0 && c.Version != it.Version {
		return problem.New(problem.PreconditionFailed, "version_conflict",
			"This copy was changed or moved in the meantime: it is version %d now. Read it again and repeat your change.", it.Version)
	}
	if c.HomeBranch != nil && !sc.Policy.HasBranch(*c.HomeBranch) {
		return errBranchUnknown("body.home_branch")
	}
	if c.ItemType != nil && !sc.Policy.HasItemType(*c.ItemType) {
		return errItemTypeUnknown()
	}
	if c.Part != nil && *c.Part != it.Part && sc.waitedForAlone(it) {
		return problem.Refused(final(PartHasHolds, "Members wait for this part, and no other copy has it."))
	}
	was := *it
	sc.changeItem(it, EventItemEdited, "", func(it *Item) {
		put(&it.Barcode, c.NewBarcode)
		put(&it.HomeBranch, c.HomeBranch)
		put(&it.ItemType, c.ItemType)
		put(&it.Part, c.Part)
		put(&it.CallNumber, c.CallNumber)
		put(&it.Location, c.Location)
		put(&it.Loanable, c.Loanable)
		if c.Price != nil || c.NoPrice {
			it.Price = c.Price
		}
	})
	if it.Version == was.Version {
		return nil
	}
	newest := &sc.Changes.Events[len(sc.Changes.Events)-1]
	newest.Data = ledger.Encode(itemEdited{BookID: it.BookID, Barcode: it.Barcode, Changed: differences(was, *it), State: it.state()})
	if h := sc.captureOf(it.ID); h != nil && (!it.Loanable || !h.canBeFilledBy(it.ID, it.Part)) {
		sc.release(h, itemStream(it.ID))
	}
	return nil
}

// waitedForAlone tells whether members wait for the part that only this copy has.
func (sc *Scene) waitedForAlone(it *Item) bool {
	for _, part := range sc.Kinds[it.BookID] {
		if part == it.Part {
			return false
		}
	}
	for _, h := range sc.queue(it.BookID) {
		if h.ItemID == 0 && h.Part != "" && h.Part == it.Part {
			return true
		}
	}
	return false
}

func put[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// differences says for each field that was edited what it was and what it became.
func differences(was, is Item) map[string][2]any {
	changed := map[string][2]any{}
	for name, pair := range map[string][2]any{
		"barcode": {was.Barcode, is.Barcode}, "home_branch": {was.HomeBranch, is.HomeBranch}, "item_type": {was.ItemType, is.ItemType},
		"part": {was.Part, is.Part}, "call_number": {was.CallNumber, is.CallNumber}, "location": {was.Location, is.Location},
		"loanable": {was.Loanable, is.Loanable},
	} {
		if pair[0] != pair[1] {
			changed[name] = pair
		}
	}
	if (was.Price == nil) != (is.Price == nil) || was.Price != nil && *was.Price != *is.Price {
		changed["price"] = [2]any{was.Price, is.Price}
	}
	return changed
}

// tidyWords brings texts of a copy to NFC, and refuses what is no text.
func tidyWords(part, callNumber, location *string) error {
	for _, text := range []struct {
		field string
		value *string
	}{{"part", part}, {"call_number", callNumber}, {"location", location}} {
		if text.value == nil {
			continue
		}
		if strings.ContainsFunc(*text.value, unicode.IsControl) {
			return problem.InvalidField("body."+text.field, "must not hold control characters, such as tabs and line breaks")
		}
		*text.value = norm.NFC.String(strings.TrimSpace(*text.value))
	}
	return nil
}

func checkPrice(price *Money) error {
	if price != nil && (price.Minor < 0 || price.Minor > mostMoney || !currencyCode.MatchString(price.Currency)) {
		return problem.InvalidField("body.price", "is an amount of 0 to 10^12 minor units, and a currency of three capital letters")
	}
	return nil
}
