package database

import (
	"context"
	"fmt"
	"time"
)

// Now gives the time as the primary has it: that of this machine, put right by what SetClock measured last. So all processes of one
// database agree on it, however their machines' clocks are set, to about the time that a question takes.
func (db *DB) Now() time.Time { return time.Now().Add(time.Duration(db.skew.Load())) }

// SetClock measures how far the primary's clock is from this machine's. Before the first time Now is this machine's.
func (db *DB) SetClock(ctx context.Context) error {
	var best time.Duration
	var skew time.Duration
	for try := range 3 {
		asked := time.Now()
		var there time.Time
		if err := db.Pool().QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&there); err != nil {
			return fmt.Errorf("ask the primary for the time: %w", err)
		}
		if took := time.Since(asked); try == 0 || took < best { // the quickest answer is the most exact
			best, skew = took, there.Sub(asked.Add(took/2))
		}
	}
	db.skew.Store(int64(skew))
	return nil
}
