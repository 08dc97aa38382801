package borrowing

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"bookvault/platform/ledger"
)

// PolicyHistory is the library's own order as its streams tell it. What nobody entered or published is not in them: the library came with it.
type PolicyHistory struct {
	branches, itemTypes map[string]Branch
	newest              map[string]ledger.Event // of what is published as a whole
}

// Apply goes on by one event of the streams branches, item_types, rules and calendar.
func (o *PolicyHistory) Apply(e ledger.Event) error {
	if o.newest == nil {
		o.branches, o.itemTypes, o.newest = map[string]Branch{}, map[string]Branch{}, map[string]ledger.Event{}
	}
	switch e.Stream {
	case RulesStream, CalendarStream:
		o.newest[e.Stream] = e
		return nil
	case branchList.stream, itemTypeList.stream:
		entry, err := read[Branch](e)
		if err != nil {
			return fmt.Errorf("%s, version %d: %w", e.Stream, e.Version, err)
		}
		into := o.branches
		if e.Stream == itemTypeList.stream {
			into = o.itemTypes
		}
		into[entry.Code] = entry
	}
	return nil
}

// Differs says in words what in a policy is not as the streams say.
func (o *PolicyHistory) Differs(p *Policy) (found []string, err error) {
	found = append(entriesDiffer("branch", o.branches, p.Branches), entriesDiffer("item type", o.itemTypes, p.ItemTypes)...)
	if e, published := o.newest[RulesStream]; published {
		m, err := read[Matrix](e)
		if err != nil {
			return nil, err
		}
		now := p.Matrix(m.Currency)
		m.tidy()
		now.tidy()
		if fields := differing(m, now); len(fields) > 0 {
			found = append(found, fmt.Sprintf("the rules in force are not those of version %d: %s", e.Version, strings.Join(fields, ", ")))
		}
	}
	if e, published := o.newest[CalendarStream]; published {
		c, err := read[Calendar](e)
		if err != nil {
			return nil, err
		}
		now := p.Calendar()
		c.tidy()
		now.tidy()
		if fields := differing(c, now); len(fields) > 0 {
			found = append(found, fmt.Sprintf("the calendar in force is not that of version %d: %s", e.Version, strings.Join(fields, ", ")))
		}
	}
	return found, nil
}

func entriesDiffer[E named](what string, told map[string]Branch, list []E) (found []string) {
	there := map[string]Branch{}
	for _, e := range list {
		there[Branch(e).Code] = Branch(e)
	}
	for _, code := range slices.Sorted(maps.Keys(told)) {
		if there[code] != told[code] {
			found = append(found, fmt.Sprintf("the %s %s is not as it was entered", what, code))
		}
	}
	return found
}
