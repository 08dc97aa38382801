package borrowing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// keyLifetime is how long the answer to an Idempotency-Key is kept.
const keyLifetime = 30 * 24 * time.Hour

// AnswerForgotten is the code of what a repeated command is told when its answer was forgotten with whom it was for.
const AnswerForgotten = "answer_forgotten"

// ErrNotFound is a store's word for what is not there; the Service says which thing that was.
var ErrNotFound = errors.New("borrowing: not there")

// errMoved says that a thing is not where it was glimpsed, or a member no longer who it was; the command looks again.
var errMoved = errors.New("borrowing: it moved between the glimpse and the lock")

// Once makes a command repeatable: with the same key, of the same caller on the same route, it has one effect and one answer.
type Once struct {
	Caller string
	Route  string
	Key    string
	Hash   []byte // of the body, with the key in it: the same key with another body is a mistake
	// Encode turns a result or a refusal into the answer that is kept and given again.
	Encode func(result any, refusal *problem.Error) (status int, body []byte, err error)
}

// Remembered is an answer kept under an Idempotency-Key.
type Remembered struct {
	Once   Once
	Hash   []byte
	Status int
	Body   []byte // nil once it was forgotten with a borrower that it speaks of
	Refs   []Ref  // of the loans and holds that it speaks of
	At     time.Time
}

// Repeated is returned as the error of a command that had been answered before: the answer is the same again.
type Repeated struct {
	Status int
	Body   []byte
}

// Error says that nothing was done now.
func (r *Repeated) Error() string {
	return fmt.Sprintf("borrowing: answered before with status %d", r.Status)
}

// Order is what every command has in common. The zero value is a command without a key, for real.
type Order struct {
	Once       *Once      // nil: the command carries no key
	DryRun     bool       // decide and answer, change nothing
	OccurredAt *time.Time // when it happened, at a desk that was offline then (offline.go); nil: now
	RequestID  string
}

// execute runs a command: claim its key, lock and load its scope, decide, save, remember the answer; all in one transaction.
// early is what went wrong before (an unknown card, say): it is answered and remembered like a refusal. decide may run more
// than once, each time on a fresh scene; when it refuses, nothing that it changed is kept.
func execute[R any](ctx context.Context, s *Service, order Order, scope Scope, early error, decide func(*Scene) (R, error)) (result R, err error) {
	now := s.now()
	if order.DryRun {
		order.Once = nil
	}
	if early == nil {
		early = s.happened(ctx, order, now)
	}
	if early != nil && (order.Once == nil || !isAnswer(early)) {
		return result, early
	}
	p, _ := identity.FromContext(ctx)
	c := &Command{ctx: ctx, order: order, scope: scope, early: early, now: now, zone: s.settings.Location, decide: func(scene *Scene) (any, error) {
		scene.Actor, scene.RequestID, scene.Currency, scene.lostRefund = actor(p, scope), order.RequestID, s.settings.Currency, s.settings.LostRefund
		scene.happened(order)
		if err := scene.refuseClosed(scope.Members); err != nil {
			return nil, err
		}
		result, err := decide(scene)
		if err == nil {
			err = scene.fault
		}
		return result, err
	}}
	err = s.carry(c)
	result, _ = c.result.(R)
	if err == nil && c.changed && !order.DryRun {
		s.settings.Committed()
	}
	return result, err
}

// carry carries a command out: with others where it can be, else alone.
func (s *Service) carry(c *Command) error {
	if s.settings.Carrier != nil && !c.order.DryRun && c.scope.Joins() {
		return s.settings.Carrier.Carry(c.ctx, c)
	}
	return CarryOut(c.ctx, s.store, c)
}

// isAnswer tells whether an error is the library's answer to the command, to be given again: a refusal by rule, or that there is no
// such thing. A mistake in the request, or a failure, is not; nothing is stored of it.
func isAnswer(err error) bool {
	kind := problem.Of(err).Kind
	return kind == problem.ConflictKind || kind == problem.NotFoundKind
}

// remember makes the row that is kept under the command's key; nil without one.
func (o Order) remember(result any, refused *problem.Error, changes *Changes, now time.Time) (*Remembered, error) {
	if o.Once == nil {
		return nil, nil
	}
	status, body, err := o.Once.Encode(result, refused)
	if err != nil {
		return nil, fmt.Errorf("encode the answer to keep: %w", err)
	}
	answer := &Remembered{Once: *o.Once, Hash: o.Once.Hash, Status: status, Body: body, At: now}
	if refused == nil { // a refusal names nobody
		answer.Refs = spokenOf(result, changes)
	}
	return answer, nil
}

// again gives the kept answer to a command that is the same, and refuses one that is not.
func (r Remembered) again(once *Once) error {
	if !bytes.Equal(r.Hash, once.Hash) {
		return problem.Invalid("idempotency_key_reused", "This Idempotency-Key was used with another body. Make up a new key for a new command.",
			problem.Field{Field: "header.Idempotency-Key", Detail: "belongs to another command"})
	}
	if r.Body == nil {
		return problem.Gone(AnswerForgotten,
			"This command was carried out before. Its answer is no longer kept, since what it was about is over and who it was for was forgotten.")
	}
	return &Repeated{Status: r.Status, Body: r.Body}
}

// retryMoved runs a command again, from its glimpse, while things move under it. The second look is at what is committed, past all memories.
func retryMoved[R any](ctx context.Context, s *Service, run func(context.Context) (R, error)) (R, error) {
	for range 10 {
		result, err := run(ctx)
		if !errors.Is(err, errMoved) {
			return result, err
		}
		ctx = s.settings.Current(ctx)
	}
	var none R
	return none, problem.New(problem.Unavailable, "busy", "This item is changing hands just now. Please try again.")
}
