package modules_test

import (
	"bufio"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/modules"
	"bookvault/modules/borrowing"
	"bookvault/modules/catalog"
	"bookvault/platform/config"
	"bookvault/platform/gateway"
	"bookvault/platform/identity"
	"bookvault/platform/wal"
)

// stream is an open stream of events.
type stream struct {
	t    *testing.T
	body *bufio.Reader
}

// until reads on to an event of a name, and gives the names of those before, and its data.
func (s *stream) until(name string) (before []string, data string) {
	s.t.Helper()
	for found := false; ; {
		line, err := s.body.ReadString('\n')
		if err != nil {
			s.t.Fatalf("the stream ended before %s, after %v: %v", name, before, err)
		}
		field, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch {
		case field == "event" && value == name:
			found = true
		case field == "event":
			before = append(before, value)
		case field == "data" && found:
			return before, value
		}
	}
}

// TestAMemberHearsThatAHoldIsReady listens through the whole chain: news comes at once, plain and unkept, past the deadline of requests,
// to nobody else; and the stream ends with the session.
func TestAMemberHearsThatAHoldIsReady(t *testing.T) {
	h := openHouse(t)
	defaults, err := os.ReadFile("../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	settings, err := config.Load(config.Sources{Defaults: defaults})
	if err != nil {
		t.Fatal(err)
	}
	settings.Server.RequestTimeout = 50 * time.Millisecond
	server := httptest.NewServer(gateway.Chain(h.library.Handler, modules.GatewaySettings(settings, h.library, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))))
	t.Cleanup(server.Close)
	listen := func(p proof, query string) *stream {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/api/events"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(p.header, p.value)
		r.Header.Set("Accept-Encoding", "gzip, zstd")
		answer, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = answer.Body.Close() })
		if a := answer.Header; answer.StatusCode != 200 || a.Get("Content-Encoding") != "" || a.Get("Cache-Control") != "no-store" || a.Get("Content-Type") != "text/event-stream" {
			t.Fatalf("answered %d with %v", answer.StatusCode, a)
		}
		s := &stream{t, bufio.NewReader(answer.Body)}
		s.until("hello")
		return s
	}
	theirs, others := listen(h.proofs["patron's session"], ""), listen(h.proofs["desk's token"], "?branch=main")
	time.Sleep(2 * settings.Server.RequestTimeout)

	staff := identity.WithPrincipal(context.Background(), identity.Principal{MemberID: 900, Role: identity.Librarian})
	title, err := h.library.Catalog.Create(staff, catalog.Book{Title: "Emma", Authors: []catalog.Author{{Name: "Jane Austen"}}})
	if err != nil {
		t.Fatal(err)
	}
	policy, err := h.library.Borrowing.Policy(staff)
	if err != nil {
		t.Fatal(err)
	}
	branch := policy.Branches[0].Code
	if _, err := h.library.Borrowing.AddItem(staff, borrowing.NewItem{BookID: title.ID, Barcode: "L1", Branch: branch, ItemType: policy.ItemTypes[0].Code, Loanable: true}, borrowing.Order{}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.library.Borrowing.PlaceHold(staff, borrowing.PlaceHold{Card: "walk-patron", BookID: title.ID, PickupBranch: branch}, borrowing.Order{}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.library.Borrowing.CheckIn(staff, borrowing.CheckIn{Barcode: "L1", Branch: branch}, borrowing.Order{}); err != nil {
		t.Fatal(err)
	}
	before, data := theirs.until("hold_ready")
	if len(before) < 1 || before[0] != "account" {
		t.Errorf("before it was ready they heard %v", before)
	}
	var said struct{ Consistency string }
	if err := json.Unmarshal([]byte(data), &said); err != nil {
		t.Fatal(err)
	}
	if _, err := wal.ParseToken(said.Consistency); err != nil {
		t.Errorf("the event does not say with what to ask: %s", data)
	}
	if branch == "main" {
		if before, _ := others.until("desk"); len(before) > 0 {
			t.Errorf("the desk heard of others: %v", before)
		}
	}
	if err := h.library.Members.SignOut(t.Context(), strings.TrimPrefix(h.proofs["patron's session"].value, "bv_session=")); err != nil {
		t.Fatal(err)
	}
	theirs.until("bye")
}
