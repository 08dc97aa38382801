package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// load loads the real defaults under a file's text, variables and flags.
func load(t *testing.T, file string, environ []string, flags map[string]string) (*Config, error) {
	t.Helper()
	sources := Sources{Defaults: defaults(t), Environ: environ, Flags: flags}
	if file != "" {
		sources.File = filepath.Join(t.TempDir(), "my.yaml")
		if err := os.WriteFile(sources.File, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Load(sources)
}

func TestTheDefaultsAreValid(t *testing.T) {
	c, err := load(t, "", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Server.Address != "127.0.0.1:8080" || c.Server.MaxHeader != 32<<10 || !c.Database.Private() || !c.Database.Embedded.Replica {
		t.Errorf("unexpected defaults: %+v", c)
	}
	if c.Library.Location.String() != c.Library.TimeZone {
		t.Errorf("location %v is not the time zone %s", c.Library.Location, c.Library.TimeZone)
	}
}

func TestLaterSourcesWin(t *testing.T) {
	file := "server:\n  address: 127.0.0.1:1\n  max_connections: 7\n  idle_timeout: 3s\ntelemetry:\n"
	environ := []string{"PATH=/bin", "BOOKVAULT_SERVER_ADDRESS=127.0.0.1:2", "BOOKVAULT_SERVER_IDLE_TIMEOUT=4s"}
	c, err := load(t, file, environ, map[string]string{"server.address": "127.0.0.1:3"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Server.Address != "127.0.0.1:3" || c.Server.IdleTimeout != 4*time.Second || c.Server.MaxConnections != 7 {
		t.Errorf("got %+v", c.Server)
	}
	if c.Server.ReadTimeout != time.Minute {
		t.Errorf("a key that no source names lost its default: %v", c.Server.ReadTimeout)
	}
}

func TestTheFileMayBeNamedByTheEnvironment(t *testing.T) {
	name := filepath.Join(t.TempDir(), "library.yaml")
	if err := os.WriteFile(name, []byte("library: {name: Thư viện Huế}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := load(t, "", []string{FileVariable + "=" + name}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Library.Name != "Thư viện Huế" {
		t.Errorf("name is %q", c.Library.Name)
	}
}

func TestListsFromEverySource(t *testing.T) {
	want := []string{"postgres://a/x?hosts=1,2", "postgres://b/x"}
	primary := "BOOKVAULT_DATABASE_PRIMARY=postgres://p/x"
	for name, give := range map[string]func() (*Config, error){
		"file": func() (*Config, error) {
			return load(t, "database:\n  replicas: ['postgres://a/x?hosts=1,2', postgres://b/x]\n", []string{primary}, nil)
		},
		"environment": func() (*Config, error) {
			return load(t, "", []string{primary, `BOOKVAULT_DATABASE_REPLICAS=["postgres://a/x?hosts=1,2", "postgres://b/x"]`}, nil)
		},
	} {
		c, err := give()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !slices.Equal(c.Database.Replicas, want) {
			t.Errorf("%s: got %q", name, c.Database.Replicas)
		}
	}
	c, err := load(t, "", []string{"BOOKVAULT_SERVER_TRUSTED_PROXIES=10.0.0.0/8, 192.0.2.0/24"}, nil)
	if err != nil || !slices.Equal(c.Server.TrustedProxies, []string{"10.0.0.0/8", "192.0.2.0/24"}) {
		t.Errorf("commas: %v, %v", c, err)
	}
}

func TestWhatIsRefusedAndHowItIsSaid(t *testing.T) {
	tests := []struct {
		name    string
		file    string
		environ string
		flag    [2]string
		want    []string // all must stand in the one line
	}{
		{name: "unknown key in a file", file: "server: {adress: ':1'}", want: []string{"server.adress", "my.yaml", "did you mean server.address?"}},
		{name: "unknown section", file: "serfer: {address: ':1'}", want: []string{"serfer.address", "did you mean server.address?"}},
		{name: "unknown variable", environ: "BOOKVAULT_SERVER_ADRESS=:1", want: []string{"BOOKVAULT_SERVER_ADRESS", "did you mean BOOKVAULT_SERVER_ADDRESS?"}},
		{name: "unknown flag", flag: [2]string{"server.port", "80"}, want: []string{"server.port", "the command line"}},
		{name: "bare duration", environ: "BOOKVAULT_SERVER_IDLE_TIMEOUT=5", want: []string{"server.idle_timeout", `"5"`, "BOOKVAULT_SERVER_IDLE_TIMEOUT", "5s"}},
		{name: "bare size", file: "server: {max_body: 1000000}", want: []string{"server.max_body", `"1000000"`, "64MiB"}},
		{name: "too small", file: "server: {max_header: 1KiB}", want: []string{"server.max_header", "too small", "4KiB"}},
		{name: "no connection at all", file: "cache: {remote_connections: 0}", want: []string{"cache.remote_connections", "too small", "1"}},
		{name: "too large", flag: [2]string{"server.shutdown_timeout", "1h"}, want: []string{"server.shutdown_timeout", "too large", "5m"}},
		{name: "no number", file: "server: {max_connections: many}", want: []string{"server.max_connections", `"many"`, "digits"}},
		{name: "no truth", environ: "BOOKVAULT_DATABASE_EMBEDDED_REPLICA=maybe", want: []string{"database.embedded.replica", "true or false"}},
		{name: "no word of the list", file: "telemetry: {log_level: loud}", want: []string{"telemetry.log_level", "debug, info, warn, error"}},
		{name: "a list for a value", file: "server: {address: [a, b]}", want: []string{"server.address", "not a single value"}},
		{name: "a value missing", file: "server: {address: }", want: []string{"server.address", "has no value"}},
		{name: "no address", environ: "BOOKVAULT_SERVER_ADDRESS=8080", want: []string{"server.address", ":8080"}},
		{name: "port beyond all", file: "server: {address: ':70000'}", want: []string{"server.address"}},
		{name: "no time zone", file: "library: {time_zone: Asia/Hanoi}", want: []string{"library.time_zone", "Asia/Hanoi", "Asia/Ho_Chi_Minh"}},
		{name: "no currency", file: "library: {currency: dong}", want: []string{"library.currency", "VND"}},
		{name: "no network", file: "server: {trusted_proxies: [10.0.0.1]}", want: []string{"server.trusted_proxies", "10.0.0.1", "CIDR"}},
		{name: "no delivery network", file: "cdn: {base_url: cdn.example.org}", want: []string{"cdn.base_url", "cdn.example.org", "https://cdn.example.org"}},
		{name: "no remote cache", file: "cache: {remote: \"http://user:hidden@cache:6379\"}", want: []string{"cache.remote", "redis://"}},
		{name: "a delivery network that would be a policy", file: "cdn: {base_url: \"https://cdn.example.org;script-src\"}", want: []string{"cdn.base_url"}},
		{name: "a replica of nothing", file: "database: {replicas: ['postgres://r/x']}", want: []string{"database.replicas", "database.primary"}},
		{name: "a value where a section is", file: "server: 8080", want: []string{"server", "is no setting"}},
		{name: "not YAML", file: "server: [", want: []string{"my.yaml", "is not YAML"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			flags := map[string]string{}
			if test.flag[0] != "" {
				flags[test.flag[0]] = test.flag[1]
			}
			_, err := load(t, test.file, []string{test.environ}, flags)
			var refused *Error
			if !errors.As(err, &refused) {
				t.Fatalf("got %v, want a refusal", err)
			}
			if strings.Contains(err.Error(), "\n") || refused.Mend == "" {
				t.Errorf("not one line with a mend: %q", err)
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		})
	}
}

func TestASecretIsNotRepeated(t *testing.T) {
	_, err := load(t, "", []string{"BOOKVAULT_DATABASE_PRIMARY=mysql://root:hunter2@host/x"}, nil)
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func TestAMissingFileIsSaid(t *testing.T) {
	_, err := Load(Sources{Defaults: defaults(t), File: "nowhere.yaml"})
	if err == nil || !strings.Contains(err.Error(), "nowhere.yaml does not exist") {
		t.Errorf("got %v", err)
	}
}

func FuzzSize(f *testing.F) {
	for _, seed := range []string{"1B", "32KiB", "9223372036854775807B", "8589934592GiB", "-1B", " 2 MiB", "1e3B"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		size, err := ParseSize(text)
		if err != nil {
			return
		}
		again, err := ParseSize(size.String())
		if size < 0 || err != nil || again != size {
			t.Errorf("%q is %d, written as %s, read again as %d (%v)", text, size, size, again, err)
		}
	})
}
