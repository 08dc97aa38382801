package database

import (
	"context"
	"database/sql"
	"log/slog"
	"testing"
)

// A replica that answers in the moment in which it is given up has its rows end with the wait: whoever asked is answered by another server.
func TestAnAnswerThatCameAsItsServerFellSilentIsAskedForAgain(t *testing.T) {
	db := &DB{shared: &shared{fallback: make(chan struct{}, 1)}, primary: &server{name: "primary", main: &pool{}}}
	db.settings.Logger = slog.New(slog.DiscardHandler)
	replica := &server{name: "replica-1", main: &pool{}}
	ctx, reader := WithReader(t.Context(), "")
	asked := 0
	err := (&router{db: db}).ask(ctx, replica, false, func(ctx context.Context, _ *sql.DB) error {
		if asked++; asked == 1 {
			replica.silent.fall() // just before it is over, and the read went well
			if ctx.Err() == nil {
				t.Error("the wait goes on for a server that is given up")
			}
			return nil
		}
		return ctx.Err()
	})
	if err != nil || asked != 2 || reader.From() != "primary" {
		t.Errorf("%v after %d questions, the last to %q", err, asked, reader.From())
	}
	if replica.downUntil.Load() == 0 {
		t.Error("it is asked by the next reader")
	}
}
