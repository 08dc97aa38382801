package layers

import (
	"context"
	"time"

	"bookvault/modules/members"
	"bookvault/platform/resilience"
)

// Resilient puts policies before the members' store (patterns 5 and 6). It has two compartments: one for everybody, and one for the desk,
// so that a flood of sign-ins keeps nobody from borrowing; ofDesk tells for whom a call is. What only reads is made anew when it
// failed for want of the database; what writes is not. What commands, the housekeeping and the queue do takes no place.
func Resilient(store members.Store, everybody, desk *resilience.Stack, ofDesk func(context.Context) bool) members.Store {
	return &resilient{store, everybody, desk, ofDesk}
}

type resilient struct {
	members.Store
	everybody, desk *resilience.Stack
	ofDesk          func(context.Context) bool
}

// placeKey marks the context of whoever has a place: what they ask on the way needs no second one.
type placeKey struct{}

func placed(ctx context.Context) bool { return ctx.Value(placeKey{}) != nil }

func (r *resilient) stack(ctx context.Context) *resilience.Stack {
	if r.ofDesk(ctx) {
		return r.desk
	}
	return r.everybody
}

// read makes a call that changes nothing.
func read[T any](ctx context.Context, r *resilient, fn func(context.Context) (T, error)) (T, error) {
	if placed(ctx) {
		return fn(ctx)
	}
	return resilience.Read(ctx, r.stack(ctx), fn)
}

// write makes a call that changes something.
func write[T any](ctx context.Context, r *resilient, fn func(context.Context) (T, error)) (T, error) {
	if placed(ctx) {
		return fn(ctx)
	}
	return resilience.Do(ctx, r.stack(ctx), fn)
}

// change is write for what gives nothing but an error.
func change(ctx context.Context, r *resilient, fn func(context.Context) error) error {
	_, err := write(ctx, r, func(ctx context.Context) (struct{}, error) { return struct{}{}, fn(ctx) })
	return err
}

// Answer carries a command out once. What it asks of the store meanwhile goes by its place.
func (r *resilient) Answer(ctx context.Context, o members.Once, run func(context.Context) ([]byte, int64, error)) ([]byte, error) {
	return write(ctx, r, func(ctx context.Context) ([]byte, error) {
		return r.Store.Answer(context.WithValue(ctx, placeKey{}, true), o, run)
	})
}

// Insert stores a new member.
func (r *resilient) Insert(ctx context.Context, a members.Account, passwordHash string, entry members.AuditEntry) (members.Member, error) {
	return write(ctx, r, func(ctx context.Context) (members.Member, error) { return r.Store.Insert(ctx, a, passwordHash, entry) })
}

// ByCards finds members by cards.
func (r *resilient) ByCards(ctx context.Context, keys []string) (map[string]members.Held, error) {
	return read(ctx, r, func(ctx context.Context) (map[string]members.Held, error) { return r.Store.ByCards(ctx, keys) })
}

// ByIDs finds members.
func (r *resilient) ByIDs(ctx context.Context, ids []int64) ([]members.Member, error) {
	return read(ctx, r, func(ctx context.Context) ([]members.Member, error) { return r.Store.ByIDs(ctx, ids) })
}

// Edit changes a member.
func (r *resilient) Edit(ctx context.Context, id int64, edit func(members.Member) (members.Account, []members.AuditEntry, error)) (members.Member, error) {
	return write(ctx, r, func(ctx context.Context) (members.Member, error) { return r.Store.Edit(ctx, id, edit) })
}

// Search lists members.
func (r *resilient) Search(ctx context.Context, q members.Search) ([]members.Account, error) {
	return read(ctx, r, func(ctx context.Context) ([]members.Account, error) { return r.Store.Search(ctx, q) })
}

// NextCardNumber gives the number of the next card.
func (r *resilient) NextCardNumber(ctx context.Context) (int64, error) {
	return write(ctx, r, func(ctx context.Context) (int64, error) { return r.Store.NextCardNumber(ctx) })
}

// Categories lists categories.
func (r *resilient) Categories(ctx context.Context) ([]members.Category, error) {
	return read(ctx, r, func(ctx context.Context) ([]members.Category, error) { return r.Store.Categories(ctx) })
}

// AddCategory stores a category.
func (r *resilient) AddCategory(ctx context.Context, c members.Category, entry members.AuditEntry) error {
	return change(ctx, r, func(ctx context.Context) error { return r.Store.AddCategory(ctx, c, entry) })
}

// EditCategory changes a category.
func (r *resilient) EditCategory(ctx context.Context, code string, edit func(members.Category) (members.Category, error), entry members.AuditEntry) (members.Category, error) {
	return write(ctx, r, func(ctx context.Context) (members.Category, error) {
		return r.Store.EditCategory(ctx, code, edit, entry)
	})
}

// RemoveCategory deletes a category.
func (r *resilient) RemoveCategory(ctx context.Context, code string, entry members.AuditEntry) error {
	return change(ctx, r, func(ctx context.Context) error { return r.Store.RemoveCategory(ctx, code, entry) })
}

// Merge makes two accounts one.
func (r *resilient) Merge(ctx context.Context, from, into int64, decide func(from, into members.Member) (members.Account, []members.AuditEntry, error)) (members.Member, error) {
	return write(ctx, r, func(ctx context.Context) (members.Member, error) { return r.Store.Merge(ctx, from, into, decide) })
}

// Remove deletes an account.
func (r *resilient) Remove(ctx context.Context, id int64, now time.Time, decide func(members.Member) (members.AuditEntry, error)) error {
	return change(ctx, r, func(ctx context.Context) error { return r.Store.Remove(ctx, id, now, decide) })
}

// RecordAudit notes who read or changed what.
func (r *resilient) RecordAudit(ctx context.Context, entries ...members.AuditEntry) error {
	return change(ctx, r, func(ctx context.Context) error { return r.Store.RecordAudit(ctx, entries...) })
}

// Audit lists such notes.
func (r *resilient) Audit(ctx context.Context, f members.AuditFilter) ([]members.RecordedEntry, error) {
	return read(ctx, r, func(ctx context.Context) ([]members.RecordedEntry, error) { return r.Store.Audit(ctx, f) })
}
