package gateway

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"sync"
	"time"
)

// pseudonymFor is how long a member keeps a pseudonym: long enough to follow what went wrong for somebody, no longer.
const pseudonymFor = 24 * time.Hour

// pseudonyms give members names for the log that say nothing of who they are, not even to whoever has the database: the key is in the memory
// of this process alone, and is thrown away after a day.
type pseudonyms struct {
	mu    sync.Mutex
	key   [32]byte
	until time.Time
}

func newPseudonyms() *pseudonyms { return &pseudonyms{} }

// of gives a member's; "" for nobody.
func (p *pseudonyms) of(member int64, now time.Time) string {
	if member == 0 {
		return ""
	}
	p.mu.Lock()
	if now.After(p.until) {
		_, _ = rand.Read(p.key[:]) // it never fails
		p.until = now.Add(pseudonymFor)
	}
	key := p.key
	p.mu.Unlock()
	mac := hmac.New(sha256.New, key[:])
	var id [8]byte
	binary.BigEndian.PutUint64(id[:], uint64(member))
	mac.Write(id[:])
	return hex.EncodeToString(mac.Sum(nil)[:6])
}
