package borrowing

import (
	"context"

	"bookvault/platform/housekeeping"
)

// keysAtOnce is how many old Idempotency-Keys one transaction deletes.
const keysAtOnce = 1000

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
		{Name: "borrowers", Run: s.forgetBorrowers}, // last, when all that follows a return has been done
	}
}

// forgetOldKeys deletes Idempotency-Keys that are older than 30 days.
func (s *Service) forgetOldKeys(ctx context.Context) (deleted int, err error) {
	return s.store.ForgetKeys(ctx, s.now().Add(-keyLifetime), keysAtOnce)
}
