package doctor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"bookvault/migrations"
	"bookvault/platform/config"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/database/embedded"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// settings are the defaults with changes, on ports that are free and a folder of the test's own.
func settings(t *testing.T, changes map[string]string) *config.Config {
	t.Helper()
	text, err := os.ReadFile("../../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	flags := map[string]string{"server.address": "127.0.0.1:0", "telemetry.metrics_address": "127.0.0.1:0", "database.embedded.data": filepath.Join(t.TempDir(), "data")}
	for key, value := range changes {
		flags[key] = value
	}
	c, err := config.Load(config.Sources{Defaults: text, Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// given is a patient whose database is a server of its own choice.
func given(t *testing.T, lent Database, changes map[string]string) Patient {
	t.Helper()
	if changes == nil {
		changes = map[string]string{}
	}
	changes["database.primary"] = "postgres://somewhere/library" // only says that it is not private; lent is what is asked
	return Patient{Settings: settings(t, changes), Migrations: migrations.FS,
		Database: func(context.Context) (Database, error) { return lent, nil }}
}

// examine gives what the doctor printed, and whether anything was bad.
func examine(t *testing.T, p Patient) (string, bool) {
	t.Helper()
	var out bytes.Buffer
	err := Examine(t.Context(), &out, p)
	if err != nil && !errors.Is(err, ErrIll) {
		t.Fatal(err)
	}
	return out.String(), err != nil
}

// expect holds one line of the report to a grade, a subject and words, and whether the whole is ill.
func expect(t *testing.T, p Patient, ill bool, grade grade, subject string, words ...string) {
	t.Helper()
	said, isIll := examine(t, p)
	if isIll != ill {
		t.Errorf("ill is %v, want %v:\n%s", isIll, ill, said)
	}
	for line := range strings.SplitSeq(strings.ReplaceAll(said, "\n    ", " "), "\n") { // a mend belongs to its line
		if !strings.HasPrefix(line, fmt.Sprintf("%-5s %s", grade, subject)) {
			continue
		}
		for _, word := range words {
			if !strings.Contains(line, word) {
				t.Errorf("%q does not say %q", line, word)
			}
		}
		return
	}
	t.Errorf("no line %q for %s:\n%s", grade, subject, said)
}

func TestAHealthyInstallation(t *testing.T) {
	dsn := dbtest.DSN(t)
	p := given(t, Database{Primary: dsn, Direct: dsn, Note: "of a test"}, nil)
	for _, subject := range []string{"settings", "PostgreSQL", "address", "metrics", "database", "clock", "schema"} {
		expect(t, p, false, well, subject)
	}
	expect(t, p, false, warning, "replica", "none", "mend:")
}

func TestWhatIsKeptAboutPeople(t *testing.T) {
	dsn := dbtest.DSN(t)
	p := given(t, Database{Primary: dsn, Direct: dsn}, nil)
	p.Kept = func(context.Context) ([]Keeping, error) { return []Keeping{{Subject: "privacy", Says: "3 links"}}, nil }
	expect(t, p, false, well, "privacy", "3 links")
	p.Kept = func(context.Context) ([]Keeping, error) {
		return []Keeping{{Subject: "privacy", Says: "4 links", Mend: "let it run"}}, nil
	}
	expect(t, p, false, warning, "privacy", "4 links", "mend: let it run")
	p.Kept = func(context.Context) ([]Keeping, error) { return nil, errors.New("no answer") }
	expect(t, p, false, warning, "privacy", "no answer")
	p.Migrations = fstest.MapFS{"9999_later.sql": {Data: []byte("-- +goose Up\nSELECT 1;\n")}} // of a schema that is not ours nothing is counted
	p.Kept = func(context.Context) ([]Keeping, error) { t.Error("asked all the same"); return nil, nil }
	_, _ = examine(t, p)
}

func TestAReplica(t *testing.T) {
	cluster := dbtest.Replica(t)
	p := given(t, Database{Primary: cluster.AdminDSN(), Direct: cluster.AdminDSN(), Replicas: []string{cluster.ReplicaAdminDSN()}}, nil)
	p.Migrations = fstest.MapFS{}
	expect(t, p, false, well, "replica 1", "behind the primary")
	p.Database = func(context.Context) (Database, error) {
		return Database{Primary: cluster.ReplicaAdminDSN()}, nil
	}
	expect(t, p, true, bad, "database", "leads to a replica")
}

func TestWhatIsWrongWithADatabase(t *testing.T) {
	dsn := dbtest.DSN(t)
	nowhere := "postgres://nobody@127.0.0.1:1/nothing"
	more := fstest.MapFS{"9999_later.sql": {Data: []byte("-- +goose Up\nSELECT 1;\n")}}
	known, err := migrations.FS.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range known {
		text, err := migrations.FS.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		more[file.Name()] = &fstest.MapFile{Data: text}
	}
	fewer := fstest.MapFS{known[0].Name(): more[known[0].Name()]}

	expect(t, given(t, Database{Primary: nowhere}, nil), true, bad, "database", "does not answer", "mend:")
	expect(t, given(t, Database{Primary: dsn, Direct: dsn, Replicas: []string{nowhere}}, nil), false, warning, "replica 1", "does not answer")
	expect(t, given(t, Database{Primary: dsn, Direct: dsn, Replicas: []string{dsn}}, nil), true, bad, "replica 1", "is no replica")

	p := given(t, Database{Primary: dsn, Direct: dsn}, nil)
	p.Migrations = more
	expect(t, p, false, warning, "schema", "are not applied", "migrate up")
	p.Migrations = fewer
	expect(t, p, true, bad, "schema", "newer")
	p.Database = func(context.Context) (Database, error) { return Database{}, errors.New("no such folder") }
	expect(t, p, true, bad, "database", "no such folder")
}

func TestTheClock(t *testing.T) {
	now := time.Now()
	for _, test := range []struct {
		apart time.Duration
		want  grade
	}{{0, well}, {-900 * time.Millisecond, well}, {2 * time.Second, warning}, {-time.Hour, bad}} {
		var out bytes.Buffer
		r := &report{to: &out}
		Patient{Settings: settings(t, nil)}.clock(r, now.Add(test.apart), now.Add(-10*time.Millisecond), now.Add(10*time.Millisecond))
		if !strings.HasPrefix(out.String(), string(test.want)) || r.ill != (test.want == bad) {
			t.Errorf("%v apart: %s", test.apart, out.String())
		}
	}
}

func TestAFreshMachineIsHealthyAndNothingIsMade(t *testing.T) {
	c := settings(t, nil)
	p := Patient{Settings: c, Folder: filepath.Join(c.Database.Embedded.Data, "postgres"), Migrations: migrations.FS,
		Database: func(context.Context) (Database, error) { t.Error("a database was asked for"); return Database{}, nil }}
	expect(t, p, false, well, "database", "the first start makes it")
	expect(t, p, false, well, "data folder", "can be written")
	expect(t, p, false, well, "disk", "GiB free")
	if _, err := os.Stat(c.Database.Embedded.Data); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the data folder was made (%v)", err)
	}
}

func TestWhatIsWrongWithAMachine(t *testing.T) {
	patient := func(changes map[string]string) Patient {
		c := settings(t, changes)
		return Patient{Settings: c, Folder: filepath.Join(c.Database.Embedded.Data, "postgres"), Migrations: migrations.FS,
			Database: func(context.Context) (Database, error) { return Database{}, errors.New("not in this test") }}
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	expect(t, patient(map[string]string{"server.address": taken.Addr().String()}), true, bad, "address", "in use", "server.address", "BOOKVAULT_SERVER_ADDRESS")
	expect(t, patient(map[string]string{"telemetry.metrics_address": taken.Addr().String()}), false, warning, "metrics", "in use", "telemetry.metrics_address")
	expect(t, patient(map[string]string{"database.embedded.programs": t.TempDir()}), true, bad, "PostgreSQL", "database.embedded.programs")

	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, patient(map[string]string{"database.embedded.data": file}), true, bad, "data folder", "is a file")

	p := patient(nil)
	if err := os.MkdirAll(filepath.Join(p.Folder, "primary"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.Settings.Database.Embedded.Data, "demonstration.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	expect(t, p, true, bad, "permissions", "demonstration.json", "chmod 600")

	p = patient(nil)
	if err := os.MkdirAll(filepath.Join(p.Folder, "primary"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.Folder, "primary", "PG_VERSION"), []byte("12\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, p, true, bad, "PostgreSQL", "12")
}

func TestSettingsThatCannotBeLoaded(t *testing.T) {
	var out bytes.Buffer
	refused := &config.Error{Key: "server.adress", Origin: "my.yaml", Problem: "is no setting of BookVault", Mend: "did you mean server.address?"}
	if err := Settings(&out, refused); !errors.Is(err, ErrIll) {
		t.Error(err)
	}
	if want := "bad   settings     server.adress (from my.yaml) is no setting of BookVault\n                   mend: did you mean server.address?\n"; out.String() != want {
		t.Errorf("%q", out.String())
	}
}

func TestReady(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			t.Errorf("asked %s", r.URL.Path)
		}
		w.WriteHeader(status)
	}))
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	for _, address := range []string{"127.0.0.1:" + port, ":" + port, "0.0.0.0:" + port} {
		if err := Ready(t.Context(), address); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	status = http.StatusServiceUnavailable
	if err := Ready(t.Context(), "127.0.0.1:"+port); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("not ready: %v", err)
	}
	server.Close()
	if err := Ready(t.Context(), "127.0.0.1:"+port); err == nil {
		t.Error("a server that is gone is ready")
	}
	p := Patient{Settings: settings(t, nil)}
	var out bytes.Buffer
	p.readiness(t.Context(), &report{to: &out}, embedded.State{PID: 7, Address: "127.0.0.1:" + port})
	if !strings.HasPrefix(out.String(), "bad") || !strings.Contains(out.String(), "process 7") {
		t.Errorf("%s", out.String())
	}
}
