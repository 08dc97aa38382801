package live

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// writeWithin is how long one write to a listener may take: who does not read for longer is gone.
const writeWithin = 10 * time.Second

// Bye is the name of the event after which a stream ends by itself: come back when somebody is there.
const Bye = "bye"

// Headers says what the answer is: a stream that nobody keeps or holds back; the gateway compresses no event streams.
func Headers(h http.Header) {
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // for proxies that gather answers
}

// Stream writes the listener's events until ctx ends, the listener is ended, or it has lasted for as long as one may. It sends a first
// sign of life at once, so that whoever listens knows from where on they miss nothing.
func (l *Listener) Stream(ctx context.Context, w http.ResponseWriter) error {
	defer l.Leave()
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Time{}); err != nil { // the server's is for requests that have an end
		return err
	}
	send := func(text string) error {
		if err := control.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
			return err
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
		return control.Flush()
	}
	l.hub.lock.Lock()
	at := l.hub.number
	l.hub.lock.Unlock()
	if len(l.events) > 0 { // what was missed comes with ids of its own
		at = -1
	}
	hello := "retry: 2000\n: here\n\n"
	if at >= 0 {
		hello = fmt.Sprintf("retry: 2000\nid: %s\nevent: hello\ndata: {}\n\n", l.hub.id(at))
	}
	if err := send(hello); err != nil {
		return err
	}
	beat, age := time.NewTicker(l.hub.s.Heartbeat), time.NewTimer(l.hub.s.Age)
	defer beat.Stop()
	defer age.Stop()
	for {
		text := ""
		select {
		case <-l.missed:
			for len(l.events) > 0 { // they are in what is asked for anew
				<-l.events
			}
			l.hub.lock.Lock()
			text = fmt.Sprintf("id: %s\nevent: %s\ndata: {}\n\n", l.hub.id(l.hub.number), Resync)
			l.hub.lock.Unlock()
		case e := <-l.events:
			text = fmt.Sprintf("id: %s\nevent: %s\ndata: %s\n\n", l.hub.id(e.number), e.Name, e.Data)
		case <-beat.C:
			text = ": still here\n\n"
		case <-age.C:
			return send("event: " + Bye + "\ndata: {}\n\n")
		case <-l.ended:
			return send("event: " + Bye + "\ndata: {}\n\n")
		case <-ctx.Done():
			return nil
		}
		if err := send(text); err != nil {
			return err
		}
	}
}
