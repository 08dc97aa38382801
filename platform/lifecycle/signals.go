package lifecycle

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// Signals turns the first SIGINT or SIGTERM into the end of the returned context. From then on the second one calls force,
// for a person who will not wait. release gives the signals back to their defaults; call it before the process ends.
func Signals(parent context.Context, force func()) (ctx context.Context, release func()) {
	ctx, cancel := context.WithCancel(parent)
	incoming := make(chan os.Signal, 2)
	signal.Notify(incoming, os.Interrupt, syscall.SIGTERM)
	released := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		asked := false
		for {
			select {
			case <-released:
				return
			case <-incoming:
				if asked {
					force()
				}
				asked = true
				cancel()
			}
		}
	})
	return ctx, sync.OnceFunc(func() {
		signal.Stop(incoming)
		close(released)
		watcher.Wait()
		cancel()
	})
}
