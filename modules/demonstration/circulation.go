package demonstration

import (
	"slices"
	"time"
)

// wanted are works of which every copy is out and for which readers wait, with the number of readers.
var wanted = map[string]int{
	"Mắt biếc": 3, "Số đỏ": 2, "Nineteen Eighty-Four": 2, "Cánh đồng bất tận": 1, "三体": 1,
}

// How many days ago the loans were opened, in turn. With three weeks a loan the last ones are overdue.
var daysAgo = []int{1, 2, 4, 6, 9, 11, 13, 16, 18, 19, 20, 24, 30, 41}

// daysShort is the same for short loans of a week.
var daysShort = []int{1, 3, 5, 10}

// loansEach is how many loans a reader has at most: below every limit of the rules.
const loansEach = 3

// loansAndHolds plans what has been lent and who waits: the wanted works wholly, of the rest one copy in twenty-nine, and a few
// for the patron that one signs in as. It is the same for the same works; only the moments follow from now.
func loansAndHolds(works []Work, ids []int64, copies []Copy, now time.Time) (loans []Loan, holds []Hold) {
	readers, has, next := borrowers(), map[string]int{}, 0
	taken := map[string]map[int64]bool{} // card -> titles it has to do with
	reader := func(book int64) string {
		for range 2 * len(readers) {
			card := readers[next%len(readers)]
			next++
			if has[card] < loansEach && !taken[card][book] {
				return card
			}
		}
		return ""
	}
	take := func(card string, book int64) {
		if taken[card] == nil {
			taken[card] = map[int64]bool{}
		}
		taken[card][book] = true
	}
	lend := func(card string, c Copy) {
		if card == "" {
			return
		}
		days := daysAgo[len(loans)%len(daysAgo)]
		if c.ItemType == shortLoan {
			days = daysShort[len(loans)%len(daysShort)]
		}
		at := now.Add(-time.Duration(days)*24*time.Hour - time.Duration(7*len(loans)%60)*time.Minute)
		loans = append(loans, Loan{Card: card, Barcode: c.Barcode, Branch: c.Branch, OpenedAt: at})
		has[card]++
		take(card, c.BookID)
	}

	waiting := map[int64]int{}
	for i, w := range works {
		if n := wanted[w.Title]; n > 0 {
			waiting[ids[i]] = n
		}
	}
	patronHas := 0
	for i, c := range copies {
		switch {
		case !c.Loanable:
		case waiting[c.BookID] > 0:
			lend(reader(c.BookID), c)
		case i%29 == 7:
			lend(reader(c.BookID), c)
		case i%401 == 100 && patronHas < 4:
			lend(patronCard, c)
			patronHas++
		}
	}
	for _, id := range ids { // in the order of the works, so that the queues are the same at every start
		for n := range waiting[id] {
			card := patronCard
			if n > 0 || slices.ContainsFunc(holds, func(h Hold) bool { return h.Card == patronCard }) {
				card = reader(id)
			}
			if card == "" {
				continue
			}
			take(card, id)
			holds = append(holds, Hold{Card: card, BookID: id, PickupBranch: []string{central, riverside}[n%2]})
		}
	}
	return loans, holds
}
