// Package deploy_test holds the configurations of this folder to the programs that they are for, where those are installed.
package deploy_test

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// program finds a program; without it the test is skipped, and with CI=true it fails.
func program(t *testing.T, name, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed (Debian: apt-get install %s)", name, pkg)
		}
		t.Skipf("%s is not installed (Debian: apt-get install %s)", name, pkg)
	}
	return path
}

func TestMetricsRulesAndAlertsHold(t *testing.T) {
	promtool := program(t, "promtool", "prometheus")
	for _, args := range [][]string{{"check", "config", "prometheus.yml"}, {"check", "rules", "rules.yml", "alerts.yml"}, {"test", "rules", "rules_test.yml", "rules_days_test.yml"}} {
		cmd := exec.Command(promtool, args...)
		cmd.Dir = "sidecars/metrics"
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, said)
		}
	}
}

// Whoever is woken is told what to do, in one line.
func TestEachAlertSaysWhatToDo(t *testing.T) {
	text, err := os.ReadFile("sidecars/metrics/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	alerts := strings.Split(string(text), "- alert: ")[1:]
	if len(alerts) < 15 {
		t.Errorf("only %d alerts", len(alerts))
	}
	var tests string
	for _, file := range []string{"rules_test.yml", "rules_days_test.yml"} {
		more, err := os.ReadFile("sidecars/metrics/" + file)
		if err != nil {
			t.Fatal(err)
		}
		tests += string(more)
	}
	line := regexp.MustCompile(`(?m)^\s+what_to_do: ".{40,}"$`)
	for _, alert := range alerts {
		name, _, _ := strings.Cut(alert, "\n")
		if len(line.FindAllString(alert, -1)) != 1 || !strings.Contains(alert, "severity: ") || !strings.Contains(alert, "summary: ") {
			t.Errorf("%s says not what to do in one line", name)
		}
		if !strings.Contains(tests, "alertname: "+name+"\n        exp_alerts:\n") {
			t.Errorf("no test of the rules shows that %s fires", name)
		}
	}
}

func TestTheDashboardIsOne(t *testing.T) {
	text, err := os.ReadFile("sidecars/metrics/grafana/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Title  string
		Panels []struct {
			ID      int
			Type    string
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	ids := map[int]bool{}
	for _, p := range board.Panels {
		if ids[p.ID] || p.Title == "" || p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %d %q", p.ID, p.Title)
		}
		ids[p.ID] = true
	}
	rules, err := os.ReadFile("sidecars/metrics/rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, recorded := range regexp.MustCompile(`bookvault:[a-z0-9_:]+`).FindAllString(string(text), -1) {
		if !strings.Contains(string(rules), "record: "+recorded+"\n") {
			t.Errorf("it asks for %s, which no rule records", recorded)
		}
	}
}

func TestRedisTakesItsConfiguration(t *testing.T) {
	redis := program(t, "redis-server", "redis-server")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	_ = listener.Close()
	file, err := filepath.Abs("sidecars/cache/redis.conf")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(redis, file, "--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--dir", t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	var conn net.Conn
	for begun := time.Now(); conn == nil; time.Sleep(20 * time.Millisecond) {
		if conn, err = net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err != nil && time.Since(begun) > 30*time.Second {
			t.Fatal(err)
		}
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	for key, want := range map[string]string{"maxmemory": "268435456", "maxmemory-policy": "allkeys-lru", "save": "", "appendonly": "no"} {
		if _, err := fmt.Fprintf(conn, "CONFIG GET %s\r\n", key); err != nil {
			t.Fatal(err)
		}
		answer := make([]byte, 0, 200)
		for room := make([]byte, 200); strings.Count(string(answer), "\r\n") < 5; {
			n, err := conn.Read(room)
			if err != nil {
				t.Fatalf("%s: %q %v", key, answer, err)
			}
			answer = append(answer, room[:n]...)
		}
		if lines := strings.Split(string(answer), "\r\n"); lines[4] != want {
			t.Errorf("%s is %q, want %q", key, lines[4], want)
		}
	}
}

// mounted are files of this folder that compose.yaml hands to containers.
var mounted = regexp.MustCompile(`"\./([a-z0-9./_-]+):/`)

func TestWhatComposeMountsIsThere(t *testing.T) {
	text, err := os.ReadFile("compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	found := mounted.FindAllStringSubmatch(string(text), -1)
	if len(found) < 8 {
		t.Fatalf("only %d files are mounted", len(found))
	}
	for _, f := range found {
		if _, err := os.Stat(f[1]); err != nil {
			t.Error(err)
		}
	}
	settings, err := os.ReadFile("../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile(`BOOKVAULT_[A-Z_]+`).FindAllString(string(text), -1) {
		words := strings.Split(strings.ToLower(strings.TrimPrefix(name, "BOOKVAULT_")), "_")
		if !strings.Contains(string(settings), "\n"+words[0]+":") || !strings.Contains(string(settings), " "+words[len(words)-1]+":") && !strings.Contains(string(settings), "_"+words[len(words)-1]+":") {
			t.Errorf("%s is no setting", name)
		}
	}
}

// One container is the whole deployment; all else is a piece that is started by its profile, and refers to what there is.
func TestEachPieceOfComposeIsOptionalAndWhole(t *testing.T) {
	text, err := os.ReadFile("compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var compose struct {
		Services map[string]struct {
			Image     string
			Profiles  []string
			DependsOn any `yaml:"depends_on"`
			Volumes   []string
		}
		Volumes map[string]any
	}
	if err := yaml.Unmarshal(text, &compose); err != nil {
		t.Fatal(err)
	}
	for _, piece := range []string{"bookvault-1", "bookvault-2", "nginx", "postgres", "replica-1", "replica-2", "redis", "nats", "fluent-bit", "loki", "prometheus", "postgres-exporter", "redis-exporter", "grafana", "caddy"} {
		if _, there := compose.Services[piece]; !there {
			t.Errorf("there is no %s", piece)
		}
	}
	for name, service := range compose.Services {
		if alone := name == "bookvault"; alone != (len(service.Profiles) == 0) || service.Image == "" {
			t.Errorf("%s has profiles %v and image %q", name, service.Profiles, service.Image)
		}
		var needs []string
		switch on := service.DependsOn.(type) {
		case []any:
			for _, other := range on {
				needs = append(needs, other.(string))
			}
		case map[string]any:
			for other := range on {
				needs = append(needs, other)
			}
		}
		for _, other := range needs {
			with, there := compose.Services[other]
			if !there || !slices.Equal(with.Profiles, service.Profiles) {
				t.Errorf("%s needs %s, which its profiles %v do not start", name, other, service.Profiles)
			}
		}
		for _, volume := range service.Volumes {
			from, _, _ := strings.Cut(volume, ":")
			if _, named := compose.Volumes[from]; !named && !strings.HasPrefix(from, "./") {
				t.Errorf("%s mounts %s, which is neither a file here nor a volume", name, from)
			}
		}
	}
}

// The lines of every process go to the logging sidecar, whatever it is called in compose.yaml.
func TestTheLogsOfEachProcessAreForwarded(t *testing.T) {
	type service struct {
		Image   string
		Logging struct{ Driver string }
	}
	read := func(name string) map[string]service {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Services map[string]service }
		if err := yaml.Unmarshal(text, &file); err != nil {
			t.Fatal(err)
		}
		return file.Services
	}
	forwarded := read("compose.logs.yaml")
	for name, service := range read("compose.yaml") {
		ours := strings.HasPrefix(service.Image, "bookvault")
		if is := forwarded[name].Logging.Driver == "fluentd"; is != ours {
			t.Errorf("%s: forwarded %v, ours %v", name, is, ours)
		}
		delete(forwarded, name)
	}
	if len(forwarded) > 0 {
		t.Errorf("compose.yaml has no %v", forwarded)
	}
}
