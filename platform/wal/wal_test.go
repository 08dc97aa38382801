package wal

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func FuzzParseToken(f *testing.F) {
	for _, seed := range []string{"", Position{Timeline: 1, LSN: 1}.Token(), Beyond.Token(), "AAAAAQAAAAAERRaQ", "AAAAAQAAAAAERRa=", strings.Repeat("A", 16), "äöüß", "AAAAAQAAAAAERRaQ\n"} {
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
	})
}

func positions() *rapid.Generator[Position] {
	return rapid.OneOf(rapid.Just(Position{}), rapid.Just(Beyond), rapid.Custom(func(t *rapid.T) Position {
		return Position{Timeline: rapid.Uint32Range(1, 3).Draw(t, "timeline"), LSN: rapid.Uint64Range(1, 20).Draw(t, "lsn")}
	}))
}

func TestWhatTwoPositionsNeedTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q, server := positions().Draw(t, "p"), positions().Draw(t, "q"), positions().Draw(t, "server")
		both := p.And(q)
		if both != q.And(p) {
			t.Fatalf("%v and %v depends on the order", p, q)
		}
		if server != Beyond && server.Includes(both) != (server.Includes(p) && server.Includes(q)) {
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

func TestTheEndOfTheLog(t *testing.T) {
	for next, want := range map[uint64]uint64{0x3000000: 0x3000000, 0x3002018: 0x3002000, 0x4000028: 0x4000000, 0x3002030: 0x3002030, 0x3001ff8: 0x3001ff8} {
		if got := End(next); got != want {
			t.Errorf("End(%x) = %x, want %x", next, got, want)
		}
	}
}
