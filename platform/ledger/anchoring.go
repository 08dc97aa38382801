package ledger

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
)

// AnchorSettings say how anchors of a schema's ledger are made.
type AnchorSettings struct {
	Schema  string
	KeyFile string           // the private key; made when it is not there
	Folder  string           // where the files go
	Every   time.Duration    // 24 h
	Clock   func() time.Time // time.Now
}

// Anchors makes the anchors of a ledger and keeps their files.
type Anchors struct {
	db       Pool
	settings AnchorSettings

	ledger *Ledger

	last, highest, newest, waiting, behind, numbers, one, insert string
	table                                                        string // whose lock writers share
}

// NewAnchors prepares anchoring; it reads no key and touches no file.
func NewAnchors(db Pool, s AnchorSettings) *Anchors {
	if s.Every <= 0 {
		s.Every = 24 * time.Hour
	}
	if s.Clock == nil {
		s.Clock = time.Now
	}
	schema := pgx.Identifier{s.Schema}.Sanitize()
	return &Anchors{db: db, settings: s, ledger: New(s.Schema),
		last:    `SELECT number, position, at, statement FROM ` + schema + `.anchors ORDER BY number DESC LIMIT 1`,
		newest:  `SELECT coalesce(max(position), 0) FROM ` + schema + `.events`,
		highest: `SELECT coalesce(max(number), 0) FROM ` + schema + `.anchors`,
		behind:  `SELECT count(*) FROM ` + schema + `.events WHERE position > $1`,
		waiting: `SELECT EXISTS (SELECT FROM ` + schema + `.events WHERE hash IS NULL)`,
		numbers: `SELECT number, statement, signature FROM ` + schema + `.anchors WHERE number > $1 ORDER BY number LIMIT 100`,
		one:     `SELECT statement, signature FROM ` + schema + `.anchors WHERE number = $1`,
		insert:  `INSERT INTO ` + schema + `.anchors (number, position, events, at, statement, signature) VALUES ($1, $2, $3, $4, $5, $6)`,
		table:   schema + `.events`,
	}
}

// Due makes an anchor when the last one is old enough, and says whether it did (1 or 0): a step of housekeeping. While the ledger
// still waits for hashes there is none.
func (a *Anchors) Due(ctx context.Context) (made int, err error) {
	if err := a.export(ctx); err != nil {
		return 0, err
	}
	before, at, err := a.newestAnchor(ctx)
	if err != nil {
		return 0, err
	}
	if before.Number > 0 && a.settings.Clock().Sub(at) < a.settings.Every {
		return 0, nil
	}
	number, err := a.Make(ctx)
	if errors.Is(err, errUnchained) {
		return 0, nil
	}
	if err != nil || number == 0 {
		return 0, err
	}
	return 1, nil
}

// Make makes an anchor over all events that came since the last one, and gives its number; 0 when there are none.
func (a *Anchors) Make(ctx context.Context) (number int64, err error) {
	defer func() {
		if err != nil && !errors.Is(err, errUnchained) {
			err = fmt.Errorf("anchor the ledger: %w", err)
		}
	}()
	key, err := OpenKey(a.settings.KeyFile)
	if err != nil {
		return 0, err
	}
	last, _, err := a.newestAnchor(ctx)
	if err != nil {
		return 0, err
	}
	to, err := a.cut(ctx)
	if err != nil || to <= last.To {
		return 0, err
	}
	next := anchor{Number: last.Number + 1, At: a.settings.Clock().UTC().Truncate(time.Microsecond), After: last.To, To: to, Key: key.Public().(ed25519.PublicKey)}
	if last.Number > 0 {
		next.Before = sha256.Sum256([]byte(last.statement()))
	}
	list, err := a.writeList(ctx, &next)
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.Remove(list) }() // what is in its place is there under another name
	signed := signedAnchor{statement: next.statement()}
	signed.signature = ed25519.Sign(key, []byte(signed.statement))
	if err := inTx(ctx, a.db, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, a.insert, next.Number, next.To, next.Events, next.At, signed.statement, signed.signature)
		return err
	}); err != nil {
		return 0, err
	}
	if err := os.Rename(list, a.file(next.Number, listSuffix)); err != nil {
		return 0, err
	}
	return next.Number, writeWhole(a.file(next.Number, anchorSuffix), signed.file())
}

const (
	anchorSuffix = ".anchor"
	listSuffix   = ".events.gz"
)

func (a *Anchors) file(number int64, suffix string) string {
	return filepath.Join(a.settings.Folder, fmt.Sprintf("%08d%s", number, suffix))
}

// newestAnchor reads the last anchor; its number is 0 when there is none.
func (a *Anchors) newestAnchor(ctx context.Context) (last anchor, at time.Time, err error) {
	err = inTx(ctx, a.db, func(tx pgx.Tx) error {
		var number, position int64
		var statement string
		err := tx.QueryRow(ctx, a.last).Scan(&number, &position, &at, &statement)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err == nil {
			last, err = parseAnchor(statement)
		}
		if err == nil && (last.Number != number || last.To != position) {
			err = errors.New("its row and its statement differ")
		}
		if err != nil {
			return fmt.Errorf("read the last anchor: %w; bookvault ledger verify says more", err)
		}
		return nil
	})
	return last, at, err
}

const (
	cutTries   = 40
	cutPause   = 25 * time.Millisecond
	cutPatient = "250ms"
)

// cut gives a position behind which no event can come in any more: it waits for a moment in which no transaction has events that are
// not committed, without making writers wait if it can; else they wait for a quarter of a second at most.
func (a *Anchors) cut(ctx context.Context) (position int64, err error) {
	for try := 1; ; try++ {
		mine, waits := false, false
		err := inTx(ctx, a.db, func(tx pgx.Tx) error {
			if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock(1818584167, $1::regclass::oid::integer)`, a.table).Scan(&mine); err != nil {
				return err
			}
			if !mine && try < cutTries {
				return nil
			}
			if !mine {
				if _, err := tx.Exec(ctx, `SELECT set_config('lock_timeout', '`+cutPatient+`', true)`); err != nil {
					return err
				}
				if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(1818584167, $1::regclass::oid::integer)`, a.table); err != nil {
					return fmt.Errorf("a transaction with events does not end: %w", err)
				}
				mine = true
			}
			if err := tx.QueryRow(ctx, a.newest).Scan(&position); err != nil {
				return err
			}
			return tx.QueryRow(ctx, a.waiting).Scan(&waits)
		})
		if err == nil && waits {
			err = errUnchained
		}
		if err != nil || mine {
			return position, err
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(cutPause):
		}
	}
}

// writeList writes the list of an anchor to a file of its own, and fills in what is reckoned on the way. It gives the file's name.
func (a *Anchors) writeList(ctx context.Context, next *anchor) (name string, err error) {
	if err := os.MkdirAll(a.settings.Folder, 0o755); err != nil {
		return "", err
	}
	file, err := os.CreateTemp(a.settings.Folder, ".list-*")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close(), os.Remove(file.Name()))
		}
	}()
	packed := gzip.NewWriter(file)
	text := bufio.NewWriter(packed)
	list, reckoned := sha256.New(), newDigests()
	out := io.MultiWriter(text, list)
	err = InSnapshot(ctx, a.db, func(tx pgx.Tx) error {
		return a.ledger.eachCovered(ctx, tx, next.After, next.To, func(e *covered) error {
			next.Events++
			reckoned.add(e)
			_, err := fmt.Fprintf(out, "%s%x\n", reckoned.text(e), e.hash[:min(shortHash, len(e.hash))])
			return err
		})
	})
	if err != nil {
		return "", err
	}
	next.Digest = reckoned.sum()
	copy(next.List[:], list.Sum(nil))
	return file.Name(), errors.Join(text.Flush(), packed.Close(), file.Chmod(0o644), file.Sync(), file.Close())
}

// eachCovered reads the events behind one position up to another.
func (l *Ledger) eachCovered(ctx context.Context, q Queryer, after, to int64, fn func(*covered) error) error {
	rows, err := q.Query(ctx, l.covered, after, to)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var e covered
		if err := rows.Scan(&e.position, &e.stream, &e.version, &e.hash); err != nil {
			return err
		}
		if err := fn(&e); err != nil {
			return err
		}
	}
	return rows.Err()
}

// export writes the files of anchors that are in the table and not in the folder: another process made them, or one that was killed.
func (a *Anchors) export(ctx context.Context) error {
	after := int64(0)
	for {
		var signed []signedAnchor
		var numbers []int64
		err := inTx(ctx, a.db, func(tx pgx.Tx) error {
			signed, numbers = nil, nil
			rows, err := tx.Query(ctx, a.numbers, after)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var s signedAnchor
				var n int64
				if err := rows.Scan(&n, &s.statement, &s.signature); err != nil {
					return err
				}
				signed, numbers = append(signed, s), append(numbers, n)
			}
			return rows.Err()
		})
		if err != nil {
			return fmt.Errorf("read the anchors: %w", err)
		}
		for i, s := range signed {
			if after = numbers[i]; a.has(after) {
				continue
			}
			if err := os.MkdirAll(a.settings.Folder, 0o755); err != nil {
				return fmt.Errorf("write an anchor: %w", err)
			}
			if err := writeWhole(a.file(after, anchorSuffix), s.file()); err != nil {
				return fmt.Errorf("write an anchor: %w", err)
			}
		}
		if len(signed) < 100 {
			return nil
		}
	}
}

func (a *Anchors) has(number int64) bool {
	_, err := os.Stat(a.file(number, anchorSuffix))
	return !errors.Is(err, fs.ErrNotExist)
}

// writeWhole puts a file in its place with all of its contents, or not at all.
func writeWhole(name string, contents []byte) error {
	file, err := os.CreateTemp(filepath.Dir(name), ".anchor-*")
	if err != nil {
		return err
	}
	_, err = file.Write(contents)
	err = errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(file.Name()))
	}
	return err
}
