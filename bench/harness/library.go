package harness

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/platform/database/embedded"
)

// Build builds a package of this module into dir and gives the program. BENCH_PROGRAM_NAME (BENCH_PROGRAM_BOOKVAULT) names one that is built
// already: a build takes minutes on a machine that has other things to do.
func Build(ctx context.Context, dir, name, pkg string) (string, error) {
	if built := os.Getenv("BENCH_PROGRAM_" + strings.ToUpper(name)); built != "" {
		return built, nil
	}
	program := filepath.Join(dir, name)
	build := exec.CommandContext(ctx, "go", "build", "-o", program, pkg)
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w: %s", pkg, err, out)
	}
	return program, nil
}

// Library is a seeded library on a private PostgreSQL, that servers under measurement share.
type Library struct {
	Program string // bookvault
	Dir     string // of logs and other things that go away
	Data    string // of the private PostgreSQL; kept
	Titles  int
	Primary string   // address of its PostgreSQL, while Home runs
	Replica []string // and of its replicas
	IDs     []int64
	Home    *Process // the server that holds it open, with every setting at its default; it is idle unless it is what is measured
	env     []string
}

// OpenLibrary starts a library of so many titles, and makes it first in the folder data if it is not there. That takes some 90 s a
// million, and is done once a folder: it is left as it is for the next run, and may be deleted at any time.
func OpenLibrary(ctx context.Context, program, dir, data string, titles int, env ...string) (*Library, error) {
	if data == "" {
		data = filepath.Join(os.TempDir(), "bookvault-bench-"+strconv.Itoa(titles))
	}
	return OpenStocked(ctx, program, dir, data, Stock{Titles: titles, Items: titles / 10, Members: 1000}, env...)
}

// Stock is how large a library is.
type Stock struct{ Titles, Items, Members int }

// OpenStocked is OpenLibrary for one of another size.
func OpenStocked(ctx context.Context, program, dir, data string, stock Stock, env ...string) (*Library, error) {
	titles := stock.Titles
	l := &Library{Program: program, Dir: dir, Titles: titles, Data: data}
	made := filepath.Join(l.Data, "seeded")
	if _, err := os.Stat(made); err != nil {
		fmt.Fprintf(os.Stderr, "making a library of %d titles in %s …\n", titles, l.Data)
		seed := exec.CommandContext(ctx, program, "seed", "--data", l.Data, "--titles", strconv.Itoa(titles), "--items", strconv.Itoa(stock.Items), "--members", strconv.Itoa(stock.Members))
		if out, err := seed.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("seed: %w: %s", err, lastLines(out))
		}
		if err := os.WriteFile(made, nil, 0o644); err != nil {
			return nil, err
		}
	}
	address, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	l.env = append([]string{"BOOKVAULT_DATABASE_EMBEDDED_DATA=" + l.Data}, env...)
	if l.Home, err = l.start(ctx, "home", address, l.env); err != nil {
		return nil, err
	}
	state, runs := embedded.Running(filepath.Join(l.Data, "postgres"))
	if !runs {
		l.Home.Stop()
		return nil, fmt.Errorf("the private PostgreSQL in %s is not there", l.Data)
	}
	l.Primary, l.Replica = state.PrimaryDSN, state.ReplicaDSNs
	if l.IDs, err = l.ids(ctx); err == nil && len(l.IDs) != titles {
		err = fmt.Errorf("the library in %s has not %d titles; delete the folder, or name another one", l.Data, titles)
	}
	if err != nil {
		l.Home.Stop()
		return nil, err
	}
	return l, nil
}

// KillHome ends the home server as a loss of power would (kill -9; PostgreSQL, which is another process, lives on), and starts it again at
// the same address.
func (l *Library) KillHome(ctx context.Context) error {
	l.Home.KillAlone()
	home, err := l.start(ctx, "home", l.Home.Address, l.env)
	if err == nil {
		l.Home = home
	}
	return err
}

// KillDatabase ends a server process of the primary with kill -9: PostgreSQL then takes all of them for damaged, throws their memory away
// and recovers from its log, as after a crash of the machine.
func (l *Library) KillDatabase(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, l.Primary)
	for end := time.Now().Add(time.Minute); err != nil && time.Now().Before(end) && ctx.Err() == nil; conn, err = pgx.Connect(ctx, l.Primary) {
		time.Sleep(100 * time.Millisecond) // it recovers from the time before
	}
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var pid int
	if err := conn.QueryRow(ctx, `SELECT pg_backend_pid()`).Scan(&pid); err != nil {
		return err
	}
	return syscall.Kill(pid, syscall.SIGKILL) // our own: whose it is makes no difference to PostgreSQL
}

// Serve starts another server on the same database, with settings as environment variables.
func (l *Library) Serve(ctx context.Context, name string, env ...string) (*Process, error) {
	address, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	return l.start(ctx, name, address, append([]string{"BOOKVAULT_DATABASE_PRIMARY=" + l.Primary, "BOOKVAULT_DATABASE_REPLICAS=" + strings.Join(l.Replica, ","),
		"BOOKVAULT_DATABASE_EMBEDDED_DATA=" + l.Dir}, env...))
}

func (l *Library) start(ctx context.Context, name, address string, env []string) (*Process, error) {
	metrics, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	// One client here is a whole public: what each may ask is not what is measured. Figures of the library are reckoned once and not again
	// within a run: that reads every title, for as long as a round or two last, and would count against one side.
	env = append([]string{"BOOKVAULT_SERVER_ADDRESS=" + address, "BOOKVAULT_TELEMETRY_METRICS_ADDRESS=" + metrics, "BOOKVAULT_RATE_LIMIT_EXEMPT=127.0.0.0/8",
		"BOOKVAULT_LIBRARY_DEMONSTRATION=never", "BOOKVAULT_STATISTICS_REFRESH_EVERY=24h", "BENCH_METRICS=" + metrics}, env...)
	p, err := Start(ctx, l.Dir, name, address, env, l.Program)
	if err != nil {
		return nil, err
	}
	if err := p.Ready(ctx, "/readyz", 2*time.Minute); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// Metric sums the series of a metric of a server that Serve or OpenLibrary started.
func (p *Process) Metric(ctx context.Context, name string) (sum float64, err error) {
	for _, v := range p.cmd.Env {
		if at, ok := strings.CutPrefix(v, "BENCH_METRICS="); ok {
			return scrape(ctx, at, name)
		}
	}
	return 0, fmt.Errorf("%s serves no metrics", p.Name)
}

// ids reads the titles' ids in the order in which they were added.
func (l *Library) ids(ctx context.Context) ([]int64, error) {
	conn, err := pgx.Connect(ctx, l.Primary)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `SELECT id FROM catalog.books WHERE deleted_at IS NULL ORDER BY id LIMIT $1`, l.Titles)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// DatabaseCPU gives the processor time that the library's PostgreSQL servers and those that serve their connections have taken.
func (l *Library) DatabaseCPU() (sum time.Duration, err error) {
	all, err := processes()
	if err != nil {
		return 0, err
	}
	for _, name := range []string{"primary", "replica"} {
		text, err := os.ReadFile(filepath.Join(l.Data, "postgres", name, "postmaster.pid"))
		if err != nil {
			continue // there is no replica
		}
		line, _, _ := strings.Cut(string(text), "\n")
		postmaster, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			return 0, fmt.Errorf("find PostgreSQL: %w", err)
		}
		for pid, p := range all {
			if pid == postmaster || p.parent == postmaster {
				sum += p.cpu
			}
		}
		sum += all[postmaster].ended
	}
	return sum, nil
}
