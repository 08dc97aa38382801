package program_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
)

// rater rates a title again and again, and remembers what was answered.
type rater struct {
	token    string
	accepted int // stars of the last 202
	asked    int // stars of a request after it whose answer never came; 0: none
}

func (r *rater) goOn(s *serving, book int64, stop <-chan struct{}) error {
	for {
		select {
		case <-stop:
			return nil
		default:
		}
		stars := 1 + rand.IntN(5)
		r.asked = stars
		status, text, err := s.ask("PUT", fmt.Sprintf("/api/catalog/v1/books/%d/rating", book), r.token, fmt.Sprintf(`{"stars": %d}`, stars))
		switch {
		case err != nil:
			return nil // the server is gone, with or without it
		case status != 202:
			return fmt.Errorf("a rating is answered %d %s", status, text)
		}
		r.accepted, r.asked = stars, 0
	}
}

func (r *rater) check(t *testing.T, s *serving, book int64) {
	t.Helper()
	var got struct{ Stars *int }
	if err := json.Unmarshal([]byte(s.mustAsk(t, "GET", fmt.Sprintf("/api/catalog/v1/books/%d/rating", book), r.token, "", 200)), &got); err != nil {
		t.Fatal(err)
	}
	have := 0
	if got.Stars != nil {
		have = *got.Stars
	}
	if have != r.accepted && have != r.asked {
		t.Errorf("%d stars were answered 202, %d were asked for last, %d are there", r.accepted, r.asked, have)
	}
	r.accepted, r.asked = have, 0
}

func TestWhatWasAcceptedIsThereHoweverOftenTheServerIsKilled(t *testing.T) {
	const kills, raters = 3, 8
	home := newHome(t)
	server := serve(t, home, nil, "--set", "rate_limit.exempt=127.0.0.0/8")
	librarian := tokenOf(t, home, "librarian")
	var made struct{ ID int64 }
	if err := json.Unmarshal([]byte(server.mustAsk(t, "POST", "/api/catalog/v1/books", librarian, `{"title": "Truyện Kiều", "authors": [{"name": "Nguyễn Du"}]}`, 201)), &made); err != nil {
		t.Fatal(err)
	}
	admin := tokenOf(t, home, "administrator")
	all := make([]*rater, raters)
	for i := range all {
		card := fmt.Sprintf("K%04d", i)
		server.mustAsk(t, "POST", "/api/members/v1/members", admin, fmt.Sprintf(`{"name": "Reader %d", "card": %q, "category": "adult"}`, i, card), 201)
		out, words, status := command(t, home, nil, "token", "--role", "patron", "--card", card)
		if status != 0 {
			t.Fatalf("token: %s", words)
		}
		all[i] = &rater{token: strings.TrimSpace(out)}
	}
	for range kills {
		stop := make(chan struct{})
		var going sync.WaitGroup
		for _, r := range all {
			going.Go(func() {
				if err := r.goOn(server, made.ID, stop); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(time.Duration(rand.IntN(400)) * time.Millisecond) // any moment will do
		server.kill(t)
		close(stop)
		going.Wait()
		server = serve(t, home, nil, "--set", "rate_limit.exempt=127.0.0.0/8")
		for _, r := range all {
			r.check(t, server, made.ID)
		}
	}
	// Each counts once, however often it was written.
	ratings, stars := 0, 0
	for _, r := range all {
		if stars += r.accepted; r.accepted > 0 {
			ratings++
		}
	}
	var totals struct {
		Items []struct {
			Average *float64
			Ratings int
		}
	}
	if err := json.Unmarshal([]byte(server.mustAsk(t, "GET", fmt.Sprintf("/api/catalog/v1/ratings?book_ids=%d", made.ID), "", "", 200)), &totals); err != nil {
		t.Fatal(err)
	}
	want := float64(stars) / float64(max(1, ratings))
	if got := totals.Items[0]; got.Ratings != ratings || ratings > 0 && (got.Average == nil || *got.Average-want > 0.01 || want-*got.Average > 0.01) {
		t.Errorf("the sums are %+v, want %d ratings of %.2f", got, ratings, want)
	}
	out, words, status := command(t, home, nil, "queue", "status")
	if status != 0 || !strings.Contains(out, "put aside: 0 records") || !strings.Contains(out, "store 1: held") {
		t.Errorf("queue status: %d %s %s", status, out, words)
	}
}
