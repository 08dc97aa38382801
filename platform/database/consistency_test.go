package database

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func FuzzParseToken(f *testing.F) {
	for _, seed := range []string{"", Position{1, 1}.Token(), beyond.Token(), "AAAAAQAAAAAERRaQ", "AAAAAQAAAAAERRa=", strings.Repeat("A", 16), "äöüß", "AAAAAQAAAAAERRaQ\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		p, err := ParseToken(token)
		switch {
		case err != nil && (!errors.Is(err, ErrToken) || p != Position{}):
			t.Errorf("ParseToken(%q) = %v, %v", token, p, err)
		case err == nil && p.Token() != token:
			t.Errorf("%q is read as %v, whose token is %q: two tokens for one position", token, p, p.Token())
		}
		// Whatever a client sends, a reader comes of it that asks for that or for nothing.
		if _, r := WithReader(context.Background(), token); r.Needs() != p || r.Moved() {
			t.Errorf("WithReader(%q) needs %v", token, r.Needs())
		}
	})
}

func positions() *rapid.Generator[Position] {
	return rapid.OneOf(rapid.Just(Position{}), rapid.Just(beyond), rapid.Custom(func(t *rapid.T) Position {
		return Position{Timeline: rapid.Uint32Range(1, 3).Draw(t, "timeline"), LSN: rapid.Uint64Range(1, 20).Draw(t, "lsn")}
	}))
}

func TestWhatTwoPositionsNeedTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q, server := positions().Draw(t, "p"), positions().Draw(t, "q"), positions().Draw(t, "server")
		both := p.and(q)
		if both != q.and(p) {
			t.Fatalf("%v and %v depends on the order", p, q)
		}
		if server != beyond && server.includes(both) != (server.includes(p) && server.includes(q)) {
			t.Fatalf("a server at %v that needs %v and %v: %v", server, p, q, both)
		}
	})
}

func TestATokenSurvivesTheJourney(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Position{Timeline: rapid.Uint32Range(1, math.MaxUint32).Draw(t, "timeline"), LSN: rapid.Uint64Range(1, math.MaxUint64).Draw(t, "lsn")}
		if got, err := ParseToken(p.Token()); err != nil || got != p {
			t.Fatalf("%v became %v, %v", p, got, err)
		}
	})
}

func TestAReaderMovesForward(t *testing.T) {
	r := &Reader{}
	for _, step := range []struct{ commit, needs Position }{
		{Position{1, 100}, Position{1, 100}},
		{Position{1, 300}, Position{1, 300}},
		{Position{1, 200}, Position{1, 300}}, // two ran at once; this one was told later
		{beyond, beyond},                     // nobody knows where it went
		{Position{1, 400}, Position{1, 400}}, // it went before this one
		{Position{2, 350}, Position{2, 350}}, // after a failover
	} {
		r.advance(step.commit)
		if r.Needs() != step.needs || !r.Moved() {
			t.Errorf("after the commit at %v it needs %v, want %v", step.commit, r.Needs(), step.needs)
		}
	}
}

func TestAReadForSeveralSeesWhatEachMustSee(t *testing.T) {
	db := &DB{}
	reader := func(lsn uint64) context.Context {
		ctx, _ := WithReader(context.Background(), Position{1, lsn}.Token())
		return ctx
	}
	gone, hangUp := context.WithCancel(reader(7))
	hangUp()
	both := db.Merge([]context.Context{reader(3), gone, reader(5)})
	if got := db.needs(both); got != (Position{1, 7}) || both.Err() != nil {
		t.Errorf("needs %v, %v", got, both.Err())
	}
	other, _ := WithReader(context.Background(), Position{2, 1}.Token())
	for name, asked := range map[string][]context.Context{"the primary": {reader(3), Primary(reader(3))}, "two timelines": {reader(3), other}} {
		if got := db.needs(db.Merge(asked)); got != beyond {
			t.Errorf("%s: needs %v", name, got)
		}
	}
}
