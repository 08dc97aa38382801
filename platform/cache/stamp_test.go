package cache

import (
	"testing"

	"bookvault/platform/wal"

	"pgregory.net/rapid"
)

// TestAValueIsBelievedOnlyIfItIncludesAllThatWasHeard walks one stripe through changes with and without positions, gaps, and promotions
// to new timelines, and asks after each step about values of every age.
func TestAValueIsBelievedOnlyIfItIncludesAllThatWasHeard(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &stamps{}
		timeline, now := uint32(1), uint64(1)
		heard, inDoubt := wal.Position{}, true // before the first gap with a position nothing is believed
		before := s.of(7)
		position := func() wal.Position {
			now += rapid.Uint64Range(0, 3).Draw(t, "bytes")
			return wal.Position{Timeline: timeline, LSN: now}
		}
		t.Repeat(map[string]func(*rapid.T){
			"change": func(t *rapid.T) {
				at := position()
				s.bump(7, at)
				heard = at
			},
			"change that is told late": func(t *rapid.T) {
				late := wal.Position{Timeline: rapid.Uint32Range(1, timeline).Draw(t, "timeline"), LSN: rapid.Uint64Range(1, now).Draw(t, "lsn")}
				s.bump(7, late)
				if late.Timeline > heard.Timeline || late.Timeline == heard.Timeline && late.LSN > heard.LSN {
					heard = late // what came before on an older timeline, and was not lost, every later one includes
				}
			},
			"change somewhere":    func(*rapid.T) { s.bump(7, wal.Position{}); inDoubt = true },
			"change of another":   func(t *rapid.T) { s.bump(8, position()) },
			"gap":                 func(t *rapid.T) { heard, inDoubt = position(), false; s.bumpAll(heard) },
			"everything, nowhere": func(*rapid.T) { s.bumpAll(wal.Position{}); inDoubt = true },
			"promotion":           func(t *rapid.T) { timeline++; now -= min(now-1, rapid.Uint64Range(0, 5).Draw(t, "lost")) },
			"": func(t *rapid.T) {
				least, sure := s.needs(7)
				if sure == inDoubt || least != heard {
					t.Fatalf("needs %v %v, of %v that was heard, in doubt: %v", least, sure, heard, inDoubt)
				}
				value := wal.Position{Timeline: rapid.Uint32Range(1, timeline).Draw(t, "of timeline"), LSN: rapid.Uint64Range(0, now).Draw(t, "as of")}
				if sure && value.Includes(least) && !value.Includes(heard) {
					t.Fatalf("%v is believed after %v was heard of", value, heard)
				}
			},
		})
		if after := s.of(7); after == before && heard != (wal.Position{}) {
			t.Fatal("changes were heard of, and the stamp is the same")
		}
	})
}
