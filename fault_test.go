package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"
)

// What was answered 2xx is on disk: writers write as fast as they can, the server is killed without warning (the second time
// with every process of its PostgreSQL), and after the next start everything that was acknowledged is there, whole.
func TestNothingAcknowledgedIsLostWhenTheServerIsKilled(t *testing.T) {
	const rounds, writers, writeFor = 2, 8, 1500 * time.Millisecond
	home := newHome(t)
	server := serve(t, home, nil)
	token := tokenOf(t, home, "librarian")
	kept := map[int64]string{} // id -> title, as the server has answered

	for round := range rounds {
		var lock sync.Mutex
		var all sync.WaitGroup
		before := len(kept)
		for writer := range writers {
			all.Go(func() {
				for n := 0; ; n++ {
					title := fmt.Sprintf("Round %d, writer %d, title %d", round, writer, n)
					body := fmt.Sprintf(`{"title":%q,"authors":[{"name":"Writer %d"}]}`, title, writer)
					status, text, err := server.ask("POST", "/api/catalog/v1/books", token, body)
					if err != nil {
						return // the server is gone
					}
					var made struct {
						ID int64 `json:"id"`
					}
					if status != http.StatusCreated || json.Unmarshal([]byte(text), &made) != nil || made.ID == 0 {
						t.Errorf("answered %d %s", status, text)
						return
					}
					lock.Lock()
					kept[made.ID] = title
					lock.Unlock()
				}
			})
		}
		time.Sleep(writeFor)
		server.kill(t)
		if round > 0 {
			for _, pid := range postgresOf(home) {
				_ = syscall.Kill(pid, syscall.SIGKILL) // one that went with another is gone already
			}
		}
		all.Wait()
		if len(kept)-before < writers {
			t.Fatalf("only %d writes were acknowledged: this round proves nothing", len(kept)-before)
		}
		server = serve(t, home, nil)
	}
	for id, title := range kept {
		text := server.mustAsk(t, "GET", fmt.Sprintf("/api/catalog/v1/books/%d", id), token, "", http.StatusOK)
		var found struct {
			Title   string `json:"title"`
			Authors []struct {
				Name string `json:"name"`
			} `json:"authors"`
		}
		if err := json.Unmarshal([]byte(text), &found); err != nil || found.Title != title || len(found.Authors) != 1 {
			t.Errorf("title %d came back as %s, want %q (%v)", id, text, title, err)
		}
	}
	t.Logf("%d titles were acknowledged in %d rounds and found again", len(kept), rounds)
}
