package postgres

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/modules/borrowing"
)

type rememberedRow struct {
	Name   []byte    `db:"name"`
	Hash   []byte    `db:"body_hash"`
	Status int       `db:"status"`
	Body   []byte    `db:"answer"`
	At     time.Time `db:"created_at"`
}

// claim queues the taking of keys by advisory locks, which end with the transaction and never wait, and then the search for their
// answers. Of two commands with the same key the first has it.
func (t *transaction) claim(batch *pgx.Batch, asks []borrowing.Ask, since time.Time, opened []borrowing.Opened) {
	of := map[string]int{} // names to places in asks
	var names [][]byte
	var locks []int64
	for i, a := range asks {
		if a.Once == nil {
			continue
		}
		name := nameOf(*a.Once)
		if _, twice := of[string(name)]; twice {
			opened[i].Busy = true
			continue
		}
		of[string(name)] = i
		names, locks = append(names, name), append(locks, int64(binary.BigEndian.Uint64(name)))
	}
	if len(names) == 0 {
		return
	}
	batch.Queue(`SELECT nth, pg_try_advisory_xact_lock(k) FROM unnest($1::bigint[]) WITH ORDINALITY AS l (k, nth)`, locks).Query(func(rows pgx.Rows) error {
		var nth int
		var mine bool
		_, err := pgx.ForEachRow(rows, []any{&nth, &mine}, func() error {
			opened[of[string(names[nth-1])]].Busy = !mine
			return nil
		})
		return err
	})
	batch.Queue(`SELECT name, body_hash, status, answer, created_at FROM borrowing.idempotency_keys
		WHERE name = ANY($1) AND created_at > $2`, names, since).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowToStructByName[rememberedRow])
		for _, r := range found {
			opened[of[string(r.Name)]].Before = &borrowing.Remembered{Hash: r.Hash, Status: r.Status, Body: r.Body, At: r.At}
		}
		return err
	})
}

// remember queues the keeping of answers under their keys.
func (w *writer) remember(answers []*borrowing.Remembered) {
	n := len(answers)
	if n == 0 {
		return
	}
	names, hashes, statuses, bodies, refs, ats := make([][]byte, n), make([][]byte, n), make([]int, n), make([][]byte, n), make([]string, n), make([]time.Time, n)
	for i, a := range answers {
		names[i], hashes[i], statuses[i], bodies[i], refs[i], ats[i] = nameOf(a.Once), a.Hash, a.Status, a.Body, arrayOf(a.Refs), a.At
	}
	w.Queue(`INSERT INTO borrowing.idempotency_keys (name, body_hash, status, answer, borrower_refs, created_at)
		SELECT name, body_hash, status, answer, refs::uuid[], at FROM unnest($1::bytea[], $2::bytea[], $3::int[], $4::bytea[], $5::text[], $6::timestamptz[])
			AS a (name, body_hash, status, answer, refs, at)
		ON CONFLICT (name) DO UPDATE SET body_hash = excluded.body_hash, status = excluded.status, answer = excluded.answer,
		borrower_refs = excluded.borrower_refs, created_at = excluded.created_at`, names, hashes, statuses, bodies, refs, ats)
}

// nameOf is what a key is kept under: it tells whoever has the key that it was used, and nobody else who used it for what.
func nameOf(once borrowing.Once) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "idempotency\n%d %s\n%d %s\n%s", len(once.Caller), once.Caller, len(once.Route), once.Route, once.Key))
	return sum[:]
}
