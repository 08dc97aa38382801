// Package ledger keeps what happened: streams of events in PostgreSQL that are only ever appended to, and an outbox that is
// written in the same transaction and relayed to whoever has to hear of it.
//
// A ledger lives in a schema of its module: the tables events, anchors, outbox and outbox_cursors, made by that module's migration,
// whose triggers refuse to change or remove an event, and give each one the hash of itself and of the one before it in its stream. The
// version of an event in its stream is what its writer expected; a writer who was overtaken, or who leaves one out, gets ErrConflict.
// The next rooms are outbox.go (who reads how far) and relay.go (the goroutine that carries on); then chain.go (hashes), anchor.go and
// anchoring.go (what was there on a day, signed), verify.go and verifyanchors.go (whether all of it is as it was written).
package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrConflict says that a stream already has an event of that version: its writer did not know the newest state.
var ErrConflict = errors.New("ledger: somebody else wrote to this stream first")

// Event is one thing that happened.
type Event struct {
	Position  int64           // order of writing over all streams; set by the database
	Stream    string          // loan/17
	Version   int             // 1, 2, 3 … in its stream
	Type      string          // LoanOpened
	Data      json.RawMessage // never names a member of the public
	Actor     string          // who did it
	At        time.Time       // the command's "now"
	Reason    string          // why, where somebody said so
	RequestID string          // of the request that caused it
}

// Encode turns the data of an event into JSON. It panics for what can never be JSON, which is a defect of the caller's types.
func Encode(data any) json.RawMessage {
	raw, err := json.Marshal(data)
	if err != nil {
		panic("ledger: data of an event that is not JSON: " + err.Error())
	}
	return raw
}

// Ledger is the ledger of one module.
type Ledger struct {
	append, read, all, covered string

	beginning, unchained, give string // what chain.go gives hashes to
}

// New opens the ledger whose tables are in a schema. The name comes from the program, never from a user.
func New(schema string) *Ledger {
	s := pgx.Identifier{schema}.Sanitize()
	return &Ledger{
		append: `WITH appended AS (
			INSERT INTO ` + s + `.events (stream, version, type, data, actor, at, reason, request_id)
			SELECT stream, version, type, data, actor, at, reason, request_id
			FROM unnest($1::text[], $2::int[], $3::text[], $4::jsonb[], $5::text[], $6::timestamptz[], $7::text[], $8::text[])
			     WITH ORDINALITY AS e (stream, version, type, data, actor, at, reason, request_id, nth)
			ORDER BY nth
			RETURNING position, stream, type, data, at)
		INSERT INTO ` + s + `.outbox (topic, key, data, at) SELECT type, stream, data, at FROM appended ORDER BY position`,
		read: `SELECT position, stream, version, type, data, actor, at, reason, request_id FROM ` + s + `.events
			WHERE stream = $1 AND version > $2 ORDER BY version LIMIT $3`,
		all:     `SELECT ` + linkColumns + ` FROM ` + s + `.events e ORDER BY e.stream, e.version`,
		covered: `SELECT position, stream, version, hash FROM ` + s + `.events WHERE position > $1 AND position <= $2 ORDER BY position`,
		beginning: `SELECT stream FROM (SELECT stream, version FROM ` + s + `.events WHERE hash IS NULL ORDER BY stream, version LIMIT $1) e
			WHERE version = 1 ORDER BY stream`,
		unchained: `SELECT ` + linkColumns + `, before.hash FROM (SELECT * FROM ` + s + `.events WHERE hash IS NULL ORDER BY stream, version LIMIT $1) e
			LEFT JOIN ` + s + `.events before ON before.stream = e.stream AND before.version = e.version - 1 ORDER BY e.stream, e.version`,
		give: `UPDATE ` + s + `.events e SET hash = v.hash FROM unnest($1::bigint[], $2::bytea[]) AS v (position, hash)
			WHERE e.position = v.position AND e.hash IS NULL`,
	}
}

// Queue adds the writing of events, with an outbox row each, to a batch that is sent in the caller's transaction. The caller must
// hold whatever lock orders the streams (the row that the stream is about).
func (l *Ledger) Queue(batch *pgx.Batch, events []Event) {
	if len(events) == 0 {
		return
	}
	n := len(events)
	streams, versions, types, data := make([]string, n), make([]int32, n), make([]string, n), make([]string, n)
	actors, ats, reasons, requests := make([]string, n), make([]time.Time, n), make([]string, n), make([]string, n)
	for i, e := range events {
		streams[i], versions[i], types[i], data[i] = e.Stream, int32(e.Version), e.Type, string(e.Data)
		actors[i], ats[i], reasons[i], requests[i] = e.Actor, e.At, e.Reason, e.RequestID
	}
	batch.Queue(l.append, streams, versions, types, data, actors, ats, reasons, requests)
}

// Append writes events at once, in the caller's transaction. ErrConflict when a version exists already.
func (l *Ledger) Append(ctx context.Context, tx pgx.Tx, events []Event) error {
	var batch pgx.Batch
	l.Queue(&batch, events)
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("append %d events: %w", len(events), Conflict(err))
	}
	return nil
}

// Conflict turns the database's refusal of a version that exists into ErrConflict; other errors stay.
func Conflict(err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "23505" && e.ConstraintName == "events_stream_version_key" {
		return fmt.Errorf("%w (%s)", ErrConflict, e.Detail)
	}
	return err
}

// Queryer is what reads of the ledger need: a pool, a connection or a transaction.
type Queryer interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Read gives at most limit events of a stream, oldest first, after a version (0: from the first).
func (l *Ledger) Read(ctx context.Context, q Queryer, stream string, after, limit int) ([]Event, error) {
	rows, err := q.Query(ctx, l.read, stream, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read stream %s: %w", stream, err)
	}
	events, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e Event, err error) {
		err = row.Scan(&e.Position, &e.Stream, &e.Version, &e.Type, &e.Data, &e.Actor, &e.At, &e.Reason, &e.RequestID)
		e.At = e.At.UTC()
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("read stream %s: %w", stream, err)
	}
	return events, nil
}
