package program_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"bookvault/platform/database/embedded"
)

// misused is the program's exit status when the command line or a setting is wrong.
const misused = 2

// One library through its life, in the order of a person's days: each part goes on where the one before ended, since starting
// anew each time would cost what the test is worth.
// signInLine is one sign-in of the banner: role, card, password.
var signInLine = regexp.MustCompile(`(?m)^  (patron|desk|librarian|administrator) +(\S+) +([a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4})$`)

func TestALibrarysLife(t *testing.T) {
	life, home := t, newHome(t)
	token, signIns := "", [][]string{}

	t.Run("a command before the first start makes what it needs", func(t *testing.T) {
		out, words, status := command(t, home, nil, "token", "--role", "administrator")
		token = strings.TrimSuffix(out, "\n")
		if status != 0 || token == "" || strings.ContainsAny(token, " \n") {
			t.Fatalf("status %d, printed %q, said %q", status, out, words)
		}
		if left := leftOf(home); len(left) > 0 {
			t.Errorf("the command left processes %v", left)
		}
	})

	var server *serving
	t.Run("the first start", func(t *testing.T) {
		server = serve(life, home, nil, "--set", "library.demonstration=private")
		for _, step := range []string{"address", "PostgreSQL", "schema", "database", "library", "requests"} {
			if !strings.Contains(server.banner.String(), "  "+step) {
				t.Errorf("the banner says nothing of %s:\n%s", step, server.banner)
			}
		}
		if text := server.mustAsk(t, "GET", "/readyz", "", "", http.StatusOK); !strings.Contains(text, `"database"`) {
			t.Errorf("readyz: %s", text)
		}
		server.mustAsk(t, "GET", "/healthz", "", "", http.StatusOK)
		if page := server.mustAsk(t, "GET", "/", "", "", http.StatusOK); !strings.Contains(page, "<html") {
			t.Errorf("the page: %.200s", page)
		}
		if text := server.mustAsk(t, "GET", "/api/nowhere", "", "", http.StatusNotFound); !strings.Contains(text, "no_such_path") {
			t.Errorf("no problem: %s", text)
		}
		if text := server.mustAsk(t, "GET", "/openapi.json", "", "", http.StatusOK); !strings.Contains(text, `"3.1`) {
			t.Errorf("openapi: %.200s", text)
		}
		server.mustAsk(t, "GET", "/api/members/v1/me", token, "", http.StatusOK)
		if found := server.mustAsk(t, "GET", "/api/catalog/v1/books?q=truyen+kieu", "", "", http.StatusOK); !strings.Contains(found, "Truyện Kiều") {
			t.Errorf("the demonstration is not found: %.300s", found)
		}
	})
	if server == nil {
		t.FailNow()
	}

	t.Run("it prints sign-ins for the four roles, and keeps them to itself", func(t *testing.T) {
		signIns = signInLine.FindAllStringSubmatch(server.banner.String(), -1)
		if len(signIns) != 4 {
			t.Fatalf("%d sign-ins:\n%s", len(signIns), server.banner)
		}
		for _, who := range signIns {
			session := server.mustAsk(t, "POST", "/api/members/v1/sessions", "", fmt.Sprintf(`{"card":%q,"password":%q}`, who[2], who[3]), http.StatusCreated)
			if !strings.Contains(session, who[1]) {
				t.Errorf("%s signs in as %s", who[1], session)
			}
		}
		kept, err := os.Stat(filepath.Join(home, "data", "demonstration.json"))
		if err != nil || kept.Mode().Perm() != 0o600 {
			t.Errorf("the passwords are kept in %v (%v)", kept, err)
		}
	})

	t.Run("a second server on the same folder is refused", func(t *testing.T) {
		_, words, status := command(t, home, nil, "serve", "--address", "127.0.0.1:0")
		if status == 0 || !strings.Contains(words, "another BookVault is running on this data folder") {
			t.Errorf("status %d: %s", status, words)
		}
		_, words, status = command(t, home, nil, "serve", "--address", strings.TrimPrefix(server.url, "http://"))
		if status != misused || !strings.Contains(words, "BookVault runs on this data folder already") || !strings.Contains(words, server.url) {
			t.Errorf("on the same address: status %d: %s", status, words)
		}
		server.mustAsk(t, "GET", "/readyz", "", "", http.StatusOK)
	})

	t.Run("commands join the server that runs", func(t *testing.T) {
		before := len(postgresOf(home))
		patron := tokenOf(t, home, "patron")
		server.mustAsk(t, "GET", "/api/members/v1/me", patron, "", http.StatusOK)
		out, words, status := command(t, home, nil, "migrate", "status")
		if status != 0 || !strings.Contains(out, "0001_catalog.sql") || strings.Contains(out, "not yet") {
			t.Errorf("migrate status: %d %s %s", status, out, words)
		}
		out, words, status = command(t, home, nil, "doctor")
		if status != 0 || !strings.Contains(out, "the server runs at "+server.url) || strings.Contains(out, "bad ") {
			t.Errorf("doctor: %d %s %s", status, out, words)
		}
		if _, words, status := command(t, home, nil, "doctor", "--ready", "--set", "server.address="+strings.TrimPrefix(server.url, "http://")); status != 0 {
			t.Errorf("doctor --ready: %d %s", status, words)
		}
		server.mustAsk(t, "GET", "/readyz", "", "", http.StatusOK)
		if after := len(postgresOf(home)); after < before-20 {
			t.Errorf("%d processes of PostgreSQL before, %d after", before, after)
		}
	})

	t.Run("killed, it starts again", func(t *testing.T) {
		server.kill(t)
		if len(postgresOf(home)) == 0 {
			t.Error("PostgreSQL went with its parent: this test proves nothing")
		}
		server = serve(life, home, nil, "--set", "library.demonstration=private")
		server.mustAsk(t, "GET", "/api/members/v1/me", token, "", http.StatusOK)
	})

	t.Run("Ctrl-C answers what was asked, and all is down in time", func(t *testing.T) {
		// A request in flight: its header is there, half of its body is still to come.
		connection, err := net.Dial("tcp", strings.TrimPrefix(server.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = connection.Close() }()
		body := `{"card":"nobody","password":"not the password"}`
		fmt.Fprintf(connection, "POST /api/members/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body[:10])
		time.Sleep(300 * time.Millisecond) // until it is being read; nothing tells
		idle, err := net.Dial("tcp", strings.TrimPrefix(server.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = idle.Close() }() // a browser's spare connection must not hold the end up

		begin := time.Now()
		if err := server.command.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second) // it is stopping now, and waits for us
		if _, err := connection.Write([]byte(body[10:])); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil || answer.StatusCode != http.StatusUnauthorized {
			t.Errorf("the request in flight got %v (%v)", answer, err)
		}
		status, _ := server.wait(t)
		if took := time.Since(begin); status != 0 || took > 5*time.Second {
			t.Errorf("ended with status %d after %v:\n%s", status, took, server.banner)
		}
		for len(postgresOf(home)) > 0 && time.Since(begin) < 5*time.Second {
			time.Sleep(20 * time.Millisecond)
		}
		if left := leftOf(home); len(left) > 0 {
			t.Errorf("processes %v are left", left)
		}
	})

	t.Run("the next start is fast and finds everything", func(t *testing.T) {
		server = serve(life, home, nil, "--set", "library.demonstration=private")
		server.mustAsk(t, "GET", "/api/members/v1/me", token, "", http.StatusOK)
		if again := signInLine.FindAllStringSubmatch(server.banner.String(), -1); !slices.EqualFunc(again, signIns, slices.Equal) {
			t.Errorf("other sign-ins than at first: %v", again)
		}
		if status, _ := server.interrupt(t); status != 0 {
			t.Errorf("status %d:\n%s", status, server.banner)
		}
	})
}

func TestABusyPortIsSaidBeforeAnythingIsStarted(t *testing.T) {
	home := newHome(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	_, words, status := command(t, home, []string{"BOOKVAULT_SERVER_ADDRESS=" + taken.Addr().String()})
	if status != misused {
		t.Errorf("status %d", status)
	}
	for _, part := range []string{"server.address", taken.Addr().String(), "in use", "BOOKVAULT_SERVER_ADDRESS", "--address"} {
		if !strings.Contains(words, part) {
			t.Errorf("%q does not say %q", words, part)
		}
	}
	if entries, err := os.ReadDir(home); err != nil || len(entries) > 0 {
		t.Errorf("made %v (%v)", entries, err)
	}
}

func TestAGivenPrimaryIsUsedAndNothingPrivateStarted(t *testing.T) {
	elsewhere, home := newHome(t), newHome(t)
	cluster, err := embedded.Start(t.Context(), embedded.Settings{Dir: filepath.Join(elsewhere, "postgres"), Throwaway: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := cluster.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	given := []string{"BOOKVAULT_DATABASE_PRIMARY=" + cluster.PrimaryDSN()}
	server := serve(t, home, given)
	server.mustAsk(t, "GET", "/readyz", "", "", http.StatusOK)
	if left := leftOf(home); len(left) > 0 {
		t.Errorf("started %v", left)
	}
	if _, err := os.Stat(filepath.Join(home, "data", "postgres")); !os.IsNotExist(err) {
		t.Errorf("data/postgres was made (%v)", err)
	}
	if out, words, status := command(t, home, given, "doctor"); status != 0 {
		t.Errorf("doctor: %d %s %s", status, out, words)
	}
	if status, _ := server.interrupt(t); status != 0 {
		t.Errorf("status %d:\n%s", status, server.banner)
	}
	if len(postgresOf(elsewhere)) == 0 {
		t.Error("the given server was stopped")
	}
}

func TestMistakesAreOneClearLineAndStatusTwo(t *testing.T) {
	home := newHome(t)
	if err := os.WriteFile(filepath.Join(home, "my.yaml"), []byte("server: {adress: ':1'}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		environ []string
		args    []string
		want    []string
	}{
		{"an unknown key in a file", nil, []string{"--config", "my.yaml"}, []string{"server.adress", "my.yaml", "did you mean server.address?"}},
		{"an unknown variable", []string{"BOOKVAULT_SERVER_ADRESS=:1"}, nil, []string{"BOOKVAULT_SERVER_ADRESS", "did you mean BOOKVAULT_SERVER_ADDRESS?"}},
		{"a bad value", nil, []string{"--set", "library.time_zone=Mars/Olympus"}, []string{"library.time_zone", "Mars/Olympus", "Asia/Ho_Chi_Minh"}},
		{"a server that is not there", []string{"BOOKVAULT_DATABASE_PRIMARY=postgres://nobody:secret@127.0.0.1:1/nothing"}, nil, []string{"database.primary", "BOOKVAULT_DATABASE_PRIMARY"}},
		{"an unknown command", nil, []string{"frobnicate"}, []string{"frobnicate", "bookvault --help"}},
		{"an unknown role", nil, []string{"token", "--role", "king"}, []string{"king", "librarian"}},
		{"a token without a role", nil, []string{"token"}, []string{"--role"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			args := test.args
			if len(args) == 0 || strings.HasPrefix(args[0], "--") {
				args = append(args, "--set", "server.address=127.0.0.1:0")
			}
			_, words, status := command(t, home, test.environ, args...)
			if status != misused {
				t.Errorf("status %d: %s", status, words)
			}
			lines := strings.Split(strings.TrimSpace(words), "\n")
			said := lines[len(lines)-1]
			for _, part := range test.want {
				if !strings.Contains(said, part) {
					t.Errorf("the last line %q does not say %q", said, part)
				}
			}
			if strings.Contains(words, "secret") || strings.Contains(words, "goroutine") {
				t.Errorf("said too much: %s", words)
			}
		})
	}
}

func TestEveryCommandExplainsItself(t *testing.T) {
	home := newHome(t)
	for _, name := range []string{"serve", "migrate", "import", "seed", "token", "doctor", "version"} {
		out, words, status := command(t, home, nil, name, "--help")
		if status != 0 || !strings.Contains(out, "Examples:") || !strings.Contains(out, "bookvault "+name) && name != "serve" {
			t.Errorf("%s --help: status %d\n%s%s", name, status, out, words)
		}
	}
	if out, _, status := command(t, home, nil, "version"); status != 0 || !strings.HasPrefix(out, "bookvault ") {
		t.Errorf("version: %d %q", status, out)
	}
}
