package program_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/platform/database/dbtest"
)

// titlesFile writes a file of titles in our own format and gives its path. extra is put into a column that nothing reads.
func titlesFile(t *testing.T, rows int, extra func(row int) string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "titles.csv")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(file)
	fmt.Fprintln(w, "key,title,authors,genres,year,notes")
	for row := range rows {
		fmt.Fprintf(w, "%d,Title number %d,Author %d; Author %d,Genre %d,%d,%s\n", row, row, row%977, row%499, row%20, 1800+row%200, extra(row))
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func nothing(int) string { return "" }

func importArguments(dsn, path string) []string {
	return []string{"import", "--set", "database.primary=" + dsn, "--set", "catalog.imports.batch_rows=200", path}
}

// An import that is killed with -9 again and again leaves whole batches, and in the end every title is there once.
func TestAnImportThatIsKilledIsCompletedByRunningItAgain(t *testing.T) {
	const rows, kills = 6_000, 3
	dsn, home := dbtest.DSN(t), newHome(t)
	path := titlesFile(t, rows, nothing)
	db, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close(context.Background()) }()
	count := func(table string) (n int) {
		t.Helper()
		if err := db.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for kill := range kills {
		process := exec.Command(program(t), importArguments(dsn, path)...)
		process.Dir = home
		if err := process.Start(); err != nil {
			t.Fatal(err)
		}
		before := count("catalog.books")
		for begun := time.Now(); count("catalog.books") <= before && time.Since(begun) < patience; {
			time.Sleep(5 * time.Millisecond)
		}
		time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond) // into whatever it is doing
		_ = process.Process.Kill()
		_ = process.Wait() // a killed process is what we want
		books, keys := count("catalog.books"), count("catalog.import_keys")
		t.Logf("kill %d: %d titles, %d keys", kill+1, books, keys)
		if books != keys || books == before || books >= rows {
			t.Fatalf("kill %d: %d titles and %d keys after %d: the kill did not come in the middle, or a batch is in halves", kill+1, books, keys, before)
		}
	}
	there := count("catalog.books")
	for _, want := range []string{
		fmt.Sprintf("created %d, changed 0, unchanged %d, refused 0\n", rows-there, there),
		fmt.Sprintf("created 0, changed 0, unchanged %d, refused 0\n", rows),
	} {
		if out, words, status := command(t, home, nil, importArguments(dsn, path)...); status != 0 || out != want {
			t.Fatalf("status %d, %q, want %q\n%s", status, out, want, words)
		}
	}
	if books, names := count("catalog.books"), count("(SELECT DISTINCT title FROM catalog.books) AS names"); books != rows || names != rows {
		t.Errorf("%d titles under %d names, want %d", books, names, rows)
	}
}

// The size of a file decides how long an import takes and not how much memory: long values, many rows, and a line that never
// ends.
func TestAnImportKeepsWithinItsMemory(t *testing.T) {
	const most = 200 << 10 // KiB of resident memory
	dsn, home := dbtest.DSN(t), newHome(t)
	long := strings.Repeat("x", 200<<10)
	path := titlesFile(t, 12_000, func(row int) string {
		switch {
		case row == 5_000:
			return strings.Repeat("\"", 64<<20) // one line of 64 MiB
		case row%10 == 0:
			return long
		}
		return ""
	})
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	process := exec.Command(program(t), "import", "--set", "database.primary="+dsn, path)
	process.Dir = home
	var out bytes.Buffer
	process.Stdout = &out
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	// The kernel's record of the ended process would do, but it begins with the memory of whoever started it.
	ended, peak := make(chan error, 1), 0
	go func() { ended <- process.Wait() }()
	for running := true; running; {
		select {
		case err = <-ended:
			running = false
		case <-time.After(20 * time.Millisecond):
			peak = max(peak, highWater(process.Process.Pid))
		}
	}
	if err != nil || out.String() != "created 11999, changed 0, unchanged 0, refused 1\n" {
		t.Fatalf("%v: %s", err, &out)
	}
	if peak == 0 {
		t.Skip("this system does not tell a process's peak memory in /proc")
	}
	t.Logf("a file of %d MiB took %d MiB", info.Size()>>20, peak>>10)
	if peak > most {
		t.Errorf("%d MiB of memory, the bound is %d", peak>>10, most>>10)
	}
}

// highWater is the most resident memory that a process has had so far, in KiB; 0 when it is not known.
func highWater(pid int) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kib := 0
	_, _ = fmt.Sscanf(after, "%d kB", &kib) // 0 where there is no such line
	return kib
}
