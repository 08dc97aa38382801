package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/bench/harness"
)

// scribbles is load on what is written behind the answer: members who rate titles and make reading lists, and remember what they were told.
type scribbles struct {
	b       *circulationBench
	writers []*scribbler
}

// scribbler is one member. Nobody else writes for them, so that what must be there is known.
type scribbler struct {
	rater
	s      *scribbles
	random *rand.Rand
	conn   *harness.Conn
	rated  map[int64]opinion // by title
	lists  map[string]bool   // by name: whether it must be there; those of which nobody knows are left out
	told   struct{ kept, refused, lost int }
}

// opinion is what a title's rating must be now: one of those, and 0 for none.
type opinion []int

const listsOfScribbler = 40 // a member may have 50

// scribbles readies so many members. Of what they rated in earlier runs everything must stay.
func (b *circulationBench) scribbles(n int) (*scribbles, error) {
	raters, err := b.raters(n)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(b.ctx, b.library.Primary)
	if err != nil {
		return nil, err
	}
	defer conn.Close(b.ctx)
	s := &scribbles{b: b}
	for i, r := range raters {
		if _, err := conn.Exec(b.ctx, `DELETE FROM members.lists WHERE member_id = $1`, r.id); err != nil {
			return nil, err
		}
		w := &scribbler{rater: r, s: s, random: rand.New(rand.NewPCG(11, uint64(i))), lists: map[string]bool{}}
		there, err := ratingsOf(b.ctx, conn, r.id)
		if err != nil {
			return nil, err
		}
		w.rated = map[int64]opinion{}
		for book, stars := range there {
			w.rated[book] = opinion{stars}
		}
		s.writers = append(s.writers, w)
	}
	return s, nil
}

func ratingsOf(ctx context.Context, conn *pgx.Conn, member int64) (map[int64]int, error) {
	rows, err := conn.Query(ctx, `SELECT book_id, coalesce(stars, 0) FROM catalog.ratings WHERE member_id = $1`, member)
	if err != nil {
		return nil, err
	}
	there := map[int64]int{}
	var book int64
	var stars int
	_, err = pgx.ForEachRow(rows, []any{&book, &stars}, func() error {
		there[book] = stars
		return nil
	})
	return there, err
}

// run writes until it is told to stop. The error is that somebody was not shown what they had written.
func (s *scribbles) run(until <-chan struct{}) error {
	errs := make([]error, len(s.writers))
	var all sync.WaitGroup
	for i, w := range s.writers {
		all.Go(func() {
			defer w.hangUp()
			for errs[i] == nil && s.b.ctx.Err() == nil {
				select {
				case <-until:
					return
				default:
				}
				if w.random.IntN(50) == 0 && len(w.lists) < listsOfScribbler {
					errs[i] = w.list()
				} else {
					errs[i] = w.rate()
				}
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return s.b.ctx.Err()
}

func (w *scribbler) hangUp() {
	if w.conn != nil {
		w.conn.Close()
		w.conn = nil
	}
}

// ask sends a request. sent is false when there was nobody to send it to; status 0: nobody answered.
func (w *scribbler) ask(request []byte) (sent bool, status int, body []byte) {
	if w.conn == nil {
		conn, err := harness.Dial(w.s.b.ctx, w.s.b.library.Home.Address, "Etag")
		if err != nil {
			time.Sleep(20 * time.Millisecond)
			return false, 0, nil
		}
		w.conn = conn
	}
	status, _, body, err := w.conn.Ask(request)
	if err != nil {
		w.hangUp()
		status = 0
	}
	return true, status, body
}

// rate rates a title, one in four again. Of a request that nobody answered every other one is sent again, until it is answered.
func (w *scribbler) rate() error {
	ids := w.s.b.library.IDs
	book := ids[w.random.IntN(len(ids))]
	before := w.rated[book]
	if before == nil {
		before = opinion{0}
	}
	stars := 1 + (before[0]+w.random.IntN(4))%5 // another one
	request := w.s.b.rating(w.rater, book, stars)
	for again := w.random.IntN(2) == 0; ; {
		sent, status, body := w.ask(request)
		switch {
		case !sent && !again:
			return nil
		case !sent:
		case status == 0:
			w.told.lost++
			if before = append(before[:len(before):len(before)], stars); !again { // there, or not
				w.rated[book] = before
				return nil
			}
		case status < 300:
			w.told.kept++
			w.rated[book] = opinion{stars}
			return w.look(book, stars)
		case status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout || status == http.StatusInternalServerError:
			w.told.refused++
			w.rated[book] = before // without this one, unless it was sent before and lost
			time.Sleep(5 * time.Millisecond)
			return nil
		default:
			return fmt.Errorf("a rating was answered %d %.300s", status, body)
		}
		if w.s.b.ctx.Err() != nil {
			return w.s.b.ctx.Err()
		}
	}
}

// look asks, one time in twenty, for what was written a moment ago.
func (w *scribbler) look(book int64, stars int) error {
	if w.random.IntN(20) > 0 {
		return nil
	}
	_, status, body := w.ask(harness.Get(w.s.b.library.Home.Address, fmt.Sprintf("/api/catalog/v1/books/%d/rating", book), "Authorization", "Bearer "+w.token))
	var seen struct{ Stars int }
	if status != http.StatusOK {
		return nil // it was killed meanwhile, or the database was
	}
	if err := json.Unmarshal(body, &seen); err != nil || seen.Stars != stars {
		return fmt.Errorf("who gave %d stars was shown %.200s", stars, body)
	}
	return nil
}

// list makes a reading list, and asks again with its key until it is answered.
func (w *scribbler) list() error {
	name := "list " + w.s.b.key()
	request := harness.Post(w.s.b.library.Home.Address, "/api/members/v1/me/lists", []byte(`{"name": "`+name+`"}`), "Authorization", "Bearer "+w.token, "Idempotency-Key", name)
	for lost := false; w.s.b.ctx.Err() == nil; {
		sent, status, body := w.ask(request)
		switch {
		case !sent:
		case status == 0:
			lost = true
			w.told.lost++
		case status < 300:
			w.told.kept++
			w.lists[name] = true
			return nil
		case status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout || status == http.StatusInternalServerError:
			if w.told.refused++; !lost {
				w.lists[name] = false
				return nil
			}
			time.Sleep(5 * time.Millisecond) // it may be there: its key finds out
		default:
			return fmt.Errorf("a list was answered %d %.300s", status, body)
		}
	}
	return w.s.b.ctx.Err()
}

// check compares what is in the database, once the queue is empty, with what was told. It gives how many writes were kept.
func (s *scribbles) check() (kept int, err error) {
	if err := s.drained(); err != nil {
		return 0, err
	}
	conn, err := pgx.Connect(s.b.ctx, s.b.library.Primary)
	if err != nil {
		return 0, err
	}
	defer conn.Close(s.b.ctx)
	refused, lost := 0, 0
	for _, w := range s.writers {
		if err := w.check(conn); err != nil {
			return 0, fmt.Errorf("member %d: %w", w.id, err)
		}
		kept, refused, lost = kept+w.told.kept, refused+w.told.refused, lost+w.told.lost
	}
	var wrong int
	err = conn.QueryRow(s.b.ctx, `SELECT count(*) FROM (SELECT shard, book_id, count(stars) AS n, coalesce(sum(stars), 0) AS sum FROM catalog.ratings GROUP BY shard, book_id) r
		FULL JOIN catalog.rating_totals t USING (shard, book_id) WHERE (coalesce(r.n, 0), coalesce(r.sum, 0)) <> (coalesce(t.ratings, 0), coalesce(t.stars, 0))`).Scan(&wrong)
	if err == nil && wrong > 0 {
		err = fmt.Errorf("the sums of %d titles are not those of their ratings", wrong)
	}
	s.b.out.Note("Behind the answer meanwhile: %d writes were answered 2xx, %d with an error, and %d not at all.", kept, refused, lost)
	return kept, err
}

// drained waits until nothing waits in the queue.
func (s *scribbles) drained() error {
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if left, err := s.b.library.Home.Metric(s.b.ctx, "bookvault_queue_messages"); err == nil && left == 0 {
			return nil
		}
	}
	return fmt.Errorf("the queue was not empty after two minutes")
}

// check compares what is there of one member.
func (w *scribbler) check(conn *pgx.Conn) error {
	ctx := w.s.b.ctx
	there, err := ratingsOf(ctx, conn, w.id)
	if err != nil {
		return err
	}
	for book, may := range w.rated {
		found := false
		for _, stars := range may {
			found = found || there[book] == stars
		}
		if !found {
			return fmt.Errorf("title %d has %d stars, and was told of %v", book, there[book], may)
		}
		delete(there, book)
	}
	if len(there) > 0 {
		return fmt.Errorf("%d ratings are there that nobody was told of", len(there))
	}
	rows, err := conn.Query(ctx, `SELECT name, count(*) FROM members.lists WHERE member_id = $1 AND NOT deleted GROUP BY name`, w.id)
	if err != nil {
		return err
	}
	lists := map[string]int{}
	var name string
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&name, &n}, func() error { lists[name] = n; return nil }); err != nil {
		return err
	}
	for name, must := range w.lists {
		if want := map[bool]int{true: 1}[must]; lists[name] != want {
			return fmt.Errorf("the list %q is there %d times, and must be %d", name, lists[name], want)
		}
	}
	return nil
}
