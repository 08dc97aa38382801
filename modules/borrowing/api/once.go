package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
	"bookvault/platform/rest"
)

// command says how an operation that changes something is made repeatable, and how its result is answered.
type command[R, B any] struct {
	route  string     // with its parameters' names: a key belongs to one route
	key    string     // the Idempotency-Key; "" for none
	about  any        // everything that the request says: the same key with something else is a mistake
	status int        // of success, kept with the answer
	dry    bool       // a rehearsal
	at     *time.Time // when it happened, at a desk that was offline
	body   func(R) B  // what is answered
	run    func(borrowing.Order) (R, error)
}

// do runs the command, or gives the answer that it had before.
func (c command[R, B]) do(ctx context.Context) (body B, err error) {
	order := borrowing.Order{DryRun: c.dry, OccurredAt: c.at, RequestID: rest.RequestID(ctx)}
	if c.key != "" && !c.dry {
		if order.Once, err = c.once(ctx); err != nil {
			return body, err
		}
	}
	result, err := c.run(order)
	before, repeated := errors.AsType[*borrowing.Repeated](err)
	switch {
	case repeated && before.Status >= 400:
		return body, keptRefusal(before.Body)
	case repeated:
		if err := json.Unmarshal(before.Body, &body); err != nil {
			return body, fmt.Errorf("read the answer kept under an Idempotency-Key: %w", err)
		}
		return body, nil
	case err != nil:
		return body, err
	}
	return c.body(result), nil
}

func (c command[R, B]) once(ctx context.Context) (*borrowing.Once, error) {
	if strings.ContainsFunc(c.key, func(r rune) bool { return r < ' ' || r > '~' }) {
		return nil, problem.InvalidField("header.Idempotency-Key", "must be printable ASCII characters")
	}
	about, err := json.Marshal(c.about)
	if err != nil {
		return nil, fmt.Errorf("hash a command: %w", err)
	}
	said := sha256.Sum256(about)
	sum := sha256.Sum256(append([]byte(c.key), said[:]...)) // without the key nobody finds the card in it by trying
	p, _ := identity.FromContext(ctx)
	return &borrowing.Once{Caller: fmt.Sprintf("member/%d", p.MemberID), Route: c.route, Key: c.key, Hash: sum[:],
		Encode: func(result any, refused *problem.Error) (int, []byte, error) {
			if refused != nil {
				kept, err := json.Marshal(refusal{refused.Kind, refused.Code, refused.Detail, refused.Fields, refused.Reasons, refused.RetryAfter})
				return refused.Kind.Status(), kept, err
			}
			kept, err := json.Marshal(c.body(result.(R)))
			return c.status, kept, err
		}}, nil
}

// refusal is a problem as it is kept.
type refusal struct {
	Kind       problem.Kind     `json:"kind"`
	Code       string           `json:"code"`
	Detail     string           `json:"detail"`
	Fields     []problem.Field  `json:"fields,omitempty"`
	Reasons    []problem.Reason `json:"reasons,omitempty"`
	RetryAfter time.Duration    `json:"retry_after,omitempty"`
}

func keptRefusal(body []byte) error {
	var r refusal
	if err := json.Unmarshal(body, &r); err != nil {
		return fmt.Errorf("read the refusal kept under an Idempotency-Key: %w", err)
	}
	return &problem.Error{Kind: r.Kind, Code: r.Code, Detail: r.Detail, Fields: r.Fields, Reasons: r.Reasons, RetryAfter: r.RetryAfter}
}

// dateOf reads a date of a body; nil for one that was left out.
func dateOf(field, text string) (*borrowing.Date, error) {
	if text == "" {
		return nil, nil
	}
	d, err := borrowing.ParseDate(text)
	if err != nil {
		return nil, problem.InvalidField(field, "%v", err)
	}
	return &d, nil
}

func textOf(d *borrowing.Date) string {
	if d == nil {
		return ""
	}
	return d.String()
}

// override of a command's body.
type override struct {
	Codes  []string `json:"codes" maxItems:"20" nullable:"false" doc:"The reasons that are overridden, by their codes."`
	Reason string   `json:"reason" minLength:"1" maxLength:"500" doc:"Why. It is recorded."`
}

func (o *override) domain() borrowing.Override {
	if o == nil {
		return borrowing.Override{}
	}
	return borrowing.Override{Codes: o.Codes, Reason: o.Reason}
}
