package members

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"bookvault/platform/problem"
)

// keysKept is how long the answer to an Idempotency-Key is remembered.
const keysKept = 30 * 24 * time.Hour

// Once names a command that may be sent again: with the same key, by the same caller, it has one effect and one answer.
type Once struct {
	ActorID int64
	Route   string // which command it is: a key belongs to one
	Key     string
	Request []byte // a hash of what was asked for
	Now     time.Time
	Since   time.Time // answers older than this are forgotten
}

// Answers keeps what commands answered.
type Answers interface {
	// Answer gives what is kept under a key; where nothing is, it runs the command and keeps its answer, all in one transaction:
	// whatever the store does in the context that run gets belongs to it. The subject is whose answer it is: it is forgotten with that
	// member (0: nobody's). An error of run leaves no trace. ErrKeyReused, ErrKeyInUse, ErrForgotten.
	Answer(ctx context.Context, o Once, run func(context.Context) (answer []byte, subject int64, err error)) ([]byte, error)
}

// answer is what is kept of a command: what it gave, or why it was refused.
type answer[R any] struct {
	Result  R              `json:"result"`
	Refusal *problem.Error `json:"refusal,omitempty"`
}

// repeatable runs a command under its Idempotency-Key, "" for none. What it is about is all that the request says, without passwords,
// since a fast hash of one must not be stored. A repetition gets the answer of the first time as it was, be it a refusal by rule.
func repeatable[R any](ctx context.Context, s *Service, route, key string, about any, command func(context.Context) (R, error)) (result R, err error) {
	if key == "" {
		return command(ctx)
	}
	if len(key) > 200 || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r > '~' }) {
		return result, problem.InvalidField("header.Idempotency-Key", "must be at most 200 printable ASCII characters")
	}
	asked, err := json.Marshal(about)
	if err != nil {
		return result, fmt.Errorf("%s: hash the request: %w", route, err)
	}
	now := s.clock()
	once := Once{ActorID: caller(ctx).MemberID, Route: route, Key: key, Request: sum(string(asked)), Now: now, Since: now.Add(-keysKept)}
	kept, err := s.store.Answer(ctx, once, func(ctx context.Context) ([]byte, int64, error) {
		var a answer[R]
		result, err := command(ctx)
		if err == nil {
			a.Result = result
		} else if a.Refusal = refusalOf(err); a.Refusal == nil {
			return nil, 0, err
		}
		subject := int64(0)
		if m, is := any(result).(Member); is {
			subject = m.ID
		}
		raw, err := json.Marshal(a)
		return raw, subject, err
	})
	if err != nil {
		return result, accountProblem(err, route)
	}
	var a answer[R]
	if err := json.Unmarshal(kept, &a); err != nil {
		return result, fmt.Errorf("%s: read the answer kept under an Idempotency-Key: %w", route, err)
	}
	if a.Refusal != nil {
		return result, a.Refusal
	}
	return a.Result, nil
}

// refusalOf gives the library's answer to a command that is to be given again: a refusal by rule, or that there is no such thing. It is nil
// for a mistake in the request and for a failure, of which nothing is kept.
func refusalOf(err error) *problem.Error {
	p := *problem.Of(err)
	if p.Kind != problem.ConflictKind && p.Kind != problem.NotFoundKind {
		return nil
	}
	p.Cause = nil // for the log of the first time only
	return &p
}
