package live_test

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"bookvault/platform/live"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func mine(audience string) bool { return audience == "member/1" }

// reading is a client that reads events by their names and ids.
type reading struct {
	t      *testing.T
	server *httptest.Server
	body   *bufio.Reader
	close  func()
}

func listen(t *testing.T, h *live.Hub, last string, between ...func()) *reading {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l, err := h.Listen(1, "192.0.2.1", last, mine)
		if err != nil {
			http.Error(w, err.Error(), http.StatusTooManyRequests)
			return
		}
		for _, happens := range between {
			happens()
		}
		live.Headers(w.Header())
		_ = l.Stream(r.Context(), w)
	}))
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	r := &reading{t: t, server: server, body: bufio.NewReader(answer.Body), close: func() { cancel(); _ = answer.Body.Close(); server.Close() }}
	t.Cleanup(r.close)
	return r
}

// next gives the name and id of the next event.
func (r *reading) next() (name, id string) {
	r.t.Helper()
	for {
		line, err := r.body.ReadString('\n')
		if err != nil {
			r.t.Fatalf("the stream ended: %v", err)
		}
		switch field, value, _ := strings.Cut(strings.TrimSpace(line), ": "); {
		case field == "id":
			id = value
		case field == "event":
			name = value
		case field == "" && name != "":
			return name, id
		}
	}
}

func TestNewsComesToWhoWantsItAndIsCaughtUp(t *testing.T) {
	h := live.New(live.Settings{Kept: 3})
	r := listen(t, h, "")
	if name, _ := r.next(); name != "hello" {
		t.Fatalf("first %s", name)
	}
	h.Publish(live.Event{Name: "other", Audience: "member/2", Data: "{}"}, live.Event{Name: "account", Audience: "member/1", Data: "{}"})
	name, seen := r.next()
	if name != "account" {
		t.Fatalf("heard %s", name)
	}
	h.Publish(live.Event{Name: "hold_ready", Audience: "member/1", Data: "{}"})
	if name, _ := listen(t, h, seen).next(); name != "hold_ready" {
		t.Errorf("who came back heard %s", name)
	}
	for range 10 {
		h.Publish(live.Event{Name: "account", Audience: "member/1", Data: "{}"})
	}
	for _, last := range []string{seen, "otherera-3", "nonsense"} {
		again := listen(t, h, last)
		again.next() // hello
		if name, _ := again.next(); name != live.Resync {
			t.Errorf("who missed more than is kept (%s) heard %s", last, name)
		}
	}
}

func TestWhoReadsTooSlowlyIsToldToAskAnew(t *testing.T) {
	h := live.New(live.Settings{Buffer: 2})
	r := listen(t, h, "", func() {
		for range 5 { // before a byte is written
			h.Publish(live.Event{Name: "account", Audience: "member/1", Data: "{}"})
		}
	})
	for name := ""; name != live.Resync; {
		if name, _ = r.next(); name == live.Bye {
			t.Fatal("nothing was said of what was missed")
		}
	}
	h.End(1)
	if name, _ := r.next(); name != live.Bye {
		t.Errorf("whose session ended heard %s", name)
	}
}

func TestThereIsRoomForSoManyAndNoMore(t *testing.T) {
	h := live.New(live.Settings{Most: 3, PerMember: 2, PerAddress: 2})
	enter := func(member int64, address string) (*live.Listener, error) { return h.Listen(member, address, "", mine) }
	first, err := enter(1, "a")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		member  int64
		address string
		full    bool
	}{{1, "b", false}, {1, "c", true}, {2, "a", false}, {3, "d", true}} {
		if _, err := enter(test.member, test.address); errors.Is(err, live.ErrTooMany) != test.full {
			t.Errorf("member %d at %s: %v", test.member, test.address, err)
		}
	}
	first.Leave()
	first.Leave() // twice is no harm
	if _, err := enter(3, "d"); err != nil {
		t.Errorf("after somebody left: %v", err)
	}
	h.Close()
	if _, err := enter(9, "z"); !errors.Is(err, live.ErrTooMany) {
		t.Errorf("after the end: %v", err)
	}
}
