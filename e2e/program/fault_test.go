package program_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"
)

// lending is one check-out that a test has sent: whether an answer came back or not, it knows what it asked for.
type lending struct {
	card, barcode, key string
	id                 int64 // of the loan; 0 while no answer has come
}

func (l lending) body() string {
	return fmt.Sprintf(`{"member_card":%q,"barcode":%q}`, l.card, l.barcode)
}

// send sends it, with its key, and notes the loan's id. An error is a server that is gone.
func (l *lending) send(server *serving, token string) (status int, text string, err error) {
	status, text, err = server.ask("POST", "/api/borrowing/v1/loans", token, l.body(), "Idempotency-Key", l.key)
	if err == nil && status == http.StatusCreated {
		var made struct {
			ID int64 `json:"id"`
		}
		err = json.Unmarshal([]byte(text), &made)
		l.id = made.ID
	}
	return status, text, err
}

// desk lends new copies to new members until the server is gone, and counts what was acknowledged. It gives every check-out that
// it sent; only the last one can be without an answer.
func desk(t *testing.T, server *serving, token, name string, book int64, acknowledged chan<- int64) []lending {
	var sent []lending
	for n := 0; ; n++ {
		l := lending{card: fmt.Sprintf("M%s-%d", name, n), barcode: fmt.Sprintf("B%s-%d", name, n), key: fmt.Sprintf("check-out %s %d", name, n)}
		for path, body := range map[string]string{
			"/api/members/v1/members": fmt.Sprintf(`{"card":%q,"name":"Member %s"}`, l.card, name),
			"/api/borrowing/v1/items": fmt.Sprintf(`{"book_id":%d,"barcode":%q}`, book, l.barcode),
		} {
			status, text, err := server.ask("POST", path, token, body)
			if err != nil || status == http.StatusServiceUnavailable { // its end begins with PostgreSQL's
				return sent
			}
			if status != http.StatusCreated {
				t.Errorf("POST %s answered %d %s", path, status, text)
				return sent
			}
		}
		status, text, err := l.send(server, token)
		sent = append(sent, l)
		if err != nil || status == http.StatusServiceUnavailable {
			return sent
		}
		if status != http.StatusCreated {
			t.Errorf("the check-out answered %d %s", status, text)
			return sent
		}
		acknowledged <- l.id
	}
}

// What was answered 2xx is on disk: desks lend as fast as they can, the server is killed without warning (the second time with
// every process of its PostgreSQL), and after the next start every loan that was acknowledged is there, once. A check-out that
// had no answer is sent again with its key, as a client would, and then there is one loan of that one too.
func TestNothingAcknowledgedIsLostWhenTheServerIsKilled(t *testing.T) {
	const rounds, desks, enough = 2, 8, 40
	home := newHome(t)
	server := serve(t, home, nil)
	token := tokenOf(t, home, "librarian")
	text := server.mustAsk(t, "POST", "/api/catalog/v1/books", token, `{"title":"Truyện Kiều","authors":[{"name":"Nguyễn Du"}]}`, http.StatusCreated)
	var book struct {
		ID int64 `json:"id"`
	}
	if err := json.Unmarshal([]byte(text), &book); err != nil {
		t.Fatal(err)
	}

	for round := range rounds {
		sent, acks := make([][]lending, desks), make(chan int64, 10_000)
		var all sync.WaitGroup
		for i := range desks {
			all.Go(func() { sent[i] = desk(t, server, token, fmt.Sprintf("%d-%d", round, i), book.ID, acks) })
		}
		for limit, n := time.After(patience), 0; n < enough; n++ {
			select {
			case <-acks:
			case <-limit:
				t.Fatalf("only %d loans in %v: this round proves nothing", n, patience)
			}
		}
		server.kill(t)
		if round > 0 {
			for _, pid := range postgresOf(home) {
				_ = syscall.Kill(pid, syscall.SIGKILL) // one that went with another is gone already
			}
		}
		all.Wait()
		server = serve(t, home, nil)
		acknowledged, unanswered := 0, 0
		for _, lendings := range sent {
			for _, l := range lendings {
				if l.id != 0 {
					acknowledged++
				} else {
					unanswered++
					if status, text, err := l.send(server, token); err != nil || status != http.StatusCreated {
						t.Errorf("sent again, %s answered %d %s (%v)", l.body(), status, text, err)
					}
				}
				l.expectOnce(t, server, token)
			}
		}
		t.Logf("round %d: %d loans acknowledged, %d without an answer sent again; each is there once", round+1, acknowledged, unanswered)
	}
}

// expectOnce holds the library to exactly one open loan of this copy to this member.
func (l lending) expectOnce(t *testing.T, server *serving, token string) {
	t.Helper()
	var loans struct {
		Items []struct {
			ID      int64  `json:"id"`
			Barcode string `json:"barcode"`
			Status  string `json:"status"`
		} `json:"items"`
	}
	text := server.mustAsk(t, "GET", "/api/borrowing/v1/loans?member_card="+l.card, token, "", http.StatusOK)
	if err := json.Unmarshal([]byte(text), &loans); err != nil {
		t.Fatal(err)
	}
	if len(loans.Items) != 1 || loans.Items[0].ID != l.id || loans.Items[0].Barcode != l.barcode || loans.Items[0].Status != "open" {
		t.Errorf("loan %d of %s came back as %s", l.id, l.barcode, text)
	}
	var item struct {
		Status string `json:"status"`
	}
	text = server.mustAsk(t, "GET", "/api/borrowing/v1/items/"+l.barcode, token, "", http.StatusOK)
	if err := json.Unmarshal([]byte(text), &item); err != nil || item.Status != "checked_out" {
		t.Errorf("the copy of loan %d is %s (%v)", l.id, text, err)
	}
}
