package lifecycle

import (
	"context"
	"sync"
)

// Loop is work that goes on behind the requests, from Start to Stop. The zero value is ready; both may be called twice, and in any order.
type Loop struct {
	lock    sync.Mutex
	stop    context.CancelFunc
	stopped chan struct{}
}

// Start runs work in a goroutine of its own, unless it runs already. Its context keeps the values of ctx, and ends with Stop alone.
func (l *Loop) Start(ctx context.Context, work func(context.Context)) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.stop != nil {
		return
	}
	ctx, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	stopped := make(chan struct{})
	l.stopped = stopped
	go func() {
		defer close(stopped)
		work(ctx)
	}()
}

// Stop ends the work's context, waits for its return, and tells whether there was anything to stop.
func (l *Loop) Stop() bool {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.stop == nil {
		return false
	}
	l.stop()
	<-l.stopped
	l.stop = nil
	return true
}
