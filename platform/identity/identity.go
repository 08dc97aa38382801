// Package identity says who is asking: a role and, when somebody is signed in, a member.
//
// It holds no logic of signing in (that is modules/members) and none of HTTP (that is platform/rest, the next room). It
// exists so that a domain service can ask "who is this?" of a context without knowing either.
package identity

import (
	"context"
	"fmt"
)

// Role is what a caller may do. Roles are ordered: a higher one may do all that a lower one may.
type Role int

// The roles, from the least to the most. Undeclared is the zero value on purpose: a route that forgot to say who may call
// it is recognised, and refused, at start.
const (
	Undeclared    Role = iota
	Public             // anybody, signed in or not
	Patron             // any member who is signed in
	Desk               // staff at the borrowing desk
	Librarian          // keeps the catalogue and the rules
	Administrator      // keeps members of staff, tokens and the running server
)

var roleNames = [...]string{"undeclared", "public", "patron", "desk", "librarian", "administrator"}

// String gives the role's name as it stands in the API and the database.
func (r Role) String() string {
	if r < Undeclared || int(r) >= len(roleNames) {
		return fmt.Sprintf("role(%d)", int(r))
	}
	return roleNames[r]
}

// ParseRole reads a role that a member or a token can have: patron, desk, librarian or administrator.
func ParseRole(name string) (Role, error) {
	for r := Patron; r <= Administrator; r++ {
		if roleNames[r] == name {
			return r, nil
		}
	}
	return Undeclared, fmt.Errorf("unknown role %q: one of patron, desk, librarian, administrator", name)
}

// Via is the way a caller proved who they are.
type Via string

// The ways a caller can be known.
const (
	ViaNothing Via = ""
	ViaSession Via = "session" // the browser's cookie
	ViaToken   Via = "token"   // an API token as a bearer
	ViaCommand Via = "command" // a command on the server's own machine
)

// Principal is the caller of a request. The zero value, with the role set to Public, is somebody who did not sign in.
type Principal struct {
	MemberID int64  // the member's stable id; 0 when nobody is signed in
	Card     string // the member's current card
	Name     string // the member's name, for pages; never logged
	Role     Role   // what this caller may do: the member's role, or the token's when that is lower
	Via      Via    // how the caller is known
	ProofID  int64  // id of the session or token that proves it; 0 when nobody is signed in
}

// SignedIn tells whether a member is known.
func (p Principal) SignedIn() bool { return p.MemberID != 0 }

// May tells whether the caller may do what needs the given role. Nobody may do what is undeclared.
func (p Principal) May(need Role) bool {
	return need != Undeclared && p.Role >= need
}

type contextKey struct{}

// WithPrincipal returns a context that carries the caller.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, contextKey{}, p)
}

// FromContext gives the caller, and whether one was put there. Without one it answers a Public principal, so that a missing
// step can never widen what a caller may do.
func FromContext(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(contextKey{}).(Principal)
	if !ok {
		return Principal{Role: Public}, false
	}
	return p, true
}
