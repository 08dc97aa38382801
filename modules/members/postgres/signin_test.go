package postgres_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"bookvault/modules/members"
	"bookvault/modules/members/postgres"
	"bookvault/platform/identity"
)

// Whatever is wrong, the answer is the same word for word.
func TestSignInTellsNothing(t *testing.T) {
	l := open(t)
	l.member(t, "R1", identity.Patron)
	if _, err := l.Create(members.AsCommand(t.Context()), members.NewMember{Card: "NOPASS", Name: "No Password", Email: "nopass@example.org"}); err != nil {
		t.Fatal(err)
	}
	for _, login := range []string{"R1", "r 1", "r1@example.org", "R1@EXAMPLE.ORG"} {
		if started, err := l.signIn(t, login, password, "192.0.2.1"); err != nil || started.Member.Card != "R1" || len(started.Token) != 43 {
			t.Errorf("%s: %+v, %v", login, started, err)
		}
	}
	want := ""
	for _, try := range []struct{ login, password string }{
		{"R1", "wrong password"}, {"R1", ""}, {"NOPASS", ""}, {"NOPASS", password}, {"UNKNOWN", password}, {"unknown@example.org", password},
		{"nopass@example.org", password}, {"@", password}, {"không phải thẻ", password}, {"R1", password + " "}, {"R1", string(make([]byte, 5000))},
	} {
		_, err := l.signIn(t, try.login, try.password, "192.0.2.1")
		if code(err) != "sign_in_failed" {
			t.Errorf("%q: %v", try.login, err)
			continue
		}
		if want == "" {
			want = err.Error()
		}
		if err.Error() != want {
			t.Errorf("%q answers %q, others %q", try.login, err, want)
		}
	}
}

// An unknown account takes as long as a wrong password. A busy machine can delay any one try, never hurry it, so the fastest of each are
// compared, and tried again until they are alike; without the work of a hash they would differ twentyfold for ever.
func TestSignInTakesTheSameTime(t *testing.T) {
	l := open(t, func(s *members.Settings) {
		s.Hashing = members.Hashing{MemoryKiB: 16 << 10, Iterations: 2, Concurrency: 1}
		s.Throttle = members.Throttle{PerAccount: 1000, PerAddress: 1000}
	})
	l.member(t, "R1", identity.Patron)
	logins := []string{"R1", "UNKNOWN", "nobody@example.org"}
	fastest := map[string]time.Duration{}
	for range 40 {
		var all []time.Duration
		for _, login := range logins {
			begin := time.Now()
			if _, err := l.signIn(t, login, "wrong password", "192.0.2.1"); code(err) != "sign_in_failed" {
				t.Fatal(err)
			}
			if took := time.Since(begin); fastest[login] == 0 || took < fastest[login] {
				fastest[login] = took
			}
			all = append(all, fastest[login])
		}
		if slices.Max(all) < slices.Min(all)*3/2 {
			return
		}
	}
	t.Errorf("the fastest of 40 tries: %v", fastest)
}

// Who had an address first signs in by it: nobody takes or spoils another's way in by writing down their address.
func TestASharedAddress(t *testing.T) {
	l := open(t)
	mother, child := l.member(t, "MOTHER", identity.Patron), l.member(t, "CHILD", identity.Patron)
	l.clock.advance(time.Minute)
	if _, err := l.Edit(as(t.Context(), child), child.Card, members.Change{Email: &mother.Email}); err != nil {
		t.Fatal(err)
	}
	if started, err := l.signIn(t, mother.Email, password, "192.0.2.1"); err != nil || started.Member.ID != mother.ID {
		t.Errorf("%+v, %v", started.Member, err)
	}
	if started, err := l.signIn(t, child.Card, password, "192.0.2.1"); err != nil || started.Member.ID != child.ID {
		t.Errorf("%+v, %v", started.Member, err)
	}
}

func TestThrottlePerAccount(t *testing.T) {
	l := open(t, func(s *members.Settings) {
		s.Throttle = members.Throttle{Window: 10 * time.Minute, PerAccount: 3, PerAddress: 1000}
	})
	l.member(t, "R1", identity.Patron)
	for _, login := range []string{"R1", "UNKNOWN", "unknown@example.org"} { // whether the account exists or not
		for i := range 3 {
			if _, err := l.signIn(t, login, "wrong password", fmt.Sprintf("192.0.2.%d", i)); code(err) != "sign_in_failed" {
				t.Fatalf("%s, attempt %d: %v", login, i, err)
			}
		}
		_, err := l.signIn(t, login, password, "198.51.100.1")
		if code(err) != "too_many_attempts" {
			t.Errorf("%s: the right password after three wrong ones: %v", login, err)
		}
	}
	// A second process on the same database knows it as well.
	twin, err := members.New(postgres.New(l.db), members.Settings{Hashing: members.Hashing{MemoryKiB: 64, Iterations: 1}, Throttle: members.Throttle{PerAccount: 3}}, l.clock.now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := twin.SignIn(t.Context(), members.SignIn{Login: "R1", Password: password}); code(err) != "too_many_attempts" {
		t.Errorf("another process: %v", err)
	}
	l.clock.advance(10*time.Minute - time.Second)
	if _, err := l.signIn(t, "R1", password, "192.0.2.1"); code(err) != "too_many_attempts" {
		t.Errorf("a second before the end: %v", err)
	}
	l.clock.advance(time.Second)
	if _, err := l.signIn(t, "R1", password, "192.0.2.1"); err != nil {
		t.Errorf("after the window: %v", err)
	}
	// A success forgets the failures before it.
	for range 3 {
		for range 2 {
			if _, err := l.signIn(t, "R1", "wrong password", "192.0.2.1"); code(err) != "sign_in_failed" {
				t.Fatal(err)
			}
		}
		if _, err := l.signIn(t, "R1", password, "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestThrottlePerAddress(t *testing.T) {
	l := open(t, func(s *members.Settings) { s.Throttle = members.Throttle{PerAccount: 1000, PerAddress: 5} })
	l.member(t, "R1", identity.Patron)
	for range 20 { // a reading room in which everybody types well
		if _, err := l.signIn(t, "R1", password, "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		if _, err := l.signIn(t, fmt.Sprintf("GUESS%d", i), "password", "192.0.2.1:4711"); code(err) != "sign_in_failed" {
			t.Fatal(err)
		}
	}
	if _, err := l.signIn(t, "R1", password, "192.0.2.1"); code(err) != "too_many_attempts" {
		t.Errorf("the sixth: %v", err)
	}
	if _, err := l.signIn(t, "R1", password, "192.0.2.2"); err != nil {
		t.Errorf("a neighbour: %v", err)
	}
	l.clock.advance(16 * time.Minute)
	if purged, err := l.Purge(t.Context()); err != nil || purged < 6 {
		t.Errorf("purged %d, %v", purged, err)
	}
	if n := l.count(t, `SELECT count(*) FROM members.sign_in_throttle`); n != 0 {
		t.Errorf("%d counts are left", n)
	}
}

// Fifty guesses at once are no way round the limit.
func TestThrottleHoldsWhenAllComeAtOnce(t *testing.T) {
	l := open(t, func(s *members.Settings) { s.Throttle = members.Throttle{PerAccount: 5, PerAddress: 1000} })
	l.member(t, "R1", identity.Patron)
	var wait sync.WaitGroup
	var mu sync.Mutex
	answers := map[string]int{}
	for i := range 50 {
		wait.Go(func() {
			_, err := l.SignIn(t.Context(), members.SignIn{Login: "R1", Password: "wrong password", Address: fmt.Sprintf("192.0.2.%d", i)})
			mu.Lock()
			defer mu.Unlock()
			answers[code(err)]++
		})
	}
	wait.Wait()
	if answers["sign_in_failed"] != 5 || answers["too_many_attempts"] != 45 {
		t.Errorf("%v, want 5 looked at and 45 refused", answers)
	}
}

func TestChangingOnesPassword(t *testing.T) {
	l := open(t, func(s *members.Settings) { s.Throttle = members.Throttle{PerAccount: 3, PerAddress: 1000} })
	reader := l.member(t, "R1", identity.Patron)
	here, _ := l.signIn(t, "R1", password, "192.0.2.1")
	elsewhere, _ := l.signIn(t, "R1", password, "192.0.2.1")
	me := identity.WithPrincipal(t.Context(), identity.Principal{MemberID: reader.ID, Role: identity.Patron, Via: identity.ViaSession, ProofID: here.Session.ID})
	if err := l.SetPassword(me, "R1", "wrong password", "another password", ""); code(err) != "wrong_password" {
		t.Errorf("with a wrong one: %v", err)
	}
	if err := l.SetPassword(me, "R1", password, "short", ""); code(err) != "invalid_request" {
		t.Errorf("too short: %v", err)
	}
	if err := l.SetPassword(me, "R1", password, "another password", ""); err != nil {
		t.Fatal(err)
	}
	if p, err := l.BySession(t.Context(), here.Token); err != nil || p.MemberID != reader.ID {
		t.Errorf("the session that changed it ended: %+v, %v", p, err)
	}
	if p, err := l.BySession(t.Context(), elsewhere.Token); err != nil || p.SignedIn() {
		t.Errorf("another session goes on: %+v, %v", p, err)
	}
	if _, err := l.signIn(t, "R1", password, "192.0.2.1"); code(err) != "sign_in_failed" {
		t.Errorf("the old password: %v", err)
	}
	if _, err := l.signIn(t, "R1", "another password", "192.0.2.1"); err != nil {
		t.Errorf("the new password: %v", err)
	}
	// A stolen session does not guess the password without end.
	for range 3 {
		_ = l.SetPassword(me, "R1", "a guess", "mallory's password", "")
	}
	if err := l.SetPassword(me, "R1", "another password", "mallory's password", ""); code(err) != "too_many_attempts" {
		t.Errorf("the fourth guess: %v", err)
	}
}

func TestStaffSetPasswordsOfLowerRoles(t *testing.T) {
	l := open(t)
	desk, colleague, reader := l.member(t, "DESK", identity.Desk), l.member(t, "DESK2", identity.Desk), l.member(t, "R1", identity.Patron)
	session, err := l.signIn(t, "R1", password, "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.SetPassword(as(t.Context(), desk), reader.Card, "", "from the desk", ""); err != nil {
		t.Error(err)
	}
	if p, _ := l.BySession(t.Context(), session.Token); p.SignedIn() {
		t.Error("the reader's session goes on")
	}
	if err := l.SetPassword(as(t.Context(), desk), colleague.Card, "", "from the desk", ""); code(err) != "not_a_lower_role" {
		t.Errorf("a colleague's: %v", err)
	}
	if n := l.count(t, `SELECT count(*) FROM members.audit WHERE action = 'password_set' AND actor_id = $1 AND subject_id = $2`, desk.ID, reader.ID); n != 1 {
		t.Errorf("%d audit entries", n)
	}
}

// When hashing is made dearer, whoever signs in has their hash renewed, once.
func TestHashesAreRenewed(t *testing.T) {
	l := open(t)
	m := l.member(t, "R1", identity.Patron)
	dearer, err := members.New(postgres.New(l.db), members.Settings{Hashing: members.Hashing{MemoryKiB: 128, Iterations: 1}}, l.clock.now)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := dearer.SignIn(t.Context(), members.SignIn{Login: "R1", Password: password}); err != nil {
			t.Fatal(err)
		}
	}
	if n := l.count(t, `SELECT count(*) FROM members.credentials WHERE member_id = $1 AND password_hash LIKE '$argon2id$v=19$m=128,t=1,p=1$%'`, m.ID); n != 1 {
		t.Error("the hash was not renewed")
	}
	if _, err := dearer.SignIn(t.Context(), members.SignIn{Login: "R1", Password: "wrong password"}); code(err) != "sign_in_failed" {
		t.Error(err)
	}
}

// A flood waits its turn, and what cannot wait is told to come back without being counted as a guess.
func TestHashingIsBounded(t *testing.T) {
	l := open(t, func(s *members.Settings) {
		s.Hashing = members.Hashing{MemoryKiB: 16 << 10, Iterations: 3, Concurrency: 1, Waiting: 1, Patience: time.Minute}
		s.Throttle = members.Throttle{PerAccount: 1000, PerAddress: 1000}
	})
	l.member(t, "R1", identity.Patron)
	var wait sync.WaitGroup
	var mu sync.Mutex
	answers := map[string]int{}
	for range 20 {
		wait.Go(func() {
			_, err := l.SignIn(t.Context(), members.SignIn{Login: "R1", Password: "wrong password"})
			mu.Lock()
			defer mu.Unlock()
			answers[code(err)]++
		})
	}
	wait.Wait()
	if answers["sign_in_busy"] == 0 || answers["sign_in_failed"] == 0 || answers["sign_in_busy"]+answers["sign_in_failed"] != 20 {
		t.Fatalf("%v", answers)
	}
	if n := l.count(t, `SELECT attempts FROM members.sign_in_throttle WHERE scope = 'account'`); n != answers["sign_in_failed"] {
		t.Errorf("%d attempts counted, %d were looked at", n, answers["sign_in_failed"])
	}
}

// Whoever knew the old password may have made tokens with it: they end, but for the one that changes it.
func TestAChangedPasswordEndsTokens(t *testing.T) {
	l := open(t)
	reader := l.member(t, "R1", identity.Patron)
	makeToken := func() (members.Token, string) {
		t.Helper()
		made, secret, err := l.CreateToken(as(t.Context(), reader), members.NewToken{Name: "program"})
		if err != nil {
			t.Fatal(err)
		}
		return made, secret
	}
	asking, mine := makeToken()
	_, other := makeToken()
	by := identity.Principal{MemberID: reader.ID, Role: identity.Patron, Via: identity.ViaToken, ProofID: asking.ID}
	if err := l.SetPassword(identity.WithPrincipal(t.Context(), by), "R1", password, "another password", ""); err != nil {
		t.Fatal(err)
	}
	if p, err := l.ByToken(t.Context(), mine); err != nil || p.MemberID != reader.ID {
		t.Errorf("the token that changed it: %+v, %v", p, err)
	}
	if _, err := l.ByToken(t.Context(), other); code(err) != "token_invalid" {
		t.Errorf("another token goes on: %v", err)
	}
}
