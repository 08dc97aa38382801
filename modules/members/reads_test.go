package members

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
)

// Readings that come while a round is being written share the next one; nobody is answered before theirs is written; a failure is everybody's of
// that round, and of no other.
func TestReadingsAreRecordedBeforeTheyAreAnsweredManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var rounds []int
		failure := errors.New("the disk is full")
		gate := make(chan error)
		r := &reads{write: func(_ context.Context, entries ...AuditEntry) error {
			mu.Lock()
			rounds = append(rounds, len(entries))
			mu.Unlock()
			return <-gate
		}}
		answers := make(chan error, 200)
		ask := func(ctx context.Context) { answers <- r.record(ctx, AuditEntry{Action: actionRead}) }
		go ask(t.Context())
		synctest.Wait()
		impatient, leave := context.WithCancel(t.Context())
		for range 98 {
			go ask(t.Context())
		}
		go ask(impatient)
		synctest.Wait()
		leave()
		synctest.Wait()
		if len(answers) != 1 || !errors.Is(<-answers, context.Canceled) {
			t.Fatal("somebody was answered before the reading was recorded")
		}
		gate <- nil
		synctest.Wait()
		if err := <-answers; err != nil || len(answers) != 0 {
			t.Fatalf("after the first round: %v, and %d more", err, len(answers))
		}
		gate <- failure
		synctest.Wait()
		for range 98 {
			if err := <-answers; !errors.Is(err, failure) {
				t.Fatalf("a round that failed answered %v", err)
			}
		}
		go ask(t.Context())
		synctest.Wait()
		gate <- nil
		if err := <-answers; err != nil {
			t.Error(err)
		}
		if len(rounds) != 3 || rounds[0] != 1 || rounds[1] != 99 || rounds[2] != 1 {
			t.Errorf("rounds of %v", rounds)
		}
	})
}
