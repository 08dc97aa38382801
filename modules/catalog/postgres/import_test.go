package postgres

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bookvault/modules/catalog/importing"
	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
)

// importText runs an import of a file that is given as text.
func importText(t testing.TB, db *database.DB, text string, opts importing.Options, limits importing.Limits) (importing.Totals, []importing.Finding) {
	t.Helper()
	totals, findings, err := tryImport(t, NewImports(db), text, opts, limits)
	if err != nil {
		t.Fatal(err)
	}
	return totals, findings
}

func tryImport(t testing.TB, jobs *Imports, text string, opts importing.Options, limits importing.Limits) (importing.Totals, []importing.Finding, error) {
	t.Helper()
	id, store, err := jobs.Begin(t.Context(), importing.Job{FileName: "test.csv", Options: opts})
	if err != nil {
		t.Fatal(err)
	}
	reader, err := importing.NewReader(strings.NewReader(text), opts, limits, 0)
	if err != nil {
		t.Fatal(err)
	}
	var findings []importing.Finding
	totals, err := importing.Run(t.Context(), store, reader, opts, importing.Totals{}, int64(len(text)), func(p importing.Progress) {
		findings = append(findings, p.Findings...)
	})
	if err == nil {
		err = jobs.Finish(t.Context(), id, 1, "")
	}
	return totals, findings, err
}

func count(t testing.TB, db *database.DB, query string, args ...any) (n int) {
	t.Helper()
	if err := db.Pool().QueryRow(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

const people = "key,title,authors,year,genres,isbn\n" +
	"1,Truyện Kiều,Nguyễn Du,1820,Poetry;Epic,\n" +
	"2,Số đỏ,Vũ Trọng Phụng,1936,Novel,\n" +
	"3,Dune,Frank Herbert,1965,Novel,0441013597\n" +
	"4,,Nobody Known,,,\n" +
	"5,Good Omens,Terry Pratchett; Neil Gaiman,1990,Novel,\n"

func TestTheSameFileAgainChangesNothing(t *testing.T) {
	db := dbtest.New(t)
	for _, want := range []string{"created 4, changed 0, unchanged 0, refused 1", "created 0, changed 0, unchanged 4, refused 1"} {
		for _, rows := range []int{1, 1000} {
			totals, findings := importText(t, db, people, importing.Options{}, importing.Limits{BatchRows: rows})
			if totals.String() != want || len(findings) != 1 || findings[0].Line != 5 || findings[0].Field != "title" {
				t.Errorf("batches of %d: %s, %v; want %s", rows, totals, findings, want)
			}
			want = "created 0, changed 0, unchanged 4, refused 1"
		}
	}
	if n := count(t, db, `SELECT count(*) FROM catalog.books WHERE shard = id & 1023 AND version = 1`); n != 4 {
		t.Errorf("%d titles", n)
	}
	if n := count(t, db, `SELECT count(*) FROM catalog.books WHERE doc @@ 'kieu:A & du:B & poetry & ''=gepic'''::tsquery AND published_year = 1820`); n != 1 {
		t.Errorf("the search document is not there: %d", n)
	}
	if n := count(t, db, `SELECT count(*) FROM catalog.lexemes WHERE word IN ('phung', 'pratchett')`); n != 2 {
		t.Errorf("%d of 2 words for typos", n)
	}
	if n := count(t, db, `SELECT count(*) FROM catalog.genres`); n != 3 {
		t.Errorf("%d genres", n)
	}
	if n := count(t, db, `SELECT count(*) FROM catalog.books b, jsonb_to_recordset(authors) AS a(id bigint, name text) JOIN catalog.authors c ON c.id = a.id AND c.name = a.name`); n != 5 {
		t.Errorf("%d authors", n)
	}
}

func TestAChangedRowChangesItsTitle(t *testing.T) {
	db := dbtest.New(t)
	importText(t, db, people, importing.Options{}, importing.Limits{})
	changed := strings.Replace(strings.Replace(people, "1936", "1937", 1), "Neil Gaiman", "Neil Richard Gaiman", 1)
	totals, _ := importText(t, db, changed, importing.Options{}, importing.Limits{})
	if totals.String() != "created 0, changed 2, unchanged 2, refused 1" {
		t.Error(totals)
	}
	if n := count(t, db, `SELECT published_year FROM catalog.books WHERE title = 'Số đỏ' AND version = 2`); n != 1937 {
		t.Errorf("year %d", n)
	}
	if n := count(t, db, `SELECT count(*) FROM catalog.books WHERE doc @@ 'richard:B'::tsquery`); n != 1 {
		t.Errorf("the new author is not in the search document")
	}
	totals, _ = importText(t, db, changed, importing.Options{}, importing.Limits{})
	if totals.String() != "created 0, changed 0, unchanged 4, refused 1" {
		t.Error(totals)
	}
}

func TestALibrariansEditIsNotOverwritten(t *testing.T) {
	db := dbtest.New(t)
	importText(t, db, people, importing.Options{}, importing.Limits{})
	edit := func(sql string) {
		t.Helper()
		if tag, err := db.Pool().Exec(t.Context(), sql); err != nil || tag.RowsAffected() != 1 {
			t.Fatal(tag, err)
		}
	}
	edit(`UPDATE catalog.books SET title = 'Dumb Luck', version = version + 1 WHERE title = 'Số đỏ'`)
	edit(`UPDATE catalog.books SET deleted_at = now(), version = version + 1 WHERE title = 'Dune'`)

	totals, _ := importText(t, db, people, importing.Options{}, importing.Limits{})
	if totals.String() != "created 0, changed 0, unchanged 4, refused 1" {
		t.Errorf("unchanged rows: %s", totals)
	}
	changed := strings.Replace(strings.Replace(people, "1936", "1937", 1), "1965", "1966", 1)
	totals, findings := importText(t, db, changed, importing.Options{}, importing.Limits{})
	if totals.String() != "created 0, changed 0, unchanged 2, refused 3" || len(findings) != 3 ||
		!strings.Contains(findings[1].Reason, "edited by hand") || !strings.Contains(findings[2].Reason, "deleted") {
		t.Errorf("changed rows: %s, %v", totals, findings)
	}
	totals, _ = importText(t, db, changed, importing.Options{Overwrite: true}, importing.Limits{})
	if totals.String() != "created 0, changed 1, unchanged 2, refused 2" {
		t.Errorf("overwrite: %s", totals)
	}
	if n := count(t, db, `SELECT count(*) FROM catalog.books WHERE title = 'Số đỏ' AND version = 3`); n != 1 {
		t.Error("overwrite did not write")
	}
}

func TestOneISBNInTwoSourcesIsOneTitle(t *testing.T) {
	db := dbtest.New(t)
	importText(t, db, people, importing.Options{}, importing.Limits{})
	const goodreads = "Book Id,Title,Author,ISBN,ISBN13\n234,\"Dune (Dune, #1)\",Frank Herbert,,9780441013593\n235,Dune Postcards,Frank Herbert,,9780441013593\n"
	for _, want := range []string{"created 1, changed 0, unchanged 1, refused 0", "created 0, changed 0, unchanged 2, refused 0"} {
		if totals, _ := importText(t, db, goodreads, importing.Options{}, importing.Limits{}); totals.String() != want {
			t.Errorf("%s, want %s", totals, want)
		}
	}
	totals, findings := importText(t, db, strings.Replace(goodreads, "Frank Herbert", "F. Herbert", 1), importing.Options{}, importing.Limits{})
	if totals.String() != "created 0, changed 0, unchanged 1, refused 1" || !strings.Contains(findings[0].Reason, "before this source named it") {
		t.Errorf("%s %v", totals, findings)
	}
	const twice = "key,title,authors,isbn\na,Emma,Jane Austen,9780141439587\nb,Emma,Jane Austen,9780141439587\n"
	for _, rows := range []int{1, 10} {
		db := dbtest.New(t)
		if totals, _ := importText(t, db, twice, importing.Options{}, importing.Limits{BatchRows: rows}); totals.String() != "created 1, changed 0, unchanged 1, refused 0" {
			t.Errorf("batches of %d: %s", rows, totals)
		}
	}
}

func TestAKeyThatStandsTwiceIsRefusedEveryTime(t *testing.T) {
	db := dbtest.New(t)
	const file = "key,title,authors\n1,A,X\n2,B,Y\n1,C,Z\n"
	for i, want := range []string{"created 2, changed 0, unchanged 0, refused 1", "created 0, changed 0, unchanged 2, refused 1"} {
		totals, findings := importText(t, db, file, importing.Options{}, importing.Limits{BatchRows: 1})
		if totals.String() != want || findings[0].Line != 4 || !strings.Contains(findings[0].Reason, "line 2") {
			t.Errorf("run %d: %s %v", i, totals, findings)
		}
	}
}

func TestDryRunWritesNoTitle(t *testing.T) {
	db := dbtest.New(t)
	for range 2 {
		totals, _ := importText(t, db, people, importing.Options{DryRun: true}, importing.Limits{})
		if totals.String() != "created 4, changed 0, unchanged 0, refused 1" {
			t.Error(totals)
		}
	}
	if n := count(t, db, `SELECT (SELECT count(*) FROM catalog.books) + (SELECT count(*) FROM catalog.authors) + (SELECT count(*) FROM catalog.import_keys)`); n != 0 {
		t.Errorf("a dry run wrote %d rows", n)
	}
}

func TestTheQueue(t *testing.T) {
	db := dbtest.New(t)
	jobs := NewImports(db)
	ctx := t.Context()
	var ids []int64
	for i := range 4 {
		id, err := jobs.Enqueue(ctx, importing.Job{FileName: fmt.Sprint(i), Spool: fmt.Sprint(i), Place: "here", Options: importing.Options{Encoding: "utf-8"}}, 3)
		if (err != nil) != (i == 3) {
			t.Fatalf("%d: %v", i, err)
		}
		ids = append(ids, id)
	}
	if _, _, ok, err := jobs.Claim(ctx, "elsewhere", time.Minute); ok || err != nil {
		t.Error("a run was taken up where its file is not")
	}
	job, store, ok, err := jobs.Claim(ctx, "here", time.Minute)
	if !ok || err != nil || job.ID != ids[0] || job.State != importing.Running || job.Options.Encoding != "utf-8" {
		t.Fatalf("%v %v %+v", ok, err, job)
	}
	if _, _, ok, _ := jobs.Claim(ctx, "here", time.Minute); ok {
		t.Error("two work at once")
	}
	// Its process falls silent: another takes it up, and the first may not write any more.
	if _, err := db.Pool().Exec(ctx, `UPDATE catalog.imports SET heartbeat = now() - interval '1 hour' WHERE id = $1`, job.ID); err != nil {
		t.Fatal(err)
	}
	again, _, ok, err := jobs.Claim(ctx, "here", time.Minute)
	if !ok || err != nil || again.ID != job.ID || again.Attempts != 2 {
		t.Fatalf("%v %v %+v", ok, err, again)
	}
	if _, err := store.Write(ctx, "own", importing.Batch{Line: 1}, importing.Options{}); err == nil {
		t.Error("a process wrote to a run that was taken from it")
	}
	if jobs.Beat(ctx, job) == nil || jobs.Beat(ctx, again) != nil {
		t.Error("the heart beats for the wrong one")
	}
	if err := jobs.Finish(ctx, again.ID, again.Attempts, "stopped after line 7"); err != nil {
		t.Fatal(err)
	}
	if job, err = jobs.Job(ctx, ids[0]); err != nil || job.State != importing.Failed || job.Failure == "" || job.FinishedAt == nil {
		t.Errorf("%v %+v", err, job)
	}
	if _, err := jobs.Job(ctx, 1<<60); err != importing.ErrNoJob {
		t.Error(err)
	}
}

// TestRealFiles imports both real files and then again.
// beginning gives the first rows of a compressed table.
func beginning(t *testing.T, packed []byte, rows int) []byte {
	t.Helper()
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	in, out := csv.NewReader(plain), csv.NewWriter(&b)
	for range rows + 1 {
		row, err := in.Read()
		if err != nil {
			t.Fatal(err)
		}
		if err := out.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	out.Flush()
	return b.Bytes()
}

func TestRealFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("20,000 rows")
	}
	db := dbtest.New(t)
	jobs := NewImports(db)
	for _, c := range []struct {
		name  string
		wants []string
	}{
		{"goodbooks-10k/books.csv", []string{"created 10000, changed 0, unchanged 0, refused 0", "created 0, changed 0, unchanged 10000, refused 0"}},
		{"gutenberg/gutenberg_metadata.csv.gz", []string{"created 9755, changed 0, unchanged 0, refused 0"}}, // of its beginning, where some titles take several rows; the importing package reads all of it
	} {
		data, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "shared", "data", c.name))
		if err != nil {
			t.Skipf("the real file is not here (../shared/data/%s): %v", c.name, err)
		}
		if strings.HasSuffix(c.name, ".gz") {
			data = beginning(t, data, 10_000)
		}
		for _, want := range c.wants {
			begun := time.Now()
			totals, _, err := tryImport(t, jobs, string(data), importing.Options{}, importing.Limits{})
			if err != nil || totals.String() != want {
				t.Errorf("%s: %v, %s", c.name, err, totals)
			}
			t.Logf("%s: %s in %v", c.name, totals, time.Since(begun).Round(time.Millisecond))
		}
	}
	if n := count(t, db, `SELECT count(*) FROM catalog.books`); n != 19_755 {
		t.Errorf("%d titles", n)
	}
	if n := count(t, db, `SELECT count(*) FROM catalog.books WHERE title ~ '[\u0080-\u009f\r\n]' OR title LIKE '%Ã©%' OR title LIKE '%$b%'`); n != 0 {
		t.Errorf("%d damaged titles", n)
	}
}
