package borrowing

// Step is one cell of a state machine, for the tests that walk it.
type Step struct{ By, From, To string }

// ItemSteps lists every step of the life of a copy.
func ItemSteps() []Step { return steps(itemMoves) }

// LoanSteps lists every step of the life of a loan.
func LoanSteps() []Step { return steps(loanMoves) }

// HoldSteps lists every step of the life of a hold.
func HoldSteps() []Step { return steps(holdMoves) }

func steps[S ~string](m machine[S]) (list []Step) {
	for _, row := range m {
		for _, from := range row.From {
			for _, to := range row.To {
				if from != to {
					list = append(list, Step{row.By, string(from), string(to)})
				}
			}
		}
	}
	return list
}

// What moves a copy, as the machine calls it.
const (
	ByCheckingIn, ByLending, ByLendingOffline, ByUndoing, ByHand, ByLosing, ByClaiming, ByRerouting = byCheckIn, byCheckOut, byOffline, byUndoing, byHand, byLosing, byClaiming, byRerouting
)

// TryMove changes the status of a copy behind a command's back and gives the fault that this leaves.
func TryMove(from, to Status) error {
	sc := &Scene{Titles: map[int64]*Title{1: {}}}
	sc.changeItem(&Item{ID: 1, BookID: 1, Status: from}, EventItemMoved, "", func(it *Item) { it.Status = to })
	return sc.fault
}
