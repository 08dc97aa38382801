package program_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bookvault/platform/cache/redistest"
	"bookvault/platform/database/dbtest"
)

// Two processes on one database, with a Redis, behind nginx with the configuration of deploy/: under load one is stopped and replaced, then
// the other is killed and replaced. No request fails, every loan that was acknowledged is there once, one process at a time does what is due,
// and the catalogue hears of all of it.
func TestOneOfTwoProcessesIsReplacedAndNoRequestFails(t *testing.T) {
	dsn, redis := dbtest.DSN(t), redistest.New(t).URL
	addresses, metrics := []string{freePort(t), freePort(t)}, []string{freePort(t), freePort(t)}
	homes := []string{newHome(t), newHome(t)}
	start := func(i int) *serving {
		return serve(t, homes[i], nil, "--address", addresses[i], "--set", "telemetry.metrics_address="+metrics[i], "--set", "database.primary="+dsn,
			"--set", "cache.remote="+redis, "--set", "server.trusted_proxies=127.0.0.0/8", "--set", "rate_limit.exempt=127.0.0.0/8", "--set", "borrowing.housekeeping_every=1s")
	}
	processes := []*serving{start(0), start(1)}
	front := nginx(t, addresses)

	out, words, status := command(t, homes[0], nil, "token", "--role", "librarian", "--set", "database.primary="+dsn)
	if status != 0 {
		t.Fatal(words)
	}
	token := strings.TrimSpace(out)
	through := &serving{url: front}
	var book struct {
		ID int64 `json:"id"`
	}
	if err := json.Unmarshal([]byte(through.mustAsk(t, "POST", "/api/catalog/v1/books", token, `{"title":"Truyện Kiều","authors":[{"name":"Nguyễn Du"}]}`, 201)), &book); err != nil {
		t.Fatal(err)
	}

	var over atomic.Bool
	var asked, lent atomic.Int64
	var all sync.WaitGroup
	ask := func(method, path, body, key string, want int) (string, bool) {
		headers := []string{}
		if key != "" {
			headers = append(headers, "Idempotency-Key", key)
		}
		status, text, err := through.ask(method, path, token, body, headers...)
		asked.Add(1)
		if err != nil || status != want {
			t.Errorf("%s %s answered %d %s (%v)", method, path, status, text, err)
			return "", false
		}
		return text, true
	}
	loans := make([]map[string]int64, 3) // by barcode
	for desk := range loans {
		loans[desk] = map[string]int64{}
		all.Go(func() {
			for n := 0; !over.Load(); n++ {
				card, barcode := fmt.Sprintf("R%d-%d", desk, n), fmt.Sprintf("C%d-%d", desk, n)
				if _, ok := ask("POST", "/api/members/v1/members", fmt.Sprintf(`{"card":%q,"name":"Reader"}`, card), "member "+card, 201); !ok {
					return
				}
				if _, ok := ask("POST", "/api/borrowing/v1/items", fmt.Sprintf(`{"book_id":%d,"barcode":%q}`, book.ID, barcode), "item "+barcode, 201); !ok {
					return
				}
				text, ok := ask("POST", "/api/borrowing/v1/loans", fmt.Sprintf(`{"member_card":%q,"barcode":%q}`, card, barcode), "loan "+barcode, 201)
				var made struct {
					ID int64 `json:"id"`
				}
				if !ok || json.Unmarshal([]byte(text), &made) != nil {
					return
				}
				loans[desk][barcode] = made.ID
				lent.Add(1)
			}
		})
	}
	for range 3 {
		all.Go(func() {
			for !over.Load() {
				if _, ok := ask("GET", fmt.Sprintf("/api/catalog/v1/books/%d", book.ID), "", "", 200); !ok {
					return
				}
				if _, ok := ask("GET", "/api/catalog/v1/books?q=kieu", "", "", 200); !ok {
					return
				}
			}
		})
	}
	more := func(n int64) { // so many loans from now on, or something has failed
		t.Helper()
		for limit, begun := lent.Load()+n, time.Now(); lent.Load() < limit && !t.Failed(); time.Sleep(5 * time.Millisecond) {
			if time.Since(begun) > patience {
				t.Fatal("nobody lends any more")
			}
		}
	}
	more(10)
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
	all.Wait()
	t.Logf("%d requests, %d loans, none failed: %v", asked.Load(), lent.Load(), !t.Failed())

	for _, desk := range loans {
		for barcode, id := range desk {
			lending{card: "R" + barcode[1:], barcode: barcode, id: id}.expectOnce(t, processes[0], token)
		}
	}
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
	if out, words, status := command(t, homes[0], nil, "ledger", "replay", "--set", "database.primary="+dsn); status != 0 || !strings.Contains(out, "differences: 0") {
		t.Errorf("replay: %d %s%s", status, out, words)
	}
	askedForMetricsThatThereAre(t, metrics[0])
}

// eventually waits for what other processes bring about.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begun := time.Now(); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Since(begun) > patience {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// freePort gives an address on loopback that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// nginx starts nginx with deploy/proxy/nginx.conf in front of two processes and gives its address. Only addresses are others than there.
func nginx(t *testing.T, behind []string) string {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		if program = "/usr/sbin/nginx"; !exists(program) {
			if os.Getenv("CI") == "true" {
				t.Fatal("nginx is not installed")
			}
			t.Skip("nginx is not installed")
		}
	}
	text, err := os.ReadFile("../../deploy/proxy/nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	folder, address := newHome(t), freePort(t)
	settings := string(text)
	for from, to := range map[string]string{"bookvault-1:8080": behind[0], "bookvault-2:8080": behind[1], "listen 8080;": "listen " + address + ";",
		"/tmp/bookvault-nginx.pid": filepath.Join(folder, "pid"), "access_log off;": "access_log off; client_body_temp_path " + folder + "/body; proxy_temp_path " + folder +
			"/proxy; fastcgi_temp_path " + folder + "/f; uwsgi_temp_path " + folder + "/u; scgi_temp_path " + folder + "/s;"} {
		if !strings.Contains(settings, from) {
			t.Fatalf("deploy/proxy/nginx.conf has no %s", from)
		}
		settings = strings.ReplaceAll(settings, from, to)
	}
	file := filepath.Join(folder, "nginx.conf")
	if err := os.WriteFile(file, []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	process := exec.Command(program, "-c", file, "-p", folder, "-g", "daemon off;")
	said := &transcript{grown: make(chan struct{}, 1)}
	process.Stderr = said
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Signal(os.Interrupt)
		_ = process.Wait() // how it ended does not matter any more
		if t.Failed() {
			t.Logf("nginx said:\n%.4000s", said)
		}
	})
	eventually(t, "nginx answers", func() bool {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return "http://" + address
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}

// scraped reads a process's metrics.
func scraped(t *testing.T, address string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+address+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// metric sums the series of a metric.
func metric(t *testing.T, address, name string) (sum float64) {
	t.Helper()
	for line := range strings.Lines(scraped(t, address)) {
		if rest, ok := strings.CutPrefix(line, name); ok && (rest[0] == ' ' || rest[0] == '{') {
			value, err := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndexByte(rest, ' ')+1:]), 64)
			if err != nil {
				t.Fatal(err)
			}
			sum += value
		}
	}
	return sum
}

var ownMetric = regexp.MustCompile(`\bbookvault_[a-z_]+`)

// askedForMetricsThatThereAre holds rules, alerts and the dashboard to metrics that a process serves.
func askedForMetricsThatThereAre(t *testing.T, address string) {
	t.Helper()
	served := scraped(t, address)
	for _, file := range []string{"rules.yml", "alerts.yml", "grafana/dashboard.json"} {
		text, err := os.ReadFile("../../deploy/sidecars/metrics/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range ownMetric.FindAllString(string(text), -1) {
			if strings.Contains(name, "replica_lag") || strings.HasPrefix(name, "bookvault_database_replica") || strings.HasPrefix(name, "bookvault_hedge") {
				continue // there is no replica here
			}
			base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
			if !strings.Contains(served, "# TYPE "+name+" ") && !strings.Contains(served, "# TYPE "+base+" ") {
				t.Errorf("%s asks for %s, which no process serves", file, name)
			}
		}
	}
}
