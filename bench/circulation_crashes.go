package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/bench/harness"
	"bookvault/bench/linear"
)

const (
	linearLimit   = 3 // loans of a member
	linearItems   = 40
	linearMembers = 20
)

// scribblers is how many members write behind the answer while the desk is killed.
const scribblers = 32

// crashes: BookVault and PostgreSQL are killed at random moments under load, at the desk and on the queue; what was answered 2xx is there
// once, and nothing else.
func (b *circulationBench) crashes() error {
	for _, victim := range []struct {
		name string
		n    int
		kill func(context.Context) error
	}{{"BookVault", b.kills.server, b.library.KillHome}, {"PostgreSQL", b.kills.database, b.library.KillDatabase}} {
		if victim.n == 0 {
			continue
		}
		beside, err := b.scribbles(scribblers)
		if err != nil {
			return err
		}
		history, err := b.faulty(1<<40, victim.n, victim.kill, beside.run)
		kept := 0
		if err == nil {
			kept, err = beside.check()
		}
		if err != nil {
			return fmt.Errorf("kill -9 of %s: %w", victim.name, err)
		}
		what := fmt.Sprintf("kill -9 of %s %d times", victim.name, victim.n)
		b.out.Add(harness.Row{Figure: what + ": every 2xx of the desk there once, nothing else", Value: float64(len(history)), Unit: "commands", Goal: "all", Holds: true})
		b.out.Add(harness.Row{Figure: what + ": every 2xx behind the answer there once, nothing else", Value: float64(kept), Unit: "writes", Goal: "all", Holds: true})
	}
	return nil
}

// linearizable: so many commands, with BookVault killed again and again, could have been answered as they were by a desk that does one
// thing after another.
func (b *circulationBench) linearizable() error {
	history, err := b.faulty(b.linear, max(2, b.linear/10_000), b.library.KillHome, nil)
	if err != nil {
		return err
	}
	b.out.Add(harness.Row{Figure: "linearizable, copy by copy and member by member, under kill -9", Value: float64(len(history)), Unit: "commands", Goal: "all", Holds: true})
	return nil
}

// faulty records at most so many commands while something is killed so many times, and checks what is left. beside is what else goes on
// meanwhile; nil: nothing.
func (b *circulationBench) faulty(operations, kills int, kill func(context.Context) error, beside func(until <-chan struct{}) error) ([]linear.Recorded, error) {
	s, began, err := b.setting()
	if err != nil {
		return nil, err
	}
	s.Operations = operations
	s.Run = b.key()
	until := make(chan struct{})
	var history []linear.Recorded
	var failed error
	done := make(chan struct{})
	s.Until = until
	var answered atomic.Int64
	s.Answered = &answered
	go func() {
		defer close(done)
		history, failed = linear.Record(b.ctx, s)
	}()
	var other error
	var beyond sync.WaitGroup
	over := make(chan struct{})
	if beside != nil {
		beyond.Go(func() { other = beside(over) })
	}
	random := rand.New(rand.NewPCG(7, uint64(kills)))
	var killing error
	for n := 0; n < kills && killing == nil; n++ {
		// At any moment, but not before it has done something since it was killed last: on a slow machine it would never get to.
		for enough := answered.Load() + 20 + random.Int64N(200); answered.Load() < enough && !isDone(done); {
			time.Sleep(5 * time.Millisecond)
		}
		select {
		case <-done:
			n = kills // all was asked
		case <-time.After(time.Duration(random.Float64() * float64(800*time.Millisecond))):
			killing = kill(b.ctx)
		}
	}
	if operations >= 1<<40 || killing != nil {
		close(until)
	}
	<-done
	close(over)
	beyond.Wait()
	if killing == nil {
		killing = other
	}
	if killing != nil {
		return nil, killing
	}
	if failed != nil {
		return nil, failed
	}
	if err := linear.Check(history, linearLimit, 5*time.Minute); err != nil {
		return nil, err
	}
	return history, b.counted(s, history, began)
}

func isDone(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// setting takes copies that are the only ones of their titles, and members without loans.
func (b *circulationBench) setting() (s linear.Setting, began time.Time, err error) {
	s = linear.Setting{Address: b.library.Home.Address, Token: b.token, Clients: 16, Seed: uint64(time.Now().UnixNano()), Patience: 10 * time.Minute}
	conn, err := pgx.Connect(b.ctx, b.library.Primary)
	if err != nil {
		return s, began, err
	}
	defer conn.Close(b.ctx)
	if _, err := conn.Exec(b.ctx, `UPDATE borrowing.rules SET loan_limit = $1`, linearLimit); err != nil {
		return s, began, err
	}
	if err := conn.QueryRow(b.ctx, `SELECT clock_timestamp()`).Scan(&began); err != nil {
		return s, began, err
	}
	var branch, itemType string
	if err := conn.QueryRow(b.ctx, `SELECT (SELECT code FROM borrowing.branches ORDER BY sort, code LIMIT 1), (SELECT code FROM borrowing.item_types ORDER BY sort, code LIMIT 1)`).Scan(&branch, &itemType); err != nil {
		return s, began, err
	}
	if err := b.newTitles(&s); err != nil {
		return s, began, err
	}
	for _, book := range s.Books {
		barcode := "LIN-" + b.key()
		if err := b.ask(harness.Post(s.Address, "/api/borrowing/v1/items", []byte(fmt.Sprintf(`{"book_id":%d,"barcode":"%s","branch":"%s","item_type":"%s"}`, book, barcode, branch, itemType)),
			"Authorization", "Bearer "+b.token)); err != nil {
			return s, began, err
		}
		s.Barcodes = append(s.Barcodes, barcode)
	}
	rows, err := conn.Query(b.ctx, `SELECT card FROM members.cards JOIN members.members m ON m.id = member_id
		WHERE card = ANY($1) AND NOT EXISTS (SELECT FROM borrowing.loans l WHERE l.member_id = m.id AND l.status = 'open')
			AND NOT EXISTS (SELECT FROM borrowing.open_charges c WHERE c.member_id = m.id) ORDER BY hashint8(m.id) LIMIT $2`, b.cards, linearMembers)
	if err != nil {
		return s, began, err
	}
	if s.Cards, err = pgx.CollectRows(rows, pgx.RowTo[string]); err == nil && len(s.Cards) < linearMembers {
		err = fmt.Errorf("only %d members without loans are left in %s; delete the folder, and it is made anew", len(s.Cards), b.library.Data)
	}
	return s, began, err
}

// newTitles makes titles without copies.
func (b *circulationBench) newTitles(s *linear.Setting) error {
	librarian, err := b.tokenOf("librarian")
	if err != nil {
		return err
	}
	for i := range linearItems {
		said, err := b.tell(b.ctx, s.Address, harness.Post(s.Address, "/api/catalog/v1/books", []byte(fmt.Sprintf(`{"title":"Linear %d","authors":[{"name":"Bench"}]}`, i)), "Authorization", "Bearer "+librarian))
		if err != nil {
			return err
		}
		var made struct{ ID int64 }
		if err := json.Unmarshal(said, &made); err != nil {
			return err
		}
		s.Books = append(s.Books, made.ID)
	}
	return nil
}

// counted compares what was answered with what is in the database: each loan, return and hold that was told of is there once, and no other.
func (b *circulationBench) counted(s linear.Setting, history []linear.Recorded, began time.Time) error {
	conn, err := pgx.Connect(b.ctx, b.library.Primary)
	if err != nil {
		return err
	}
	defer conn.Close(b.ctx)
	told := map[string]int{}
	for _, r := range history {
		switch {
		case r.Answer.OK && r.Command.Kind == linear.Lend:
			told["loans"]++
		case r.Answer.OK && r.Command.Kind == linear.Hold:
			told["holds"]++
		case r.Answer.Closed >= 0:
			told["returns"]++
		}
	}
	for what, query := range map[string]string{
		"loans":   `SELECT count(*) FROM borrowing.loans l JOIN borrowing.items i ON i.id = l.item_id WHERE i.barcode = ANY($1)`,
		"returns": `SELECT count(*) FROM borrowing.loans l JOIN borrowing.items i ON i.id = l.item_id WHERE i.barcode = ANY($1) AND l.status = 'closed'`,
		"holds":   `SELECT count(*) FROM borrowing.holds WHERE book_id IN (SELECT book_id FROM borrowing.items WHERE barcode = ANY($1))`,
	} {
		var there int
		if err := conn.QueryRow(b.ctx, query, s.Barcodes).Scan(&there); err != nil {
			return err
		}
		if there != told[what] {
			return fmt.Errorf("%d %s were told of, and %d are there", told[what], what, there)
		}
	}
	var wrong int
	err = conn.QueryRow(b.ctx, `SELECT count(*) FROM (SELECT l.id FROM borrowing.loans l LEFT JOIN borrowing.events e ON e.stream = 'loan/' || l.id
		WHERE l.opened_at >= $1 GROUP BY l.id, l.version HAVING count(e.position) <> l.version OR max(e.version) <> l.version) w`, began.Add(-time.Second)).Scan(&wrong)
	if err == nil && wrong > 0 {
		err = fmt.Errorf("%d loans have not the events of their versions", wrong)
	}
	if err != nil {
		return err
	}
	// Nobody of this run keeps anything, so that the next one finds members without loans.
	for _, barcode := range s.Barcodes {
		if err := b.ask(b.checkIn(s.Address, barcode)); err != nil {
			return err
		}
	}
	_, err = conn.Exec(b.ctx, `UPDATE borrowing.rules SET loan_limit = 100000`)
	return err
}
