package program_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bookvault/platform/cache/redistest"
	"bookvault/platform/database/dbtest"
)

// Two processes on one database, with a Redis and a NATS, behind nginx, watched by Prometheus, each with the configuration of deploy/: under load
// one is stopped and replaced, then the other is killed and replaced. No request fails; every loan and rating that was acknowledged is there
// once; who wrote is shown it by either; one process at a time does what is due; each message of the outbox is carried once; a client has one
// share at both; and the log of all of it names nobody.
func TestOneOfTwoProcessesIsReplacedAndNoRequestFails(t *testing.T) {
	dsn, redis := dbtest.DSN(t), redistest.New(t).URL
	addresses, metrics := []string{freePort(t), freePort(t)}, []string{freePort(t), freePort(t)}
	h := house{home: newHome(t), environ: []string{"BOOKVAULT_DATABASE_PRIMARY=" + dsn}}
	homes, queue := []string{h.home, newHome(t)}, natsServer(t)
	var logs []*transcript
	start := func(i int) *serving {
		s := serve(t, homes[i], h.environ, "--address", addresses[i], "--set", "telemetry.metrics_address="+metrics[i], "--set", "telemetry.access_log=all",
			"--set", "cache.remote="+redis, "--set", "cache.remote_timeout=1s", "--set", "queue.url="+queue, "--set", "server.trusted_proxies=127.0.0.1/32", "--set", "rate_limit.exempt=127.0.0.1/32",
			"--set", "rate_limit.rate=0.1", "--set", "rate_limit.burst=40", "--set", "rate_limit.lease=4", "--set", "rate_limit.hold=0s", "--set", "borrowing.housekeeping_every=1s")
		logs = append(logs, s.log)
		return s
	}
	processes := []*serving{start(0), start(1)}
	front := nginx(t, addresses)
	watch := prometheus(t, metrics, dsn, redis)

	token := tokenIn(t, h, "librarian")
	through := &serving{url: front}
	reader := &rater{token: readerOf(t, h, through, token)}

	var over atomic.Bool
	var asked, lent atomic.Int64
	var all sync.WaitGroup
	ask := func(method, path, body, key, promise string, want int) (answer, told string, ok bool) {
		r, err := http.NewRequestWithContext(t.Context(), method, front+path, strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return "", "", false
		}
		for name, value := range map[string]string{"Authorization": "Bearer " + token, "Content-Type": "application/json", "Idempotency-Key": key, "BookVault-Consistency": promise,
			"Traceparent": "00-" + callersTrace + "-00f067aa0ba902b7-01"} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		asked.Add(1)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Errorf("%s %s: %v", method, path, err)
			return "", "", false
		}
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != want {
			t.Errorf("%s %s answered %d %s (%v)", method, path, response.StatusCode, text, err)
			return "", "", false
		}
		return string(text), response.Header.Get("BookVault-Consistency"), true
	}
	loans := make([]map[string]int64, 3) // by barcode
	var books []int64                    // of each desk
	for desk := range loans {
		books = append(books, made(t, through.mustAsk(t, "POST", "/api/catalog/v1/books", token, fmt.Sprintf(`{"title":"Truyện Kiều %d","authors":[{"name":"Nguyễn Du"}]}`, desk), 201)))
		loans[desk] = map[string]int64{}
		all.Go(func() {
			for n := 0; !over.Load(); n++ {
				card, barcode := fmt.Sprintf("R%d-%d", desk, n), fmt.Sprintf("C%d-%d", desk, n)
				if _, _, ok := ask("POST", "/api/members/v1/members", fmt.Sprintf(`{"card":%q,"name":"Zebedee Quartermain"}`, card), "member "+card, "", 201); !ok {
					return
				}
				if _, _, ok := ask("POST", "/api/borrowing/v1/items", fmt.Sprintf(`{"book_id":%d,"barcode":%q}`, books[desk], barcode), "item "+barcode, "", 201); !ok {
					return
				}
				text, promise, ok := ask("POST", "/api/borrowing/v1/loans", fmt.Sprintf(`{"member_card":%q,"barcode":%q}`, card, barcode), "loan "+barcode, "", 201)
				var made struct {
					ID int64 `json:"id"`
				}
				if !ok || json.Unmarshal([]byte(text), &made) != nil {
					return
				}
				loans[desk][barcode] = made.ID
				counts, _, ok := ask("GET", fmt.Sprintf("/api/borrowing/v1/availability?book_ids=%d", books[desk]), "", "", promise, 200)
				if ok && !strings.Contains(counts, fmt.Sprintf(`"items":%d`, n+1)) || ok && !strings.Contains(counts, `"available":0`) {
					t.Errorf("whoever lent the %d. copy is shown %s", n+1, counts)
				}
				lent.Add(1)
			}
		})
	}
	for range 2 {
		all.Go(func() {
			for !over.Load() {
				if _, _, ok := ask("GET", fmt.Sprintf("/api/catalog/v1/books/%d", books[0]), "", "", "", 200); !ok {
					return
				}
				if _, _, ok := ask("GET", "/api/catalog/v1/books?q=kieu", "", "", "", 200); !ok {
					return
				}
			}
		})
	}
	stop := make(chan struct{})
	all.Go(func() {
		if err := reader.goOn(through, books[0], stop); err != nil || reader.asked != 0 {
			t.Errorf("a rating of %d stars failed: %v", reader.asked, err)
		}
	})
	more := func(n int64) { // so many loans from now on, or something has failed
		t.Helper()
		for limit, begun := lent.Load()+n, time.Now(); lent.Load() < limit && !t.Failed(); time.Sleep(5 * time.Millisecond) {
			if time.Since(begun) > patience {
				t.Fatal("nobody lends any more")
			}
		}
	}
	more(10)
	carried := metric(t, metrics[0], "bookvault_outbox_relayed_total") + metric(t, metrics[1], "bookvault_outbox_relayed_total")
	if written := number(t, dsn, `SELECT last_value FROM borrowing.outbox_id_seq`); carried == 0 || carried > float64(written) {
		t.Errorf("%v messages were carried of at most %d", carried, written)
	}
	if status, _ := processes[0].interrupt(t); status != 0 {
		t.Errorf("the first ended with status %d:\n%s", status, processes[0].banner)
	}
	more(10)
	processes[0] = start(0)
	more(10)
	processes[1].kill(t)
	more(10)
	processes[1] = start(1)
	more(10)
	over.Store(true)
	close(stop)
	all.Wait()
	t.Logf("%d requests, %d loans, none failed: %v", asked.Load(), lent.Load(), !t.Failed())

	for _, desk := range loans {
		for barcode, id := range desk {
			lending{card: "R" + barcode[1:], barcode: barcode, id: id}.expectOnce(t, processes[0], token)
		}
	}
	reader.check(t, processes[0], books[0])
	reader.check(t, processes[1], books[0])
	// What is done by one process at a time is done by one, and the catalogue knows that nothing is on the shelf.
	for _, name := range []string{"bookvault_housekeeping_here", "bookvault_figures_here"} {
		eventually(t, name+" is 1 in one of two", func() bool { return metric(t, metrics[0], name)+metric(t, metrics[1], name) == 1 })
	}
	eventually(t, "both know that all copies are lent", func() bool {
		for _, p := range processes {
			_, text, err := p.ask("GET", "/api/catalog/v1/books?q=kieu&available=true", "", "")
			if err != nil || strings.Contains(text, `"title"`) {
				return false
			}
		}
		return true
	})
	eventually(t, "all that was written behind is in the database", func() bool {
		return number(t, dsn, `SELECT coalesce(min(stars), 0) FROM catalog.ratings`) == int64(reader.accepted)
	})
	h.must(t, 0, []string{"differences: 0"}, "ledger", "replay")
	oneShareAtBoth(t, front)
	askedForMetricsThatThereAre(t, metrics[0])
	watch.sees(t)
	for _, log := range logs {
		namesNobody(t, log.String(), token, reader.token)
	}
}

// readerOf enrols somebody who rates, and gives their token.
func readerOf(t *testing.T, h house, through *serving, token string) string {
	t.Helper()
	through.mustAsk(t, "POST", "/api/members/v1/members", token, `{"card":"R-rates","name":"Zebedee Quartermain","email":"zebedee@quartermain.test"}`, 201)
	return strings.TrimSpace(h.must(t, 0, nil, "token", "--role", "patron", "--card", "R-rates"))
}

// oneShareAtBoth asks as a client that is not exempt: both processes together let through about what one is to have.
func oneShareAtBoth(t *testing.T, front string) {
	t.Helper()
	from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	client := &http.Client{Transport: &http.Transport{DialContext: from.DialContext}, Timeout: patience}
	defer client.CloseIdleConnections()
	passed, refused := 0, 0
	for range 120 {
		answer, err := client.Get(front + "/api/catalog/v1/books/1")
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		switch answer.StatusCode {
		case 429:
			refused++
		default:
			passed++
		}
		time.Sleep(2 * time.Millisecond) // so that news of what was spent can arrive
	}
	if passed < 40 || passed > 70 || refused == 0 {
		t.Errorf("together they let %d through, of a share of 40 for both", passed)
	}
}

// callersTrace is the trace that requests of these tests are part of.
const callersTrace = "4bf92f3577b34da6a3ce929d0e0e4736"

// namesNobody reads the log of a process: each line is JSON with the names that others go by, and none of them says who, which card, or any secret.
func namesNobody(t *testing.T, log string, secrets ...string) {
	t.Helper()
	requests, traced := 0, 0
	for line := range strings.Lines(log) {
		if !strings.HasSuffix(line, "\n") {
			break // it was killed in the middle of it
		}
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		want := []string{"time", "level", "msg"}
		if fields["msg"] == "request" {
			requests++
			want = append(want, "request_id", "method", "route", "status", "duration_ms", "cache", "replica", "member")
		}
		if fields["trace_id"] == callersTrace {
			traced++
		}
		for _, name := range want {
			if _, there := fields[name]; !there {
				t.Errorf("no %s in %s", name, line)
			}
		}
	}
	if requests < 20 || traced < 10 {
		t.Errorf("only %d requests are logged, %d of them with their trace:\n%.2000s", requests, traced, log)
	}
	if found := namedInLog.FindString(log); found != "" {
		t.Errorf("the log says %s", found)
	}
	for _, secret := range secrets {
		if strings.Contains(log, secret) {
			t.Errorf("the log says %s", secret)
		}
	}
}

// namedInLog is whoever and whatever these tests call by name: cards, copies, people, addresses.
var namedInLog = regexp.MustCompile(`(?i)\b[RC][0-9]-[0-9]+\b|R-rates|zebedee|quartermain|127\.0\.0\.2\b`)

// eventually waits for what other processes bring about.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begun := time.Now(); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Since(begun) > patience {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}
