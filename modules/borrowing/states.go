package borrowing

import (
	"fmt"
	"slices"
)

// The state machines of copies, loans and holds. What keeps the status is no move and needs no row here. A move that no row
// allows is a mistake in the program: the command that tried it answers 500 and leaves no trace.

// move is one or more steps of a state machine: from any of some statuses, by one thing, to any of some.
type move[S ~string] struct {
	By   string
	From []S
	To   []S
}

// machine is every move that there is.
type machine[S ~string] []move[S]

// allows tells whether one status may follow another by something; "" is by anything.
func (m machine[S]) allows(by string, from, to S) bool {
	return from == to || slices.ContainsFunc(m, func(step move[S]) bool {
		return (by == "" || by == step.By) && slices.Contains(step.From, from) && slices.Contains(step.To, to)
	})
}

// What moves a copy. All of it is the one event ItemMoved, whose cause is another stream or the person at the desk.
const (
	byCheckIn   = "check-in"
	byCheckOut  = "check-out"
	byOffline   = "check-out at a desk that was offline" // the book has left, whatever was known of it
	byUndoing   = "reversal"
	byHand      = "marking"
	byRerouting = "another pickup branch"
	byLosing    = "declaring lost"
	byClaiming  = "claiming returned"
)

// itemMoves is the life of a copy.
var itemMoves = machine[Status]{
	{byCheckIn, []Status{OnOrder}, []Status{InProcess}},
	{byCheckIn, []Status{InProcess, Available, CheckedOut, OnHoldShelf, InTransit, Missing, Lost, ClaimedReturned}, []Status{Available, OnHoldShelf, InTransit}},
	{byCheckOut, []Status{Available, OnHoldShelf, InTransit}, []Status{CheckedOut}},
	{byOffline, []Status{OnOrder, InProcess, Missing, Lost, Damaged, Withdrawn}, []Status{CheckedOut}},
	{byUndoing, []Status{CheckedOut}, []Status{Available, OnHoldShelf, InTransit, OnOrder, InProcess, Missing, Lost, Damaged, Withdrawn}},
	{byHand, []Status{OnOrder, InProcess, Available, OnHoldShelf, InTransit, Missing, Lost, Damaged}, []Status{Missing, Damaged, Withdrawn}},
	{byRerouting, []Status{OnHoldShelf}, []Status{InTransit}},
	{byLosing, []Status{OnOrder, InProcess, Available, CheckedOut, OnHoldShelf, InTransit, Missing, ClaimedReturned, Damaged}, []Status{Lost}},
	{byClaiming, []Status{CheckedOut}, []Status{ClaimedReturned}},
}

// loanMoves is the life of a loan, by its events. A copy that is lost or claimed to be returned leaves its loan open.
var loanMoves = machine[LoanStatus]{
	{EventLoanClosed, []LoanStatus{LoanOpen}, []LoanStatus{LoanClosed}},
	{EventLoanReversed, []LoanStatus{LoanOpen}, []LoanStatus{LoanClosed}},
}

// holdMoves is the life of a hold, by its events. A hold that is over stays over, but for the undo of the loan that filled it.
var holdMoves = machine[HoldStatus]{
	{EventHoldCaptured, []HoldStatus{HoldWaiting}, []HoldStatus{HoldInTransit}},
	{EventHoldReady, []HoldStatus{HoldWaiting, HoldInTransit}, []HoldStatus{HoldReady}},
	{EventHoldRerouted, []HoldStatus{HoldReady}, []HoldStatus{HoldInTransit}},
	{EventHoldExpired, []HoldStatus{HoldReady}, []HoldStatus{HoldExpired}},
	{EventHoldReleased, []HoldStatus{HoldInTransit, HoldReady}, []HoldStatus{HoldWaiting}},
	{EventHoldFilled, []HoldStatus{HoldWaiting, HoldInTransit, HoldReady}, []HoldStatus{HoldFilled}},
	{EventHoldCancelled, []HoldStatus{HoldWaiting, HoldInTransit, HoldReady}, []HoldStatus{HoldCancelled}},
	{EventHoldRestored, []HoldStatus{HoldFilled}, []HoldStatus{HoldWaiting, HoldInTransit, HoldReady}},
}

// insist keeps a move that a machine does not have as the scene's fault; the command then fails.
func insist[S ~string](sc *Scene, m machine[S], stream, by string, from, to S) {
	if !m.allows(by, from, to) && sc.fault == nil {
		sc.fault = fmt.Errorf("borrowing: %s cannot become %q after %q by %q", stream, to, from, by)
	}
}
