package dbtest

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/platform/database"
)

// Copying a template takes PostgreSQL most of a second on a slow machine, and most tests write a few rows. So a database that a test is done with
// is emptied and given to the next test that asks for one: its rows are those of a fresh one, its sequences begin anew. One whose schema
// is no longer the template's, or that has grown, is dropped.

// grownBy is how much larger than the template a database may be to be used again, bytes. Deleting leaves its space behind.
const grownBy = 24 << 20

// Warm is New with connections that earlier tests have used, which know the schema and have their statements planned: most of what a small
// test takes. The test must not close it, and must leave no goroutine behind that uses it.
func Warm(t testing.TB) *database.DB {
	t.Helper()
	running(t)
	u := shared.pool.take(true)
	if u == nil {
		u = &used{name: newDatabase(t, "bookvault")}
		db, err := openWith(context.Background(), t, chosen(nil), u.name)
		if err != nil {
			t.Fatalf("dbtest: opening the test's database: %v", err)
		}
		u.db = db
	}
	t.Cleanup(func() { shared.giveBack(t, u) })
	return u.db
}

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

// used is a database that a test is done with, or will be.
type used struct {
	name  string
	admin *pgx.Conn    // kept, since what a connection knows of a database takes long to learn
	db    *database.DB // of Warm: kept too; nil: tests open it themselves
}

// pool are the databases that nobody uses: those that tests open, and those that are open.
type pool struct {
	lock         sync.Mutex
	closed, warm []*used
}

func (p *pool) take(warm bool) (u *used) {
	p.lock.Lock()
	defer p.lock.Unlock()
	free := &p.closed
	if warm {
		free = &p.warm
	}
	if n := len(*free); n > 0 {
		u, *free = (*free)[n-1], (*free)[:n-1]
	}
	return u
}

func (p *pool) give(u *used) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if u.db != nil {
		p.warm = append(p.warm, u)
	} else {
		p.closed = append(p.closed, u)
	}
}

// close hangs up.
func (p *pool) close(ctx context.Context) {
	for _, u := range append(p.closed, p.warm...) {
		u.close(ctx)
	}
	p.closed, p.warm = nil, nil
}

func (u *used) close(ctx context.Context) {
	if u.db != nil {
		u.db.Close()
	}
	if u.admin != nil {
		_ = u.admin.Close(ctx) // the server ends it otherwise
	}
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
	(SELECT string_agg(concat_ws(' ', oid, xmin), ',' ORDER BY oid) FROM pg_rewrite WHERE oid >= 16384),
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
func (s *server) giveBack(t testing.TB, u *used) {
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	worn, err := s.renewed(ctx, u)
	if err != nil {
		t.Logf("dbtest: a database cannot be used again: %v", err)
	}
	if !worn {
		s.pool.give(u)
		return
	}
	u.close(ctx)
	if _, err := s.admin.Exec(ctx, "DROP DATABASE "+u.name+" WITH (FORCE)"); err != nil {
		t.Errorf("dbtest: dropping the test's database: %v", err)
	}
}

func (s *server) renewed(ctx context.Context, u *used) (worn bool, err error) {
	if u.admin == nil {
		if u.admin, err = s.connect(ctx, u.name); err != nil {
			return true, err
		}
	}
	// Whoever else is still connected was killed, or forgot to hang up.
	for left := 1; left > 0; {
		err := u.admin.QueryRow(ctx, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
			AND backend_type = 'client backend' AND NOT ($1 AND application_name = 'test')`, u.db != nil).Scan(&left)
		if err != nil {
			return true, err
		}
		if left > 0 {
			time.Sleep(time.Millisecond)
		}
	}
	// A transaction that a test forgot would hold up what follows.
	if err := u.admin.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in %')`).Scan(&worn); err != nil || worn {
		return true, err
	}
	return s.fresh.renew(ctx, u.admin)
}

// connect connects as the one who may do anything.
func (s *server) connect(ctx context.Context, name string) (*pgx.Conn, error) {
	c, err := pgx.ParseConfig(s.cluster.AdminDSN())
	if err != nil {
		return nil, fmt.Errorf("read the server's address: %w", err)
	}
	c.Database = name
	c.RuntimeParams["application_name"] = "dbtest"
	return pgx.ConnectConfig(ctx, c)
}
