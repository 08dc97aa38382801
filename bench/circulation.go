package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/bench/harness"
)

// circulationBench is one run of the suite circulation.
type circulationBench struct {
	ctx     context.Context
	out     *harness.Figures
	library *harness.Library
	dir     string
	rounds  int
	seconds time.Duration
	token   string // of a desk
	kills   struct{ server, database int }
	linear  int // operations

	cards    []string
	barcodes []string // of copies that can be lent, in no order
	books    []int64  // their titles
	next     atomic.Int64
	keys     atomic.Int64
	run      string // tells the keys of this run from those of others
}

// benchCirculation measures and proves what happens at the desk.
func benchCirculation(ctx context.Context, args []string, out *report) error {
	flags := flag.NewFlagSet("circulation", flag.ContinueOnError)
	items := flags.Int("items", 1_000_000, "copies of the library")
	rounds := flags.Int("rounds", 6, "pairs of rounds of the comparison with pgbench")
	seconds := flags.Float64("seconds", 5, "of each round")
	quick := flags.Bool("quick", false, "a smaller run of a minute or two: 20,000 copies, 2 rounds of 2 seconds, 2 kills of each, 4,000 operations")
	only := flags.String("only", "", "one figure: rate, one, desks, rush, kills, linear")
	kills := flags.Bool("kills", false, "kill BookVault 50 times and PostgreSQL 20 times under load, and nothing else")
	linear := flags.Bool("linear", false, "record 100,000 operations under kills and check that they are linearizable, and nothing else")
	operations := flags.Int("operations", 100_000, "operations of -linear")
	data := flags.String("library", "", "folder of the library, made when it is not there and kept (a folder of the system's temporary one)")
	file := flags.String("json", "", "write the rows to this file too")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b := &circulationBench{ctx: ctx, out: &harness.Figures{Suite: "circulation"}, rounds: *rounds, linear: *operations,
		run: strconv.FormatInt(time.Now().UnixNano(), 36)}
	b.seconds = time.Duration(*seconds * float64(time.Second))
	b.kills.server, b.kills.database = 50, 20
	if *quick {
		*items, b.rounds, b.seconds, b.linear = 20_000, 2, 2*time.Second, 4000
		b.kills.server, b.kills.database = 2, 2
	}
	out.figures = b.out
	closing, err := b.open(*data, *items)
	if err != nil {
		return err
	}
	defer closing()
	all := []struct {
		name string
		run  func() error
	}{{"rate", b.rate}, {"one", b.oneDesk}, {"desks", b.desks}, {"rush", b.rush}, {"kills", b.crashes}, {"linear", b.linearizable}}
	for _, figure := range all {
		alone := figure.name == "kills" || figure.name == "linear"
		switch {
		case *only != "" && *only != figure.name:
			continue
		case *kills && figure.name != "kills", *linear && figure.name != "linear":
			continue
		case *only == "" && !*kills && !*linear && alone && !*quick:
			continue // they take long, and are asked for
		}
		fmt.Fprintln(os.Stderr, "measuring", figure.name, "…")
		if err := figure.run(); err != nil {
			return fmt.Errorf("%s: %w", figure.name, err)
		}
		if err := b.out.Save(*file); err != nil {
			return err
		}
	}
	b.out.Note("%d copies of %d titles; clients are on kept connections and share the machine with the server and PostgreSQL.", *items, *items/5)
	b.out.Note("BookVault runs with its defaults (a primary and a replica, access log sampled), but for rate_limit.exempt and a loan limit that no member reaches.")
	return nil
}

// open builds the program and starts a library of so many copies; closing stops it.
func (b *circulationBench) open(data string, items int) (closing func(), err error) {
	if b.dir, err = os.MkdirTemp("", "bookvault-bench-circulation-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	program, err := harness.Build(b.ctx, b.dir, "bookvault", ".")
	if err != nil {
		return nil, err
	}
	if data == "" {
		data = filepath.Join(os.TempDir(), "bookvault-bench-circulation-"+strconv.Itoa(items))
	}
	stock := harness.Stock{Titles: items / 5, Items: items, Members: max(1000, items/100)}
	if b.library, err = harness.OpenStocked(b.ctx, program, b.dir, data, stock); err != nil {
		return nil, err
	}
	return b.close, b.prepare()
}

// close stops what was started, as far as that came.
func (b *circulationBench) close() {
	if b.library != nil {
		b.library.Home.Stop()
	}
	_ = os.RemoveAll(b.dir)
}

// prepare takes all copies back that an earlier run lent, raises the loan limit, and finds cards and copies.
func (b *circulationBench) prepare() error {
	var err error
	if b.token, err = b.tokenOf("desk"); err != nil {
		return err
	}
	conn, err := pgx.Connect(b.ctx, b.library.Primary)
	if err != nil {
		return err
	}
	defer conn.Close(b.ctx)
	if _, err := conn.Exec(b.ctx, `UPDATE borrowing.rules SET loan_limit = 100000, hold_limit = 100000`); err != nil {
		return err
	}
	rows, err := conn.Query(b.ctx, `SELECT card FROM members.cards JOIN members.members m ON m.id = member_id
		WHERE replaced_at IS NULL AND m.role = 'patron' AND (m.expires_on IS NULL OR m.expires_on > now()) AND NOT EXISTS (SELECT FROM members.blocks WHERE member_id = m.id) ORDER BY m.id`)
	if err != nil {
		return err
	}
	if b.cards, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		return err
	}
	rows, err = conn.Query(b.ctx, `SELECT barcode, book_id FROM borrowing.items WHERE status = 'available' AND loanable
		AND book_id IN (SELECT book_id FROM borrowing.titles WHERE holds = 0) ORDER BY hashint8(id), id LIMIT 500000`)
	if err != nil {
		return err
	}
	var barcode string
	var book int64
	if _, err := pgx.ForEachRow(rows, []any{&barcode, &book}, func() error {
		b.barcodes, b.books = append(b.barcodes, barcode), append(b.books, book)
		return nil
	}); err != nil {
		return err
	}
	if len(b.cards) < 500 || len(b.barcodes) < 5000 {
		return fmt.Errorf("%d cards and %d copies to lend are left in %s; delete the folder, and it is made anew", len(b.cards), len(b.barcodes), b.library.Data)
	}
	return nil
}

// tokenOf makes a token of a role.
func (b *circulationBench) tokenOf(role string) (string, error) {
	token, err := exec.CommandContext(b.ctx, b.library.Program, "token", "--role", role, "--data", b.library.Data).Output()
	if err != nil {
		return "", fmt.Errorf("make a token: %w", err)
	}
	return strings.TrimSpace(string(token)), nil
}

// copy gives a copy that nothing of this run has touched.
func (b *circulationBench) copy() (barcode string, book int64, err error) {
	n := b.next.Add(1) - 1
	if int(n) >= len(b.barcodes) {
		return "", 0, fmt.Errorf("all %d copies are lent; delete %s, or take a larger library", len(b.barcodes), b.library.Data)
	}
	return b.barcodes[n], b.books[n], nil
}

// key gives an Idempotency-Key that was never used.
func (b *circulationBench) key() string {
	return b.run + "-" + strconv.FormatInt(b.keys.Add(1), 36)
}

// checkOut makes the request that lends a copy.
func (b *circulationBench) checkOut(address, card, barcode string) []byte {
	return harness.Post(address, "/api/borrowing/v1/loans", []byte(`{"member_card":"`+card+`","barcode":"`+barcode+`"}`), "Authorization", "Bearer "+b.token, "Idempotency-Key", b.key())
}

// checkIn makes the request that takes a copy back.
func (b *circulationBench) checkIn(address, barcode string) []byte {
	return harness.Post(address, "/api/borrowing/v1/check-ins", []byte(`{"barcode":"`+barcode+`"}`), "Authorization", "Bearer "+b.token, "Idempotency-Key", b.key())
}

// titleOfFive makes a title whose copies are all free and five, and gives how many it has.
func (b *circulationBench) titleOfFive() (book int64, copies int, err error) {
	conn, err := pgx.Connect(b.ctx, b.library.Primary)
	if err != nil {
		return 0, 0, err
	}
	defer conn.Close(b.ctx)
	err = conn.QueryRow(b.ctx, `SELECT book_id FROM borrowing.items GROUP BY book_id
		HAVING count(*) = 5 AND bool_and(status = 'available' AND loanable) ORDER BY hashint8(book_id + $1) LIMIT 1`, b.keys.Add(1)).Scan(&book)
	if err != nil {
		return 0, 0, fmt.Errorf("find a title of five free copies: %w", err)
	}
	return book, 5, nil
}
