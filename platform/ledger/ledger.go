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
	append, insert, read, all, covered, page, at, whole string

	beginning, unchained, give string // what chain.go gives hashes to
}

// New opens the ledger whose tables are in a schema. The name comes from the program, never from a user.
func New(schema string) *Ledger {
	s := pgx.Identifier{schema}.Sanitize()
	// Hashes are reckoned here for all events at once, as the trigger of the migration 0013 reckons them one by one: of the hash before, and of the
	// whole row. Where there is none before, since it is written by this same statement, is missing, or waits for its own, there is none
	// here, and the trigger finds out which it is.
	insert := `WITH new AS MATERIALIZED (SELECT nextval('` + s + `.events_position_seq') AS position, e.*
			FROM unnest($1::text[], $2::int[], $3::text[], $4::jsonb[], $5::text[], $6::timestamptz[], $7::text[], $8::text[])
			     WITH ORDINALITY AS e (stream, version, type, data, actor, at, reason, request_id, nth))
		INSERT INTO ` + s + `.events (position, stream, version, type, data, actor, at, reason, request_id, hash) OVERRIDING SYSTEM VALUE
			SELECT n.position, n.stream, n.version, n.type, n.data, n.actor, n.at, n.reason, n.request_id,
				sha256(CASE WHEN n.version > 1 THEN before.hash ELSE '' END || convert_to(concat(n.position, ' ', n.version, ' ', (extract(epoch FROM n.at) * 1000000)::bigint, ' ',
					octet_length(n.stream), ' ', octet_length(n.type), ' ', octet_length(n.data::text), ' ', octet_length(n.actor), ' ',
					octet_length(n.reason), ' ', octet_length(n.request_id), E'\n',
					n.stream, n.type, n.data::text, n.actor, n.reason, n.request_id), 'UTF8'))
			FROM new n LEFT JOIN ` + s + `.events before ON before.stream = n.stream AND before.version = n.version - 1 AND n.version > 1
			ORDER BY n.nth`
	return &Ledger{
		insert: insert,
		append: `WITH appended AS (` + insert + `
			RETURNING position, stream, type, data, at)
		INSERT INTO ` + s + `.outbox (topic, key, data, at) SELECT type, stream, data, at FROM appended ORDER BY position`,
		read: `SELECT ` + Columns + ` FROM ` + s + `.events
			WHERE stream = $1 AND version > $2 ORDER BY version LIMIT $3`,
		page: `SELECT ` + Columns + ` FROM ` + s + `.events WHERE (stream, version) > ($1, $2) ORDER BY stream, version LIMIT $3`,
		at: `SELECT e.position, e.stream, e.version, e.type, e.data, e.actor, e.at, e.reason, e.request_id FROM unnest($1::text[]) AS s (stream)
			LEFT JOIN LATERAL (SELECT version FROM ` + s + `.events k WHERE k.stream = s.stream AND k.version % 64 = 0 AND k.version > 0 AND k.at <= $2
				AND k.data ? 'state' ORDER BY k.version DESC LIMIT 1) first ON true
			LEFT JOIN LATERAL (SELECT version FROM ` + s + `.events k WHERE k.stream = s.stream AND k.version % 64 = 0 AND k.version > 0 AND k.at > $2
				ORDER BY k.version LIMIT 1) last ON true
			CROSS JOIN LATERAL (
				SELECT * FROM ` + s + `.events b WHERE b.stream = s.stream AND b.version = 0
				UNION ALL SELECT * FROM ` + s + `.events w WHERE w.stream = s.stream AND w.version >= coalesce(first.version, 1)
					AND w.version < coalesce(last.version, 2147483647) AND w.at <= $2) e
			ORDER BY e.stream, e.version`,
		whole:   `SELECT ` + Columns + ` FROM ` + s + `.events WHERE stream = ANY($1) ORDER BY stream, version`,
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
	if len(events) > 0 {
		batch.Queue(l.append, columns(events)...)
	}
}

// Insert writes events, in the caller's transaction, that nobody need hear of: they have no outbox rows.
func (l *Ledger) Insert(ctx context.Context, tx pgx.Tx, events []Event) error {
	if _, err := tx.Exec(ctx, l.insert, columns(events)...); err != nil {
		return fmt.Errorf("write %d events: %w", len(events), Conflict(err))
	}
	return nil
}

// columns gives events as arrays, one a column.
func columns(events []Event) []any {
	n := len(events)
	streams, versions, types, data := make([]string, n), make([]int32, n), make([]string, n), make([]string, n)
	actors, ats, reasons, requests := make([]string, n), make([]time.Time, n), make([]string, n), make([]string, n)
	for i, e := range events {
		streams[i], versions[i], types[i], data[i] = e.Stream, int32(e.Version), e.Type, string(e.Data)
		actors[i], ats[i], reasons[i], requests[i] = e.Actor, e.At, e.Reason, e.RequestID
	}
	return []any{streams, versions, types, data, actors, ats, reasons, requests}
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
	events, err := pgx.CollectRows(rows, ScanEvent)
	if err != nil {
		return nil, fmt.Errorf("read stream %s: %w", stream, err)
	}
	return events, nil
}

// Columns are the columns of an event that ScanEvent takes.
const Columns = `position, stream, version, type, data, actor, at, reason, request_id`

// ScanEvent reads an event from a row of Columns.
func ScanEvent(row pgx.CollectableRow) (e Event, err error) {
	err = row.Scan(&e.Position, &e.Stream, &e.Version, &e.Type, &e.Data, &e.Actor, &e.At, &e.Reason, &e.RequestID)
	e.At = e.At.UTC()
	return e, err
}

// Page gives at most limit events of all streams after a place in their order, stream by stream, each from its first: the way through
// a whole ledger in bounded memory. It begins behind "" and -1.
func (l *Ledger) Page(ctx context.Context, q Queryer, stream string, version, limit int) ([]Event, error) {
	rows, err := q.Query(ctx, l.page, stream, version, limit)
	if err != nil {
		return nil, fmt.Errorf("read the ledger behind %s: %w", stream, err)
	}
	events, err := pgx.CollectRows(rows, ScanEvent)
	if err != nil {
		return nil, fmt.Errorf("read the ledger behind %s: %w", stream, err)
	}
	return events, nil
}

// StateEvery is how many events apart a long stream carries its whole state: in the data of every 64th event, under the name state. The
// index events_with_state finds them.
const StateEvery = 64

// ReadAt gives the events that streams had at an instant, stream by stream, each from the last one that carries its state, or from its
// first; with the version 0 of those that have one, whenever that was written. So what is read does not grow with a stream.
func (l *Ledger) ReadAt(ctx context.Context, q Queryer, streams []string, at time.Time) ([]Event, error) {
	return readStreams(ctx, q, streams, l.at, streams, at)
}

// ReadWhole gives all events of streams, stream by stream, each from its first.
func (l *Ledger) ReadWhole(ctx context.Context, q Queryer, streams []string) ([]Event, error) {
	return readStreams(ctx, q, streams, l.whole, streams)
}

func readStreams(ctx context.Context, q Queryer, streams []string, query string, args ...any) ([]Event, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read %d streams: %w", len(streams), err)
	}
	events, err := pgx.CollectRows(rows, ScanEvent)
	if err != nil {
		return nil, fmt.Errorf("read %d streams: %w", len(streams), err)
	}
	return events, nil
}
