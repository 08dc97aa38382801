package database

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bookvault/platform/wal"

	"github.com/jackc/pgx/v5"
)

// The questions of the feed. askPrimary comes before askChanges, in a statement of its own: so the snapshot of the second shows what
// was committed at an earlier position than the first names. Just at that position there may be a transaction whose COMMIT is in the
// log and which is not visible yet. While the log grows that is of no matter; when it stands still, askAlone in between finds out.
const (
	askEra = `SELECT system_identifier::text || '-' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) || '-' ||
		extract(epoch FROM pg_postmaster_start_time())::text FROM pg_control_system()`

	askAlone = `SELECT NOT EXISTS (SELECT FROM pg_stat_activity
		WHERE pid <> pg_backend_pid() AND (backend_xid IS NOT NULL OR query = '<insufficient privilege>'))`

	askChanges = `SELECT s.snapshot::text, pg_snapshot_xmin(s.snapshot)::text, (pg_current_wal_insert_lsn() - '0/0')::bigint,
		l.origin, l.number, l.topic, l.keys
		FROM (SELECT pg_current_snapshot() AS snapshot) s
		LEFT JOIN changes.log l ON l.xid >= pg_snapshot_xmin($1::text::pg_snapshot) AND NOT pg_visible_in_snapshot(l.xid, $1::text::pg_snapshot)`

	// One process at a time clears away; the others need not wait.
	clearChanges = `WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(hashtext('bookvault changes.log')) AS mine)
		DELETE FROM changes.log USING turn WHERE turn.mine AND xid < $1::text::xid8`
)

// feedParameters: the log is short and never analysed in time; planning each look would be most of it; and each question must have a
// snapshot of its own.
var feedParameters = map[string]string{"enable_seqscan": "off", "plan_cache_mode": "force_generic_plan", "default_transaction_isolation": "read committed"}

// fromTheBeginning is a snapshot that shows nothing.
const fromTheBeginning = "1:1:"

// errNoAnswer says that the log did not say what it was asked.
var errNoAnswer = errors.New("the log of changes gave no answer")

// teller is the side of the feed that asks; only run uses it.
type teller struct {
	feed    *Feed
	conn    *pgx.Conn
	era     string
	untold  bool      // the era is new, and what the log holds of it is to be told first
	before  answer    // of the last look that succeeded
	reached time.Time // when that began
	still   bool      // the log stood still at the last look, and it is not known whether something was being written
	kept    []horizon
}

// horizon is the oldest transaction that still ran at a time.
type horizon struct {
	when time.Time
	xmin string
}

// hangUp ends the connection.
func (t *teller) hangUp() {
	if t.conn != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = t.conn.Close(ctx)
		t.conn = nil
	}
}

// answer is what one look found.
type answer struct {
	from, at       wal.Position
	alone          bool
	snapshot, xmin string
	news           map[string]*Heard
	told           []int64 // own transactions that listeners had heard of before
}

// lookWithin is the time of a look at most. One that takes so long is of no use any more, and a server that answers none is ill.
const lookWithin = 2 * time.Second

// look asks, and tells listeners. That a connection broke says nothing of the server yet: then it asks once more, on a new one.
func (t *teller) look(ctx context.Context, began time.Time) error {
	before := t.conn
	err := t.once(ctx, began)
	if before != nil && serverGone(err) {
		t.hangUp()
		err = t.once(ctx, began)
	}
	return err
}

func (t *teller) once(ctx context.Context, began time.Time) error {
	f := t.feed
	ctx, cancel := context.WithTimeout(ctx, min(lookWithin, f.db.settings.ConnectTimeout))
	defer cancel()
	gap, err := t.connect(ctx)
	if err != nil {
		return err
	}
	gap = gap || !t.reached.IsZero() && began.Sub(t.reached) > f.db.settings.FeedKept/2 // what was missed may be cleared away
	a, err := t.ask(ctx)
	if err != nil {
		return err
	}
	f.db.known.advance(a.at)
	f.tell(a.news, a.told, gap, a.at)
	if t.untold {
		t.untold = false
		f.begins(t.era)
	}

	passed := a.from
	if !a.alone {
		passed.LSN--
	}
	t.before, t.reached = a, began
	f.last.Store(&look{began: began, from: a.from, passed: passed, at: a.at})
	t.clear(began, a.xmin)
	return nil
}

// ask puts the questions, in one round trip.
func (t *teller) ask(ctx context.Context) (a answer, err error) {
	before := t.before.snapshot
	if before == "" {
		before = fromTheBeginning
	}
	var batch pgx.Batch
	batch.Queue(askPrimary)
	if t.still {
		batch.Queue(askAlone)
	}
	batch.Queue(askChanges, before)
	results := t.conn.SendBatch(ctx, &batch)
	defer func() { _ = results.Close() }()
	var lsn, timeline int64
	if err := results.QueryRow().Scan(&lsn, &timeline); err != nil {
		return a, fmt.Errorf("ask how far the primary is: %w", err)
	}
	a.from = wal.Position{Timeline: uint32(timeline), LSN: wal.End(uint64(lsn))}
	stands := a.from == t.before.from
	if a.alone = stands && t.before.alone; t.still {
		if err := results.QueryRow().Scan(&a.alone); err != nil {
			return a, fmt.Errorf("ask whether nothing is written: %w", err)
		}
	}
	t.still = stands && !a.alone
	rows, err := results.Query()
	if err != nil {
		return a, fmt.Errorf("ask what was changed: %w", err)
	}
	if err := t.read(rows, &a); err != nil {
		return a, fmt.Errorf("read what was changed: %w", err)
	}
	return a, nil
}

// read takes the rows of askChanges: one that names no change when there is none.
func (t *teller) read(rows pgx.Rows, a *answer) error {
	defer rows.Close()
	a.news = map[string]*Heard{}
	for rows.Next() {
		var lsn int64
		var origin, number *int64
		var topic *string
		var keys []int64
		if err := rows.Scan(&a.snapshot, &a.xmin, &lsn, &origin, &number, &topic, &keys); err != nil {
			return err
		}
		a.at = wal.Position{Timeline: a.from.Timeline, LSN: wal.End(uint64(lsn))}
		switch {
		case topic == nil:
		case *origin == t.feed.origin && t.feed.heardOwn(*number):
			a.told = append(a.told, *number)
		default:
			gather(a.news, *topic, keys)
		}
	}
	if a.snapshot == "" && rows.Err() == nil {
		return errNoAnswer
	}
	return rows.Err()
}

// gather adds a row to the news of its topic.
func gather(news map[string]*Heard, topic string, keys []int64) {
	h := news[topic]
	switch {
	case h == nil:
		news[topic] = &Heard{Keys: keys}
	case len(h.Keys) == 0: // all already
	case len(keys) == 0:
		h.Keys = nil
	default:
		h.Keys = append(h.Keys, keys...)
	}
}

// connect makes the connection if there is none, and tells whether what happened before it is lost.
func (t *teller) connect(ctx context.Context) (gap bool, err error) {
	if t.conn != nil {
		return false, nil
	}
	s := t.feed.db.settings
	c, err := pgx.ParseConfig(t.feed.db.primary.dsn)
	if err != nil {
		return false, err
	}
	s.ApplicationName += " feed"
	s.configure(c, feedParameters)
	primaryOnly.validate(c)
	if t.conn, err = pgx.ConnectConfig(ctx, c); err != nil {
		return false, err
	}
	var era string
	if err := t.conn.QueryRow(ctx, askEra).Scan(&era); err != nil {
		return false, fmt.Errorf("ask which history the primary has: %w", err)
	}
	if era == t.era {
		return false, nil
	}
	gap = true // also at first: what is loaded before the news begin may come from a replica that knows less
	t.era, t.before, t.still, t.kept = era, answer{}, false, nil
	t.feed.begins("") // until what the log still holds has been told
	t.untold = true
	return gap, nil
}

// begins tells which history the log belongs to now.
func (f *Feed) begins(era string) {
	f.lock.Lock()
	eras := f.eras
	f.lock.Unlock()
	for _, fn := range eras {
		fn(era)
	}
}

// heardOwn tells whether listeners have heard of a transaction of this process already; else they do now.
func (f *Feed) heardOwn(number int64) bool {
	f.lock.Lock()
	defer f.lock.Unlock()
	if !f.told[number] {
		f.shown[number] = true
	}
	return f.told[number]
}

// tell has listeners hear the news, or after a gap that everything changed.
func (f *Feed) tell(news map[string]*Heard, seen []int64, gap bool, at wal.Position) {
	f.lock.Lock()
	for _, number := range seen {
		delete(f.told, number)
	}
	if gap = gap || f.gap; gap {
		f.gap = false
		clear(f.told)
		clear(f.shown)
	}
	listeners := f.listeners
	f.lock.Unlock()
	if gap {
		f.counters.gaps.Add(1)
		for topic, all := range listeners {
			f.hear(topic, all, Heard{At: at})
		}
		return
	}
	for topic, h := range news {
		f.counters.heard.Add(int64(max(1, len(h.Keys))))
		f.hear(topic, listeners[topic], Heard{Keys: h.Keys, At: at})
	}
}

// clear removes rows that are older than FeedKept, now and then.
func (t *teller) clear(now time.Time, xmin string) {
	kept := t.feed.db.settings.FeedKept
	if n := len(t.kept); n == 0 || now.Sub(t.kept[n-1].when) >= kept/8 {
		t.kept = append(t.kept, horizon{now, xmin})
	}
	old := ""
	for len(t.kept) > 0 && now.Sub(t.kept[0].when) >= kept {
		old, t.kept = t.kept[0].xmin, t.kept[1:]
	}
	if old == "" {
		return
	}
	db := t.feed.db
	db.watching.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), db.settings.StatementTimeout)
		defer cancel()
		if _, err := db.Pool().Exec(ctx, clearChanges, old); err != nil {
			db.settings.Logger.Warn("old rows of changes.log could not be cleared away; it is tried again later", "error", err)
		}
	})
}
