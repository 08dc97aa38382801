package rest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"bookvault/platform/problem"
)

type repeatIn struct{ Title string }

// busyFor is a handler of a command that is being carried out elsewhere for a time. It spoils its input, as a handler may.
func busyFor(d time.Duration, asked *[]string) func(context.Context, *repeatIn) (*int, error) {
	until := time.Now().Add(d)
	return func(_ context.Context, in *repeatIn) (*int, error) {
		*asked = append(*asked, in.Title)
		in.Title = "spoilt"
		if time.Now().Before(until) {
			return nil, problem.Conflict(inProgress, "Ask again in a moment.")
		}
		return new(201), nil
	}
}

func TestACommandSentTwiceWaitsForTheAnswerOfTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		begun := time.Now()
		out, err := repeated(t.Context(), 2*time.Second, &repeatIn{Title: "as it came"}, busyFor(400*time.Millisecond, &asked))
		if took := time.Since(begun); err != nil || *out != 201 || took < 400*time.Millisecond || took > 800*time.Millisecond {
			t.Errorf("%v, %v after %v", out, err, took)
		}
		for _, title := range asked {
			if title != "as it came" || len(asked) > 8 {
				t.Errorf("asked %d times, with %q", len(asked), title)
			}
		}
	})
}

func TestACommandThatTakesLongIsToldToAskAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		begun := time.Now()
		_, err := repeated(t.Context(), 2*time.Second, &repeatIn{}, busyFor(time.Minute, &asked))
		if refusal, ok := errors.AsType[*problem.Error](err); !ok || refusal.Code != inProgress || time.Since(begun) > 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		asked = nil
		if _, err := repeated(t.Context(), 0, &repeatIn{}, busyFor(time.Minute, &asked)); err == nil || len(asked) != 1 {
			t.Errorf("without a wait: %v, asked %d times", err, len(asked))
		}
		ctx, leave := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer leave()
		begun = time.Now()
		if _, err := repeated(ctx, time.Minute, &repeatIn{}, busyFor(time.Minute, &asked)); err == nil || time.Since(begun) > 50*time.Millisecond {
			t.Errorf("whoever left: %v after %v", err, time.Since(begun))
		}
	})
}

func TestAnyOtherRefusalIsSaidAtOnce(t *testing.T) {
	asked := 0
	_, err := repeated(t.Context(), time.Minute, &repeatIn{}, func(context.Context, *repeatIn) (*int, error) {
		asked++
		return nil, problem.Conflict("item_on_loan", "On loan.")
	})
	if err == nil || asked != 1 {
		t.Errorf("%v, asked %d times", err, asked)
	}
}
