package borrowing

import (
	"time"

	"bookvault/platform/ledger"
)

// KeptState makes the version 0 of a stream whose events do not say all that its row holds, since they are older than that: the state
// of the row at its version, in which history is complete from then on. It names no member. ok is false when the events say all, so
// that nothing need be kept.
func (h *History) KeptState(row any, now time.Time) (e ledger.Event, ok bool) {
	if len(h.Differs(row)) == 0 {
		return e, false
	}
	kept := baseline{}
	switch r := row.(type) {
	case *Item:
		state := stateOfItem(r)
		kept.Version, kept.Item = r.Version, &state
	case *Loan:
		state := stateOfLoan(r)
		kept.Version, kept.Loan = r.Version, &state
	case *Hold:
		state := stateOfHold(r)
		kept.Version, kept.Hold = r.Version, &state
	default:
		return e, false
	}
	return ledger.Event{Stream: h.Stream, Version: ledger.Baseline, Type: EventStateKept, Data: ledger.Encode(kept), Actor: "system", At: now,
		Reason: "what the row held when events began to keep all of it"}, true
}
