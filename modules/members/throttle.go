package members

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"bookvault/platform/problem"
)

// Throttle bounds the attempts to sign in. Each attempt is counted before the password is looked at, so that many at once do not pass
// together; one that succeeds is taken back. Zero values take the default in brackets.
type Throttle struct {
	Window     time.Duration // over which attempts are counted, from the first one on [15 min]
	PerAccount int           // failed attempts for one account [10]
	PerAddress int           // failed attempts from one address; a whole reading room may share it [100]
}

func (t Throttle) withDefaults() Throttle {
	setDefault(&t.Window, 15*time.Minute)
	setDefault(&t.PerAccount, 10)
	setDefault(&t.PerAddress, 100)
	return t
}

// throttleBuckets bounds what an attacker with a million names can make us store. Two accounts in one bucket are rare and harmless, and a
// bucket's number says nothing of whose it is: every address on Earth shares its bucket with 4,000 others.
const throttleBuckets = 1 << 20

// Attempt is one try at signing in, as the buckets that it counts in.
type Attempt struct {
	Account, Address           int32
	AccountLimit, AddressLimit int
	Now, ResetsAt              time.Time // ResetsAt: the end of a window that begins now
}

// ErrThrottled says that a limit was reached, and until when.
type ErrThrottled struct{ Until time.Time }

// Error tells when the limit ends.
func (e ErrThrottled) Error() string {
	return "members: too many attempts until " + e.Until.Format(time.RFC3339)
}

// Attempts is the stored side of the throttle.
type Attempts interface {
	// Admit counts an attempt, or returns ErrThrottled and counts nothing.
	Admit(ctx context.Context, a Attempt) error
	// Succeeded forgets the failures of the account and takes the attempt back from the address.
	Succeeded(ctx context.Context, a Attempt) error
	// TakeBack undoes an attempt that never came to its end.
	TakeBack(ctx context.Context, a Attempt) error
}

// admit counts an attempt for what was given as the account, whether there is one or not.
func (s *Service) admit(ctx context.Context, account, address string) (Attempt, error) {
	now := s.clock()
	t := s.settings.Throttle
	a := Attempt{Account: bucket("account", account), Address: bucket("address", addressBlock(address)),
		AccountLimit: t.PerAccount, AddressLimit: t.PerAddress, Now: now, ResetsAt: now.Add(t.Window)}
	err := s.store.Admit(ctx, a)
	if throttled, ok := errors.AsType[ErrThrottled](err); ok {
		e := problem.New(problem.TooMany, "too_many_attempts", "There were too many attempts to sign in; please wait, then try again.")
		e.RetryAfter = max(time.Second, throttled.Until.Sub(now))
		return a, e
	}
	if err != nil {
		return a, fmt.Errorf("count an attempt to sign in: %w", err)
	}
	return a, nil
}

// takeBack undoes an attempt after a failure that says nothing about the password, and gives that failure on.
func (s *Service) takeBack(ctx context.Context, a Attempt, cause error) error {
	if err := s.store.TakeBack(context.WithoutCancel(ctx), a); err != nil {
		return errors.Join(cause, fmt.Errorf("take an attempt back: %w", err))
	}
	return cause
}

func bucket(scope, value string) int32 {
	sum := sha256.Sum256([]byte(scope + "\x00" + value))
	return int32(binary.BigEndian.Uint32(sum[:4]) % throttleBuckets)
}

// addressBlock is what is counted as one address: an IPv4 address, or the /64 of an IPv6 one, which one subscriber has whole.
func addressBlock(address string) string {
	if host, err := netip.ParseAddrPort(address); err == nil {
		address = host.Addr().String()
	}
	ip, err := netip.ParseAddr(strings.Trim(address, "[]"))
	if err != nil {
		return "unknown"
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	block, err := ip.Prefix(64)
	if err != nil {
		return "unknown"
	}
	return block.String()
}
