package httpcache

import (
	"hash/maphash"
	"net/http"
	"strings"
	"sync/atomic"
)

// tagHeader names the things that an answer shows, separated by spaces; it is for this cache only and not sent on.
const tagHeader = "Surrogate-Key"

// stripes bounds the memory that purges take. Tags that share one are purged together, which costs a load and is never wrong.
const stripes = 1 << 16

var seed = maphash.MakeSeed()

// purges remembers, for each stripe, the number of its last purge. An answer carries the number that held when its load began, so
// a purge is one write however much it concerns, and one that comes while a load is under way concerns that too.
type purges struct {
	number atomic.Uint64
	last   [stripes]atomic.Uint64
	whole  atomic.Uint64
}

// now is what a load notes before it begins.
func (p *purges) now() uint64 { return p.number.Load() }

func (p *purges) tags(tags ...string) {
	n := p.number.Add(1)
	for _, tag := range tags {
		raise(&p.last[stripe("tag "+tag)], n)
	}
}

func (p *purges) keys(keys ...string) {
	n := p.number.Add(1)
	for _, key := range keys {
		raise(&p.last[stripe("key "+key)], n)
	}
}

func (p *purges) all() { raise(&p.whole, p.number.Add(1)) }

// holds tells whether what was begun at a number, and shows these stripes, was not purged since.
func (p *purges) holds(begun uint64, shows []uint16) bool {
	if p.whole.Load() > begun {
		return false
	}
	for _, s := range shows {
		if p.last[s].Load() > begun {
			return false
		}
	}
	return true
}

func raise(v *atomic.Uint64, to uint64) {
	for {
		old := v.Load()
		if old >= to || v.CompareAndSwap(old, to) {
			return
		}
	}
}

func stripe(text string) uint16 { return uint16(maphash.String(seed, text)) }

// stripesOf gives those of an answer: of its address and of its tags.
func stripesOf(key string, h http.Header) []uint16 {
	shows := []uint16{stripe("key " + key)}
	for _, line := range h[tagHeader] {
		for tag := range strings.FieldsSeq(line) {
			shows = append(shows, stripe("tag "+tag))
		}
	}
	return shows
}
