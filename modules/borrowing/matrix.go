package borrowing

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"bookvault/platform/problem"
)

// Matrix is all that a librarian decides on lending: the rules, and what members of a category may have in all. It is published
// as a whole, in editions that are never changed.
type Matrix struct {
	Currency   string                    `json:"currency"` // of every amount; the library's
	Rules      []Rule                    `json:"rules"`
	Categories map[string]CategoryLimits `json:"categories"`
}

// Calendar is when the branches are open. It is published as a whole too.
type Calendar struct {
	Hours    map[string][]Opening `json:"hours"`    // by branch; a branch without any is open every day
	Closures []Closure            `json:"closures"` // ordered by first day
}

// Matrix gives the matrix of this policy.
func (p *Policy) Matrix(currency string) Matrix {
	return Matrix{Currency: currency, Rules: p.Rules, Categories: p.Categories}
}

// Calendar gives the calendar of this policy.
func (p *Policy) Calendar() Calendar { return Calendar{Hours: p.Hours, Closures: p.Closures} }

// with gives the policy as it would be with another matrix.
func (p *Policy) with(m Matrix) *Policy {
	draft := *p
	draft.Rules, draft.Categories = m.Rules, m.Categories
	return &draft
}

// withCalendar gives the policy as it would be with another calendar.
func (p *Policy) withCalendar(c Calendar) *Policy {
	draft := *p
	draft.Hours, draft.Closures = c.Hours, c.Closures
	return &draft
}

// edited gives the matrix with one rule in its cell, in the place of what stood there.
func (m Matrix) edited(r Rule) Matrix {
	m.Rules = slices.DeleteFunc(slices.Clone(m.Rules), func(old Rule) bool { return old.RuleKey == r.RuleKey })
	m.Rules = append(m.Rules, r)
	return m
}

// limited gives the matrix with other limits of one category.
func (m Matrix) limited(category string, c CategoryLimits) Matrix {
	m.Categories = maps.Clone(m.Categories)
	if m.Categories == nil {
		m.Categories = map[string]CategoryLimits{}
	}
	m.Categories[category] = c
	return m
}

// tidy fills in what was left out, and brings the rules into the order in which they are read: the general ones first.
func (m *Matrix) tidy() {
	m.Rules = slices.Clone(m.Rules)
	for i := range m.Rules {
		r := &m.Rules[i]
		if r.ID, r.Currency = 0, ""; r.RenewFrom == "" {
			r.RenewFrom = RenewFromDue
		}
	}
	slices.SortStableFunc(m.Rules, func(a, b Rule) int { return a.compare(b.RuleKey) })
	if m.Categories == nil {
		m.Categories = map[string]CategoryLimits{}
	}
}

// check names every field of a matrix that cannot be, for a library with these branches and item types.
func (m *Matrix) check(p *Policy, currency string) error {
	var wrong []problem.Field
	say := func(field, detail string) { wrong = append(wrong, problem.Field{Field: field, Detail: detail}) }
	if m.Currency != "" && m.Currency != currency {
		say("body.currency", "is not that of the library, which counts in "+currency)
	}
	if len(m.Rules) == 0 {
		say("body.rules", "needs at least one rule, or nothing could be lent")
	}
	cells := map[RuleKey]int{}
	for i, r := range m.Rules {
		field := fmt.Sprintf("body.rules[%d]", i)
		if r.Branch != "" && !p.HasBranch(r.Branch) {
			say(field+".branch", "is not a branch of this library")
		}
		if r.ItemType != "" && !p.HasItemType(r.ItemType) {
			say(field+".item_type", "is not an item type of this library")
		}
		if r.Category != "" && !orderCode.MatchString(r.Category) {
			say(field+".category", "is not a code of a category")
		}
		if words := r.Terms.check(); words != "" {
			say(field, "needs "+words)
		}
		if first, twice := cells[r.RuleKey]; twice {
			say(field, fmt.Sprintf("stands in the same cell as rules[%d]", first))
		} else {
			cells[r.RuleKey] = i
		}
	}
	for _, category := range slices.Sorted(maps.Keys(m.Categories)) {
		if !orderCode.MatchString(category) {
			say("body.categories", fmt.Sprintf("%q is not a code of a category", category))
		}
		if words := m.Categories[category].check(); words != "" {
			say("body.categories."+category, "are "+words)
		}
	}
	return asInvalid("These rules cannot be published.", wrong)
}

// tidy brings the calendar into the order in which it is read.
func (c *Calendar) tidy() {
	hours := make(map[string][]Opening, len(c.Hours))
	for branch, days := range c.Hours {
		if len(days) > 0 {
			hours[branch] = slices.SortedFunc(slices.Values(days), func(a, b Opening) int { return a.Weekday - b.Weekday })
		}
	}
	c.Hours = hours
	c.Closures = slices.SortedStableFunc(slices.Values(c.Closures), func(a, b Closure) int { return int(a.First - b.First) })
	for i := range c.Closures {
		c.Closures[i].Reason = norm.NFC.String(strings.TrimSpace(c.Closures[i].Reason))
	}
	if c.Closures == nil {
		c.Closures = []Closure{}
	}
}

// check names every field of a calendar that cannot be. That each branch has an open day in 60 is CheckCalendar's.
func (c *Calendar) check(p *Policy) error {
	var wrong []problem.Field
	say := func(field, detail string) { wrong = append(wrong, problem.Field{Field: field, Detail: detail}) }
	for _, branch := range slices.Sorted(maps.Keys(c.Hours)) {
		if !p.HasBranch(branch) {
			say("body.hours", fmt.Sprintf("%q is not a branch of this library", branch))
		}
		days := map[int]bool{}
		for i, h := range c.Hours[branch] {
			field := fmt.Sprintf("body.hours.%s[%d]", branch, i)
			opens, err1 := time.Parse("15:04", h.Opens)
			closes, err2 := time.Parse("15:04", h.Closes)
			if err1 != nil || err2 != nil || !opens.Before(closes) || h.Weekday < 0 || h.Weekday > 6 {
				say(field, "is a weekday from 0 (Sunday) to 6 with an opening time before its closing time, as 09:00")
			}
			if days[h.Weekday] {
				say(field, "comes twice: a weekday has one opening and one closing time")
			}
			days[h.Weekday] = true
		}
	}
	for i, closure := range c.Closures {
		field := fmt.Sprintf("body.closures[%d]", i)
		if closure.Branch != "" && !p.HasBranch(closure.Branch) {
			say(field+".branch", "is not a branch of this library")
		}
		if closure.Last < closure.First {
			say(field+".last_day", "is before its first day")
		}
		if utf8.RuneCountInString(closure.Reason) > 200 || strings.ContainsFunc(closure.Reason, unicode.IsControl) {
			say(field+".reason", "must have at most 200 characters, and no control characters")
		}
	}
	return asInvalid("This calendar cannot be published.", wrong)
}

func asInvalid(detail string, wrong []problem.Field) error {
	if len(wrong) == 0 {
		return nil
	}
	return problem.Invalid("invalid_request", detail, wrong[:min(len(wrong), 20)]...)
}
