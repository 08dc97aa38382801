package lifecycle

import (
	"context"
	"sync/atomic"
	"testing"
)

func TestALoopRunsOnceAndIsWaitedFor(t *testing.T) {
	var l Loop
	if l.Stop() {
		t.Error("stopped before it was started")
	}
	var begun, ended atomic.Int32
	asked, leave := context.WithCancel(t.Context())
	defer leave()
	running := make(chan struct{}, 2)
	work := func(ctx context.Context) {
		begun.Add(1)
		running <- struct{}{}
		<-ctx.Done()
		ended.Add(1)
	}
	for round := int32(1); round <= 2; round++ {
		l.Start(asked, work)
		l.Start(asked, work)
		<-running
		leave() // whoever started it may leave
		if begun.Load() != round || ended.Load() != round-1 {
			t.Errorf("round %d: begun %d times, ended %d times", round, begun.Load(), ended.Load())
		}
		if !l.Stop() || l.Stop() || ended.Load() != round {
			t.Errorf("round %d: ended %d times after Stop", round, ended.Load())
		}
	}
}
