package borrowing

import (
	"context"
	"time"

	"bookvault/platform/ledger"
)

// TrailPlace is where a part of the audit trail ends.
type TrailPlace struct {
	At       time.Time `json:"a"`
	Position int64     `json:"p"`
}

// TrailFilter says which events of the ledger to list, newest first.
type TrailFilter struct {
	Stream       string    // "": every stream
	Type         string    // "": every type
	Actor        string    // "": whoever it was
	Since, Until time.Time // recorded from, and before; zero: no bound
	Before       TrailPlace
	Limit        int
}

// Trail is what happened at the desk, by whom, when and why, newest first, for librarians: at most f.Limit events, and whether there are
// more. It names no member of the public; borrower_ref stands for them, and leads to nobody once who borrowed was forgotten.
func (s *Service) Trail(ctx context.Context, f TrailFilter) ([]ledger.Event, bool, error) {
	if err := needLibrarian(ctx); err != nil {
		return nil, false, err
	}
	limit := f.Limit
	f.Limit++
	events, err := s.store.Trail(ctx, f)
	if err != nil {
		return nil, false, err
	}
	return events[:min(len(events), limit)], len(events) > limit, nil
}
