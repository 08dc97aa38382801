package borrowing

import (
	"fmt"

	"bookvault/platform/problem"
)

// Limits are counted under the lock of the member's account, so that two desks cannot both pass the last one. A rule's limit
// counts within the rule's item type; the total of a category counts everything.

// judgeLoanLimits refuses one loan more than the rule or the member's category grants.
func (sc *Scene) judgeLoanLimits(a *Account, category string, rule Rule) (reasons []problem.Reason) {
	if n := a.Loans(rule.ItemType); n >= rule.LoanLimit {
		reasons = append(reasons, overridable(LoanLimitReached, fmt.Sprintf("The member has %d loans%s; the limit of the rule is %d.", n, ofType(rule.ItemType), rule.LoanLimit)))
	}
	if n, total := a.Loans(""), sc.Policy.Categories[category].LoanTotal; total > 0 && n >= total {
		reasons = append(reasons, overridable(LoanLimitReached, fmt.Sprintf("The member has %d loans in all; the total for the category %s is %d.", n, category, total)))
	}
	return reasons
}

// judgeHoldLimits refuses one hold more than the rule or the member's category grants. The rule is that of the pickup branch, the
// member's category and the type of the copies that could fill the hold. Where these are of several types, the one that grants
// most decides: any of them would do.
func (sc *Scene) judgeHoldLimits(a *Account, category, pickup string, itemTypes []string) (reasons []problem.Reason) {
	ruled, granted, most, against := false, false, -1, ""
	for _, itemType := range itemTypes {
		rule, found := sc.Policy.RuleFor(RuleKey{Branch: pickup, Category: category, ItemType: itemType})
		if !found {
			continue
		}
		ruled = true
		n := a.Holds(rule.ItemType)
		granted = granted || n < rule.HoldLimit
		if rule.HoldLimit > most {
			most, against = rule.HoldLimit, fmt.Sprintf("The member has %d holds%s; the limit of the rule is %d.", n, ofType(rule.ItemType), rule.HoldLimit)
		}
	}
	switch {
	case len(itemTypes) > 0 && !ruled:
		reasons = append(reasons, final(NoRule, "No rule of the library says that this may be lent there."))
	case ruled && !granted:
		reasons = append(reasons, overridable(HoldLimitReached, against))
	}
	if n, total := a.Holds(""), sc.Policy.Categories[category].HoldTotal; total > 0 && n >= total {
		reasons = append(reasons, overridable(HoldLimitReached, fmt.Sprintf("The member has %d holds in all; the total for the category %s is %d.", n, category, total)))
	}
	return reasons
}

func ofType(itemType string) string {
	if itemType == "" {
		return ""
	}
	return " of the item type " + itemType
}

// holdTypes are the item types of the copies that can fill a hold: of the copy that it is bound to, else of the title's.
func (sc *Scene) holdTypes(bookID, itemID int64) []string {
	if it := sc.Items[itemID]; it != nil {
		return []string{it.ItemType}
	}
	return sc.ItemTypes[bookID]
}

// countHold adds a hold that becomes live, or takes one off that is over, where the scene counts its member's holds.
func (sc *Scene) countHold(h *Hold, live bool) {
	a, n := sc.Accounts[h.MemberID], 1
	if a == nil || a.HoldsByType == nil {
		return
	}
	if !live {
		n = -1
	}
	a.AllHolds += n
	for _, itemType := range sc.holdTypes(h.BookID, h.ItemID) {
		a.HoldsByType[itemType] += n
	}
}
