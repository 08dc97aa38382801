package borrowing

import (
	"cmp"
	"slices"
)

// Branch is a place of the library.
type Branch struct {
	Code string `json:"code"`
	Name string `json:"name"`
	Sort int    `json:"sort"`
}

// ItemType is a kind of copy, by which rules and limits differ.
type ItemType struct {
	Code string `json:"code"`
	Name string `json:"name"`
	Sort int    `json:"sort"`
}

// RenewFrom says from which day a renewal counts.
type RenewFrom string

// The two days a renewal can count from.
const (
	RenewFromDue   RenewFrom = "due_date"
	RenewFromToday RenewFrom = "today"
)

// Terms are what a rule grants and what it costs. A loan keeps those it was opened under, whatever the rules say later. Loans
// older than fines lack the money in theirs: they owe none.
type Terms struct {
	LoanDays  int       `json:"loan_days"`
	Renewals  int       `json:"renewals"`
	LoanLimit int       `json:"loan_limit"` // open loans of the rule's item type; 0: it lends none
	RenewFrom RenewFrom `json:"renew_from"`
	HoldLimit int       `json:"hold_limit"` // live holds of a member where this rule decides; 0: none may be placed

	FinePerDay int64  `json:"fine_per_day"`       // for every open day after the due date, in minor units of Currency
	GraceDays  int    `json:"grace_days"`         // open days after the due date within which nothing is owed
	FineCap    int64  `json:"fine_cap"`           // of one loan; 0: no cap of its own. No fine is ever above the replacement price
	LostFee    int64  `json:"lost_fee"`           // for processing a lost copy, beside its replacement price
	Currency   string `json:"currency,omitempty"` // ISO 4217, the library's when the loan was opened; "" in loans older than fines
}

// mostMoney bounds every amount of a rule, in minor units: a fine of a lifetime stays far below what an int64 holds.
const mostMoney = 1_000_000_000_000

// check says what the terms need to be; "" when they are sound.
func (t *Terms) check() string {
	for _, bound := range []struct {
		value, least, most int64
		words              string
	}{
		{int64(t.LoanDays), 1, 3650, "1 to 3650 loan days"}, {int64(t.Renewals), 0, 1000, "0 to 1000 renewals"},
		{int64(t.LoanLimit), 0, 100_000, "a limit of 0 to 100000 loans"}, {int64(t.HoldLimit), 0, 100_000, "a limit of 0 to 100000 holds"},
		{int64(t.GraceDays), 0, 3650, "0 to 3650 days of grace"}, {t.FinePerDay, 0, mostMoney, "a fine a day of 0 to 10^12 minor units"},
		{t.FineCap, 0, mostMoney, "a cap of 0 to 10^12 minor units"}, {t.LostFee, 0, mostMoney, "a lost fee of 0 to 10^12 minor units"},
	} {
		if bound.value < bound.least || bound.value > bound.most {
			return bound.words
		}
	}
	if t.RenewFrom != RenewFromDue && t.RenewFrom != RenewFromToday {
		return "to renew from due_date or today"
	}
	return ""
}

// check says what the limits of a category need to be; "" when they are sound.
func (c CategoryLimits) check() string {
	if c.LoanTotal < 0 || c.LoanTotal > 100_000 || c.HoldTotal < 0 || c.HoldTotal > 100_000 || c.ChargesLimit < 0 || c.ChargesLimit > mostMoney {
		return "0 to 100000 loans, 0 to 100000 holds, and 0 to 10^12 minor units owed; 0 sets no limit"
	}
	return ""
}

// RuleKey is the cell of the matrix that a rule stands in; "" is any.
type RuleKey struct {
	Branch   string `json:"branch,omitempty"`
	Category string `json:"category,omitempty"`
	ItemType string `json:"item_type,omitempty"`
}

// Rule grants terms to the loans that fit its key.
type Rule struct {
	ID int64 `json:"id,omitempty"`
	RuleKey
	Terms
}

// fits tells whether the rule's cell covers the loan that is asked for.
func (k RuleKey) fits(loan RuleKey) bool {
	return (k.Branch == "" || k.Branch == loan.Branch) &&
		(k.Category == "" || k.Category == loan.Category) &&
		(k.ItemType == "" || k.ItemType == loan.ItemType)
}

// weight orders cells by how specific they are: branch before category before item type, so (b,*,*) beats (*,c,t).
func (k RuleKey) weight() (w int) {
	if k.Branch != "" {
		w += 4
	}
	if k.Category != "" {
		w += 2
	}
	if k.ItemType != "" {
		w++
	}
	return w
}

// compare orders cells from the general to the specific, so that the last that fits is the one that decides.
func (k RuleKey) compare(other RuleKey) int {
	return cmp.Or(cmp.Compare(k.weight(), other.weight()), cmp.Compare(k.Branch, other.Branch), cmp.Compare(k.Category, other.Category),
		cmp.Compare(k.ItemType, other.ItemType))
}

// RulesFor gives every rule that fits a loan, the most specific first: the first one decides.
func (p *Policy) RulesFor(loan RuleKey) (fitting []Rule) {
	for _, r := range p.Rules {
		if r.fits(loan) {
			fitting = append(fitting, r)
		}
	}
	slices.SortFunc(fitting, func(a, b Rule) int { return b.compare(a.RuleKey) })
	return fitting
}

// RuleFor finds the most specific rule for a loan; false when none fits.
func (p *Policy) RuleFor(loan RuleKey) (rule Rule, found bool) {
	for _, r := range p.Rules {
		if r.fits(loan) && (!found || r.weight() > rule.weight()) {
			rule, found = r, true
		}
	}
	return rule, found
}

// Policy is the library's own order at one instant: where it is, what it lends, by which rules, on which days. It is never
// changed once loaded, so that commands may share it.
type Policy struct {
	Version   int64                `json:"version"`
	Branches  []Branch             `json:"branches"`
	ItemTypes []ItemType           `json:"item_types"`
	Rules     []Rule               `json:"rules"`
	Hours     map[string][]Opening `json:"hours"`    // by branch; a branch without any is open every day
	Closures  []Closure            `json:"closures"` // ordered by first day

	Categories map[string]CategoryLimits `json:"categories"` // by category; one that is missing has no total

	Editions map[string]int `json:"editions"` // by stream: how often it was published; see Edition
}

// CategoryLimits are what members of a category may have in all, beside the limits of the rules. 0 sets no limit.
type CategoryLimits struct {
	LoanTotal    int   `json:"loan_total"`    // open loans, of whatever item type and branch
	HoldTotal    int   `json:"hold_total"`    // live holds
	ChargesLimit int64 `json:"charges_limit"` // most that may be owed to borrow on, in minor units of the library's currency
}

// HasBranch tells whether there is a branch of that code.
func (p *Policy) HasBranch(code string) bool {
	return slices.ContainsFunc(p.Branches, func(b Branch) bool { return b.Code == code })
}

// HasItemType tells whether there is an item type of that code.
func (p *Policy) HasItemType(code string) bool {
	return slices.ContainsFunc(p.ItemTypes, func(t ItemType) bool { return t.Code == code })
}
