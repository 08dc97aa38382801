// Package problem is how anything goes wrong in BookVault: a kind that decides the HTTP status, a stable code that a
// program can act on, and words that a person can act on. It is written as RFC 9457 problem details in one place.
//
// Domain packages return *Error; whatever else reaches the edge is an internal error, and its text stays in the log.
// The next room is platform/rest, which turns a handler's error into an answer.
package problem

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Kind is the class of an error. The table below maps it to HTTP, and nothing else does.
type Kind int

// The kinds of errors.
const (
	Internal             Kind = iota // a defect or an unknown failure: logged, never explained to the caller
	Malformed                        // the request cannot be read at all
	InvalidInput                     // it can be read, and a field's value is wrong
	Unauthenticated                  // nobody is signed in, or the proof is not valid
	Forbidden                        // somebody is, and may not do this
	NotFoundKind                     // there is no such thing, or none that this caller may know of
	MethodNotAllowed                 // the thing is there, but cannot be used this way
	ConflictKind                     // a rule of the library or the state of a thing refuses it
	GoneKind                         // it was there, and was deleted
	PreconditionFailed               // If-Match names another version
	PreconditionRequired             // If-Match is needed and missing
	TooLarge                         // a limit of size was passed
	UnsupportedMedia                 // a content type that is not read here
	TooMany                          // a limit of rate was passed
	Unavailable                      // a part that is needed does not answer now
	DeadlineExceeded                 // the request took longer than it may
)

var statuses = map[Kind]int{
	Internal:             http.StatusInternalServerError,
	Malformed:            http.StatusBadRequest,
	InvalidInput:         http.StatusUnprocessableEntity,
	Unauthenticated:      http.StatusUnauthorized,
	Forbidden:            http.StatusForbidden,
	NotFoundKind:         http.StatusNotFound,
	MethodNotAllowed:     http.StatusMethodNotAllowed,
	ConflictKind:         http.StatusConflict,
	GoneKind:             http.StatusGone,
	PreconditionFailed:   http.StatusPreconditionFailed,
	PreconditionRequired: http.StatusPreconditionRequired,
	TooLarge:             http.StatusRequestEntityTooLarge,
	UnsupportedMedia:     http.StatusUnsupportedMediaType,
	TooMany:              http.StatusTooManyRequests,
	Unavailable:          http.StatusServiceUnavailable,
	DeadlineExceeded:     http.StatusServiceUnavailable,
}

// Status gives the HTTP status of a kind.
func (k Kind) Status() int {
	if s, ok := statuses[k]; ok {
		return s
	}
	return http.StatusInternalServerError
}

// Field names one input that is wrong, as a path (`body.authors[0].name`, `query.limit`), and says what is wrong with it.
type Field struct {
	Field  string `json:"field" doc:"Where in the request, as a path."`
	Detail string `json:"detail" doc:"What is wrong with it, and what would be right."`
}

// Reason is one ground for a refusal by rule. All that apply are given at once.
type Reason struct {
	Code        string `json:"code" doc:"Stable code of the rule that refuses."`
	Detail      string `json:"detail" doc:"The same in words."`
	Overridable bool   `json:"overridable" doc:"Whether a member of staff can override it."`
	By          string `json:"by,omitempty" doc:"The least role that can override it."`
}

// Error is an error that may be shown to its caller.
type Error struct {
	Kind       Kind
	Code       string        // stable, snake_case
	Detail     string        // one or two sentences: what happened and what to do next
	Fields     []Field       // what in the request is wrong, if it is the request
	Reasons    []Reason      // why a rule refuses, if a rule does
	RetryAfter time.Duration // when to try again, if that helps; rounded up to seconds
	Cause      error         // for the log; never shown
}

// Error says the code and the detail; the cause is reached by Unwrap.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Detail, e.Cause)
	}
	return e.Code + ": " + e.Detail
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is makes errors.Is(err, &Error{Code: "x"}) true for any problem with that code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Because returns a copy of e with the cause set, for the log.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.Cause = cause
	return &c
}

// New makes an error of a kind. The functions below are shorter for the usual kinds.
func New(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Detail: fmt.Sprintf(format, args...)}
}

// NotFound says that there is no such thing, or none that this caller may know of.
func NotFound(code, format string, args ...any) *Error {
	return New(NotFoundKind, code, format, args...)
}

// Gone says that a thing was deleted.
func Gone(code, format string, args ...any) *Error { return New(GoneKind, code, format, args...) }

// Conflict says that the state of a thing does not allow what was asked.
func Conflict(code, format string, args ...any) *Error {
	return New(ConflictKind, code, format, args...)
}

// Refused is a refusal by rule: the first reason gives the code, and all are told.
func Refused(reasons ...Reason) *Error {
	e := &Error{Kind: ConflictKind, Code: "refused", Detail: "The rules of the library refuse this.", Reasons: reasons}
	if len(reasons) > 0 {
		e.Code, e.Detail = reasons[0].Code, reasons[0].Detail
	}
	return e
}

// Invalid says which fields of a request are wrong.
func Invalid(code, detail string, fields ...Field) *Error {
	return &Error{Kind: InvalidInput, Code: code, Detail: detail, Fields: fields}
}

// InvalidField is Invalid for the usual case of one field: path, and what is wrong with it.
func InvalidField(path, format string, args ...any) *Error {
	detail := fmt.Sprintf(format, args...)
	return Invalid("invalid_request", path+": "+detail, Field{Field: path, Detail: detail})
}

// Of finds the *Error in err; anything else becomes an internal error that shows nothing of itself.
func Of(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Kind: Internal, Code: "internal_error", Cause: err,
		Detail: "Something went wrong on our side. It has been logged; please try again, and tell the library the request id if it stays."}
}
