package borrowing

import (
	"context"

	"bookvault/platform/housekeeping"
)

// keysAtOnce is how many old Idempotency-Keys one transaction deletes.
const keysAtOnce = 1000

// chainAtOnce is how many events one transaction gives hashes to.
const chainAtOnce = 2000

// Housekeeping lists what the desk does because time has passed, in the order in which a round does it. Each step finds its work
// by looking at what is, in bounded batches, so that a round that comes late or twice leaves the same behind.
func (s *Service) Housekeeping() []housekeeping.Step {
	return []housekeeping.Step{
		{Name: "hold_shelf_dates", Run: s.FollowCalendar},
		{Name: "expired_holds", Run: s.expireHolds},
		{Name: "uncollected_loans", Run: s.reverseUncollected},
		{Name: "idempotency_keys", Run: s.forgetOldKeys},
		{Name: "lost", Run: s.loseOverdue},
		{Name: "outbox", Run: s.forgetMessages},
		{Name: "borrowers", Run: s.forgetBorrowers}, // when all that follows a return has been done
		{Name: "forgotten_notices", Run: func(ctx context.Context) (int, error) { return s.store.ForgetNotices(ctx, noticesAtOnce) }},

		// After what changes loans and holds, so that members hear of what is, and last of all: a slow mail server delays nothing.
		{Name: "due_soon_notices", Run: s.makeNotices(NoticeDueSoon)},
		{Name: "overdue_notices", Run: s.makeNotices(NoticeOverdue)},
		{Name: "hold_expiring_notices", Run: s.makeNotices(NoticeHoldExpiring)},
		{Name: "untrue_notices", Run: s.cancelNotices},
		{Name: "letters", Run: s.sendNotices},

		// Only after an upgrade is there anything to do; it may take minutes, so it comes behind what members wait for.
		{Name: "ledger_chain", Run: func(ctx context.Context) (int, error) { return s.store.ChainLedger(ctx, s.now(), chainAtOnce) }},
	}
}

// forgetOldKeys deletes Idempotency-Keys that are older than 30 days.
func (s *Service) forgetOldKeys(ctx context.Context) (deleted int, err error) {
	return s.store.ForgetKeys(ctx, s.now().Add(-keyLifetime), keysAtOnce)
}
