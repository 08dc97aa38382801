package modules_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/modules"
	"bookvault/modules/members"
	"bookvault/platform/config"
	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/gateway"
	"bookvault/platform/identity"
	"bookvault/platform/telemetry"
)

// lines is a log that is read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Whatever happens, and however much is logged: no name, card, address, password, token, search or title is in the log. The level is changed
// by the API while it runs.
func TestNoSecretAndNobodyIsInTheLog(t *testing.T) {
	defaults, err := os.ReadFile("../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	settings, err := config.Load(config.Sources{Defaults: defaults, Flags: map[string]string{"telemetry.access_log": "all", "telemetry.log_format": "json"}})
	if err != nil {
		t.Fatal(err)
	}
	settings.Database.Embedded.Data = t.TempDir()
	var out lines
	logs := telemetry.OpenLogs(&out, telemetry.LogSettings{Level: "info", Format: "json", Context: gateway.LogFields})
	db := dbtest.New(t, dbtest.With(func(s *database.Settings) { s.Logger = logs.Logger }))
	registry := prometheus.NewRegistry()
	library, err := modules.Assemble(modules.Foundations{Version: "test", Settings: settings, DB: db, Registry: registry, Logger: logs.Logger, LogLevel: logs.Level})
	if err != nil {
		t.Fatal(err)
	}
	if err := library.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = library.Stop(t.Context()) })
	p := process{library: library, metrics: registry, handler: gateway.Chain(library.Handler, modules.GatewaySettings(settings, library, registry, logs.Logger))}

	secret, _, err := library.Members.IssueToken(members.AsCommand(t.Context()), identity.Administrator, "", "wallpaper", 0)
	if err != nil {
		t.Fatal(err)
	}
	admin := []string{"Authorization", "Bearer " + secret}
	if s, _, body := p.do("PUT", "/api/ops/v1/log", `{"level":"debug"}`, admin...); s != 200 || !strings.Contains(body, "debug") {
		t.Fatalf("%d %s", s, body)
	}
	if s, _, _ := p.do("PUT", "/api/ops/v1/log", `{"level":"loud"}`, admin...); s != 422 {
		t.Errorf("a level that is none: %d", s)
	}
	const name, card, password, email, wish, title = "Zebedee Quartermain", "Zq-77231", "hunter-seven-owls", "zebedee@quartermain.test", "forbiddenlove", "Midnightvellum"
	for _, ask := range [][3]string{
		{"POST", "/api/members/v1/members", fmt.Sprintf(`{"name":%q,"card":%q,"email":%q,"password":%q}`, name, card, email, password)},
		{"POST", "/api/members/v1/sessions", fmt.Sprintf(`{"card":%q,"password":%q}`, card, password)},
		{"POST", "/api/members/v1/sessions", fmt.Sprintf(`{"card":%q,"password":"wrong-%s"}`, card, password)},
		{"POST", "/api/catalog/v1/books", fmt.Sprintf(`{"title":%q,"authors":[{"name":%q}]}`, title, name)},
		{"GET", "/api/catalog/v1/books?q=" + wish, ""},
		{"GET", "/api/catalog/v1/suggestions?q=" + wish, ""},
		{"GET", "/api/members/v1/members/" + card, ""},
		{"GET", "/api/members/v1/members?q=" + strings.ReplaceAll(name, " ", "+"), ""},
		{"GET", "/" + card + "/" + wish + "?token=" + secret, ""},
		{"POST", "/api/borrowing/v1/loans", fmt.Sprintf(`{"member_card":%q,"barcode":%q}`, card, wish)},
		{"POST", "/api/borrowing/v1/loans", `{"member_card": ` + card},
		{"GET", "/api/members/v1/me", ""},
	} {
		p.do(ask[0], ask[1], ask[2], admin...)
	}
	r := httptest.NewRequest("GET", "/api/members/v1/me", nil)
	r.Header.Set("Authorization", "Bearer made-up-"+password)
	r.RemoteAddr = "203.0.113.77:4711"
	p.handler.ServeHTTP(httptest.NewRecorder(), r)
	if _, err := db.Pool().Exec(t.Context(), "SELECT 1 FROM members.cards WHERE card = $1", card); err != nil {
		t.Fatal(err)
	}
	logs.Debug("a step") // as it is told at this level alone
	log := out.String()
	if strings.Count(log, `"msg":"request"`) < 12 || !strings.Contains(log, `"member":"`) {
		t.Fatalf("little is logged:\n%s", log)
	}
	for _, word := range append(strings.Fields(name), card, password, email, "quartermain", wish, title, secret, secret[:12], "203.0.113.77") {
		if at := strings.Index(strings.ToLower(log), strings.ToLower(word)); at >= 0 {
			t.Errorf("the log says %q: …%s…", word, log[max(0, at-300):min(len(log), at+100)])
		}
	}
	if logs.Level.Level() != slog.LevelDebug || !strings.Contains(log, `"level":"DEBUG"`) {
		t.Error("the level was not changed")
	}
	p.do("PUT", "/api/ops/v1/log", `{"level":"error"}`, admin...)
	quiet := out.String()
	if p.do("GET", "/api/members/v1/me", "", admin...); out.String() != quiet {
		t.Errorf("at level error it still says %s", out.String()[len(quiet):])
	}
}
