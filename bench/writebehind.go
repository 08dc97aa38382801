package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"fmt"
	mathrand "math/rand/v2"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/bench/harness"
)

const writeBehindClients = 64

// benchWriteBehind measures and proves what is written behind the answer: ratings through the queue against a transaction each, how fast the
// queue empties into PostgreSQL, and what a crash leaves.
func benchWriteBehind(ctx context.Context, args []string, out *report) error {
	flags := flag.NewFlagSet("writebehind", flag.ContinueOnError)
	items := flags.Int("items", 20_000, "copies of the library; it has a fifth as many titles")
	rounds := flags.Int("rounds", 6, "pairs of rounds of the comparison")
	seconds := flags.Float64("seconds", 5, "of each round")
	records := flags.Int("records", 500_000, "that are drained")
	quick := flags.Bool("quick", false, "a smaller run of a minute: 2 rounds of 2 seconds, 100,000 records")
	only := flags.String("only", "", "one figure: ratings, drain")
	kills := flags.Int("kills", 0, "kill BookVault so often, and PostgreSQL 20 times, under load at the desk and on the queue, and nothing else")
	database := flags.Int("database-kills", -1, "how often PostgreSQL is killed instead of 20 times")
	data := flags.String("library", "", "folder of the library, made when it is not there and kept (a folder of the system's temporary one)")
	file := flags.String("json", "", "write the rows to this file too")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b := &circulationBench{ctx: ctx, out: &harness.Figures{Suite: "writebehind"}, rounds: *rounds, run: strconv.FormatInt(time.Now().UnixNano(), 36)}
	b.seconds = time.Duration(*seconds * float64(time.Second))
	if b.kills.server, b.kills.database = *kills, 20; *database >= 0 {
		b.kills.database = *database
	}
	if *quick {
		b.rounds, b.seconds, *records = 2, 2*time.Second, 100_000
	}
	out.figures = b.out
	if *only != "ratings" && *kills == 0 {
		if err := drained(ctx, *records, b.out); err != nil {
			return fmt.Errorf("drain: %w", err)
		}
	}
	if *only == "drain" {
		return b.out.Save(*file)
	}
	closing, err := b.open(*data, *items)
	if err != nil {
		return err
	}
	defer closing()
	if *kills > 0 {
		err = b.crashes()
	} else {
		err = b.ratings()
	}
	if err != nil {
		return err
	}
	b.out.Note("%d clients are on kept connections and share the machine with the server and PostgreSQL. BookVault runs with its defaults, but for rate_limit.exempt.", writeBehindClients)
	return b.out.Save(*file)
}

// rater is a member who may rate.
type rater struct {
	id    int64
	token string
}

// raters gives members tokens.
func (b *circulationBench) raters(n int) ([]rater, error) {
	conn, err := pgx.Connect(b.ctx, b.library.Primary)
	if err != nil {
		return nil, err
	}
	defer conn.Close(b.ctx)
	rows, err := conn.Query(b.ctx, `SELECT member_id FROM members.cards WHERE card = ANY($1) ORDER BY member_id LIMIT $2`, b.cards, n)
	if err != nil {
		return nil, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil || len(ids) < n {
		return nil, fmt.Errorf("%d of %d members to rate with: %w", len(ids), n, err)
	}
	all := make([]rater, n)
	for i, id := range ids {
		random := make([]byte, 32)
		_, _ = rand.Read(random) // never fails
		all[i] = rater{id, "bv_" + base64.RawURLEncoding.EncodeToString(random)}
		hash := sha256.Sum256([]byte(all[i].token))
		if _, err := conn.Exec(b.ctx, `INSERT INTO members.api_tokens (token_hash, member_id, name, role, created_at, expires_at)
			VALUES ($1, $2, 'bench', 'patron', now(), now() + interval '1 day')`, hash[:], id); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// rating makes a request that rates a title.
func (b *circulationBench) rating(r rater, book int64, stars int) []byte {
	return put(b.library.Home.Address, fmt.Sprintf("/api/catalog/v1/books/%d/rating", book), fmt.Sprintf(`{"stars": %d}`, stars), "Authorization", "Bearer "+r.token)
}

// put is Post of the harness with the other method.
func put(address, path, body string, headers ...string) []byte {
	request := harness.Post(address, path, []byte(body), headers...)
	return append([]byte("PUT"), request[len("POST"):]...)
}

// ratings: so many a second, safe on disk when they are answered, against the same requests with a transaction each.
func (b *circulationBench) ratings() error {
	raters, err := b.raters(writeBehindClients)
	if err != nil {
		return err
	}
	behind, err := b.patterns("write_behind")
	if err != nil {
		return err
	}
	defer func() { _ = behind(true) }()
	load := func(d time.Duration) (harness.Result, error) {
		return harness.Load{Address: b.library.Home.Address, Clients: writeBehindClients, For: d, Seed: uint64(b.keys.Add(1)), Next: func(r *mathrand.Rand) []byte {
			return b.rating(raters[r.IntN(len(raters))], b.library.IDs[r.IntN(len(b.library.IDs))], 1+r.IntN(5))
		}}.Run(b.ctx)
	}
	yardstick, err := b.insertAndCommit()
	if err != nil {
		return err
	}
	var rate, p50 [2][]float64 // a transaction each; through the queue
	var inserts []float64
	for i := range b.rounds {
		for turn := range 2 {
			on := (turn + i) % 2
			if err := behind(on == 1); err != nil {
				return err
			}
			if i == 0 {
				if _, err := load(b.seconds / 2); err != nil { // warm
					return err
				}
			}
			r, err := load(b.seconds)
			if err != nil {
				return err
			}
			rate[on], p50[on] = append(rate[on], r.PerSecond()), append(p50[on], r.Percentile(50))
		}
		tps, err := yardstick(b.seconds)
		if err != nil {
			return err
		}
		inserts = append(inserts, tps)
	}
	ratios, times := harness.Ratios(rate[1], rate[0]), harness.Ratios(p50[1], p50[0])
	ratio, faster := harness.Median(ratios), harness.Median(times)
	b.out.Add(harness.Row{Figure: "ratings on disk when they are answered, 64 clients", Baseline: "one INSERT and COMMIT each, same requests", Value: harness.Median(rate[1]), Unit: "ratings/s",
		Ratio: ratio, Spread: harness.Spread(ratios), Goal: ">= 10", Holds: ratio >= 10})
	b.out.Add(harness.Row{Figure: "with one INSERT and COMMIT each", Value: harness.Median(rate[0]), Unit: "ratings/s"})
	b.out.Add(harness.Row{Figure: "a rating among them, p50", Baseline: "one INSERT and COMMIT each, same requests", Value: harness.Median(p50[1]), Unit: "ms",
		Ratio: faster, Spread: harness.Spread(times), Goal: "<= 0.2", Holds: faster <= 0.2})
	b.out.Add(harness.Row{Figure: "with one INSERT and COMMIT each, p50", Value: harness.Median(p50[0]), Unit: "ms"})
	b.out.Add(harness.Row{Figure: "pgbench, the same INSERT and COMMIT without HTTP", Value: harness.Median(inserts), Unit: "transactions/s"})
	return nil
}

// insertAndCommit makes pgbench do what a rating is to the database, without HTTP, rules, or news of the change.
func (b *circulationBench) insertAndCommit() (func(time.Duration) (float64, error), error) {
	conn, err := pgx.Connect(b.ctx, b.library.Primary)
	if err != nil {
		return nil, err
	}
	defer conn.Close(b.ctx)
	if _, err := conn.Exec(b.ctx, `DROP SCHEMA IF EXISTS yardstick CASCADE; CREATE SCHEMA yardstick; CREATE TABLE yardstick.ratings (LIKE catalog.ratings INCLUDING ALL)`); err != nil {
		return nil, err
	}
	script := fmt.Sprintf(`\set book random(1, %d)
\set member random(1, %d)
INSERT INTO yardstick.ratings (shard, book_id, member_id, stars, tick, node) VALUES (:book & 1023, :book, :member, 3, 1, 1)
ON CONFLICT (shard, book_id, member_id) DO UPDATE SET stars = excluded.stars, tick = excluded.tick;
`, len(b.library.IDs), writeBehindClients)
	return b.pgbench("rating", script, writeBehindClients)
}
