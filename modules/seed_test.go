package modules

import (
	"testing"

	"bookvault/modules/members"
	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
)

func ask(t *testing.T, db *database.DB, query string) (n int) {
	t.Helper()
	if err := db.Pool().QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// foreignKeys counts those of the items, which a seed takes down while it works.
const foreignKeys = `SELECT count(*) FROM pg_constraint WHERE conrelid = 'borrowing.items'::regclass AND contype = 'f'`

// After a seed the three modules agree: counts by borrowing are those of its copies, the catalogue's are borrowing's, every
// copy's history begins, and the desk can lend what was seeded.
func TestASeededLibraryIsInOrder(t *testing.T) {
	db := dbtest.New(t)
	library := assembled(t, db)
	plan := SeedPlan{Seed: 1, Titles: 2_000, Items: 5_000, Members: 300}
	keys := ask(t, db, foreignKeys)
	if err := SeedLibrary(members.AsCommand(t.Context()), library, plan, t.Logf); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what, query string
		want        int
	}{
		{"titles", `SELECT count(*) FROM catalog.books`, plan.Titles},
		{"items", `SELECT count(*) FROM borrowing.items`, plan.Items},
		{"members", `SELECT count(*) FROM members.members WHERE kind = 'person'`, plan.Members},
		{"cards", `SELECT count(*) FROM members.cards WHERE card ~ '^28001[0-9]{9}$'`, plan.Members},
		{"items of titles that are not there", `SELECT count(*) FROM borrowing.items i LEFT JOIN catalog.books b ON b.id = i.book_id WHERE b.id IS NULL`, 0},
		{"wrong counts in borrowing", `SELECT count(*) FROM (SELECT book_id, count(*) AS items, count(*) FILTER (WHERE status = 'available' AND loanable) AS available
			FROM borrowing.items WHERE status <> 'withdrawn' GROUP BY book_id) AS real FULL JOIN borrowing.titles t USING (book_id)
			WHERE (real.items, real.available) IS DISTINCT FROM (t.items, t.available)`, 0},
		{"wrong counts in the catalogue", `SELECT count(*) FROM borrowing.titles t FULL JOIN catalog.availability a USING (book_id)
			WHERE (t.items, t.available, t.holds) IS DISTINCT FROM (a.items, a.available_items, a.holds) OR a.position > t.version`, 0},
		{"items without a first event", `SELECT count(*) FROM borrowing.items i LEFT JOIN borrowing.events e ON e.stream = 'item/' || i.id AND e.version = 1 AND e.type = 'ItemAdded'
			WHERE e.position IS NULL OR (e.data ->> 'book_id')::bigint <> i.book_id OR e.data ->> 'barcode' <> i.barcode`, 0},
		{"foreign keys", foreignKeys, keys},
		{"indexes that are down", `SELECT count(*) FROM catalog.indexes_down`, 0},
	} {
		if got := ask(t, db, c.query); got != c.want {
			t.Errorf("%s: %d, want %d", c.what, got, c.want)
		}
	}
	if n := ask(t, db, `SELECT max(items) FROM borrowing.titles`); n < 4 {
		t.Errorf("the most popular title has %d copies: they are spread too evenly", n)
	}
	// Again, as after a kill before the end was recorded: nothing comes twice.
	if _, err := db.Pool().Exec(t.Context(), `UPDATE catalog.imports SET state = 'running' WHERE source = 'seed'`); err != nil {
		t.Fatal(err)
	}
	if err := SeedLibrary(members.AsCommand(t.Context()), library, plan, t.Logf); err != nil {
		t.Fatal(err)
	}
	if n := ask(t, db, `SELECT (SELECT count(*) FROM catalog.books) + (SELECT count(*) FROM borrowing.items) + (SELECT count(*) FROM members.members WHERE kind = 'person')`); n != 7_300 {
		t.Errorf("%d titles, items and members after the same seed again", n)
	}
}
