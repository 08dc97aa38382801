package identity

import (
	"context"
	"testing"
)

func TestAHigherRoleMayDoAllOfALowerOne(t *testing.T) {
	for have := Public; have <= Administrator; have++ {
		for need := Undeclared; need <= Administrator; need++ {
			got := Principal{Role: have}.May(need)
			if want := need != Undeclared && have >= need; got != want {
				t.Errorf("%v may do what needs %v: %v, want %v", have, need, got, want)
			}
		}
	}
}

func TestAContextWithoutACallerIsPublic(t *testing.T) {
	p, ok := FromContext(context.Background())
	if ok || p.Role != Public || p.SignedIn() {
		t.Errorf("FromContext(empty) = %+v, %v", p, ok)
	}
	p, ok = FromContext(WithPrincipal(context.Background(), Principal{MemberID: 7, Role: Desk}))
	if !ok || p.Role != Desk || !p.SignedIn() {
		t.Errorf("FromContext = %+v, %v", p, ok)
	}
}

func TestParseRole(t *testing.T) {
	for r := Patron; r <= Administrator; r++ {
		if got, err := ParseRole(r.String()); err != nil || got != r {
			t.Errorf("ParseRole(%q) = %v, %v", r, got, err)
		}
	}
	for _, bad := range []string{"", "public", "undeclared", "Desk", "root"} {
		if _, err := ParseRole(bad); err == nil {
			t.Errorf("ParseRole(%q) was accepted", bad)
		}
	}
}
