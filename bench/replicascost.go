package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"bookvault/bench/harness"
	"bookvault/platform/database"
	"bookvault/platform/identity"
)

// decision measures what a reader who wrote something costs the choice of a server, once a replica has what they wrote: against a stranger,
// who needs nothing.
func (b *replicasBench) decision(ctx context.Context, to *harness.Figures) error {
	db := b.ways[replicated].db
	stranger, _ := database.WithReader(ctx, "")
	author, _ := database.WithReader(identity.WithPrincipal(ctx, identity.Principal{MemberID: 7, Role: identity.Patron, Via: identity.ViaToken}), "")
	if err := db.InTx(author, func(tx *gorm.DB) error {
		return tx.Exec(`UPDATE borrowing.titles SET version = version + 1 WHERE book_id = 1 << 10 | 1`).Error
	}); err != nil {
		return err
	}
	for begun := time.Now(); db.Choice(author) == "primary" || db.Choice(stranger) == "primary"; time.Sleep(time.Millisecond) {
		if time.Since(begun) > 30*time.Second {
			return errors.New("no replica has what was written within 30 s")
		}
	}
	const each, rounds = 50_000, 20
	choose := func(ctx context.Context) (ns float64, elsewhere int) {
		begun := time.Now()
		for range each {
			if db.Choice(ctx) == "primary" {
				elsewhere++
			}
		}
		return float64(time.Since(begun).Nanoseconds()) / each, elsewhere
	}
	var with, without, costs []float64
	waited := 0
	for range rounds {
		one, elsewhere := choose(author)
		other, _ := choose(stranger)
		waited += elsewhere
		with, without, costs = append(with, one), append(without, other), append(costs, (one-other)/1000)
	}
	cost := harness.Median(costs)
	to.Add(harness.Row{Figure: "cost of read-your-writes on a read that needs no waiting", Baseline: fmt.Sprintf("a stranger's read is put to a server in %.0f ns", harness.Median(without)),
		Value: cost, Unit: "us", Spread: harness.Spread(costs), Goal: "< 1 us", Holds: cost < 1})
	to.Note("An author's read is put to a server in %.0f ns; %d of %d such choices had to be the primary.", harness.Median(with), waited, each*rounds)
	return nil
}
