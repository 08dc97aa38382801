package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"time"

	"bookvault/bench/harness"
)

// client is a reader or writer with a connection to each process.
type client []*harness.Conn

func (b *consistencyBench) connect() (c client, err error) {
	for _, p := range b.processes {
		conn, err := harness.Dial(b.ctx, p.Address, "BookVault-Consistency")
		if err != nil {
			return nil, err
		}
		c = append(c, conn)
	}
	return c, nil
}

func (c client) close() {
	for _, conn := range c {
		conn.Close()
	}
}

// look reads a title through one of the processes; known is false when that one had too much to do.
func (b *consistencyBench) look(conn *harness.Conn, t *changing, token string) (version int64, next string, known bool, err error) {
	headers := []string{"Accept-Encoding", "identity"}
	if token != "" {
		headers = append(headers, "BookVault-Consistency", token)
	}
	status, next, body, err := conn.Ask(harness.Get("bookvault", t.path, headers...))
	if err != nil {
		return 0, "", false, err
	}
	if status == http.StatusServiceUnavailable {
		b.busy.Add(1)
		return 0, "", false, nil
	}
	if bytes.Contains(body, []byte(`"stale":true`)) {
		b.stale.Add(1)
	}
	_, rest, found := bytes.Cut(body, []byte(`"version":`))
	if status != http.StatusOK || !found {
		return 0, "", false, fmt.Errorf("%s: %d %.200s", t.path, status, body)
	}
	for _, digit := range rest {
		if digit < '0' || digit > '9' {
			break
		}
		version = version*10 + int64(digit-'0')
	}
	return version, next, true, nil
}

// write counts titles up, and looks whether its writer sees it.
func (b *consistencyBench) write(r *rand.Rand, pause time.Duration) error {
	c, err := b.connect()
	if err != nil {
		return err
	}
	defer c.close()
	for b.reads.Load() > 0 && b.ctx.Err() == nil {
		t := b.titles[r.IntN(len(b.titles))]
		if err := b.change(c, r, t); err != nil {
			return err
		}
		time.Sleep(time.Duration(float64(pause) * 2 * r.Float64()))
	}
	return nil
}

func (b *consistencyBench) change(c client, r *rand.Rand, t *changing) error {
	t.lock.Lock()
	defer t.lock.Unlock()
	before := t.newest.Load()
	through := r.IntN(len(c))
	status, token, body, err := b.put(c[through], t)
	if err != nil {
		return err
	}
	if status == http.StatusServiceUnavailable {
		b.busy.Add(1)
		return nil
	}
	if status != http.StatusOK || token == "" {
		return fmt.Errorf("change %s: %d %.200s", t.path, status, body)
	}
	b.written.Add(1)
	at := r.IntN(len(c))
	asked := time.Now()
	version, next, known, err := b.look(c[at], t, token)
	if known && version < before+1 {
		b.own.Add(1)
		b.tell("own write of version %d through process %d with token %s: asked %d, %s later, and got %d (token %s): %s",
			before+1, through, token, at, time.Since(asked), version, next, strings.ReplaceAll(c[at].Header(), "\r\n", "; "))
	}
	b.reads.Add(-1)
	return err
}

// toldAtMost is how many violations are told in full.
const toldAtMost = 20

// tell keeps what is known of a violation.
func (b *consistencyBench) tell(format string, values ...any) {
	b.broken.Lock()
	defer b.broken.Unlock()
	if len(b.broken.told) < toldAtMost {
		line := time.Now().Format("15:04:05.000000 ") + fmt.Sprintf(format, values...)
		b.broken.told = append(b.broken.told, line)
		fmt.Fprintln(os.Stderr, line)
	}
}

// put counts a title up by one; its lock is held.
func (b *consistencyBench) put(conn *harness.Conn, t *changing) (status int, token string, body []byte, err error) {
	before := t.newest.Load()
	request := fmt.Appendf(nil, "PUT %s HTTP/1.1\r\nHost: bookvault\r\nAuthorization: Bearer %s\r\nIf-Match: \"%d\"\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		t.path, b.librarian, before, len(t.body), t.body)
	status, token, body, err = conn.Ask(request)
	if err == nil && status == http.StatusOK {
		t.versions.Store(before+1, time.Now())
		t.newest.Store(before + 1)
	}
	return status, token, body, err
}

// read reads titles, in a session (each answer's token with the next question) or as anybody.
func (b *consistencyBench) read(r *rand.Rand, session bool) error {
	c, err := b.connect()
	if err != nil {
		return err
	}
	defer c.close()
	seen := make([]int64, len(b.titles))
	token := ""
	if session {
		if token, err = b.firstToken(c, r); err != nil {
			return err
		}
	}
	for b.reads.Add(-1) >= 0 && b.ctx.Err() == nil {
		i := r.IntN(len(b.titles))
		t := b.titles[i]
		newest, begun := t.newest.Load(), time.Now()
		at := r.IntN(len(c))
		version, next, known, err := b.look(c[at], t, token)
		if err != nil {
			return err
		}
		if !known {
			continue
		}
		if session {
			if version < seen[i] {
				b.monotonic.Add(1)
				b.tell("a session had seen version %d, and with token %s got %d: %s", seen[i], token, version, strings.ReplaceAll(c[at].Header(), "\r\n", "; "))
			}
			if seen[i] = version; next != "" {
				token = next
			}
			continue
		}
		behind := int64(0)
		if version < newest {
			if at, ok := t.versions.Load(version + 1); ok {
				behind = begun.Sub(at.(time.Time)).Microseconds()
			}
		}
		b.lag.Lock()
		_ = b.lag.times.RecordValue(min(max(1, behind), int64(time.Minute/time.Microsecond)))
		b.lag.Unlock()
	}
	return nil
}

// firstToken is that of a write: a session begins with it.
func (b *consistencyBench) firstToken(c client, r *rand.Rand) (string, error) {
	t := b.titles[r.IntN(len(b.titles))]
	t.lock.Lock()
	defer t.lock.Unlock()
	status, token, body, err := b.put(c[0], t)
	if err != nil {
		return "", err
	}
	if status != http.StatusOK {
		return "", fmt.Errorf("begin a session: %d %.200s", status, body)
	}
	return token, nil
}
