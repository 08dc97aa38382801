package modules

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/modules/borrowing"
	"bookvault/modules/members"
	"bookvault/platform/config"
	"bookvault/platform/database"
	"bookvault/platform/gateway"
	"bookvault/platform/identity"
	"bookvault/platform/lifecycle"
	"bookvault/platform/live"
	"bookvault/platform/problem"
	"bookvault/platform/rest"
	"bookvault/platform/wal"
)

// Live events: GET /api/events tells who listens that something of theirs changed, whatever process changed it. It says what to ask for
// anew, and nothing of what it is: who may see that is decided where it is asked for.

const eventsPath = "/api/events"

// streams tells which answers have no end.
func streams(r *http.Request) bool { return r.URL.Path == eventsPath }

type eventsIn struct {
	Branch   string `query:"branch" maxLength:"32" doc:"For staff: also of the copies that come and go at this branch."`
	Patterns bool   `query:"patterns" doc:"For administrators: also how the performance patterns do, every two seconds."`
	LastID   string `header:"Last-Event-ID" maxLength:"64" doc:"The newest event that was seen. What came since is sent first, or a resync event says that it is not known any more."`
}

func newHub(c *config.Config, registry prometheus.Registerer) *live.Hub {
	e := c.Events
	return live.New(live.Settings{Kept: e.Kept, Buffer: e.Buffer, Most: e.MaxListeners, PerMember: e.MaxPerMember, PerAddress: e.MaxPerAddress, Heartbeat: e.Heartbeat,
		Age: c.Members.SessionIdle, Registry: registry})
}

func memberAudience(id int64) string      { return "member/" + strconv.FormatInt(id, 10) }
func branchAudience(number uint64) string { return "branch/" + strconv.FormatUint(number, 10) }

const patternsAudience = "patterns"

// tellLive publishes what the change feed tells of, and ends the streams of members whose proof of who they are ended.
func tellLive(feed *database.Feed, hub *live.Hub) {
	feed.Subscribe(borrowing.LiveNews, func(h database.Heard) {
		if len(h.Keys) == 0 {
			hub.Missed()
			return
		}
		events, data := make([]live.Event, 0, len(h.Keys)), askWith(h.At)
		for _, n := range borrowing.ReadNews(h.Keys) {
			switch {
			case n.Member == 0:
				events = append(events, live.Event{Name: "desk", Audience: branchAudience(n.Branch), Data: data})
			case n.Ready:
				events = append(events, live.Event{Name: "hold_ready", Audience: memberAudience(n.Member), Data: data})
			default:
				events = append(events, live.Event{Name: "account", Audience: memberAudience(n.Member), Data: data})
			}
		}
		hub.Publish(events...)
	})
	feed.Subscribe(members.ProofsChanged, func(h database.Heard) { hub.End(h.Keys...) }) // whoever may still listen comes back
}

// askWith says in an event with which token to ask, so that the answer includes what the event tells of, whichever process and server
// it comes from.
func askWith(at wal.Position) string {
	if at == (wal.Position{}) {
		at = wal.Beyond
	}
	return `{"consistency":"` + at.Token() + `"}`
}

// registerEvents adds the stream.
func registerEvents(api *rest.API, hub *live.Hub) {
	rest.Register(api, rest.Route{Method: "GET", Path: eventsPath, ID: "events", Tag: "events", Who: identity.Patron,
		Summary:   "Live events, as a stream of Server-Sent Events",
		Detail:    `account: your loans or holds changed. hold_ready: a hold of yours waits on the shelf. desk: copies came or went at the branch. Their data is {"consistency": …}: who asks with it as the header BookVault-Consistency gets an answer that includes the change. patterns: figures. resync: ask for everything anew. bye: the stream ends; come back when somebody is there.`,
		Configure: rest.Responses(http.StatusOK, "text/event-stream")},
		func(ctx context.Context, in *eventsIn) (*rest.Stream, error) {
			p, _ := identity.FromContext(ctx)
			audiences := []string{memberAudience(p.MemberID)}
			if in.Branch != "" {
				if !p.May(identity.Desk) {
					return nil, problem.New(problem.Forbidden, "role_needed", "Listening to a branch needs the role desk.")
				}
				audiences = append(audiences, branchAudience(borrowing.BranchNumber(in.Branch)))
			}
			if in.Patterns {
				if !p.May(identity.Administrator) {
					return nil, problem.New(problem.Forbidden, "role_needed", "Listening to the patterns needs the role administrator.")
				}
				audiences = append(audiences, patternsAudience)
			}
			listener, err := hub.Listen(p.MemberID, gateway.ClientAddress(ctx).String(), in.LastID, func(audience string) bool { return slices.Contains(audiences, audience) })
			if err != nil {
				e := problem.New(problem.TooMany, "too_many_listeners", "There are as many open streams of events as there may be. Close one, or try again later.")
				e.RetryAfter = 30 * time.Second
				return nil, e
			}
			return rest.NewStream(func(ctx context.Context, w http.ResponseWriter) {
				live.Headers(w.Header())
				w.WriteHeader(http.StatusOK)
				_ = listener.Stream(ctx, w) // whoever listened is gone
			}), nil
		})
}

// ticker tells operators who listen how the patterns do.
type ticker struct {
	hub      *live.Hub
	patterns *Patterns
	registry prometheus.Registerer

	looking lifecycle.Loop
	last    look // of the loop alone
}

// figuresEvery is how often operators hear.
const figuresEvery = 2 * time.Second

// longAgo is how many of these a look may lie behind and still be one to compare with.
const longAgo = 3

// Start begins to look; nothing is gathered while no operator listens.
func (f *ticker) Start(ctx context.Context) error {
	f.looking.Start(ctx, f.look)
	return nil
}

// Stop ends that, and all streams.
func (f *ticker) Stop(context.Context) error {
	f.hub.Close()
	f.looking.Stop()
	return nil
}

func (f *ticker) look(ctx context.Context) {
	clock := time.NewTicker(figuresEvery)
	defer clock.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
			if f.hub.Listening(patternsAudience) {
				f.hub.Publish(live.Event{Name: "patterns", Audience: patternsAudience, Data: f.now()})
			}
		}
	}
}

// now writes how each pattern stands and what it does, and how busy the places are that a request passes.
func (f *ticker) now() string {
	type pattern struct {
		Name    string       `json:"name"`
		Enabled bool         `json:"enabled"`
		Figures []liveFigure `json:"figures"`
	}
	type place struct {
		Place   string       `json:"place"`
		Figures []liveFigure `json:"figures"`
	}
	seen, can := lookAt(f.registry, time.Now())
	if !can {
		return `{"items":[],"way":[]}`
	}
	earlier := f.last
	if seen.at.Sub(earlier.at) > longAgo*figuresEvery {
		earlier = look{} // nobody looked meanwhile
	}
	f.last = seen
	var list []pattern
	for _, s := range f.patterns.switches() {
		list = append(list, pattern{s.name, s.on(), figuresOf(patternFigures[s.name], earlier, seen)})
	}
	for _, name := range foundations {
		list = append(list, pattern{name, true, figuresOf(patternFigures[name], earlier, seen)})
	}
	var way []place
	for _, w := range wayFigures {
		way = append(way, place{w.place, figuresOf(w.figures, earlier, seen)})
	}
	text, err := json.Marshal(map[string]any{"items": list, "way": way})
	if err != nil {
		return fmt.Sprintf(`{"items":[],"way":[],"error":%q}`, err)
	}
	return string(text)
}
