package dbtest

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Copying a template takes PostgreSQL most of a second on a slow machine, and most tests write a few rows. So a database that a test is done with
// is emptied and given to the next test that asks for one: its rows are those of a fresh one, its sequences begin anew. One whose schema
// is no longer the template's, or that has grown, is dropped.

// grownBy is how much larger than the template a database may be to be used again, bytes. Deleting leaves its space behind.
const grownBy = 24 << 20

// fresh is what a migrated database holds before anybody has used it.
type fresh struct {
	schema string // a digest of it
	size   int64
	tables []keptTable
	views  []string // materialised ones, none of which was ever filled
	resets string   // a statement for all sequences
}

type keptTable struct {
	name, columns string
	rows          []byte // in COPY's binary form; nil: there are none
}

// pool are the databases that nobody uses.
type pool struct {
	lock sync.Mutex
	free []string
}

func (p *pool) take() (name string) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if n := len(p.free); n > 0 {
		name, p.free = p.free[n-1], p.free[:n-1]
	}
	return name
}

func (p *pool) give(name string) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.free = append(p.free, name)
}

const ourTables = `FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND c.relkind = `

// schemaDigest tells two schemas apart: whatever a test may change in one is in it.
const schemaDigest = `SELECT md5(concat_ws('|',
	(SELECT string_agg(concat_ws(' ', c.oid, c.relname, c.relkind, c.relnamespace, c.relowner, c.relchecks, c.relnatts, c.reloptions, c.relacl, c.relpersistence), ',' ORDER BY c.oid)
		FROM pg_class c WHERE c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace)),
	(SELECT string_agg(concat_ws(' ', a.attrelid, a.attnum, a.attname, a.atttypid, a.attnotnull, a.attisdropped), ',' ORDER BY a.attrelid, a.attnum)
		FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'v', 'm') AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace)),
	(SELECT string_agg(concat_ws(' ', oid, adbin), ',' ORDER BY oid) FROM pg_attrdef),
	(SELECT string_agg(concat_ws(' ', oid, tgenabled, tgname), ',' ORDER BY oid) FROM pg_trigger),
	(SELECT string_agg(concat_ws(' ', oid, conname, convalidated), ',' ORDER BY oid) FROM pg_constraint),
	(SELECT string_agg(concat_ws(' ', indexrelid, indisvalid), ',' ORDER BY indexrelid) FROM pg_index JOIN pg_class c ON c.oid = indrelid
		WHERE c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace)),
	(SELECT string_agg(concat_ws(' ', oid, xmin, proacl), ',' ORDER BY oid) FROM pg_proc WHERE oid >= 16384),
	(SELECT string_agg(concat_ws(' ', oid, nspname, nspacl), ',' ORDER BY oid) FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'),
	(SELECT string_agg(concat_ws(' ', oid, extname), ',' ORDER BY oid) FROM pg_extension),
	(SELECT string_agg(concat_ws(' ', setrole, setconfig), ',') FROM pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))))`

// learn reads a fresh database.
func learn(ctx context.Context, conn *pgx.Conn) (f fresh, err error) {
	if err := conn.QueryRow(ctx, schemaDigest).Scan(&f.schema); err != nil {
		return f, err
	}
	if err := conn.QueryRow(ctx, `SELECT pg_database_size(current_database())`).Scan(&f.size); err != nil {
		return f, err
	}
	rows, err := conn.Query(ctx, `SELECT format('%I.%I', n.nspname, c.relname), (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
		WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '') `+ourTables+`'r' ORDER BY c.oid`)
	if err != nil {
		return f, err
	}
	if f.tables, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (t keptTable, err error) { return t, row.Scan(&t.name, &t.columns) }); err != nil {
		return f, err
	}
	for i, t := range f.tables {
		var there bool
		if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM `+t.name+`)`).Scan(&there); err != nil {
			return f, err
		}
		if !there {
			continue
		}
		var rows bytes.Buffer
		if _, err := conn.PgConn().CopyTo(ctx, &rows, `COPY `+t.name+` (`+t.columns+`) TO STDOUT BINARY`); err != nil {
			return f, err
		}
		f.tables[i].rows = rows.Bytes()
	}
	if rows, err = conn.Query(ctx, `SELECT format('%I.%I', n.nspname, c.relname) `+ourTables+`'m' AND NOT c.relispopulated ORDER BY c.oid`); err != nil {
		return f, err
	}
	if f.views, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		return f, err
	}
	err = conn.QueryRow(ctx, `SELECT 'SELECT ' || string_agg(format('setval(%L, %s, %L)', format('%I.%I', schemaname, sequencename), coalesce(last_value, start_value), last_value IS NOT NULL), ', ')
		FROM pg_sequences`).Scan(&f.resets)
	return f, err
}

// renew makes a used database as a fresh one. worn: it cannot be used again.
func (f *fresh) renew(ctx context.Context, conn *pgx.Conn) (worn bool, err error) {
	var schema string
	var size int64
	if err := conn.QueryRow(ctx, schemaDigest).Scan(&schema); err != nil {
		return true, err
	}
	if err := conn.QueryRow(ctx, `SELECT pg_database_size(current_database())`).Scan(&size); err != nil {
		return true, err
	}
	if schema != f.schema || size > f.size+grownBy {
		return true, nil
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return true, err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	var batch pgx.Batch
	batch.Queue(`SET LOCAL session_replication_role = replica`) // neither triggers nor references
	for _, t := range f.tables {
		batch.Queue(`DELETE FROM ` + t.name)
	}
	batch.Queue(f.resets)
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return true, err
	}
	for _, t := range f.tables {
		if t.rows == nil {
			continue
		}
		if _, err := conn.PgConn().CopyFrom(ctx, bytes.NewReader(t.rows), `COPY `+t.name+` (`+t.columns+`) FROM STDIN BINARY`); err != nil {
			return true, err
		}
	}
	for _, v := range f.views {
		var filled bool
		if err := tx.QueryRow(ctx, `SELECT relispopulated FROM pg_class WHERE oid = $1::text::regclass`, v).Scan(&filled); err != nil {
			return true, err
		}
		if !filled {
			continue
		}
		if _, err := tx.Exec(ctx, `REFRESH MATERIALIZED VIEW `+v+` WITH NO DATA`); err != nil {
			return true, err
		}
	}
	return false, tx.Commit(ctx)
}

// giveBack renews a database for the next test, or drops it.
func (s *server) giveBack(t testing.TB, name string) {
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	worn, err := s.renewed(ctx, name)
	if err != nil {
		t.Logf("dbtest: a database cannot be used again: %v", err)
	}
	if !worn {
		s.pool.give(name)
		return
	}
	if _, err := s.admin.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
		t.Errorf("dbtest: dropping the test's database: %v", err)
	}
}

func (s *server) renewed(ctx context.Context, name string) (worn bool, err error) {
	// Whoever is still connected was killed, or forgot to hang up.
	for left := 1; left > 0; {
		if err := s.admin.QueryRow(ctx, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1`, name).Scan(&left); err != nil {
			return true, err
		}
		if left > 0 {
			time.Sleep(2 * time.Millisecond)
		}
	}
	conn, err := s.connect(ctx, name)
	if err != nil {
		return true, err
	}
	defer func() { _ = conn.Close(ctx) }()
	return s.fresh.renew(ctx, conn)
}

// connect connects as the one who may do anything.
func (s *server) connect(ctx context.Context, name string) (*pgx.Conn, error) {
	c, err := pgx.ParseConfig(s.cluster.AdminDSN())
	if err != nil {
		return nil, fmt.Errorf("read the server's address: %w", err)
	}
	c.Database = name
	return pgx.ConnectConfig(ctx, c)
}
