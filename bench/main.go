// Command bench measures the library against what it could be: each suite runs the thing itself and a yardstick beside it, on
// the same machine in the same minute, since only the ratio means something elsewhere.
//
//	go run ./bench circulation   the desk: check-outs a second, one desk and many, a run on one title, crashes, linearizability
//	go run ./bench conformance   the public suite for HTTP caches against ours; needs node and npm
//	go run ./bench consistency   two processes: nobody is shown less than they wrote or saw, others' writes within 100 ms
//	go run ./bench faults        dependencies that fail for real, with the patterns that are made for it off and on
//	go run ./bench import        imports the real files, and \copy of the same rows into the same tables
//	go run ./bench ledger        a large ledger: verified, replayed, asked for the past; what events cost a check-out
//	go run ./bench overall       a day's mix with all patterns off and all on
//	go run ./bench patterns      the pattern lab: each one off and on, against what is usually claimed
//	go run ./bench pool          500 clients on the tuned pool, against the defaults of database/sql
//	go run ./bench read          reading through the caches, against a bare handler, proxies, and the plain way
//	go run ./bench replay        100,000 commands at the desk: what they take for the light and for the heavy
//	go run ./bench report        writes docs/PERFORMANCE.md from the rows of the other suites
//	go run ./bench search        searches that no cache answers, and suggestions
//	go run ./bench seed          the synthetic library, titles a second
//	go run ./bench soak          half an hour at half capacity while dependencies fail at random: what is lost by it
//	go run ./bench statistics    figures from the materialized views, against live SQL
//	go run ./bench writebehind   ratings through the queue, against a transaction each; the queue drained; crashes under load
//
// It is no part of the program: it may look into every room, and nothing imports it. Each suite is a file of this folder, or a few; what
// they measure servers with is in harness/.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"sort"
	"strings"
	"syscall"
	"text/tabwriter"

	"bookvault/bench/harness"
	"bookvault/migrations"
	"bookvault/platform/database"
	"bookvault/platform/database/embedded"
)

// suite is one thing that can be measured.
type suite struct {
	about string
	run   func(ctx context.Context, args []string, out *report) error
}

var suites = map[string]suite{
	"circulation": {"check-outs against pgbench, desks beside readers, crashes under load, linearizability", benchCirculation},
	"conformance": {"the public suite for HTTP caches against the response cache", benchConformance},
	"consistency": {"two processes on one database, whose readers check what they were promised", benchConsistency},
	"faults":      {"dependencies that fail for real, with the patterns off and on", benchFaults},
	"import":      {"import of the real files against \\copy of the same rows into the same indexed tables", benchImport},
	"ledger":      {"a large ledger verified, replayed and asked for the past; what events cost a check-out", benchLedger},
	"overall":     {"a day's mix with all patterns off and all on, and added one after another", benchOverall},
	"patterns":    {"each pattern off and on, on the work that it is for, near its dependencies and far from them", benchPatterns},
	"pool":        {"500 clients on the tuned pool, against the defaults of database/sql", benchPool},
	"read":        {"titles and searches through the caches, against what could be at best", benchRead},
	"report":      {"docs/PERFORMANCE.md, its charts, and the last column of docs/PATTERNS.md, from rows that suites wrote", benchReport},
	"replay":      {"100,000 commands as a library sees them: heavy members and long queues against light ones", benchReplay},
	"replicas":    {"uncached reads and writes on a primary with two replicas, against the primary alone", benchReplicas},
	"search":      {"searches that no cache answers: rare, common, two words, prefix, typo, filtered; and suggestions", benchSearch},
	"seed":        {"a synthetic library into an empty catalogue, titles a second", benchSeed},
	"soak":        {"a library at half its capacity while dependencies fail at random", benchSoak},
	"statistics":  {"figures from the materialized views, against live SQL", benchStatistics},
	"writebehind": {"ratings through the queue against a transaction each, the queue drained, crashes under load", benchWriteBehind},
}

func main() { os.Exit(run()) }

func run() int {
	if name := os.Getenv(baselineName); name != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		if err := runBaseline(ctx, name); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			return 1
		}
		return 0
	}
	if len(os.Args) < 2 {
		usage(os.Stderr)
		return 2
	}
	if slices.Contains([]string{"-h", "-help", "--help", "help"}, os.Args[1]) {
		usage(os.Stdout)
		return 0
	}
	chosen, ok := suites[os.Args[1]]
	if !ok {
		usage(os.Stderr)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	out := &report{Suite: os.Args[1]}
	if err := chosen.run(ctx, os.Args[2:], out); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		if out.figures != nil {
			out.figures.Print(os.Stderr) // what was measured before
		}
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	out.print(os.Stdout)
	return 0
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "usage: go run ./bench SUITE [flags]; go run ./bench SUITE -help lists the flags. The suites are")
	names := make([]string, 0, len(suites))
	for name := range suites {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(w, "  %-12s %s\n", name, suites[name].about)
	}
}

// report is what a suite measured: a table for people, or JSON lines for programs.
type report struct {
	Suite   string   `json:"suite"`
	Rows    []figure `json:"figures"`
	json    bool
	figures *harness.Figures // of suites that measure servers; nil for others
	Verdict []string         `json:"verdict,omitempty"`
}

// figure is one measured line.
type figure struct {
	What    string  `json:"what"`
	Rows    int64   `json:"rows"`
	Seconds float64 `json:"seconds"`
}

func (f figure) rate() float64 { return float64(f.Rows) / f.Seconds }

func (r *report) add(what string, rows int64, seconds float64) figure {
	f := figure{what, rows, seconds}
	r.Rows = append(r.Rows, f)
	return f
}

func (r *report) say(format string, args ...any) {
	r.Verdict = append(r.Verdict, fmt.Sprintf(format, args...))
}

func (r *report) print(w io.Writer) {
	if r.figures != nil {
		r.figures.Print(w)
		return
	}
	if r.json {
		_ = json.NewEncoder(w).Encode(r)
		return
	}
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "what\trows\tseconds\trows/s")
	for _, f := range r.Rows {
		fmt.Fprintf(table, "%s\t%d\t%.2f\t%.0f\n", f.What, f.Rows, f.Seconds, f.rate())
	}
	_ = table.Flush()
	for _, line := range r.Verdict {
		fmt.Fprintln(w, line)
	}
}

// server is a PostgreSQL for measuring on: the private one with its own settings, in a folder that goes away.
type server struct {
	dir     string
	cluster *embedded.Cluster
	made    int
}

func startServer(ctx context.Context, parameters map[string]string) (*server, error) {
	dir, err := os.MkdirTemp("", "bookvault-bench-")
	if err != nil {
		return nil, err
	}
	cluster, err := embedded.Start(ctx, embedded.Settings{Dir: dir, Parameters: parameters, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	return &server{dir: dir, cluster: cluster}, nil
}

// freshServer starts one with a migrated database that is open. stop ends both.
func freshServer(ctx context.Context) (s *server, db *database.DB, stop func(), err error) {
	if s, err = startServer(ctx, nil); err != nil {
		return nil, nil, nil, err
	}
	if db, _, err = s.fresh(ctx); err != nil {
		s.stop()
		return nil, nil, nil, err
	}
	return s, db, func() { db.Close(); s.stop() }, nil
}

func (s *server) stop() {
	if err := s.cluster.Stop(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "bench: stop PostgreSQL:", err)
	}
	_ = os.RemoveAll(s.dir)
}

// fresh makes another migrated database and opens it. dsn is its address.
func (s *server) fresh(ctx context.Context) (db *database.DB, dsn string, err error) {
	admin, err := database.Open(ctx, database.Settings{Primary: s.cluster.AdminDSN(), MaxConns: 1})
	if err != nil {
		return nil, "", err
	}
	defer admin.Close()
	s.made++
	name := fmt.Sprintf("bench%d", s.made)
	if _, err := admin.Pool().Exec(ctx, "CREATE DATABASE "+name+" OWNER bookvault"); err != nil {
		return nil, "", fmt.Errorf("make a database: %w", err)
	}
	dsn = withDatabase(s.cluster.PrimaryDSN(), name)
	if _, err := database.Migrate(ctx, dsn, migrations.FS); err != nil {
		return nil, "", err
	}
	db, err = database.Open(ctx, database.Settings{Primary: dsn})
	return db, dsn, err
}

// withDatabase puts another database's name into an address of the form that embedded gives.
func withDatabase(dsn, name string) string {
	if !strings.Contains(dsn, "://") {
		return dsn + " dbname=" + name
	}
	head, query, _ := strings.Cut(dsn, "?")
	head = head[:strings.LastIndexByte(head, '/')+1] + name
	if query == "" {
		return head
	}
	return head + "?" + query
}
