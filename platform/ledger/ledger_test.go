package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/ledger"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// The ledger of borrowing is as good as any: what is tested here are its tables and this package.
const schema = "borrowing"

func event(stream string, version int) ledger.Event {
	return ledger.Event{Stream: stream, Version: version, Type: "Happened", Data: ledger.Encode(map[string]int{"n": version}), Actor: "system", At: time.Now()}
}

func appended(t *testing.T, db *database.DB, events ...ledger.Event) error {
	t.Helper()
	return db.InPgxTx(t.Context(), func(tx pgx.Tx) error { return ledger.New(schema).Append(t.Context(), tx, events) })
}

func TestAStreamIsReadAsItWasWritten(t *testing.T) {
	db := dbtest.New(t)
	e := event("loan/1", 1)
	e.Reason, e.RequestID, e.Actor = "why", "r1", "staff/7"
	if err := appended(t, db, e, event("loan/1", 2), event("loan/2", 1)); err != nil {
		t.Fatal(err)
	}
	got, err := ledger.New(schema).Read(t.Context(), db.Pool(), "loan/1", 0, 10)
	if err != nil || len(got) != 2 || got[0].Reason != "why" || got[0].RequestID != "r1" || got[0].Actor != "staff/7" || got[1].Version != 2 || string(got[1].Data) != `{"n": 2}` {
		t.Errorf("%+v %v", got, err)
	}
	if got[0].At.Sub(e.At).Abs() > time.Microsecond || got[0].Position >= got[1].Position {
		t.Errorf("%v, positions %d %d", got[0].At, got[0].Position, got[1].Position)
	}
	if got, _ := ledger.New(schema).Read(t.Context(), db.Pool(), "loan/1", 1, 10); len(got) != 1 || got[0].Version != 2 {
		t.Errorf("after 1: %+v", got)
	}
}

func TestAWriterWhoWasOvertakenIsTold(t *testing.T) {
	db := dbtest.New(t)
	if err := appended(t, db, event("loan/1", 1)); err != nil {
		t.Fatal(err)
	}
	if err := appended(t, db, event("loan/2", 1), event("loan/1", 1)); !errors.Is(err, ledger.ErrConflict) {
		t.Errorf("%v", err)
	}
	if got, _ := ledger.New(schema).Read(t.Context(), db.Pool(), "loan/2", 0, 10); len(got) != 0 {
		t.Error("half of it was written")
	}
}

func TestTheDatabaseRefusesToChangeWhatHappened(t *testing.T) {
	db := dbtest.New(t)
	if err := appended(t, db, event("loan/1", 1)); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		`UPDATE borrowing.events SET data = '{}'`, `UPDATE borrowing.events SET at = at`, `DELETE FROM borrowing.events`, `TRUNCATE borrowing.events`,
		`INSERT INTO borrowing.events (stream, version, type, data, actor, at) VALUES ('loan/1', 1, 'X', '{}', 'x', now())
			ON CONFLICT (stream, version) DO UPDATE SET type = 'X'`,
	} {
		if _, err := db.Pool().Exec(t.Context(), query); err == nil {
			t.Errorf("accepted: %s", query)
		}
	}
	if got, _ := ledger.New(schema).Read(t.Context(), db.Pool(), "loan/1", 0, 10); len(got) != 1 || got[0].Type != "Happened" {
		t.Errorf("%+v", got)
	}
}

// collector remembers what it was told.
type collector struct {
	lock sync.Mutex
	keys []string
	fail error
}

func (c *collector) handle(_ context.Context, messages []ledger.Message) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.fail != nil {
		return c.fail
	}
	for _, m := range messages {
		c.keys = append(c.keys, fmt.Sprintf("%s %s", m.Key, m.Data))
	}
	return nil
}

func (c *collector) count() int {
	c.lock.Lock()
	defer c.lock.Unlock()
	return len(c.keys)
}

func TestWhatCommitsLateIsNotLost(t *testing.T) {
	db := dbtest.New(t)
	box, c, ctx := ledger.NewOutbox(schema, "test"), &collector{}, t.Context()
	if err := box.Register(ctx, db.Pool()); err != nil {
		t.Fatal(err)
	}
	late, err := db.Pool().Begin(ctx) // writes first, commits last
	if err != nil {
		t.Fatal(err)
	}
	if err := ledger.New(schema).Append(ctx, late, []ledger.Event{event("late/1", 1)}); err != nil {
		t.Fatal(err)
	}
	if err := appended(t, db, event("soon/1", 1)); err != nil {
		t.Fatal(err)
	}
	n, held, err := box.Deliver(ctx, db.Pool(), 10, c.handle)
	if n != 0 || !held || err != nil {
		t.Errorf("behind a running transaction: %d %v %v", n, held, err)
	}
	if err := late.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if n, held, err = box.Deliver(ctx, db.Pool(), 10, c.handle); n != 2 || held || err != nil {
		t.Errorf("then: %d %v %v", n, held, err)
	}
	if n, _, _ = box.Deliver(ctx, db.Pool(), 10, c.handle); n != 0 {
		t.Errorf("again: %d", n)
	}
}

// A transaction may have its id early and write late, behind another one that came and went: ids alone would turn their order.
func TestAStreamIsDeliveredInOrderWhateverTheTransactionIDs(t *testing.T) {
	db := dbtest.New(t)
	box, c, ctx := ledger.NewOutbox(schema, "test"), &collector{}, t.Context()
	if err := box.Register(ctx, db.Pool()); err != nil {
		t.Fatal(err)
	}
	early, err := db.Pool().Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := early.Exec(ctx, `SELECT pg_current_xact_id()`); err != nil {
		t.Fatal(err)
	}
	if err := appended(t, db, event("loan/1", 1)); err != nil { // a greater id, and first in the stream
		t.Fatal(err)
	}
	if err := ledger.New(schema).Append(ctx, early, []ledger.Event{event("loan/1", 2)}); err != nil {
		t.Fatal(err)
	}
	if err := early.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, _, err := box.Deliver(ctx, db.Pool(), 1, c.handle); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.keys) != 2 || c.keys[0] != `loan/1 {"n": 1}` || c.keys[1] != `loan/1 {"n": 2}` {
		t.Errorf("delivered %q", c.keys)
	}
}

// The order is that of numbers, not of their texts: 999 comes before 1000.
func TestTheOrderHoldsWhereHorizonsGetLonger(t *testing.T) {
	db := dbtest.New(t)
	box, c, ctx := ledger.NewOutbox(schema, "test"), &collector{}, t.Context()
	if err := box.Register(ctx, db.Pool()); err != nil {
		t.Fatal(err)
	}
	for i, horizon := range []string{"8", "9", "10", "11", "99", "100"} {
		if _, err := db.Pool().Exec(ctx, `INSERT INTO borrowing.outbox (horizon, topic, key, data, at) VALUES ($1::text::xid8, 'X', 'x', $2, now())`,
			horizon, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if _, _, err := box.Deliver(ctx, db.Pool(), 2, c.handle); err != nil {
			t.Fatal(err)
		}
	}
	if got := fmt.Sprint(c.keys); got != "[x 0 x 1 x 2 x 3 x 4 x 5]" {
		t.Errorf("delivered %s", got)
	}
}

func TestAFailureBringsTheSameBatchAgain(t *testing.T) {
	db := dbtest.New(t)
	box, c, ctx := ledger.NewOutbox(schema, "test"), &collector{fail: errors.New("not now")}, t.Context()
	if err := box.Register(ctx, db.Pool()); err != nil {
		t.Fatal(err)
	}
	if err := appended(t, db, event("loan/1", 1)); err != nil {
		t.Fatal(err)
	}
	if n, _, err := box.Deliver(ctx, db.Pool(), 10, c.handle); n != 0 || !errors.Is(err, c.fail) {
		t.Errorf("%d %v", n, err)
	}
	if n, err := box.Purge(ctx, db.Pool(), 10); n != 0 || err != nil {
		t.Errorf("%d purged before they were delivered, %v", n, err)
	}
	c.fail = nil
	if n, _, err := box.Deliver(ctx, db.Pool(), 10, c.handle); n != 1 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	if n, err := box.Purge(ctx, db.Pool(), 10); n != 1 || err != nil {
		t.Errorf("%d purged, %v", n, err)
	}
}

// Many writers at once, two relays of one consumer: each message once, each stream in order.
func TestTwoRelaysCarryEachMessageOnceAndInOrder(t *testing.T) {
	db := dbtest.New(t)
	c, ctx := &collector{}, t.Context()
	var relays []*ledger.Relay
	for range 2 {
		r := ledger.NewRelay(db.Pool(), ledger.RelaySettings{Schema: schema, Consumer: "test", Handle: c.handle, Batch: 7, Poll: 20 * time.Millisecond})
		if err := r.Start(ctx); err != nil {
			t.Fatal(err)
		}
		relays = append(relays, r)
	}
	const writers, each = 6, 40
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for v := 1; v <= each; v++ {
				if err := db.InPgxTx(ctx, func(tx pgx.Tx) error {
					return ledger.New(schema).Append(ctx, tx, []ledger.Event{event(fmt.Sprintf("loan/%d", w), v)})
				}); err != nil {
					t.Error(err)
				}
				relays[w%2].Nudge()
			}
		})
	}
	wg.Wait()
	deadline := time.Now().Add(20 * time.Second)
	for c.count() < writers*each && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	for _, r := range relays {
		for range 2 { // twice is no harm
			if err := r.Stop(ctx); err != nil {
				t.Error(err)
			}
		}
	}
	next := map[string]int{}
	for _, k := range c.keys {
		var stream string
		var n int
		if _, err := fmt.Sscanf(k, `%s {"n": %d}`, &stream, &n); err != nil {
			t.Fatal(err)
		}
		if next[stream]++; next[stream] != n {
			t.Fatalf("%s: number %d came as number %d", stream, n, next[stream])
		}
	}
	if len(c.keys) != writers*each {
		t.Errorf("%d messages", len(c.keys))
	}
	if n := told(t, relays[0], "bookvault_outbox_relayed_total") + told(t, relays[1], "bookvault_outbox_relayed_total"); n != writers*each {
		t.Errorf("their metrics count %v messages", n)
	}
}

// What is written within the same moment is carried together, however often the relay is nudged.
func TestARelayGathersWhatIsWrittenMeanwhile(t *testing.T) {
	const gather, messages = 50 * time.Millisecond, 60
	db := dbtest.New(t)
	c, ctx := &collector{}, t.Context()
	var batches atomic.Int64
	r := ledger.NewRelay(db.Pool(), ledger.RelaySettings{Schema: schema, Consumer: "test", Gather: gather, Handle: func(ctx context.Context, m []ledger.Message) error {
		batches.Add(1)
		return c.handle(ctx, m)
	}})
	if err := r.Start(ctx); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	for v := 1; v <= messages; v++ {
		if err := appended(t, db, event("loan/1", v)); err != nil {
			t.Fatal(err)
		}
		r.Nudge()
	}
	for end := time.Now().Add(20 * time.Second); c.count() < messages && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	took := time.Since(begun)
	if err := r.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if got, most := batches.Load(), int64(took/gather)+2; c.count() != messages || got > most {
		t.Errorf("%d messages in %d batches within %v, of which at most %d can begin in it", c.count(), got, took, most)
	}
}

// told reads a metric of a relay.
func told(t *testing.T, r *ledger.Relay, name string) float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(r)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if m := f.GetMetric()[0]; f.GetName() == name {
			return m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	t.Fatalf("there is no %s", name)
	return 0
}

func TestStopBeforeStart(t *testing.T) {
	if err := ledger.NewRelay(nil, ledger.RelaySettings{Schema: schema, Consumer: "x"}).Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// A relay that is stuck in the middle of a batch, as in a process that is frozen, keeps the others out for as long as its connection lives, and no
// longer: then another one takes over, with that batch.
func TestARelayThatDiesIsTakenOver(t *testing.T) {
	db := dbtest.New(t)
	ctx, c := t.Context(), &collector{}
	var pid int
	stuck, dead := make(chan struct{}), make(chan struct{})
	frozen, err := db.Pool().Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer frozen.Release()
	pid = int(frozen.Conn().PgConn().PID())
	first := ledger.NewRelay(frozen, ledger.RelaySettings{Schema: schema, Consumer: "test", Logger: slog.New(slog.DiscardHandler), Handle: func(context.Context, []ledger.Message) error {
		close(stuck)
		<-dead
		return nil // it means to go on, but its place is another's
	}})
	if err := appended(t, db, event("loan/1", 1), event("loan/1", 2)); err != nil {
		t.Fatal(err)
	}
	if err := first.Start(ctx); err != nil {
		t.Fatal(err)
	}
	<-stuck
	second := ledger.NewRelay(db.Pool(), ledger.RelaySettings{Schema: schema, Consumer: "test", Handle: c.handle, Poll: 10 * time.Millisecond})
	if err := second.Start(ctx); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = second.Stop(ctx) }()
	time.Sleep(50 * time.Millisecond)
	if n := c.count(); n != 0 {
		t.Errorf("two relays at once: %d messages", n)
	}
	if told(t, first, "bookvault_outbox_behind_seconds") < 0.05 || told(t, second, "bookvault_outbox_behind_seconds") > 0.05 {
		t.Error("the metrics do not tell which of the two stands")
	}
	if _, err := db.Pool().Exec(ctx, `SELECT pg_terminate_backend($1)`, pid); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	for c.count() < 2 && time.Since(begun) < 30*time.Second {
		time.Sleep(5 * time.Millisecond)
	}
	if n := c.count(); n != 2 {
		t.Errorf("%d messages came through the second", n)
	}
	close(dead)
	stopping, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = first.Stop(stopping) // its connection is gone
}
