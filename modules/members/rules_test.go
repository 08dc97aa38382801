package members

import (
	"errors"
	"strings"
	"testing"
	"time"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

func code(err error) string {
	if err == nil {
		return ""
	}
	if p, ok := errors.AsType[*problem.Error](err); ok {
		return p.Code
	}
	return err.Error()
}

// Who may edit whom, and what of it.
func TestMayEdit(t *testing.T) {
	name, email, card := "New Name", "new@example.org", "X1"
	role := func(r identity.Role) *identity.Role { return &r }
	blocks := []Block{}
	tests := []struct {
		who    string
		actor  identity.Principal
		whom   Member
		change Change
		code   string
	}{
		{"a patron reaches nobody else", identity.Principal{MemberID: 1, Role: identity.Patron}, Member{ID: 2, Role: identity.Patron}, Change{Email: &email}, "member_not_found"},
		{"a patron changes their own address", identity.Principal{MemberID: 1, Role: identity.Patron}, Member{ID: 1, Role: identity.Patron}, Change{Email: &email}, ""},
		{"a patron does not rename themselves", identity.Principal{MemberID: 1, Role: identity.Patron}, Member{ID: 1, Role: identity.Patron}, Change{Name: &name}, "own_account"},
		{"a patron does not lift their own blocks", identity.Principal{MemberID: 1, Role: identity.Patron}, Member{ID: 1, Role: identity.Patron}, Change{Blocks: &blocks}, "own_account"},
		{"nor promote themselves", identity.Principal{MemberID: 1, Role: identity.Patron}, Member{ID: 1, Role: identity.Patron}, Change{Role: role(identity.Desk)}, "own_role"},
		{"the desk edits a patron", identity.Principal{MemberID: 1, Role: identity.Desk}, Member{ID: 2, Role: identity.Patron}, Change{Name: &name, Card: &card, Blocks: &blocks}, ""},
		{"the desk does not lift its own blocks", identity.Principal{MemberID: 1, Role: identity.Desk}, Member{ID: 1, Role: identity.Desk}, Change{Blocks: &blocks}, "own_account"},
		{"the desk does not edit a librarian", identity.Principal{MemberID: 1, Role: identity.Desk}, Member{ID: 2, Role: identity.Librarian}, Change{Email: &email}, "higher_role"},
		{"a librarian makes no staff", identity.Principal{MemberID: 1, Role: identity.Librarian}, Member{ID: 2, Role: identity.Patron}, Change{Role: role(identity.Desk)}, "role_not_yours_to_grant"},
		{"a librarian unmakes no staff", identity.Principal{MemberID: 1, Role: identity.Librarian}, Member{ID: 2, Role: identity.Desk}, Change{Role: role(identity.Patron)}, "role_not_yours_to_grant"},
		{"the same role is no change", identity.Principal{MemberID: 1, Role: identity.Librarian}, Member{ID: 2, Role: identity.Desk}, Change{Role: role(identity.Desk), Name: &name}, ""},
		{"an administrator does", identity.Principal{MemberID: 1, Role: identity.Administrator}, Member{ID: 2, Role: identity.Desk}, Change{Role: role(identity.Librarian)}, ""},
		{"but not to themselves", identity.Principal{MemberID: 1, Role: identity.Administrator}, Member{ID: 1, Role: identity.Administrator}, Change{Role: role(identity.Patron)}, "own_role"},
		{"a command may", identity.Principal{Role: identity.Administrator, Via: identity.ViaCommand}, Member{ID: 1, Role: identity.Administrator}, Change{Role: role(identity.Patron)}, ""},
		{"nobody signed in reaches nobody", identity.Principal{Role: identity.Public}, Member{ID: 2, Role: identity.Patron}, Change{Email: &email}, "member_not_found"},
	}
	for _, test := range tests {
		if got := code(mayEdit(test.actor, test.whom, test.change)); got != test.code {
			t.Errorf("%s: %q, want %q", test.who, got, test.code)
		}
	}
}

func TestMaySetPassword(t *testing.T) {
	for actor := identity.Public; actor <= identity.Administrator; actor++ {
		for whom := identity.Patron; whom <= identity.Administrator; whom++ {
			err := maySetPassword(identity.Principal{MemberID: 1, Role: actor}, Member{ID: 2, Role: whom})
			if allowed := actor >= identity.Desk && actor > whom; allowed != (err == nil) {
				t.Errorf("%v sets the password of a %v: %v", actor, whom, err)
			}
		}
	}
	if err := maySetPassword(identity.Principal{MemberID: 1, Role: identity.Administrator}, Member{ID: 2, Role: identity.Desk, Kind: KindService}); err == nil {
		t.Error("a service account got a password")
	}
}

func TestNewPasswords(t *testing.T) {
	s := &Service{settings: Settings{}.withDefaults()}
	m := Member{Card: "29001 0000", Name: "Nguyễn Thị Đào", Email: "dao.reader@example.org"}
	for password, ok := range map[string]bool{
		"correct horse":            true,
		"mật khẩu dài":             true,
		"1234567":                  false, // too short
		"bảy chữ":                  false, // seven characters, more bytes
		"aaaaaaaaaaaa":             false,
		"nguyen thi dao":           false,
		"NGUYỄNTHỊĐÀO":             false,
		"290010000":                false,
		"dao.reader@example.org":   false,
		"daoreader":                false,
		"\xff\xff\xff\xff12345678": false,
		strings.Repeat("ab", 128):  true,
		strings.Repeat("ab", 129):  false,
	} {
		if err := s.checkNewPassword("body.password", password, m); (err == nil) != ok {
			t.Errorf("%.30q: %v", password, err)
		} else if err != nil && strings.Contains(err.Error(), password) {
			t.Errorf("the refusal repeats the password: %v", err)
		}
	}
}

func TestWhatAMemberCanBe(t *testing.T) {
	for name, ok := range map[string]bool{"A": true, "  Nguyễn  Du ": true, "": false, " ": false, "a\x00b": false, "\xff": false, "123": false, strings.Repeat("ả", 200): true, strings.Repeat("a", 201): false} {
		if got, err := cleanName("body.name", name); (err == nil) != ok || ok && strings.Contains(got, "  ") {
			t.Errorf("name %.20q: %q, %v", name, got, err)
		}
	}
	for address, ok := range map[string]bool{"": true, "a@b": true, "a@b.c": true, "a": false, "@b": false, "a@": false, "a@b@c": false, "a b@c": false, "a@b\n": true, "a\n@b": false, "a@" + strings.Repeat("b", 260): false} {
		if _, err := cleanEmail("body.email", address); (err == nil) != ok {
			t.Errorf("email %.20q: %v", address, err)
		}
	}
	for year, ok := range map[int]bool{0: false, 1989: false, 1990: true, 2026: true, 2199: true, 2200: false, 9999: false} {
		if _, err := cleanExpiry("body.expires_on", time.Date(year, 2, 3, 0, 0, 0, 0, time.UTC)); (err == nil) != ok {
			t.Errorf("year %d: %v", year, err)
		}
	}
	for tag, ok := range map[string]bool{"": true, "vi": true, "en-GB": true, "zh-Hant-TW": true, "Vietnamese": false, "v": false, "vi_VN": false} {
		if _, err := cleanLanguage("body.language", tag); (err == nil) != ok {
			t.Errorf("language %q: %v", tag, err)
		}
	}
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	got, err := cleanBlocks("body.blocks", []Block{{Code: "lost_card"}, {Code: "conduct", Note: " loud "}}, []Block{{Code: "conduct", Since: since}}, since.AddDate(0, 1, 0), 7)
	if err != nil || got[0].Since.Equal(since) || !got[1].Since.Equal(since) || got[1].Note != "loud" {
		t.Errorf("blocks: %+v, %v", got, err)
	}
	for _, bad := range [][]Block{{{Code: ""}}, {{Code: "Lost"}}, {{Code: "a"}, {Code: "a"}}, {{Code: "a", Note: strings.Repeat("x", 501)}}, make([]Block, 21)} {
		if _, err := cleanBlocks("body.blocks", bad, nil, since, 7); err == nil {
			t.Errorf("blocks %.60v were accepted", bad)
		}
	}
}

func TestWhatCountsAsOneAddress(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7":                  "192.0.2.7",
		"192.0.2.7:51234":            "192.0.2.7",
		"::ffff:192.0.2.7":           "192.0.2.7",
		"[2001:db8:1:2:3:4:5:6]:443": "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::1":       "2001:db8:1:2::/64",
		"fe80::1%eth0":               "fe80::/64",
		"":                           "unknown",
		"@":                          "unknown",
	} {
		if got := addressBlock(address); got != want {
			t.Errorf("addressBlock(%q) = %q, want %q", address, got, want)
		}
	}
}

func TestAgentFamily(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                        "Firefox",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":               "Chrome",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0": "Edge",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15":         "Safari",
		"<script>": "",
	} {
		if got := agentFamily(agent); got != want {
			t.Errorf("agentFamily(%.40q) = %q, want %q", agent, got, want)
		}
	}
}
