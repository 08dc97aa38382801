package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"

	"bookvault/modules/borrowing"
	"bookvault/platform/database"
	"bookvault/platform/ledger"
)

// Glimpse reads from the primary: a command that follows locks what it saw.
func (s *Store) Glimpse(ctx context.Context, barcode string) (g borrowing.Glimpse, err error) {
	found, err := s.Glimpses(ctx, []string{barcode})
	g, there := found[barcode]
	if err == nil && !there {
		err = borrowing.ErrNotFound
	}
	return g, err
}

// Glimpses tells where items stand. Each costs every command at the desk a round trip, so it goes straight to pgx.
func (s *Store) Glimpses(ctx context.Context, barcodes []string) (map[string]borrowing.Glimpse, error) {
	rows, err := s.db.Pool().Query(ctx, `SELECT i.barcode, i.id, i.book_id, CASE WHEN l.collected_at IS NULL THEN coalesce(l.branch, '') ELSE '' END,
			coalesce(l.member_id, (SELECT member_id FROM borrowing.loans WHERE item_id = i.id AND lost_on IS NOT NULL AND returned_on IS NULL AND closed_by = 'settled'
				ORDER BY id DESC LIMIT 1), 0)
		FROM borrowing.items i LEFT JOIN borrowing.loans l ON l.item_id = i.id AND l.status = 'open' WHERE i.barcode = ANY($1)`, database.Keys(barcodes))
	if err != nil {
		return nil, reading("item", err)
	}
	found := make(map[string]borrowing.Glimpse, len(barcodes))
	var barcode string
	var g borrowing.Glimpse
	_, err = pgx.ForEachRow(rows, []any{&barcode, &g.ItemID, &g.BookID, &g.WaitsAt, &g.BorrowerID}, func() error {
		found[barcode] = g
		return nil
	})
	return found, reading("item", err)
}

// shownItem is an item with the due date of its open loan.
type shownItem struct {
	Item  itemRow `gorm:"embedded"`
	DueOn *day    `gorm:"column:due_on"`
}

func (r shownItem) item() borrowing.Item {
	it := r.Item.item()
	it.DueOn = toDate(r.DueOn)
	return it
}

func (s *Store) items(ctx context.Context) *gorm.DB {
	return s.db.Read(ctx).Table("borrowing.items AS i").Select("i.*, l.due_on").
		Joins("LEFT JOIN borrowing.loans l ON l.item_id = i.id AND l.status = 'open'")
}

// Item gives one copy.
func (s *Store) Item(ctx context.Context, barcode string) (borrowing.Item, error) {
	var row shownItem
	err := s.items(ctx).Where("i.barcode = ?", barcode).Take(&row).Error
	return row.item(), reading("item", err)
}

// ItemsOfBook lists the copies of a title.
func (s *Store) ItemsOfBook(ctx context.Context, bookID, after int64, limit int) ([]borrowing.Item, error) {
	var found []shownItem
	if err := s.items(ctx).Where("i.book_id = ? AND i.id > ?", bookID, after).Order("i.id").Limit(limit).Find(&found).Error; err != nil {
		return nil, reading("items of a title", err)
	}
	items := make([]borrowing.Item, len(found))
	for i, r := range found {
		items[i] = r.item()
	}
	return items, nil
}

func (s *Store) loans(ctx context.Context) *gorm.DB {
	return s.db.Read(ctx).Table("borrowing.loans AS l").Select(loanColumns).Joins("JOIN borrowing.items i ON i.id = l.item_id")
}

// Loan gives one loan. Where a replica does not have it (yet), the primary is asked: the desk may just have opened it.
func (s *Store) Loan(ctx context.Context, id int64) (borrowing.Loan, error) {
	var row loanRow
	err := s.loans(ctx).Where("l.id = ?", id).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		err = s.loans(database.Primary(ctx)).Where("l.id = ?", id).Take(&row).Error
	}
	return row.loan(), reading("loan", err)
}

// Loans lists loans, newest first.
func (s *Store) Loans(ctx context.Context, f borrowing.LoanFilter) ([]borrowing.Loan, error) {
	q := s.loans(ctx).Order("l.id DESC").Limit(f.Limit)
	if f.MemberID != 0 {
		q = q.Where("l.member_id = ?", f.MemberID)
	}
	if f.Status != "" {
		q = q.Where("l.status = ?", string(f.Status))
	}
	if f.Claimed {
		q = q.Where("l.status = 'open' AND l.claimed_on IS NOT NULL")
	}
	if f.Overdue {
		q = q.Where("l.status = 'open' AND l.due_at < ?", f.Now)
	}
	if f.Branch != "" {
		q = q.Where("l.branch = ?", f.Branch)
	}
	if !f.OpenedBy.IsZero() {
		q = q.Where("l.opened_at <= ?", f.OpenedBy)
	}
	if !f.ClosedAfter.IsZero() {
		q = q.Where("(l.closed_at IS NULL OR l.closed_at > ?)", f.ClosedAfter)
	}
	if f.Exceptions {
		q = q.Where("l.explanation -> 'exceptions' IS NOT NULL")
	}
	if f.Before != 0 {
		q = q.Where("l.id < ?", f.Before)
	}
	var found []loanRow
	if err := q.Find(&found).Error; err != nil {
		return nil, reading("loans", err)
	}
	loans := make([]borrowing.Loan, len(found))
	for i, r := range found {
		loans[i] = r.loan()
	}
	return loans, nil
}

// BorrowersOf reads from the primary: a command that follows locks them.
func (s *Store) BorrowersOf(ctx context.Context, bookID int64) (members []int64, err error) {
	err = s.db.Read(database.Primary(ctx)).Raw(`SELECT DISTINCT l.member_id FROM borrowing.items i JOIN borrowing.loans l ON l.item_id = i.id AND l.status = 'open'
		WHERE i.book_id = ? ORDER BY l.member_id`, bookID).Find(&members).Error
	return members, reading("who has a title on loan", err)
}

// Availability reads the counts from the primary: they are exact, and no replica's lag shows.
func (s *Store) Availability(ctx context.Context, bookIDs []int64) (map[int64]borrowing.Availability, error) {
	var found []struct {
		BookID    int64
		Items     int
		Available int
		Holds     int
		Version   int64
	}
	err := s.db.Read(database.Primary(ctx)).Raw(`SELECT book_id, items, available, holds, version FROM borrowing.titles WHERE book_id = ANY(?::bigint[])`, ids(bookIDs)).
		Find(&found).Error
	counts := make(map[int64]borrowing.Availability, len(found))
	for _, r := range found {
		counts[r.BookID] = borrowing.Availability{BookID: r.BookID, Items: r.Items, Available: r.Available, Holds: r.Holds, Version: r.Version}
	}
	return counts, reading("availability", err)
}

// Events reads a stream of the ledger.
func (s *Store) Events(ctx context.Context, stream string, after, limit int) ([]ledger.Event, error) {
	return s.ledger.Read(ctx, s.db.Pool(), stream, after, limit)
}

// reading words a failed read; what is not there is borrowing.ErrNotFound.
func reading(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, gorm.ErrRecordNotFound):
		return borrowing.ErrNotFound
	}
	return fmt.Errorf("read %s: %w", what, err)
}
