package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/platform/database"
)

const (
	questionLimit = 10 * time.Second // for everything asked of one server
	clockWarning  = time.Second      // from here due dates and expiries may surprise
	clockBad      = time.Minute
	oldestServer  = 150000 // server_version_num of PostgreSQL 15
)

// database questions the primary, its schema, the replicas and the clock.
func (p Patient) database(ctx context.Context, r *report) {
	lent, err := p.Database(ctx)
	if err != nil {
		r.add(finding{bad, "database", err.Error(), "mend what the line says, then ask the doctor again"})
		return
	}
	if !p.primary(ctx, r, lent) {
		return
	}
	if p.schema(ctx, r, lent) {
		p.kept(ctx, r)
	}
	if len(lent.Replicas) == 0 {
		r.add(finding{warning, "replica", "none: every read goes to the primary", "set database.embedded.replica to true, or list database.replicas"})
	}
	for i, address := range lent.Replicas {
		p.replica(ctx, r, lent, i+1, address)
	}
}

// primary looks whether the primary answers, is one, is new enough, and agrees with us about the time.
func (p Patient) primary(ctx context.Context, r *report, lent Database) bool {
	var (
		version    int
		words      string
		inRecovery bool
		there      time.Time
		before     time.Time
		after      time.Time
	)
	err := ask(ctx, lent.Primary, func(ctx context.Context, c *pgx.Conn) error {
		before = time.Now()
		err := c.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_version'), pg_is_in_recovery(), clock_timestamp()`).
			Scan(&version, &words, &inRecovery, &there)
		after = time.Now()
		return err
	})
	switch {
	case err != nil:
		r.add(finding{bad, "database", "the primary does not answer: " + err.Error(), "start it, or correct database.primary"})
		return false
	case inRecovery:
		r.add(finding{bad, "database", "database.primary leads to a replica, which takes no writes", "give the address of the primary"})
		return false
	case version < oldestServer:
		r.add(finding{bad, "database", "PostgreSQL " + words + " is too old", "use PostgreSQL 15 or newer"})
		return false
	}
	r.ok("database", "the primary answers: PostgreSQL %s, %s", words, lent.Note)
	p.clock(r, there, before, after)
	return true
}

// clock compares the database's clock with ours, as if its answer was written in the middle of our waiting.
func (p Patient) clock(r *report, there, before, after time.Time) {
	apart := there.Sub(before.Add(after.Sub(before) / 2)).Abs()
	text := fmt.Sprintf("%s apart from the database's; the library's time is %s", apart.Round(time.Millisecond),
		after.In(p.Settings.Library.Location).Format("Monday 2006-01-02 15:04 MST"))
	const mend = "let both machines keep time with NTP (chrony, systemd-timesyncd)"
	switch {
	case apart > clockBad:
		r.add(finding{bad, "clock", text, mend})
	case apart > clockWarning:
		r.add(finding{warning, "clock", text, mend})
	default:
		r.ok("clock", "%s", text)
	}
}

// schema looks whether the database has the migrations that this program knows, no fewer and no more, and tells whether it has.
func (p Patient) schema(ctx context.Context, r *report, lent Database) bool {
	ctx, cancel := context.WithTimeout(ctx, questionLimit)
	defer cancel()
	all, err := database.MigrationStatus(ctx, lent.Direct, p.Migrations)
	if errors.Is(err, database.ErrNewerDatabase) {
		r.add(finding{bad, "schema", err.Error(), "start the newer BookVault"})
		return false
	}
	if err != nil {
		r.add(finding{bad, "schema", err.Error(), "give database.direct, an address that reaches the server without a transaction pooler"})
		return false
	}
	missing := 0
	for _, m := range all {
		if m.AppliedAt.IsZero() {
			missing++
		}
	}
	if missing > 0 {
		r.add(finding{warning, "schema", fmt.Sprintf("%d of %d migrations are not applied", missing, len(all)), "start the server, or run bookvault migrate up"})
		return false
	}
	r.ok("schema", "all %d migrations are applied", len(all))
	return true
}

// kept says how much there is that tells who borrowed, or what became of an account.
func (p Patient) kept(ctx context.Context, r *report) {
	if p.Kept == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, questionLimit)
	defer cancel()
	lines, err := p.Kept(ctx)
	if err != nil {
		r.add(finding{warning, "privacy", "what is kept cannot be counted: " + err.Error(), "ask the doctor again"})
	}
	for _, line := range lines {
		if line.Mend != "" {
			r.add(finding{warning, line.Subject, line.Says, line.Mend})
			continue
		}
		r.ok(line.Subject, "%s", line.Says)
	}
}

// replica looks whether a replica answers, follows, and how far it is behind in bytes of the log.
func (p Patient) replica(ctx context.Context, r *report, lent Database, n int, address string) {
	subject := fmt.Sprintf("replica %d", n)
	var inRecovery bool
	var replayed *string
	err := ask(ctx, address, func(ctx context.Context, c *pgx.Conn) error {
		return c.QueryRow(ctx, `SELECT pg_is_in_recovery(), pg_last_wal_replay_lsn()::text`).Scan(&inRecovery, &replayed)
	})
	if err != nil {
		r.add(finding{warning, subject, "does not answer: " + err.Error(), "start it; until then reads go to the primary"})
		return
	}
	if !inRecovery || replayed == nil {
		r.add(finding{bad, subject, "is no replica: it takes writes of its own", "list only streaming replicas of the primary in database.replicas"})
		return
	}
	var behind int64
	err = ask(ctx, lent.Primary, func(ctx context.Context, c *pgx.Conn) error {
		return c.QueryRow(ctx, `SELECT greatest(pg_wal_lsn_diff(pg_current_wal_lsn(), $1::pg_lsn), 0)::bigint`, *replayed).Scan(&behind)
	})
	if err != nil {
		r.add(finding{warning, subject, "cannot be compared with the primary: " + err.Error(), "ask the doctor again"})
		return
	}
	text := fmt.Sprintf("answers, %.1f MiB of the log behind the primary", float64(behind)/(1<<20))
	if behind > 64<<20 {
		r.add(finding{warning, subject, text, "look whether it still streams (pg_stat_replication on the primary)"})
		return
	}
	r.ok(subject, "%s", text)
}

// ask opens one connection for a question and closes it.
func ask(ctx context.Context, address string, question func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, questionLimit)
	defer cancel()
	c, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	return question(ctx, c)
}
