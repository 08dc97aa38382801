package borrowing

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"bookvault/platform/problem"
)

// Command is a command that is ready to be carried out: what it has to know, and how it decides. Its outcome is its own, also where it
// shares a transaction with others (CarryOut).
type Command struct {
	ctx    context.Context
	order  Order
	scope  Scope
	early  error // what went wrong before; nil: decide
	now    time.Time
	zone   *time.Location
	decide func(*Scene) (any, error)

	// The outcome, once a transaction has run.
	result  any
	err     error // a refusal, an answer given before, or a failure of this command alone
	changed bool
}

// Carrier carries commands out whose scopes join (layers/grouped.go).
type Carrier interface {
	Carry(ctx context.Context, c *Command) error
}

// Day is the library's date on which a command is carried out: commands of different days share no transaction.
func (c *Command) Day() Date { return DateOf(c.now, c.zone) }

// Outcome gives what became of the command in the transaction that it was last carried out in.
func (c *Command) Outcome() error { return c.err }

// Transactor runs a transaction: a Store.
type Transactor interface {
	Transact(ctx context.Context, fn func(context.Context, Tx) error) error
}

// errNothing ends a transaction in which nothing is to be kept: of rehearsals, and of refusals without a key.
var errNothing = errors.New("borrowing: nothing to keep")

// CarryOut carries out commands in one transaction, each as if it came alone and they came one after another. It gives the outcome
// of a single command, and of several what made the transaction fail for all of them; their own outcomes are then in Outcome.
// Several must be of one day, and their scopes must all join.
//
// The first scene locks everything that any of them names, so that the order of the locks holds. A command that has to know of what
// one before it has changed waits for the next scene, which is loaded after the first is saved; refusals change nothing, so a
// thousand who ask for the last copy take two scenes.
func CarryOut(ctx context.Context, store Transactor, commands ...*Command) error {
	err := store.Transact(ctx, func(ctx context.Context, tx Tx) error {
		kept := false
		for _, c := range commands {
			c.result, c.err, c.changed = nil, nil, false
		}
		first := commands[0]
		for left, claim := commands, true; len(left) > 0; claim = false {
			opened, err := tx.Open(ctx, asked(left, claim), first.now.Add(-keyLifetime), first.now, first.zone)
			if err != nil {
				return err
			}
			var w wave
			for i, c := range left {
				w.take(c, opened[i])
			}
			if w.kept {
				if err := tx.Save(ctx, &w.changes, w.answers); err != nil {
					return err
				}
				kept = true
			}
			left = w.later
		}
		if !kept {
			return errNothing
		}
		return nil
	})
	switch {
	case err != nil && !errors.Is(err, errNothing):
		return err
	case len(commands) == 1:
		return commands[0].err
	}
	return nil
}

// asked makes what commands ask of their transaction. Keys are claimed with the first scene.
func asked(commands []*Command, claim bool) []Ask {
	asks := make([]Ask, len(commands))
	for i, c := range commands {
		if claim {
			asks[i].Once = c.order.Once
		}
		if c.early == nil {
			asks[i].Scope = &c.scope
		}
	}
	return asks
}

// wave is what is decided on one load: commands that have nothing to know of each other.
type wave struct {
	changes Changes
	answers []*Remembered
	kept    bool             // whether there is anything to save
	changed map[touched]bool // what its commands have changed
	later   []*Command       // the others
}

// touched names something that commands lock.
type touched struct {
	kind string
	id   int64
}

// names lists what a scope locks.
func (s *Scope) names() []touched {
	names := make([]touched, 0, len(s.Members)+len(s.Accounts)+len(s.Books)+len(s.Items)+len(s.Holds))
	for _, m := range s.Members {
		names = append(names, touched{"member", m.ID})
	}
	add := func(kind string, ids []int64) {
		for _, id := range ids {
			names = append(names, touched{kind, id})
		}
	}
	add("member", s.Accounts)
	add("book", s.Books)
	add("item", s.Items)
	add("hold", s.Holds)
	add("loan", s.Loans)
	return names
}

// take decides a command on its scene, unless what it must know has been changed since that was loaded.
func (w *wave) take(c *Command, o Opened) {
	switch {
	case o.Busy:
		busy := problem.Conflict("idempotency_in_progress", "A command with this Idempotency-Key is being carried out. Ask again in a moment for its answer.")
		busy.RetryAfter = time.Second
		c.err = busy
		return
	case o.Before != nil:
		c.err = o.Before.again(c.order.Once)
		return
	}
	for _, name := range c.scope.names() {
		if w.changed[name] {
			w.later = append(w.later, c)
			return
		}
	}
	changes, answer, err := c.judge(o.Scene)
	if err != nil {
		c.err = err
		return
	}
	if c.order.DryRun {
		return
	}
	w.kept = true
	if answer != nil {
		w.answers = append(w.answers, answer)
	}
	w.changes.add(changes)
	if c.changed = !changes.Empty(); !c.changed {
		return
	}
	if w.changed == nil {
		w.changed = map[touched]bool{}
	}
	for _, name := range append(c.scope.names(), changes.names()...) {
		w.changed[name] = true
	}
}

// names lists what was changed, beyond what was locked for it: others' holds, say.
func (c *Changes) names() (names []touched) {
	for id := range c.Items {
		names = append(names, touched{"item", id})
	}
	for id := range c.Titles {
		names = append(names, touched{"book", id})
	}
	for id, h := range c.Holds {
		names = append(names, touched{"hold", id}, touched{"member", h.MemberID})
	}
	for id, l := range c.Loans {
		names = append(names, touched{"loan", id}, touched{"member", l.MemberID})
	}
	return names
}

// judge lets a command decide on its scene, and gives what is to be saved of it. The error is of the command alone: nothing is saved.
func (c *Command) judge(scene *Scene) (*Changes, *Remembered, error) {
	if err := c.ctx.Err(); err != nil {
		return nil, nil, fmt.Errorf("the caller left before it was decided: %w", err)
	}
	none := &Changes{}
	err := c.early
	changes := none
	if err == nil {
		c.result, err = c.decide(scene)
		changes = &scene.Changes
	}
	var refused *problem.Error
	if err != nil {
		if c.order.Once == nil || !isAnswer(err) {
			return nil, nil, err
		}
		refused, changes = problem.Of(err), none
	}
	if c.order.DryRun {
		return none, nil, nil
	}
	answer, err := c.order.remember(c.result, refused, changes, c.now)
	if err != nil {
		return nil, nil, err
	}
	if refused != nil {
		c.err = refused
	}
	return changes, answer, nil
}

// add puts the changes of one more command beside those of others. They have no row in common.
func (c *Changes) add(more *Changes) {
	c.NewItems = append(c.NewItems, more.NewItems...)
	c.NewLoans = append(c.NewLoans, more.NewLoans...)
	c.NewHolds = append(c.NewHolds, more.NewHolds...)
	merge(&c.Items, more.Items)
	merge(&c.Loans, more.Loans)
	merge(&c.Holds, more.Holds)
	merge(&c.Titles, more.Titles)
	c.Merged = append(c.Merged, more.Merged...)
	c.Closed = append(c.Closed, more.Closed...)
	c.Charges = append(c.Charges, more.Charges...)
	c.Entries = append(c.Entries, more.Entries...)
	c.Retitled = append(c.Retitled, more.Retitled...)
	c.Charged = append(c.Charged, more.Charged...)
	c.Events = append(c.Events, more.Events...)
	c.Branches = append(c.Branches, more.Branches...)
	c.ItemTypes = append(c.ItemTypes, more.ItemTypes...)
	if more.Matrix != nil {
		c.Matrix = more.Matrix
	}
	if more.Calendar != nil {
		c.Calendar = more.Calendar
	}
	c.NewNotices = append(c.NewNotices, more.NewNotices...)
	merge(&c.Notices, more.Notices)
}

func merge[K comparable, V any](into *map[K]V, more map[K]V) {
	if *into == nil {
		*into = more
		return
	}
	maps.Copy(*into, more)
}
