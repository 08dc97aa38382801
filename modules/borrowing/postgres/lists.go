package postgres

import (
	"context"
	"time"

	"bookvault/modules/borrowing"
)

// The lists that a desk works by are read from the primary's or a replica's rows in pages by id, each along an index of its own
// (migrations/0006_holds.sql): what they cost is what they give.

const itemsAsI = `i.id, i.barcode, i.book_id, i.home_branch, i.current_branch, i.item_type, i.part, i.call_number, i.location, i.price_minor, i.price_currency,
	i.loanable, i.status, i.transit_to, i.slip_hold, i.created_at, i.version`

type shelvedRow struct {
	Item         itemRow `gorm:"embedded"`
	HoldID       *int64  `gorm:"column:hold_id"`
	MemberID     *int64  `gorm:"column:member_id"`
	HoldStatus   *string `gorm:"column:hold_status"`
	PickupBranch *string `gorm:"column:pickup_branch"`
	ExpiresOn    *day    `gorm:"column:expires_on"`
	ToClear      bool    `gorm:"column:to_clear"`
}

// HoldShelf lists the copies on a hold shelf.
func (s *Store) HoldShelf(ctx context.Context, f borrowing.ListFilter, since borrowing.Date) ([]borrowing.Shelved, error) {
	var found []shelvedRow
	err := s.db.Read(ctx).Raw(`SELECT * FROM (
			SELECT `+itemsAsI+`, h.id AS hold_id, h.member_id, h.status AS hold_status, h.pickup_branch, h.expires_on,
				r.id IS NULL OR r.ready_on <= ? AS to_clear
			FROM borrowing.items i
			LEFT JOIN borrowing.holds r ON r.captured_item = i.id AND r.status = 'ready'
			LEFT JOIN borrowing.holds h ON h.id = coalesce(r.id, i.slip_hold)
			WHERE i.current_branch = ? AND i.status = 'on_hold_shelf' AND i.id > ?) shelf
		WHERE to_clear = ? ORDER BY id LIMIT ?`, since.Midnight(), f.Branch, f.After, f.Clear, f.Limit).Find(&found).Error
	list := make([]borrowing.Shelved, len(found))
	for i, r := range found {
		list[i] = borrowing.Shelved{Item: r.Item.item(), Clear: r.ToClear, Hold: borrowing.Hold{ID: value(r.HoldID), MemberID: value(r.MemberID),
			Status: borrowing.HoldStatus(value(r.HoldStatus)), PickupBranch: value(r.PickupBranch), ExpiresOn: toDate(r.ExpiresOn)}}
	}
	return list, reading("the hold shelf", err)
}

// Transit lists the copies that travel to a branch or have to leave it: two index ranges, each cut to what is wanted.
func (s *Store) Transit(ctx context.Context, f borrowing.ListFilter) ([]borrowing.Travelling, error) {
	var found []struct {
		Item   itemRow `gorm:"embedded"`
		HoldID *int64  `gorm:"column:hold_id"`
	}
	err := s.db.Read(ctx).Raw(`SELECT `+itemsAsI+`, h.id AS hold_id
		FROM ((SELECT * FROM borrowing.items WHERE transit_to = ? AND status = 'in_transit' AND id > ? ORDER BY id LIMIT ?)
			UNION (SELECT * FROM borrowing.items WHERE current_branch = ? AND status = 'in_transit' AND id > ? ORDER BY id LIMIT ?)) i
		LEFT JOIN borrowing.holds h ON h.captured_item = i.id AND h.status = 'in_transit'
		ORDER BY i.id LIMIT ?`, f.Branch, f.After, f.Limit, f.Branch, f.After, f.Limit, f.Limit).Find(&found).Error
	list := make([]borrowing.Travelling, len(found))
	for i, r := range found {
		list[i] = borrowing.Travelling{Item: r.Item.item(), HoldID: value(r.HoldID)}
	}
	return list, reading("what is in transit", err)
}

// Uncollected lists open web loans whose copies nobody has handed over.
func (s *Store) Uncollected(ctx context.Context, f borrowing.ListFilter) ([]borrowing.Fetch, error) {
	var found []struct {
		Item     itemRow   `gorm:"embedded"`
		MemberID *int64    `gorm:"column:member_id"`
		LoanID   int64     `gorm:"column:loan_id"`
		OpenedAt time.Time `gorm:"column:opened_at"`
	}
	err := s.db.Read(ctx).Raw(`SELECT `+itemsAsI+`, l.member_id, l.id AS loan_id, l.opened_at
		FROM borrowing.loans l JOIN borrowing.items i ON i.id = l.item_id
		WHERE i.current_branch = ? AND l.status = 'open' AND l.collected_at IS NULL AND i.status = 'checked_out' AND l.id > ?
		ORDER BY l.id LIMIT ?`, f.Branch, f.After, f.Limit).Find(&found).Error
	list := make([]borrowing.Fetch, len(found))
	for i, r := range found {
		list[i] = borrowing.Fetch{Item: r.Item.item(), MemberID: value(r.MemberID), LoanID: r.LoanID, OpenedAt: r.OpenedAt.UTC()}
	}
	return list, reading("web loans to collect", err)
}

// Queues gives titles for which somebody waits while a branch has a copy. Titles whose copies are all out, the most of those with a
// queue, are passed over by their counts.
func (s *Store) Queues(ctx context.Context, f borrowing.ListFilter) ([]borrowing.Queue, error) {
	db := s.db.Read(ctx)
	var books []int64
	err := db.Raw(`SELECT DISTINCT h.book_id FROM borrowing.holds h JOIN borrowing.titles t ON t.book_id = h.book_id AND t.available > 0
		WHERE h.status = 'waiting' AND h.book_id > ? AND EXISTS (SELECT FROM borrowing.items i
			WHERE i.book_id = h.book_id AND i.status = 'available' AND i.loanable AND i.current_branch = ?)
		ORDER BY h.book_id LIMIT ?`, f.After, f.Branch, f.Limit).Find(&books).Error
	if err != nil || len(books) == 0 {
		return nil, reading("titles to pull", err)
	}
	queues, at := make([]borrowing.Queue, len(books)), map[int64]int{}
	for i, id := range books {
		queues[i].BookID, at[id] = id, i
	}
	var holds []struct {
		Hold          holdRow `gorm:"embedded"`
		MemberExpires *day    `gorm:"column:member_expires_on"`
		MemberBlocked *bool   `gorm:"column:blocked"`
	}
	err = db.Raw(`SELECT `+holdColumns+`, a.expires_on AS member_expires_on, a.blocked
		FROM borrowing.holds h LEFT JOIN borrowing.accounts a ON a.member_id = h.member_id
		WHERE h.book_id = ANY(?::bigint[]) AND h.status = 'waiting' ORDER BY h.book_id, h.place`, ids(books)).Find(&holds).Error
	if err != nil {
		return nil, reading("holds to pull for", err)
	}
	for _, r := range holds {
		h := r.Hold.hold()
		h.Standing = borrowing.Standing{ExpiresOn: toDate(r.MemberExpires), Blocked: value(r.MemberBlocked)}
		queues[at[h.BookID]].Holds = append(queues[at[h.BookID]].Holds, h)
	}
	var items []itemRow
	err = db.Raw(`SELECT `+itemColumns+` FROM borrowing.items WHERE book_id = ANY(?::bigint[]) AND status = 'available' AND loanable ORDER BY id`, ids(books)).Find(&items).Error
	for _, r := range items {
		queues[at[r.BookID]].Copies = append(queues[at[r.BookID]].Copies, r.item())
	}
	return queues, reading("copies to pull", err)
}
