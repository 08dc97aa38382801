package program_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats-server/v2/server"
)

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
	program, folder, address := installed(t, "nginx", "nginx-light"), newHome(t), freePort(t)
	file := adapted(t, folder, "proxy/nginx.conf", map[string]string{"bookvault-1:8080": behind[0], "bookvault-2:8080": behind[1], "listen 8080;": "listen " + address + ";",
		"/tmp/bookvault-nginx.pid": filepath.Join(folder, "pid"), "access_log off;": "access_log off; client_body_temp_path " + folder + "/body; proxy_temp_path " + folder +
			"/proxy; fastcgi_temp_path " + folder + "/f; uwsgi_temp_path " + folder + "/u; scgi_temp_path " + folder + "/s;"})
	beside(t, nil, program, "-c", file, "-p", folder, "-g", "daemon off;")
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

// askedForMetricsThatThereAre holds rules, alerts, the dashboard and the catalogue of patterns to metrics that a process serves.
func askedForMetricsThatThereAre(t *testing.T, address string) {
	t.Helper()
	served := scraped(t, address)
	for _, file := range []string{"rules.yml", "alerts.yml", "grafana/dashboard.json", "../../../docs/PATTERNS.md"} {
		text, err := os.ReadFile("../../deploy/sidecars/metrics/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range ownMetric.FindAllString(string(text), -1) {
			if strings.Contains(name, "replica_lag") || strings.HasPrefix(name, "bookvault_database_replica") || strings.HasPrefix(name, "bookvault_database_way") || strings.HasPrefix(name, "bookvault_database_detours") || strings.HasPrefix(name, "bookvault_hedge") {
				continue // there is no replica here, and no way of a module's own
			}
			base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
			if !strings.Contains(served, "# TYPE "+name+" ") && !strings.Contains(served, "# TYPE "+base+" ") {
				t.Errorf("%s asks for %s, which no process serves", file, name)
			}
		}
	}
}

// adapted writes a configuration of deploy/ to a folder, with other addresses and folders than there. All that is to be another way must be in it.
func adapted(t *testing.T, folder, name string, changes map[string]string) (path string) {
	t.Helper()
	text, err := os.ReadFile("../../deploy/" + name)
	if err != nil {
		t.Fatal(err)
	}
	settings := string(text)
	for from, to := range changes {
		if !strings.Contains(settings, from) {
			t.Fatalf("deploy/%s has no %s", name, from)
		}
		settings = strings.ReplaceAll(settings, from, to)
	}
	path = filepath.Join(folder, filepath.Base(name))
	if err := os.WriteFile(path, []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// installed finds a program of Debian's package; without it the test is skipped, and with CI=true it fails.
func installed(t *testing.T, name, pkg string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	if path := "/usr/sbin/" + name; exists(path) {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed (Debian: apt-get install %s)", name, pkg)
	}
	t.Skipf("%s is not installed (Debian: apt-get install %s)", name, pkg)
	return ""
}

// beside runs a program until the test ends.
func beside(t *testing.T, environ []string, program string, args ...string) {
	t.Helper()
	process := exec.Command(program, args...)
	said := &transcript{grown: make(chan struct{}, 1)}
	process.Env, process.Stdout, process.Stderr = append(os.Environ(), environ...), said, said
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Signal(os.Interrupt)
		_ = process.Wait() // how it ended does not matter any more
		if t.Failed() {
			t.Logf("%s said:\n%.4000s", filepath.Base(program), said)
		}
	})
}

// natsServer starts a NATS with deploy/sidecars/queue/nats.conf and gives its address. It is the library's server, in this process: Debian's (2.9) does
// not know sync_interval yet.
func natsServer(t *testing.T) string {
	t.Helper()
	folder, address := newHome(t), freePort(t)
	file := adapted(t, folder, "sidecars/queue/nats.conf", map[string]string{"port: 4222": `listen: "` + address + `"`, "http: 127.0.0.1:8222\n": "", "store_dir: /data": `store_dir: "` + folder + `"`})
	options, err := server.ProcessConfigFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !options.JetStream || !options.SyncAlways {
		t.Errorf("deploy/sidecars/queue/nats.conf does not keep messages safely: %+v", options)
	}
	options.NoSigs, options.NoLog = true, true
	nats, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	nats.Start()
	t.Cleanup(func() { nats.Shutdown(); nats.WaitForShutdown() })
	if !nats.ReadyForConnections(patience) {
		t.Fatal("NATS does not start")
	}
	return nats.ClientURL()
}

// watcher is a Prometheus.
type watcher struct{ url string }

// prometheus starts one with deploy/sidecars/metrics, and the exporters of PostgreSQL and Redis that it asks too. Only addresses and pauses are others
// than there.
func prometheus(t *testing.T, processes []string, dsn, redis string) watcher {
	t.Helper()
	program, ofPostgres, ofRedis := installed(t, "prometheus", "prometheus"), installed(t, "prometheus-postgres-exporter", "prometheus-postgres-exporter"), installed(t, "prometheus-redis-exporter", "prometheus-redis-exporter")
	folder, address, postgres, cache := newHome(t), freePort(t), freePort(t), freePort(t)
	separator := "?"
	if strings.Contains(dsn, "?") {
		separator = "&"
	}
	beside(t, []string{"DATA_SOURCE_NAME=" + dsn + separator + "sslmode=disable"}, ofPostgres, "--web.listen-address="+postgres)
	beside(t, nil, ofRedis, "--web.listen-address="+cache, "--redis.addr="+redis)
	file := adapted(t, folder, "sidecars/metrics/prometheus.yml", map[string]string{
		`dns_sd_configs: [{names: [bookvault, bookvault-1, bookvault-2], type: A, port: 9464, refresh_interval: 10s}]`: `static_configs: [{targets: ["` + processes[0] + `", "` + processes[1] + `"]}]`,
		`dns_sd_configs: [{names: [postgres-exporter], type: A, port: 9187, refresh_interval: 10s}]`:                   `static_configs: [{targets: ["` + postgres + `"]}]`,
		`dns_sd_configs: [{names: [redis-exporter], type: A, port: 9121, refresh_interval: 10s}]`:                      `static_configs: [{targets: ["` + cache + `"]}]`,
		"scrape_interval: 5s": "scrape_interval: 1s", "scrape_timeout: 4s": "scrape_timeout: 1s", "evaluation_interval: 15s": "evaluation_interval: 1s"})
	for _, rules := range []string{"rules.yml", "alerts.yml"} {
		adapted(t, folder, "sidecars/metrics/"+rules, nil)
	}
	beside(t, nil, program, "--config.file="+file, "--storage.tsdb.path="+filepath.Join(folder, "tsdb"), "--web.listen-address="+address, "--log.level=warn")
	return watcher{"http://" + address}
}

// ask gives the values of a query, by the job or else the name of each series.
func (w watcher) ask(t *testing.T, query string) (values map[string]float64) {
	t.Helper()
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	if !w.get(t, "/api/v1/query?query="+url.QueryEscape(query), &answer) {
		return nil
	}
	values = map[string]float64{}
	for _, r := range answer.Data.Result {
		text, _ := r.Value[1].(string)
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		name := r.Metric["job"] + r.Metric["alertname"]
		if name == "" {
			name = r.Metric["__name__"]
		}
		values[name] = value
	}
	return values
}

func (w watcher) get(t *testing.T, path string, into any) bool {
	t.Helper()
	answer, err := http.Get(w.url + path)
	if err != nil {
		return false // it is starting
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return false
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return true
}

var foreignMetric = regexp.MustCompile(`\b(pg|redis)_[a-z_]+`)

// sees holds what Prometheus made of the processes and their sidecars to the rules and alerts: all are scraped, every rule can be reckoned, what others
// export has the names that alerts ask for, and nobody is woken for a process that was replaced.
func (w watcher) sees(t *testing.T) {
	t.Helper()
	eventually(t, "Prometheus scrapes both processes and the exporters", func() bool {
		up := w.ask(t, "min by (job) (up)")
		return len(up) == 3 && up["bookvault"] == 1 && up["postgres"] == 1 && up["redis"] == 1
	})
	eventually(t, "rates are recorded", func() bool { return len(w.ask(t, "sum by (job) (bookvault:requests:rate1m) > 0")) > 0 })
	var rules struct {
		Data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError, Type, Query string }
			}
		}
	}
	if !w.get(t, "/api/v1/rules", &rules) {
		t.Fatal("Prometheus tells no rules")
	}
	n := 0
	for _, g := range rules.Data.Groups {
		for _, r := range g.Rules {
			if n++; r.Health != "ok" && r.Health != "unknown" || r.LastError != "" {
				t.Errorf("%s: %s %s", r.Name, r.Health, r.LastError)
			}
			for _, name := range foreignMetric.FindAllString(r.Query, -1) {
				if len(w.ask(t, "count by (job) ("+name+")")) == 0 {
					t.Errorf("%s asks for %s, which no exporter serves", r.Name, name)
				}
			}
		}
	}
	if n < 30 {
		t.Errorf("only %d rules are loaded", n)
	}
	if firing := w.ask(t, `ALERTS{alertstate="firing"}`); len(firing) > 0 {
		t.Errorf("alerts fire: %v", firing)
	}
	if most := w.ask(t, `max by (job) (scrape_samples_scraped{job="bookvault"})`)["bookvault"]; most == 0 || most > 5000 {
		t.Errorf("a process serves %v series; the scrape is refused from 20,000 on", most)
	}
}

// number asks a database for one.
func number(t *testing.T, dsn, query string) int64 {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	return house{db: conn}.number(t, query)
}
