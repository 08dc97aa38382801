package resilience

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestTheLastAnswerStandsInForAFailure(t *testing.T) {
	ill, wrong := errors.New("the server is gone"), errors.New("there is no such thing")
	now, on := time.Unix(0, 0), true
	f := NewFallback[string, int](FallbackSettings{Keys: 2, Kept: time.Hour, Helps: func(err error) bool { return err == ill },
		Now: func() time.Time { return now }, Enabled: func() bool { return on }})
	gone, leave := context.WithCancel(t.Context())
	leave()
	steps := []struct {
		name  string
		ctx   context.Context
		key   string
		gives int
		err   error
		after time.Duration

		want  int
		stale bool
		fails error
	}{
		{"nothing is known yet", t.Context(), "a", 0, ill, 0, 0, false, ill},
		{"it goes well", t.Context(), "a", 1, nil, 0, 1, false, nil},
		{"it fails", t.Context(), "a", 0, ill, time.Minute, 1, true, nil},
		{"another question", t.Context(), "b", 0, ill, 0, 0, false, ill},
		{"the question is at fault", t.Context(), "a", 0, wrong, 0, 0, false, wrong},
		{"nobody waits", gone, "a", 0, ill, 0, 0, false, ill},
		{"just in time", t.Context(), "a", 0, ill, 59 * time.Minute, 1, true, nil},
		{"too old", t.Context(), "a", 0, ill, time.Second, 0, false, ill},
		{"well again", t.Context(), "a", 2, nil, 0, 2, false, nil},
		{"a newer one stands in", t.Context(), "a", 0, ill, 0, 2, true, nil},
		{"more", t.Context(), "b", 3, nil, 0, 3, false, nil},
		{"than are remembered", t.Context(), "c", 4, nil, 0, 4, false, nil},
		{"the oldest is forgotten", t.Context(), "a", 0, ill, 0, 0, false, ill},
	}
	for _, s := range steps {
		now = now.Add(s.after)
		got, stale, err := f.Do(s.ctx, s.key, func(context.Context) (int, error) { return s.gives, s.err })
		if got != s.want || stale != s.stale || err != s.fails {
			t.Errorf("%s: %d, stale %v, %v", s.name, got, stale, err)
		}
	}
	if n := f.shown.Load(); n != 3 {
		t.Errorf("%d are counted", n)
	}
	on = false
	if _, stale, err := f.Do(t.Context(), "c", func(context.Context) (int, error) { return 0, ill }); stale || err != ill {
		t.Errorf("switched off: stale %v, %v", stale, err)
	}
}
