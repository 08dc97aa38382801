package borrowing

import (
	"context"

	"bookvault/platform/identity"
)

// What staff read, as it is recorded. Which loan or hold it was is not: that would lead from the member to the loan for as long as the
// record is kept, which is longer than the link itself.
const (
	readMember  = "account_read" // who they are: as the members module calls it when it answers that itself
	readLoans   = "loans_read"
	readHolds   = "holds_read"
	readAccount = "charges_read"
	readNotices = "notices_read"
)

// staffReads begins to record that the caller, if staff, reads of what somebody else has here; memberID 0 is everybody. It is recorded
// while the answer is read, so that it takes no time of its own; the function that it gives waits until it is, and without that there is
// no answer.
func (s *Service) staffReads(ctx context.Context, memberID int64, what ...string) (recorded func() error) {
	p, _ := identity.FromContext(ctx)
	if s.settings.StaffRead == nil || !p.May(identity.Desk) || p.SignedIn() && p.MemberID == memberID {
		return func() error { return nil }
	}
	done := make(chan error, 1)
	go func() { done <- s.settings.StaffRead(ctx, memberID, what...) }()
	return func() error { return <-done }
}

// staffReadsOne is staffReads for one loan or hold: one whose link to its member was cut is nobody's.
func (s *Service) staffReadsOne(ctx context.Context, memberID int64, what string) (recorded func() error) {
	if memberID == 0 {
		return func() error { return nil }
	}
	return s.staffReads(ctx, memberID, what)
}
