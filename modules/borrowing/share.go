package borrowing

import (
	"maps"
	"slices"
	"time"
)

// Several commands load what they need at once: the store loads what the union of their scopes names, and each command gets its share of
// that as a scene of its own, in which it may change what it likes.

// Joins tells whether commands of this scope can share a transaction: those of the desk's daily work. The others are few, lock more than
// single members, titles and copies, or speak of rows that are yet to be made.
func (s *Scope) Joins() bool {
	return len(s.Closing)+len(s.HoldsOf)+len(s.Stock)+len(s.Payers)+len(s.Charges)+len(s.Notices) == 0 && !s.Order && !s.Leftover && !s.Siblings &&
		s.NewItems == 0 && !s.NewTitles
}

// Union is what several scopes that join name together, each thing once.
func Union(scopes []*Scope) Scope {
	if len(scopes) == 1 {
		return *scopes[0]
	}
	var all Scope
	members := map[int64]Member{}
	for _, s := range scopes {
		for _, m := range s.Members {
			if known, there := members[m.ID]; !there || m.Version >= known.Version { // of two that were looked up, the later
				members[m.ID] = m
			}
		}
		all.Accounts = append(all.Accounts, s.Accounts...)
		all.Books = append(all.Books, s.Books...)
		all.Items = append(all.Items, s.Items...)
		all.Loans = append(all.Loans, s.Loans...)
		all.Holds = append(all.Holds, s.Holds...)
		all.Picks = append(all.Picks, s.Picks...)
		all.Sighted = all.Sighted || s.Sighted
		all.HoldLimits = all.HoldLimits || s.HoldLimits || s.NewHolds > 0
		all.NewLoans += s.NewLoans
		all.NewHolds += s.NewHolds
		all.NewCharges += s.NewCharges
	}
	all.Members = Sorted(members)
	all.Accounts = slices.DeleteFunc(distinct(all.Accounts), func(id int64) bool { _, known := members[id]; return known })
	all.Books, all.Items, all.Loans, all.Holds = distinct(all.Books), distinct(all.Items), distinct(all.Loans), distinct(all.Holds)
	return all
}

// Share gives each of several scopes its part of a scene that was loaded for their union: what loading it alone would have given.
// picked are the copies that were found for each of the union's picks.
func (sc *Scene) Share(scopes []*Scope, picked [][]int64) []*Scene {
	if len(scopes) == 1 {
		return []*Scene{sc}
	}
	scenes := make([]*Scene, len(scopes))
	for i, scope := range scopes {
		n := len(scope.Picks)
		scenes[i] = sc.part(scope, picked[:n])
		picked = picked[n:]
	}
	return scenes
}

func (sc *Scene) part(s *Scope, picked [][]int64) *Scene {
	p := &Scene{Now: sc.Now, Today: sc.Today, Zone: sc.Zone, Policy: sc.Policy,
		Accounts: map[int64]*Account{}, Titles: map[int64]*Title{}, Items: map[int64]*Item{}, Loans: map[int64]*Loan{}, Charges: map[int64]*Charge{},
		Census: map[int64]map[Status]int{}, ItemTypes: map[int64][]string{}, Owing: map[int64]bool{}, Kinds: map[int64][]string{}, Seen: map[int64]time.Time{}}
	counting := s.HoldLimits || s.NewHolds > 0
	for _, m := range s.Members {
		p.Accounts[m.ID] = sc.Accounts[m.ID].part(StandingOf(m), s.Books, true, counting)
	}
	for _, id := range s.Accounts {
		p.Accounts[id] = sc.Accounts[id].part(Standing{}, s.Books, len(s.Members) > 0, false)
	}
	for _, id := range s.Books {
		share(p.Titles, sc.Titles, id)
		if counting {
			p.ItemTypes[id], p.Kinds[id] = slices.Clone(sc.ItemTypes[id]), slices.Clone(sc.Kinds[id])
		}
	}
	for _, id := range s.Items {
		share(p.Items, sc.Items, id)
		if seen, known := sc.Seen[id]; known && s.Sighted {
			p.Seen[id] = seen
		}
	}
	for i, found := range picked {
		p.Picked = append(p.Picked, found...)
		for _, id := range found {
			share(p.Items, sc.Items, id)
		}
		p.Census[s.Picks[i].BookID] = sc.Census[s.Picks[i].BookID]
	}
	p.shareHolds(sc, s)
	for id, l := range sc.Loans {
		if slices.Contains(s.Loans, id) || slices.Contains(s.Items, l.ItemID) && l.concernsItem() {
			share(p.Loans, sc.Loans, id)
		}
	}
	for id, c := range sc.Charges {
		if slices.Contains(s.Items, c.ItemID) {
			share(p.Charges, sc.Charges, id)
		}
	}
	p.LoanIDs, p.HoldIDs, p.HoldPlaces = set(&sc.LoanIDs, s.NewLoans), set(&sc.HoldIDs, s.NewHolds), set(&sc.HoldPlaces, s.NewHolds)
	p.ChargeIDs = set(&sc.ChargeIDs, s.NewCharges)
	return p
}

// shareHolds takes the queues of the titles, the holds asked for with the copies that are kept for them, and those whose slips the
// copies still wear.
func (sc *Scene) shareHolds(all *Scene, s *Scope) {
	for _, h := range all.Holds {
		asked := slices.Contains(s.Holds, h.ID)
		live := h.Status.Live()
		slip := !live && slices.ContainsFunc(s.Items, func(id int64) bool { it := all.Items[id]; return it != nil && it.SlipHold == h.ID })
		if !asked && !slip && !(live && slices.Contains(s.Books, h.BookID)) {
			continue
		}
		own := *h
		sc.Holds = append(sc.Holds, &own)
		if asked && h.CapturedItem != 0 {
			share(sc.Items, all.Items, h.CapturedItem)
		}
	}
	for _, f := range all.Free {
		if slices.Contains(s.Books, f.BookID) {
			sc.Free = append(sc.Free, f)
		}
	}
}

// concernsItem tells whether a loan is loaded with its copy: the open one, and that of a lost copy which was settled and never returned.
func (l *Loan) concernsItem() bool {
	return l.Status == LoanOpen || l.LostOn != nil && l.ReturnedOn == nil && l.ClosedBy == BySettling
}

// part gives a command's own copy of an account, with the loans of its titles.
func (a *Account) part(standing Standing, books []int64, late, counting bool) *Account {
	own := *a
	own.Standing, own.ByType, own.Owed, own.Books = standing, maps.Clone(a.ByType), maps.Clone(a.Owed), map[int64]int{}
	for _, id := range books {
		if n := a.Books[id]; n > 0 {
			own.Books[id] = n
		}
	}
	if !late {
		own.Late = nil
	}
	if own.HoldsByType = maps.Clone(a.HoldsByType); !counting {
		own.HoldsByType, own.AllHolds = nil, 0
	}
	return &own
}

// share puts a copy of what is there under an id where it belongs to one command alone.
func share[V any](into, all map[int64]*V, id int64) {
	if v := all[id]; v != nil && into[id] == nil {
		own := *v
		into[id] = &own
	}
}

// set takes n of the ids that were set aside.
func set(ids *[]int64, n int) []int64 {
	own := (*ids)[:n:n]
	*ids = (*ids)[n:]
	return own
}
