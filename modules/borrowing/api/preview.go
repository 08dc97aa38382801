package api

import (
	"context"

	"bookvault/modules/borrowing"
	"bookvault/platform/problem"
)

type previewIn struct {
	Body struct {
		MemberCard string                `json:"member_card,omitempty" maxLength:"64" doc:"This member, with the counts and everything that stands against them."`
		Category   string                `json:"category,omitempty" maxLength:"32" doc:"Anybody of this category, with nothing on loan."`
		Barcode    string                `json:"barcode,omitempty" maxLength:"64" doc:"This copy, as it is now."`
		ItemType   string                `json:"item_type,omitempty" maxLength:"32" doc:"Any copy of this type that is free."`
		Branch     string                `json:"branch,omitempty" maxLength:"32" doc:"Of the desk; the library's default."`
		On         string                `json:"on,omitempty" maxLength:"10" doc:"As if it were this day; today."`
		Rules      []ruleBody            `json:"rules,omitempty" minItems:"1" maxItems:"2000" nullable:"false" doc:"Try these rules, which are not published; those in force."`
		Categories map[string]limitsBody `json:"categories,omitempty" doc:"Try these totals; those in force."`
		Calendar   *CalendarDraft        `json:"calendar,omitempty" doc:"Try this calendar, which is not published; the one in force."`
	}
}

type tallyBody struct {
	Limit     string `json:"limit" enum:"loans_by_rule,holds_by_rule,loans_in_all,holds_in_all,owed" doc:"What is counted: within the rule's item type, in all for the total of the category, or owed with the fines that still grow."`
	Most      *int64 `json:"most" doc:"null: nothing limits it."`
	HasNow    *int64 `json:"has_now" doc:"What the member has; null where none was named."`
	ItemType  string `json:"item_type,omitempty" doc:"Within which it counts."`
	Currency  string `json:"currency,omitempty" doc:"Of an amount, in minor units."`
	Exhausted bool   `json:"exhausted" doc:"One more would be refused."`
}

type keyBody struct {
	Branch   string `json:"branch"`
	Category string `json:"category"`
	ItemType string `json:"item_type"`
}

type foreseenBody struct {
	WouldLend    bool             `json:"would_lend" doc:"Nothing stands against it."`
	Inputs       keyBody          `json:"inputs" doc:"What the rule was looked up by."`
	On           string           `json:"on" format:"date"`
	RulesVersion int              `json:"rules_version" doc:"Of the rules in force; 0: those of the request were tried."`
	Rule         *ruleBody        `json:"rule" doc:"The one that decides; null: none fits, and nothing is lent."`
	Candidates   []ruleBody       `json:"candidates" nullable:"false" doc:"Every rule that fits, in the order of precedence: the first one decides."`
	Due          *borrowing.Due   `json:"due" doc:"When it would be due, with the value of each input; null without a rule or an open day."`
	Limits       []tallyBody      `json:"limits" nullable:"false"`
	Refusals     []problem.Reason `json:"refusals" nullable:"false" doc:"Every reason that would refuse it."`
}

func (o *operations) preview(ctx context.Context, in *previewIn) (*struct{ Body foreseenBody }, error) {
	b := in.Body
	cmd := borrowing.Preview{Card: b.MemberCard, Category: b.Category, Barcode: b.Barcode, ItemType: b.ItemType, Branch: b.Branch,
		Rules: domainRules(b.Rules), Categories: domainLimits(b.Categories)}
	var err error
	if cmd.On, err = dateOf("body.on", b.On); err != nil {
		return nil, err
	}
	if b.Calendar != nil {
		draft, err := b.Calendar.calendar("body.calendar")
		if err != nil {
			return nil, err
		}
		cmd.Calendar = &draft
	}
	f, err := o.desk.Preview(ctx, cmd)
	if err != nil {
		return nil, err
	}
	body := foreseenBody{WouldLend: len(f.Reasons) == 0, Inputs: keyBody(f.Asked), On: f.On.String(), RulesVersion: f.Version, Candidates: rulesOf(f.Fitting),
		Due: f.Due, Limits: []tallyBody{}, Refusals: append([]problem.Reason{}, f.Reasons...)}
	if f.Rule != nil {
		rule := ruleOf(*f.Rule)
		body.Rule = &rule
	}
	for _, t := range f.Tallies {
		body.Limits = append(body.Limits, tallyBody{Limit: t.Name, Most: t.Most, HasNow: t.Has, ItemType: t.ItemType, Currency: t.Currency, Exhausted: t.Exhausted()})
	}
	return &struct{ Body foreseenBody }{body}, nil
}
