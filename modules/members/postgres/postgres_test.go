package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"bookvault/modules/members"
	"bookvault/modules/members/postgres"
	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// clock is a time that tests move by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }
func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

const password = "correct horse battery"

// library is a members module on a database of its own, with a clock that stands still and hashes that cost next to nothing.
type library struct {
	*members.Service
	db    *database.DB
	clock *clock
}

func open(t *testing.T, adjust ...func(*members.Settings)) library {
	t.Helper()
	settings := members.Settings{Hashing: members.Hashing{MemoryKiB: 64, Iterations: 1, Concurrency: 2}}
	for _, change := range adjust {
		change(&settings)
	}
	c := &clock{at: time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)}
	db := dbtest.New(t)
	service, err := members.New(postgres.New(db), settings, c.now)
	if err != nil {
		t.Fatal(err)
	}
	return library{service, db, c}
}

// member makes a member with the password above.
func (l library) member(t *testing.T, card string, role identity.Role) members.Member {
	t.Helper()
	m, err := l.Create(members.AsCommand(t.Context()), members.NewMember{Card: card, Name: "Reader " + card, Email: strings.ToLower(card) + "@example.org", Role: role, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// as gives a context in which a member acts.
func as(ctx context.Context, m members.Member) context.Context {
	return identity.WithPrincipal(ctx, identity.Principal{MemberID: m.ID, Card: m.Card, Name: m.Name, Role: m.Role, Via: identity.ViaSession})
}

func (l library) signIn(t *testing.T, login, password, address string) (members.Started, error) {
	t.Helper()
	return l.SignIn(t.Context(), members.SignIn{Login: login, Password: password, Address: address, UserAgent: "Firefox/140.0"})
}

func code(err error) string {
	if err == nil {
		return ""
	}
	if p, ok := errors.AsType[*problem.Error](err); ok {
		return p.Code
	}
	return "not a problem: " + err.Error()
}

func (l library) count(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	if err := l.db.Pool().QueryRow(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAMemberComesBackAsItWasMade(t *testing.T) {
	l := open(t)
	desk := l.member(t, "DESK", identity.Desk)
	m, err := l.Create(as(t.Context(), desk), members.NewMember{Card: " 000-1234 ", Name: "Nguyê\u0303n  Thị Đào", Email: "Dao@Example.org", Category: "student",
		Language: "vi", Blocks: []members.Block{{Code: "lost_card", Note: "reported by phone"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, card := range []string{"000-1234", "0001234", "000 1234"} {
		got, err := l.Get(as(t.Context(), desk), card)
		if err != nil {
			t.Fatalf("%s: %v", card, err)
		}
		if got.ID != m.ID || got.Card != "000-1234" || got.Name != "Nguyễn Thị Đào" || got.Email != "Dao@Example.org" || got.Role != identity.Patron || got.Version != 1 ||
			got.ExpiresOn.Format(time.DateOnly) != "2027-03-04" || len(got.Blocks) != 1 || got.Blocks[0].Note != "reported by phone" || !got.Blocks[0].Since.Equal(l.clock.now()) {
			t.Errorf("%s: %+v", card, got)
		}
	}
	if _, err := l.Get(as(t.Context(), desk), "1234"); code(err) != "member_not_found" {
		t.Errorf("leading zeros were lost: %v", err)
	}
	if _, err := l.Create(as(t.Context(), desk), members.NewMember{Card: "0001234", Name: "Another"}); code(err) != "card_taken" {
		t.Errorf("the same card again: %v", err)
	}
	if _, err := l.Create(as(t.Context(), desk), members.NewMember{Name: "Another", Category: "wizard"}); code(err) != "invalid_request" {
		t.Errorf("an unknown category: %v", err)
	}
	generated, err := l.Create(as(t.Context(), desk), members.NewMember{Name: "Another"})
	if err != nil || len(generated.Card) != 14 || !strings.HasPrefix(generated.Card, "29001") || generated.ExpiresOn.Format(time.DateOnly) != "2028-03-04" {
		t.Errorf("a generated card: %+v, %v", generated, err)
	}
}

func TestFindingMembers(t *testing.T) {
	l := open(t)
	desk := l.member(t, "DESK", identity.Desk)
	for i, name := range []string{"Nguyễn Thị Đào", "Nguyen Du", "Đào Duy Anh", "Trần Đăng Khoa", "O'Neil, Jean-Luc", `Quote ' and \ Slash`} {
		if _, err := l.Create(members.AsCommand(t.Context()), members.NewMember{Card: fmt.Sprintf("0077-%d", i), Name: name, Email: fmt.Sprintf("r_%d%%@example.org", i)}); err != nil {
			t.Fatal(err)
		}
	}
	for query, want := range map[string]string{
		"":                 "Nguyễn Thị Đào|Nguyen Du|Đào Duy Anh|Trần Đăng Khoa|O'Neil, Jean-Luc|Quote ' and \\ Slash|Reader DESK",
		"nguyen":           "Nguyen Du|Nguyễn Thị Đào",
		"đào ng":           "Nguyễn Thị Đào",
		"DAO":              "Đào Duy Anh|Nguyễn Thị Đào",
		"oneil":            "O'Neil, Jean-Luc",
		"jean-l":           "O'Neil, Jean-Luc",
		"0077":             "all",
		"0077-3":           "Trần Đăng Khoa",
		"77":               "",
		"r_3%@":            "Trần Đăng Khoa",
		"r_3@":             "",
		"R_3%@EXAMPLE.ORG": "Trần Đăng Khoa",
		"'; DROP TABLE":    "",
		`\`:                "",
		"' | '":            "",
		"& ! ( )":          "",
		"nobody":           "",
	} {
		found, _, err := l.List(as(t.Context(), desk), query, nil, 50)
		if err != nil {
			t.Errorf("%q: %v", query, err)
			continue
		}
		var names []string
		for _, m := range found {
			names = append(names, m.Name)
		}
		got := strings.Join(names, "|")
		switch {
		case query == "" && len(found) != 7, want == "all" && len(found) != 6, query != "" && want != "all" && got != want:
			t.Errorf("%q found %s", query, got)
		}
	}
	if _, _, err := l.List(as(t.Context(), members.Member{ID: 99, Role: identity.Patron}), "a", nil, 50); code(err) != "staff_only" {
		t.Errorf("a patron searched members: %v", err)
	}
}

// Pages have no gaps and no repeats, whatever the size of a page and however many share a name.
func TestPagesOfMembers(t *testing.T) {
	l := open(t)
	desk := l.member(t, "DESK", identity.Desk)
	for i := range 23 {
		if _, err := l.Create(members.AsCommand(t.Context()), members.NewMember{Name: []string{"An", "Bình", "Chi"}[i%3]}); err != nil {
			t.Fatal(err)
		}
	}
	for _, size := range []int{1, 2, 5, 23, 24, 100} {
		seen, after, pages := map[int64]bool{}, (*members.Place)(nil), 0
		for {
			found, next, err := l.List(as(t.Context(), desk), "", after, size)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range found {
				if seen[m.ID] {
					t.Fatalf("pages of %d: %d twice", size, m.ID)
				}
				seen[m.ID] = true
			}
			if pages++; next == nil {
				break
			}
			after = next
		}
		if want := (24 + size - 1) / size; len(seen) != 24 || pages != want {
			t.Errorf("pages of %d: %d members in %d pages, want 24 in %d", size, len(seen), pages, want)
		}
	}
}

func TestEditing(t *testing.T) {
	l := open(t)
	desk, reader := l.member(t, "DESK", identity.Desk), l.member(t, "R1", identity.Patron)
	other := l.member(t, "R2", identity.Patron)
	name, card, none, category, wrong := "Renamed Reader", "R1-NEW", "", "senior", int32(7)
	never := time.Time{}
	blocks := []members.Block{{Code: "conduct"}}
	l.clock.advance(time.Hour)
	m, err := l.Edit(as(t.Context(), desk), "r1", members.Change{IfVersion: &reader.Version, Name: &name, Card: &card, Email: &none, Category: &category, ExpiresOn: &never, Blocks: &blocks})
	if err != nil || m.Version != 2 || m.Name != name || m.Card != card || m.Email != "" || m.Category != category || !m.ExpiresOn.IsZero() || len(m.Blocks) != 1 {
		t.Fatalf("%+v, %v", m, err)
	}
	if again, replaced, err := l.ByCard(t.Context(), "R1"); err != nil || again.ID != reader.ID || again.Card != card || !replaced {
		t.Errorf("the old card: %+v, %v, %v", again, replaced, err)
	}
	if again, replaced, err := l.ByCard(t.Context(), "r1 new"); err != nil || again.Version != 2 || replaced || len(again.Blocks) != 1 {
		t.Errorf("the new card: %+v, %v, %v", again, replaced, err)
	}
	for what, c := range map[string]members.Change{
		"version_mismatch": {IfVersion: &wrong, Name: &name},
		"card_taken":       {Card: &other.Card},
		"invalid_request":  {Category: &name},
	} {
		if _, err := l.Edit(as(t.Context(), desk), card, c); code(err) != what {
			t.Errorf("%s: %v", what, err)
		}
	}
	unknown := "wizard"
	if _, err := l.Edit(as(t.Context(), desk), card, members.Change{Category: &unknown}); code(err) != "invalid_request" {
		t.Errorf("an unknown category: %v", err)
	}
	if again, _, _ := l.ByCard(t.Context(), card); again.Version != 2 {
		t.Errorf("a refused change left version %d", again.Version)
	}
	// The old card is found again and given back: it is this member's own.
	if m, err = l.Edit(as(t.Context(), desk), card, members.Change{Card: &reader.Card}); err != nil || m.Card != "R1" {
		t.Errorf("the old card again: %+v, %v", m, err)
	}
	if n := l.count(t, `SELECT count(*) FROM members.cards WHERE member_id = $1 AND replaced_at IS NULL`, reader.ID); n != 1 {
		t.Errorf("%d current cards", n)
	}
	// An old card signs nobody in: it may be in a finder's hand.
	if _, err := l.signIn(t, card, password, "192.0.2.1"); code(err) != "sign_in_failed" {
		t.Errorf("signing in by a replaced card: %v", err)
	}
}

func TestPatronsSeeOnlyThemselves(t *testing.T) {
	l := open(t)
	a, b := l.member(t, "A1", identity.Patron), l.member(t, "B1", identity.Patron)
	if got, err := l.Get(as(t.Context(), a), "a1"); err != nil || got.ID != a.ID {
		t.Errorf("their own: %+v, %v", got, err)
	}
	_, another := l.Get(as(t.Context(), a), b.Card)
	_, unknown := l.Get(as(t.Context(), a), "NOBODY")
	if another == nil || unknown == nil || another.Error() != unknown.Error() {
		t.Errorf("another's answers %v, an unknown one %v", another, unknown)
	}
	name := "Mallory"
	_, another = l.Edit(as(t.Context(), a), b.Card, members.Change{Name: &name})
	_, unknown = l.Edit(as(t.Context(), a), "NOBODY", members.Change{Name: &name})
	if another == nil || unknown == nil || another.Error() != unknown.Error() {
		t.Errorf("editing another's answers %v, an unknown one %v", another, unknown)
	}
	another = l.SetPassword(as(t.Context(), a), b.Card, "", "stolen password", "")
	unknown = l.SetPassword(as(t.Context(), a), "NOBODY", "", "stolen password", "")
	if another == nil || unknown == nil || another.Error() != unknown.Error() {
		t.Errorf("setting another's password answers %v, an unknown one's %v", another, unknown)
	}
}

func TestReadingAnAccountIsAudited(t *testing.T) {
	l := open(t)
	desk, reader, admin := l.member(t, "DESK", identity.Desk), l.member(t, "R1", identity.Patron), l.member(t, "ADMIN", identity.Administrator)
	if _, err := l.Get(as(t.Context(), desk), "R1"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Get(as(t.Context(), reader), "R1"); err != nil { // one's own is nobody's reading
		t.Fatal(err)
	}
	name := "Renamed"
	if _, err := l.Edit(as(t.Context(), desk), "R1", members.Change{Name: &name}); err != nil {
		t.Fatal(err)
	}
	entries, err := l.AuditOf(as(t.Context(), admin), "R1", 0, 10)
	if err != nil || len(entries) != 3 {
		t.Fatalf("%+v, %v", entries, err)
	}
	for i, want := range []string{"account_changed", "account_read", "account_created"} {
		if entries[i].Action != want || entries[i].SubjectID != reader.ID || !entries[i].At.Equal(l.clock.now()) {
			t.Errorf("entry %d: %+v, want %s", i, entries[i], want)
		}
	}
	if entries[1].ActorID != desk.ID || entries[1].ActorRole != identity.Desk || entries[0].Detail != "name" || entries[2].Via != identity.ViaCommand {
		t.Errorf("%+v", entries)
	}
	if older, err := l.AuditOf(as(t.Context(), admin), "R1", entries[1].ID, 10); err != nil || len(older) != 1 {
		t.Errorf("older: %+v, %v", older, err)
	}
	if _, err := l.AuditOf(as(t.Context(), desk), "R1", 0, 10); code(err) != "member_not_found" {
		t.Errorf("the desk read the audit: %v", err)
	}
	if _, err := l.Get(as(t.Context(), desk), "NOBODY"); code(err) != "member_not_found" {
		t.Error(err)
	}
	if n := l.count(t, `SELECT count(*) FROM members.audit WHERE action = 'account_read'`); n != 1 {
		t.Errorf("%d readings recorded, want 1", n)
	}
}
