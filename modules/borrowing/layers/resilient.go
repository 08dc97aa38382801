// Package layers are decorators of what the desk keeps and of whom it asks: each is one performance pattern, and modules.go says in
// which order they stand. They know nothing of PostgreSQL or HTTP; the tools are in platform/.
package layers

import (
	"context"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/platform/ledger"
	"bookvault/platform/resilience"
)

// Resilient puts policies before the desk's store (patterns 5 and 6): its compartment is its own, whatever the public does. Questions
// are asked anew when they failed for want of the database. A command is not: the store itself runs a transaction again that lost against
// another one, and of one whose end is not known only its Idempotency-Key can tell. What the housekeeping does takes no place
// from the desk, nor do reports: figures have a compartment of their own.
func Resilient(store borrowing.Store, stack, statistics *resilience.Stack) borrowing.Store {
	return &resilientStore{store, stack, statistics}
}

type resilientStore struct {
	borrowing.Store
	stack, statistics *resilience.Stack
}

// Transact runs one command.
func (r *resilientStore) Transact(ctx context.Context, fn func(context.Context, borrowing.Tx) error) error {
	_, err := resilience.Do(ctx, r.stack, func(ctx context.Context) (struct{}, error) { return struct{}{}, r.Store.Transact(ctx, fn) })
	return err
}

// Glimpse tells where an item stood a moment ago.
func (r *resilientStore) Glimpse(ctx context.Context, barcode string) (borrowing.Glimpse, error) {
	return ask(ctx, r.stack, r.Store.Glimpse, barcode)
}

// Glimpses tells the same of several items.
func (r *resilientStore) Glimpses(ctx context.Context, barcodes []string) (map[string]borrowing.Glimpse, error) {
	return ask(ctx, r.stack, r.Store.Glimpses, barcodes)
}

// Item reads a copy.
func (r *resilientStore) Item(ctx context.Context, barcode string) (borrowing.Item, error) {
	return ask(ctx, r.stack, r.Store.Item, barcode)
}

// ItemsOfBook lists the copies of a title.
func (r *resilientStore) ItemsOfBook(ctx context.Context, bookID, after int64, limit int) ([]borrowing.Item, error) {
	return resilience.Read(ctx, r.stack, func(ctx context.Context) ([]borrowing.Item, error) {
		return r.Store.ItemsOfBook(ctx, bookID, after, limit)
	})
}

// Loan reads a loan.
func (r *resilientStore) Loan(ctx context.Context, id int64) (borrowing.Loan, error) {
	return ask(ctx, r.stack, r.Store.Loan, id)
}

// Loans lists loans.
func (r *resilientStore) Loans(ctx context.Context, f borrowing.LoanFilter) ([]borrowing.Loan, error) {
	return ask(ctx, r.stack, r.Store.Loans, f)
}

// Hold reads a hold.
func (r *resilientStore) Hold(ctx context.Context, id int64) (borrowing.Hold, error) {
	return ask(ctx, r.stack, r.Store.Hold, id)
}

// Holds lists holds.
func (r *resilientStore) Holds(ctx context.Context, f borrowing.HoldFilter) ([]borrowing.Hold, error) {
	return ask(ctx, r.stack, r.Store.Holds, f)
}

// ChargedTo gives the member of a charge.
func (r *resilientStore) ChargedTo(ctx context.Context, chargeID int64) (int64, error) {
	return ask(ctx, r.stack, r.Store.ChargedTo, chargeID)
}

// Charges lists a member's charges.
func (r *resilientStore) Charges(ctx context.Context, f borrowing.ChargeFilter) ([]borrowing.Charge, error) {
	return ask(ctx, r.stack, r.Store.Charges, f)
}

// Owed gives what a member owes.
func (r *resilientStore) Owed(ctx context.Context, memberID int64, today borrowing.Date) (owed map[string]int64, late []borrowing.Lateness, err error) {
	owed, err = resilience.Read(ctx, r.stack, func(ctx context.Context) (amounts map[string]int64, err error) {
		amounts, late, err = r.Store.Owed(ctx, memberID, today)
		return amounts, err
	})
	return owed, late, err
}

// BorrowersOf lists the members who have a copy of a title on loan.
func (r *resilientStore) BorrowersOf(ctx context.Context, bookID int64) ([]int64, error) {
	return ask(ctx, r.stack, r.Store.BorrowersOf, bookID)
}

// Availability gives the exact counts of titles.
func (r *resilientStore) Availability(ctx context.Context, bookIDs []int64) (map[int64]borrowing.Availability, error) {
	return ask(ctx, r.stack, r.Store.Availability, bookIDs)
}

// Events reads a stream of the ledger.
func (r *resilientStore) Events(ctx context.Context, stream string, after, limit int) ([]ledger.Event, error) {
	return resilience.Read(ctx, r.stack, func(ctx context.Context) ([]ledger.Event, error) { return r.Store.Events(ctx, stream, after, limit) })
}

// HoldShelf lists the copies on a hold shelf.
func (r *resilientStore) HoldShelf(ctx context.Context, f borrowing.ListFilter, since borrowing.Date) ([]borrowing.Shelved, error) {
	return resilience.Read(ctx, r.stack, func(ctx context.Context) ([]borrowing.Shelved, error) { return r.Store.HoldShelf(ctx, f, since) })
}

// Transit lists the copies that travel.
func (r *resilientStore) Transit(ctx context.Context, f borrowing.ListFilter) ([]borrowing.Travelling, error) {
	return ask(ctx, r.stack, r.Store.Transit, f)
}

// Uncollected lists the loans that were not handed over.
func (r *resilientStore) Uncollected(ctx context.Context, f borrowing.ListFilter) ([]borrowing.Fetch, error) {
	return ask(ctx, r.stack, r.Store.Uncollected, f)
}

// Queues gives the waiting holds of titles.
func (r *resilientStore) Queues(ctx context.Context, f borrowing.ListFilter) ([]borrowing.Queue, error) {
	return ask(ctx, r.stack, r.Store.Queues, f)
}

// Policy reads the library's own order.
func (r *resilientStore) Policy(ctx context.Context) (*borrowing.Policy, error) {
	return resilience.Read(ctx, r.stack, r.Store.Policy)
}

// Editions lists the editions of a part of that order.
func (r *resilientStore) Editions(ctx context.Context, stream string, before, limit int) ([]ledger.Event, error) {
	return resilience.Read(ctx, r.stack, func(ctx context.Context) ([]ledger.Event, error) { return r.Store.Editions(ctx, stream, before, limit) })
}

// Circulation gives the figures of a period.
func (r *resilientStore) Circulation(ctx context.Context, f borrowing.StatisticsFilter) (borrowing.Circulation, error) {
	return ask(ctx, r.statistics, r.Store.Circulation, f)
}

// MostBorrowed lists titles by their loans.
func (r *resilientStore) MostBorrowed(ctx context.Context, p borrowing.Period, limit int) (borrowing.Ranking, error) {
	return resilience.Read(ctx, r.statistics, func(ctx context.Context) (borrowing.Ranking, error) { return r.Store.MostBorrowed(ctx, p, limit) })
}

// HistoriesAt makes streams as they were.
func (r *resilientStore) HistoriesAt(ctx context.Context, streams []string, at time.Time) (map[string]*borrowing.History, error) {
	return resilience.Read(ctx, r.stack, func(ctx context.Context) (map[string]*borrowing.History, error) {
		return r.Store.HistoriesAt(ctx, streams, at)
	})
}

// BarcodesAt gives the barcodes of then.
func (r *resilientStore) BarcodesAt(ctx context.Context, items []int64, at time.Time) (map[int64]string, error) {
	return resilience.Read(ctx, r.stack, func(ctx context.Context) (map[int64]string, error) { return r.Store.BarcodesAt(ctx, items, at) })
}

// NewestAt gives the newest event of a stream at an instant.
func (r *resilientStore) NewestAt(ctx context.Context, stream string, at time.Time) (e ledger.Event, found bool, err error) {
	e, err = resilience.Read(ctx, r.stack, func(ctx context.Context) (newest ledger.Event, err error) {
		newest, found, err = r.Store.NewestAt(ctx, stream, at)
		return newest, err
	})
	return e, found, err
}

// AccountAt gives an account as it was.
func (r *resilientStore) AccountAt(ctx context.Context, f borrowing.ChargeFilter, at time.Time, day borrowing.Date) (owed map[string]int64, charges []borrowing.Charge, err error) {
	owed, err = resilience.Read(ctx, r.stack, func(ctx context.Context) (amounts map[string]int64, err error) {
		amounts, charges, err = r.Store.AccountAt(ctx, f, at, day)
		return amounts, err
	})
	return owed, charges, err
}

// Trail lists events of the ledger.
func (r *resilientStore) Trail(ctx context.Context, f borrowing.TrailFilter) ([]ledger.Event, error) {
	return ask(ctx, r.stack, r.Store.Trail, f)
}

// ask is resilience.Read for a question of one part.
func ask[Q, A any](ctx context.Context, s *resilience.Stack, fn func(context.Context, Q) (A, error), question Q) (A, error) {
	return resilience.Read(ctx, s, func(ctx context.Context) (A, error) { return fn(ctx, question) })
}
