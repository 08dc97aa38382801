// Package linear checks that the desk is linearizable: that what clients were told, all at once and through crashes, could have been told
// by a desk that does one thing after another, each between its question and its answer (Herlihy and Wing, "Linearizability", 1990).
//
// run.go sends commands over HTTP and records them; here are the two sequential specifications that a history is checked against by
// porcupine, in partitions: a copy of its own title with its loan and its queue, and a member with their loans. An answer must name
// exactly the reasons that hold at its point in time.
package linear

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// Kind is what a command does.
type Kind int

// The kinds of commands.
const (
	Lend Kind = iota
	Return
	Hold
)

// Command is one that was sent.
type Command struct {
	Kind   Kind
	Item   int // which copy
	Member int // for whom; -1 of a return
}

// Answer is what was told.
type Answer struct {
	OK      bool
	Reasons []string // of a refusal
	Closed  int      // of a return: whose loan it closed; -1: none

	loan int64 // that was made or closed
}

// Recorded is a command with its answer and when it began and ended, in nanoseconds.
type Recorded struct {
	Client     int
	Command    Command
	Answer     Answer
	Begin, End int64
}

// itemState is a copy of its own title.
type itemState struct {
	borrower int    // -1: nobody
	shelved  int    // for whom it waits on the hold shelf; -1: nobody
	queue    string // waiting members, in their order, as runes
}

func (s itemState) without(member int) itemState {
	s.queue = strings.ReplaceAll(s.queue, string(rune('a'+member)), "")
	return s
}

// against lists what stands against lending the copy to a member, but for the member's own limit.
func (s itemState) against(member int) (reasons []string) {
	switch {
	case s.borrower == member:
		reasons = append(reasons, "already_yours")
	case s.borrower >= 0:
		reasons = append(reasons, "item_on_loan")
	case s.shelved >= 0 && s.shelved != member:
		reasons = append(reasons, "item_reserved")
	}
	if ahead, _, _ := strings.Cut(s.queue, string(rune('a'+member))); s.shelved < 0 && ahead != "" {
		reasons = append(reasons, "hold_queue_ahead")
	}
	return reasons
}

const limitReached = "loan_limit_reached"

// ofItem is the specification of one copy.
var ofItem = porcupine.Model{
	Init: func() any { return itemState{borrower: -1, shelved: -1} },
	Step: func(state, input, output any) (bool, any) {
		s, c, a := state.(itemState), input.(Command), output.(Answer)
		switch c.Kind {
		case Lend:
			told := slices.DeleteFunc(slices.Clone(a.Reasons), func(code string) bool { return code == limitReached })
			if !slices.Equal(told, s.against(c.Member)) {
				return false, s
			}
			if !a.OK {
				return true, s
			}
			s = s.without(c.Member)
			s.borrower, s.shelved = c.Member, -1
			return true, s
		case Return:
			if a.Closed != s.borrower {
				return false, s
			}
			if s.borrower = -1; s.shelved < 0 && s.queue != "" {
				s.shelved = int([]rune(s.queue)[0] - 'a')
				s = s.without(s.shelved)
			}
			return true, s
		}
		waits := s.shelved == c.Member || strings.ContainsRune(s.queue, rune('a'+c.Member))
		if a.OK == waits {
			return false, s
		}
		if a.OK {
			s.queue += string(rune('a' + c.Member))
		}
		return true, s
	},
	DescribeOperation: describe,
}

// ofMember is the specification of one member, with a limit of loans: the copies that they have, as bits.
func ofMember(limit int) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return uint64(0) },
		Step: func(state, input, output any) (bool, any) {
			has, c, a := state.(uint64), input.(Command), output.(Answer)
			item := uint64(1) << c.Item
			if c.Kind == Return { // of a loan of theirs
				return has&item != 0, has &^ item
			}
			full := bits.OnesCount64(has) >= limit
			if full != slices.Contains(a.Reasons, limitReached) || a.OK && full || slices.Contains(a.Reasons, "already_yours") != (has&item != 0) {
				return false, has
			}
			if a.OK {
				has |= item
			}
			return true, has
		},
		DescribeOperation: describe,
	}
}

func describe(input, output any) string { return fmt.Sprintf("%+v -> %+v", input, output) }

// Check tells whether a history is linearizable, copy by copy and member by member; limit is of a member's loans. Each partition may take
// within.
func Check(history []Recorded, limit int, within time.Duration) error {
	items, members := map[int][]porcupine.Operation{}, map[int][]porcupine.Operation{}
	for _, r := range history {
		op := porcupine.Operation{ClientId: r.Client, Input: r.Command, Output: r.Answer, Call: r.Begin, Return: r.End}
		items[r.Command.Item] = append(items[r.Command.Item], op)
		switch {
		case r.Command.Kind == Lend:
			members[r.Command.Member] = append(members[r.Command.Member], op)
		case r.Command.Kind == Return && r.Answer.Closed >= 0:
			members[r.Answer.Closed] = append(members[r.Answer.Closed], op)
		}
	}
	for _, part := range []struct {
		what  string
		model porcupine.Model
		of    map[int][]porcupine.Operation
	}{{"copy", ofItem, items}, {"member", ofMember(limit), members}} {
		for n, ops := range part.of {
			if result := porcupine.CheckOperationsTimeout(part.model, ops, within); result != porcupine.Ok {
				return fmt.Errorf("the %d operations of %s %d are not linearizable: the check says %s", len(ops), part.what, n, result)
			}
		}
	}
	return nil
}
