package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"bookvault/modules/catalog/importing"
	"bookvault/modules/catalog/postgres"
	"bookvault/platform/database"
)

// importGoal is the share of \copy's rate that an import must reach.
const importGoal = 0.3

// finalTables are what an import writes, in an order that \copy can follow.
var finalTables = []string{"catalog.authors", "catalog.genres", "catalog.lexemes", "catalog.books", "catalog.import_keys"}

// benchImport imports the real files into one database, takes the rows that came of it, and gives the very same rows to psql's
// \copy in another database with the same tables and indexes.
func benchImport(ctx context.Context, args []string, out *report) error {
	flags := flag.NewFlagSet("import", flag.ContinueOnError)
	data := flags.String("data", "../shared/data", "folder of the real files")
	rounds := flags.Int("rounds", 2, "measure so often, turn about; the best of each counts")
	flags.BoolVar(&out.json, "json", false, "print JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	files := []string{filepath.Join(*data, "goodbooks-10k", "books.csv"), filepath.Join(*data, "gutenberg", "gutenberg_metadata.csv.gz")}
	server, err := startServer(ctx, nil)
	if err != nil {
		return err
	}
	defer server.stop()
	dump, err := os.MkdirTemp("", "bookvault-bench-rows-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dump) }()

	var imported, again, copied figure
	for round := range *rounds {
		db, dsn, err := server.fresh(ctx)
		if err != nil {
			return err
		}
		what := func(s string) string { return fmt.Sprintf("%s, round %d", s, round+1) }
		totals, seconds, err := importAll(ctx, db, files)
		if err != nil {
			return err
		}
		imported = better(imported, out.add(what("import"), totals.Created, seconds))
		totals, seconds, err = importAll(ctx, db, files)
		if err != nil {
			return err
		}
		again = better(again, out.add(what("the same files again"), totals.Unchanged, seconds))
		if totals.Created+totals.Changed > 0 {
			return fmt.Errorf("the same files again: %s", totals)
		}
		titles := totals.Unchanged
		for i, table := range finalTables {
			if err := psql(ctx, dsn, fmt.Sprintf(`\copy %s to '%s'`, table, filepath.Join(dump, fmt.Sprint(i)))); err != nil {
				return err
			}
		}
		db.Close()
		other, dsn, err := server.fresh(ctx)
		if err != nil {
			return err
		}
		other.Close()
		begun := time.Now()
		for i, table := range finalTables {
			if err := psql(ctx, dsn, fmt.Sprintf(`\copy %s from '%s'`, table, filepath.Join(dump, fmt.Sprint(i)))); err != nil {
				return err
			}
		}
		copied = better(copied, out.add(what(`\copy of the same rows`), titles, time.Since(begun).Seconds()))
	}
	share := imported.rate() / copied.rate()
	out.say("import reaches %.2f of \\copy's rows/s; the goal is %.2f: %s", share, importGoal, verdict(share >= importGoal))
	return nil
}

func better(best, f figure) figure {
	if best.Rows == 0 || f.rate() > best.rate() {
		return f
	}
	return best
}

func verdict(reached bool) string {
	if reached {
		return "reached"
	}
	return "MISSED"
}

// importAll imports files one after another, as the command does, and adds up what came of it.
func importAll(ctx context.Context, db *database.DB, files []string) (sum importing.Totals, seconds float64, err error) {
	jobs := postgres.NewImports(db)
	begun := time.Now()
	for _, name := range files {
		totals, err := importOne(ctx, jobs, name)
		if err != nil {
			return sum, 0, fmt.Errorf("%s: %w", name, err)
		}
		sum.Created, sum.Changed = sum.Created+totals.Created, sum.Changed+totals.Changed
		sum.Unchanged, sum.Refused = sum.Unchanged+totals.Unchanged, sum.Refused+totals.Refused
	}
	return sum, time.Since(begun).Seconds(), nil
}

func importOne(ctx context.Context, jobs importing.Jobs, name string) (importing.Totals, error) {
	file, err := os.Open(name)
	if err != nil {
		return importing.Totals{}, err
	}
	defer func() { _ = file.Close() }()
	reader, err := importing.NewReader(file, importing.Options{}, importing.Limits{}, 0)
	if err != nil {
		return importing.Totals{}, err
	}
	id, store, err := jobs.Begin(ctx, importing.Job{FileName: name})
	if err != nil {
		return importing.Totals{}, err
	}
	totals, err := importing.Run(ctx, store, reader, importing.Options{}, importing.Totals{}, 0, nil)
	if err != nil {
		return totals, err
	}
	return totals, jobs.Finish(ctx, id, 1, "")
}

func psql(ctx context.Context, dsn, command string) error {
	if out, err := exec.CommandContext(ctx, "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname="+dsn, "--command="+command).CombinedOutput(); err != nil {
		return fmt.Errorf("psql %s: %w: %s", command, err, out)
	}
	return nil
}
