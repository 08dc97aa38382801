package borrowing

import (
	"fmt"
	"time"
)

// Due is a computed due date with the value of each input, so that it explains itself.
type Due struct {
	Rule        RuleKey `json:"rule"`            // the cell of the matrix whose rule was used
	RuleID      int64   `json:"rule_id"`         // of that rule
	Rules       int     `json:"rules_version"`   // that it stood in; 0 in loans older than versions
	Asked       RuleKey `json:"inputs"`          // the branch, category and item type it was looked up by
	CountedFrom Date    `json:"counted_from"`    // the library's date that the days count from
	Days        int     `json:"days"`            // granted by the rule
	Reached     Date    `json:"reached"`         // before closed days were passed over
	Moved       *Moved  `json:"moved,omitempty"` // to the next open day, and why
	TimeZone    string  `json:"time_zone"`       // the library's

	On Date      `json:"due_on"`
	At time.Time `json:"due_at"`
}

// ComputeDue counts a loan's due date: days from a date, moved to the next open day of the branch, until the last second of
// that local date. It fails when the calendar has no open day in 60.
func (p *Policy) ComputeDue(asked RuleKey, rule RuleKey, ruleID int64, from Date, days int, zone *time.Location) (Due, error) {
	d := Due{Rule: rule, RuleID: ruleID, Rules: p.Edition(RulesStream), Asked: asked, CountedFrom: from, Days: days, Reached: from + Date(days), TimeZone: zone.String()}
	for day := d.Reached; ; {
		open, moved, err := p.OpenFrom(asked.Branch, day)
		if err != nil {
			return d, fmt.Errorf("no due date: %w", err)
		}
		if moved != nil {
			d.Moved = &Moved{From: d.Reached, To: open, Why: moved.Why}
		}
		if at, exists := open.EndOfDay(zone); exists {
			d.On, d.At = open, at
			return d, nil
		}
		day = open + 1 // a date that the zone left out
		d.Moved = &Moved{From: d.Reached, To: day, Why: "this date does not exist here"}
	}
}
