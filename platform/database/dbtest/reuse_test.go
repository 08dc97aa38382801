package dbtest

import (
	"testing"

	"bookvault/platform/database"
)

func TestMain(m *testing.M) { Main(m) }

// usedBy lets a test use a database, and gives its name.
func usedBy(t *testing.T, use func(*testing.T, *database.DB)) (name string) {
	t.Helper()
	t.Run("use", func(t *testing.T) {
		db := New(t)
		if err := db.Pool().QueryRow(t.Context(), `SELECT current_database()`).Scan(&name); err != nil {
			t.Fatal(err)
		}
		use(t, db)
	})
	return name
}

func execute(statements ...string) func(*testing.T, *database.DB) {
	return func(t *testing.T, db *database.DB) {
		t.Helper()
		for _, s := range statements {
			if _, err := db.Pool().Exec(t.Context(), s); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
	}
}

// state is all that a database holds: the rows of each table, where each sequence stands, and which views are filled.
func state(t *testing.T, db *database.DB) (all string) {
	t.Helper()
	err := db.Pool().QueryRow(t.Context(), `SELECT concat_ws(E'\n',
		(SELECT string_agg(x::text, E'\n') FROM (SELECT c.oid::regclass, query_to_xml('SELECT * FROM ' || c.oid::regclass || ' ORDER BY 1', true, false, '')::text
			`+ourTables+`'r' ORDER BY c.oid) x),
		(SELECT string_agg(sequencename || ' ' || coalesce(last_value, 0), ', ' ORDER BY schemaname, sequencename) FROM pg_sequences),
		(SELECT string_agg(matviewname || ' ' || ispopulated, ', ' ORDER BY matviewname) FROM pg_matviews))`).Scan(&all)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestADatabaseThatIsUsedAgainIsAsAFreshOne(t *testing.T) {
	var before, after string
	first := usedBy(t, func(t *testing.T, db *database.DB) {
		before = state(t, db)
		execute(`INSERT INTO borrowing.titles (book_id) VALUES (1024)`, `UPDATE borrowing.branches SET name = 'Elsewhere'`,
			`INSERT INTO borrowing.events (stream, version, type, data, actor, at) VALUES ('loan/1', 1, 'X', '{}', 'system', now())`, // cannot be deleted
			`SELECT nextval('borrowing.loans_id_seq')`, `REFRESH MATERIALIZED VIEW borrowing.overdue`)(t, db)
		if state(t, db) == before {
			t.Fatal("nothing of that is seen")
		}
	})
	second := usedBy(t, func(t *testing.T, db *database.DB) { after = state(t, db) })
	if first != second {
		t.Errorf("%s was not used again, but %s", first, second)
	}
	if before != after {
		t.Errorf("a fresh one holds\n%s\nand one that is used again\n%s", before, after)
	}
}

func TestADatabaseWhoseSchemaWasChangedIsNotUsedAgain(t *testing.T) {
	for _, change := range []string{`ALTER TABLE borrowing.events DISABLE TRIGGER chain`, `CREATE TABLE borrowing.more (n integer)`, `ALTER TABLE borrowing.loans DROP CONSTRAINT loans_check`,
		`DROP INDEX borrowing.loans_of_ref`, `ALTER TABLE borrowing.titles ALTER items SET DEFAULT 7`, `CREATE OR REPLACE FUNCTION borrowing.events_are_coming() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`} {
		first := usedBy(t, execute(change))
		if second := usedBy(t, execute()); first == second {
			t.Errorf("it is used again after %s", change)
		}
	}
}

func TestAWarmDatabaseIsAsAFreshOneAndItsConnectionsAreKept(t *testing.T) {
	var states []string
	var dbs []*database.DB
	for range 2 {
		t.Run("use", func(t *testing.T) {
			db := Warm(t)
			states, dbs = append(states, state(t, db)), append(dbs, db)
			execute(`INSERT INTO borrowing.titles (book_id) VALUES (2048)`, `DELETE FROM borrowing.item_types`)(t, db)
		})
	}
	if dbs[0] != dbs[1] || states[0] != states[1] {
		t.Errorf("kept: %v; the state is\n%s\nand was\n%s", dbs[0] == dbs[1], states[1], states[0])
	}
}
