package gateway

import (
	"context"
	"hash/maphash"
	"net/http"
	"strings"
	"time"

	"bookvault/platform/identity"
	"bookvault/platform/resilience"
)

// provenFor is how long a proof of identity counts after authentication confirmed it last.
const provenFor = 10 * time.Minute

// proofs remember which tokens and sessions authentication has lately found to be true, by their fingerprints, and how much what their
// owner does matters. So the gateway knows whom to trust before it asks anybody, and proofs that were made up are known to nobody.
type proofs struct {
	seed   maphash.Seed
	until  *slots // Unix nanoseconds; the lowest bits are the priority
	cookie string // the start of the session's
}

const priorityBits = 7

func newProofs(clients int, sessionCookie string) *proofs {
	return &proofs{seed: maphash.MakeSeed(), until: newSlots(clients), cookie: sessionCookie + "="}
}

// known gives the fingerprint of a request's proof and the priority of its owner; 0 and Public when it has none that is known.
func (p *proofs) known(e *exchange, r *http.Request, now int64) (uint64, resilience.Priority) {
	if e.proofs == nil {
		e.proof, e.proofs = p.of(r), p
	}
	if e.proof == 0 {
		return 0, resilience.Public
	}
	until := p.until.get(e.proof)
	if until <= now {
		return 0, resilience.Public
	}
	return e.proof, resilience.Priority(until & priorityBits)
}

// of gives the fingerprint of what a client shows to say who they are; 0 when it shows nothing.
func (p *proofs) of(r *http.Request) uint64 {
	if shown := p.shown(r); shown != "" {
		return max(1, maphash.String(p.seed, shown))
	}
	return 0
}

// shown gives it: the header Authorization, or the session's cookie.
func (p *proofs) shown(r *http.Request) string {
	if given := r.Header["Authorization"]; len(given) == 1 {
		return given[0]
	}
	for _, cookies := range r.Header["Cookie"] {
		for cookies != "" {
			var one string
			one, cookies, _ = strings.Cut(cookies, ";")
			if one = strings.TrimLeft(one, " "); strings.HasPrefix(one, p.cookie) {
				return one
			}
		}
	}
	return ""
}

// Priority gives the place in the order of whoever sent the request that ctx belongs to, as far as it is known before authentication.
func Priority(ctx context.Context) resilience.Priority {
	e := exchangeOf(ctx)
	if e == nil || e.proofs == nil || e.proof == 0 {
		return resilience.Public
	}
	if until := e.proofs.until.get(e.proof); until > time.Now().UnixNano() {
		return resilience.Priority(until & priorityBits)
	}
	return resilience.Public
}

// Vouch is called by whoever has found a request's proof of identity to be true: for some minutes its sender has a share of their own,
// wherever they call from, and the place in the order that their role has.
func Vouch(ctx context.Context, role identity.Role, member int64) {
	e := exchangeOf(ctx)
	if e != nil {
		e.member = member
	}
	if e == nil || e.proofs == nil || e.proof == 0 {
		return
	}
	priority := resilience.Members
	if role >= identity.Desk {
		priority = resilience.Desk
	}
	e.proofs.until.put(e.proof, time.Now().Add(provenFor).UnixNano()&^priorityBits|int64(priority))
}
