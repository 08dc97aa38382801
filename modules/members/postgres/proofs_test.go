package postgres_test

import (
	"strings"
	"testing"
	"time"

	"bookvault/modules/members"
	"bookvault/platform/identity"
)

func TestASessionEnds(t *testing.T) {
	l := open(t, func(s *members.Settings) {
		s.SessionIdle, s.SessionLifetime = 30*time.Minute, 2*time.Hour
	})
	m := l.member(t, "R1", identity.Desk)
	alive := func(token string) bool {
		t.Helper()
		p, err := l.BySession(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		if p.SignedIn() && (p.MemberID != m.ID || p.Role != identity.Desk || p.Card != "R1" || p.Via != identity.ViaSession || p.ProofID == 0) {
			t.Fatalf("%+v", p)
		}
		if err := l.WriteSightings(t.Context()); err != nil {
			t.Fatal(err)
		}
		return p.SignedIn()
	}
	idle, err := l.signIn(t, "R1", password, "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	busy, _ := l.signIn(t, "R1", password, "192.0.2.1")
	out, _ := l.signIn(t, "R1", password, "192.0.2.1")
	if !alive(out.Token) {
		t.Error("a new session does not work")
	}
	if err := l.SignOut(t.Context(), out.Token); err != nil || alive(out.Token) {
		t.Errorf("signed out, and it goes on: %v", err)
	}
	for range 11 { // used every ten minutes, up to the absolute end
		l.clock.advance(10 * time.Minute)
		if !alive(busy.Token) {
			t.Fatalf("it ended while it was used, after %v", l.clock.now().Sub(busy.Session.CreatedAt))
		}
	}
	if alive(idle.Token) {
		t.Error("an idle session goes on")
	}
	l.clock.advance(10 * time.Minute)
	if alive(busy.Token) {
		t.Error("a session goes on past its absolute end")
	}
	if _, err := l.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := l.count(t, `SELECT count(*) FROM members.sessions`); n != 0 {
		t.Errorf("%d sessions are kept for nothing", n)
	}
}

func TestTheLastUseIsWrittenOnceAMinute(t *testing.T) {
	l := open(t)
	l.member(t, "R1", identity.Patron)
	session, err := l.signIn(t, "R1", password, "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	begin := l.clock.now()
	seen := func() time.Duration {
		t.Helper()
		if _, err := l.BySession(t.Context(), session.Token); err != nil {
			t.Fatal(err)
		}
		if err := l.WriteSightings(t.Context()); err != nil {
			t.Fatal(err)
		}
		var at time.Time
		if err := l.db.Pool().QueryRow(t.Context(), `SELECT last_seen_at FROM members.sessions`).Scan(&at); err != nil {
			t.Fatal(err)
		}
		return at.Sub(begin)
	}
	l.clock.advance(59 * time.Second)
	if at := seen(); at != 0 {
		t.Errorf("written after 59 s: %v", at)
	}
	l.clock.advance(2 * time.Second)
	if at := seen(); at != 61*time.Second {
		t.Errorf("after 61 s: %v", at)
	}
}

func TestSigningInReplacesTheSessionBefore(t *testing.T) {
	l := open(t, func(s *members.Settings) { s.SessionsMax = 3 })
	m := l.member(t, "R1", identity.Patron)
	first, err := l.signIn(t, "R1", password, "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	second, err := l.SignIn(t.Context(), members.SignIn{Login: "R1", Password: password, Replaces: first.Token})
	if err != nil || second.Token == first.Token {
		t.Fatal(err)
	}
	if p, _ := l.BySession(t.Context(), first.Token); p.SignedIn() {
		t.Error("the session before goes on")
	}
	for range 5 {
		l.clock.advance(time.Second)
		if _, err := l.signIn(t, "R1", password, "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
	}
	mine, err := l.MySessions(as(t.Context(), m))
	if err != nil || len(mine) != 3 || mine[0].AgentFamily != "Firefox" || !mine[0].CreatedAt.After(mine[1].CreatedAt) {
		t.Fatalf("%+v, %v", mine, err)
	}
	other := l.member(t, "R2", identity.Patron)
	if err := l.EndSession(as(t.Context(), other), mine[0].ID); code(err) != "session_not_found" {
		t.Errorf("another's session: %v", err)
	}
	if err := l.EndSession(as(t.Context(), m), mine[0].ID); err != nil {
		t.Error(err)
	}
	if mine, _ = l.MySessions(as(t.Context(), m)); len(mine) != 2 {
		t.Errorf("%d sessions left", len(mine))
	}
}

// Secrets are nowhere in the database, in no form that could be used.
func TestSecretsAreNotStored(t *testing.T) {
	l := open(t)
	m := l.member(t, "R1", identity.Patron)
	session, err := l.signIn(t, "R1", password, "192.0.2.77")
	if err != nil {
		t.Fatal(err)
	}
	_, token, err := l.CreateToken(as(t.Context(), m), members.NewToken{Name: "reader"})
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"sessions", "api_tokens", "credentials", "sign_in_throttle", "audit", "members", "cards"} {
		var rows string
		if err := l.db.Pool().QueryRow(t.Context(), `SELECT coalesce(string_agg(x::text, E'\n'), '') FROM members.`+table+` x`).Scan(&rows); err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{session.Token, token, password, "192.0.2.77"} {
			if strings.Contains(rows, secret) {
				t.Errorf("members.%s holds %q", table, secret)
			}
		}
	}
}

func TestTokens(t *testing.T) {
	l := open(t, func(s *members.Settings) { s.TokensMax = 3 })
	desk, reader, admin := l.member(t, "DESK", identity.Desk), l.member(t, "R1", identity.Patron), l.member(t, "ADMIN", identity.Administrator)
	made, secret, err := l.CreateToken(as(t.Context(), desk), members.NewToken{Name: "self-check", Role: identity.Patron, Lifetime: time.Hour})
	if err != nil || !strings.HasPrefix(secret, "bv_") || len(secret) != 46 {
		t.Fatalf("%+v %q %v", made, secret, err)
	}
	p, err := l.ByToken(t.Context(), secret)
	if err != nil || p.MemberID != desk.ID || p.Role != identity.Patron || p.Via != identity.ViaToken || p.ProofID != made.ID {
		t.Errorf("%+v, %v", p, err)
	}
	if _, _, err := l.CreateToken(as(t.Context(), desk), members.NewToken{Name: "more", Role: identity.Librarian}); code(err) != "role_above_own" {
		t.Errorf("above one's own role: %v", err)
	}
	for what, n := range map[string]members.NewToken{
		"no name": {}, "too long": {Name: "x", Lifetime: 400 * 24 * time.Hour}, "too short": {Name: "x", Lifetime: time.Second}, "in the past": {Name: "x", Lifetime: -time.Hour},
	} {
		if _, _, err := l.CreateToken(as(t.Context(), desk), n); code(err) != "invalid_request" {
			t.Errorf("%s: %v", what, err)
		}
	}
	// A token that makes a token gives it neither more rights nor a longer life.
	child, _, err := l.CreateToken(identity.WithPrincipal(t.Context(), p), members.NewToken{Name: "child"})
	if err != nil || child.Role != identity.Patron || !child.ExpiresAt.Equal(made.ExpiresAt) {
		t.Errorf("a child: %+v, %v", child, err)
	}
	if _, _, err := l.CreateToken(as(t.Context(), desk), members.NewToken{Name: "third"}); err != nil {
		t.Error(err)
	}
	if _, _, err := l.CreateToken(as(t.Context(), desk), members.NewToken{Name: "fourth"}); code(err) != "too_many_tokens" {
		t.Errorf("the fourth: %v", err)
	}
	if err := l.WriteSightings(t.Context()); err != nil {
		t.Fatal(err)
	}
	mine, err := l.ListTokens(as(t.Context(), desk), false, 0, 10)
	if err != nil || len(mine) != 3 || mine[2].LastUsedOn.Format(time.DateOnly) != "2026-03-04" || !mine[0].LastUsedOn.IsZero() {
		t.Errorf("%+v, %v", mine, err)
	}
	if all, err := l.ListTokens(as(t.Context(), reader), true, 0, 10); code(err) != "administrators_only" {
		t.Errorf("a patron lists all: %+v, %v", all, err)
	}
	if all, err := l.ListTokens(as(t.Context(), admin), true, mine[0].ID, 10); err != nil || len(all) != 2 {
		t.Errorf("an administrator lists all: %+v, %v", all, err)
	}
	if err := l.RevokeToken(as(t.Context(), reader), made.ID); code(err) != "token_not_found" {
		t.Errorf("a patron revokes another's: %v", err)
	}
	l.clock.advance(time.Hour)
	if _, err := l.ByToken(t.Context(), secret); code(err) != "token_invalid" {
		t.Errorf("expired: %v", err)
	}
	_, fresh, err := l.CreateToken(as(t.Context(), reader), members.NewToken{Name: "fresh"})
	if err != nil {
		t.Fatal(err)
	}
	owner, _ := l.ByToken(t.Context(), fresh)
	if err := l.RevokeToken(as(t.Context(), admin), owner.ProofID); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{fresh, "", "bv_", "bv_" + strings.Repeat("A", 43), "bv_" + strings.Repeat("é", 43), strings.Repeat("x", 1<<20), secret[3:]} {
		if _, err := l.ByToken(t.Context(), bad); code(err) != "token_invalid" {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
}

// A role that is taken away is gone at once, from sessions and tokens alike.
func TestARoleTakenAwayIsGoneAtOnce(t *testing.T) {
	l := open(t)
	admin, desk := l.member(t, "ADMIN", identity.Administrator), l.member(t, "DESK", identity.Desk)
	session, err := l.signIn(t, "DESK", password, "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	_, token, err := l.CreateToken(as(t.Context(), desk), members.NewToken{Name: "desk"})
	if err != nil {
		t.Fatal(err)
	}
	patron := identity.Patron
	if _, err := l.Edit(as(t.Context(), admin), "DESK", members.Change{Role: &patron}); err != nil {
		t.Fatal(err)
	}
	if p, err := l.BySession(t.Context(), session.Token); err != nil || p.SignedIn() {
		t.Errorf("the session: %+v, %v", p, err)
	}
	if p, err := l.ByToken(t.Context(), token); err != nil || p.Role != identity.Patron {
		t.Errorf("the token: %+v, %v", p, err)
	}
	if n := l.count(t, `SELECT count(*) FROM members.audit WHERE action = 'role_changed' AND detail = 'desk to patron'`); n != 1 {
		t.Errorf("%d audit entries", n)
	}
}

func TestTokensForCommands(t *testing.T) {
	l := open(t)
	for role := identity.Patron; role <= identity.Administrator; role++ {
		secret, made, err := l.IssueToken(t.Context(), role, "", "bookvault token", 0)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := l.ByToken(t.Context(), secret); err != nil || p.Role != role || p.Card != "SERVICE-"+role.String() || !made.ExpiresAt.Equal(l.clock.now().Add(90*24*time.Hour)) {
			t.Errorf("%v: %+v, %v", role, p, err)
		}
		if again, _, err := l.IssueToken(t.Context(), role, "", "again", time.Hour); err != nil || again == secret {
			t.Errorf("%v again: %v", role, err)
		}
	}
	if n := l.count(t, `SELECT count(*) FROM members.members WHERE kind = 'service'`); n != 4 {
		t.Errorf("%d service members, want 4", n)
	}
	for range 2 { // the loader can be repeated
		if _, err := l.Enrol(t.Context(), members.NewMember{Card: "desk", Name: "Demo Desk", Role: identity.Desk, Password: password, Kind: members.KindDemonstration}); err != nil {
			t.Fatal(err)
		}
	}
	secret, _, err := l.IssueToken(t.Context(), identity.Desk, "", "with a demonstration member", 0)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := l.ByToken(t.Context(), secret); err != nil || p.Card != "desk" {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := l.signIn(t, "desk", password, "192.0.2.1"); err != nil {
		t.Error(err)
	}
	if _, _, err := l.IssueToken(t.Context(), identity.Librarian, "desk", "too much", 0); code(err) != "role_above_own" {
		t.Errorf("above the card's role: %v", err)
	}
	if _, made, err := l.IssueToken(t.Context(), identity.Patron, "DESK", "less", 0); err != nil || made.Role != identity.Patron {
		t.Errorf("below it: %+v, %v", made, err)
	}
	if _, _, err := l.IssueToken(t.Context(), identity.Patron, "NOBODY", "x", 0); code(err) != "member_not_found" {
		t.Error(err)
	}
}

func TestStartAndStop(t *testing.T) {
	l := open(t)
	if err := l.Stop(t.Context()); err != nil {
		t.Error("before Start:", err)
	}
	l.member(t, "R1", identity.Patron)
	session, err := l.signIn(t, "R1", password, "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := l.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	l.clock.advance(5 * time.Minute)
	if _, err := l.BySession(t.Context(), session.Token); err != nil {
		t.Fatal(err)
	}
	for range 2 { // what was gathered is written on the way out
		if err := l.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if n := l.count(t, `SELECT count(*) FROM members.sessions WHERE last_seen_at = $1`, l.clock.now()); n != 1 {
		t.Error("the last use was lost")
	}
}
