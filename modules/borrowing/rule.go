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

// Terms are what a rule grants. A loan keeps those it was opened under.
type Terms struct {
	LoanDays  int       `json:"loan_days"`
	Renewals  int       `json:"renewals"`
	LoanLimit int       `json:"loan_limit"`
	RenewFrom RenewFrom `json:"renew_from"`
}

// RuleKey is the cell of the matrix that a rule stands in; "" is any.
type RuleKey struct {
	Branch   string `json:"branch,omitempty"`
	Category string `json:"category,omitempty"`
	ItemType string `json:"item_type,omitempty"`
}

// Rule grants terms to the loans that fit its key.
type Rule struct {
	ID int64 `json:"id"`
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

// RuleFor finds the most specific rule for a loan; false when none fits.
func (p *Policy) RuleFor(loan RuleKey) (Rule, bool) {
	fitting := func(yield func(Rule) bool) {
		for _, r := range p.Rules {
			if r.fits(loan) && !yield(r) {
				return
			}
		}
	}
	rules := slices.Collect(fitting)
	if len(rules) == 0 {
		return Rule{}, false
	}
	return slices.MaxFunc(rules, func(a, b Rule) int { return cmp.Compare(a.weight(), b.weight()) }), true
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
}

// HasBranch tells whether there is a branch of that code.
func (p *Policy) HasBranch(code string) bool {
	return slices.ContainsFunc(p.Branches, func(b Branch) bool { return b.Code == code })
}

// HasItemType tells whether there is an item type of that code.
func (p *Policy) HasItemType(code string) bool {
	return slices.ContainsFunc(p.ItemTypes, func(t ItemType) bool { return t.Code == code })
}
