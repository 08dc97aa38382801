package rest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"bookvault/platform/problem"
)

// Problem is an error as the API answers it: RFC 9457. It is what huma writes and what the document describes.
type Problem struct {
	problem.Details
}

// Error gives the detail, so that a Problem is an error.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus gives the HTTP status, as huma wants it.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders gives Retry-After, the challenge of a 401 and Cache-Control.
func (p *Problem) GetHeaders() http.Header { return p.Headers() }

// ContentType says that a problem is not plain JSON.
func (p *Problem) ContentType(string) string { return problem.ContentType }

// answer turns a handler's error into a Problem and logs what is internal.
func (a *API) answer(ctx context.Context, err error) *Problem {
	err = a.classify(ctx, err)
	a.logIfInternal(ctx, err)
	return &Problem{*problem.Of(err).Details(RequestID(ctx))}
}

func (a *API) classify(ctx context.Context, err error) error {
	if _, known := errors.AsType[*problem.Error](err); known {
		return err
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return problem.New(problem.DeadlineExceeded, "deadline_exceeded", "This took longer than a request may. Please try again.").Because(err)
	}
	if errors.Is(err, context.Canceled) {
		return problem.New(problem.Unavailable, "request_cancelled", "The request was cancelled.").Because(err)
	}
	if a.settings.Classify != nil {
		if e := a.settings.Classify(err); e != nil {
			return e.Because(err)
		}
	}
	return err
}

func (a *API) logIfInternal(ctx context.Context, err error) {
	if e := problem.Of(err); e.Kind == problem.Internal && a.settings.Logger != nil {
		a.settings.Logger.LogAttrs(ctx, slog.LevelError, "internal error", slog.Any("error", err))
	}
}

func init() {
	// huma builds its own errors (validation, unreadable bodies) through these two functions of its package.
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError { return fromHuma(status, msg, errs) }
	huma.NewErrorWithContext = func(hc huma.Context, status int, msg string, errs ...error) huma.StatusError {
		p := fromHuma(status, msg, errs)
		if hc != nil {
			p.RequestID = RequestID(hc.Context())
		}
		return p
	}
}

// fieldMark parts the field from the words in an error of our own body reader (see json.go), which huma knows as text only.
const fieldMark = "\x1f"

// fromHuma words one of huma's errors as a problem. It never repeats the value that was sent: it may be a password.
func fromHuma(status int, msg string, errs []error) *Problem {
	e := &problem.Error{Kind: problem.InvalidInput, Code: "invalid_request", Detail: "Some of the fields are not right."}
	switch status {
	case http.StatusBadRequest:
		e.Kind, e.Code, e.Detail = problem.Malformed, "malformed_request", "The request cannot be read."
	case http.StatusRequestTimeout:
		e.Kind, e.Code, e.Detail = problem.Malformed, "body_too_slow", "The body did not arrive in time."
	case http.StatusRequestEntityTooLarge:
		e.Kind, e.Code, e.Detail = problem.TooLarge, "body_too_large", "The body is larger than this route reads."
	case http.StatusUnsupportedMediaType:
		e.Kind, e.Code, e.Detail = problem.UnsupportedMedia, "unsupported_media_type", "The body must be application/json."
	case http.StatusNotAcceptable:
		e.Kind, e.Code, e.Detail = problem.Malformed, "not_acceptable", "The answer would be application/json."
	case http.StatusInternalServerError:
		if !strings.HasPrefix(msg, "cannot read request body") {
			return &Problem{*problem.Of(errors.Join(errs...)).Details("")}
		}
		e.Kind, e.Code, e.Detail = problem.Malformed, "malformed_request", "The body could not be read to its end."
		for _, err := range errs {
			if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
				e.Kind, e.Code, e.Detail = problem.TooLarge, "body_too_large", "The body is larger than this server reads."
			}
		}
		errs = nil
	}
	if msg == "request body is required" {
		e.Fields = []problem.Field{{Field: "body", Detail: "is required"}}
	}
	for _, err := range errs {
		e.Fields = append(e.Fields, fieldOf(err))
	}
	if len(e.Fields) > 0 {
		e.Detail = strings.TrimSpace(e.Detail + " " + e.Fields[0].Field + ": " + e.Fields[0].Detail)
	}
	return &Problem{*e.Details("")}
}

func fieldOf(err error) problem.Field {
	detail, ok := errors.AsType[*huma.ErrorDetail](err)
	if !ok {
		return problem.Field{Field: "request", Detail: err.Error()}
	}
	if field, words, marked := strings.Cut(detail.Message, fieldMark); marked {
		return problem.Field{Field: field, Detail: words}
	}
	return problem.Field{Field: detail.Location, Detail: detail.Message}
}
