package members

import (
	"context"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// errNotFound is the one answer for an account that is not there and for one that the caller may not know of.
func errNotFound() error {
	return problem.NotFound("member_not_found", "There is no such member.")
}

// errNotSignedIn asks the public to say who they are.
func errNotSignedIn() error {
	return problem.New(problem.Unauthenticated, "not_signed_in", "Please sign in.")
}

// caller is who is acting. A context that carries nobody is the public.
func caller(ctx context.Context) identity.Principal {
	p, _ := identity.FromContext(ctx)
	return p
}

// needStaff refuses whoever does not work here.
func needStaff(p identity.Principal) error {
	if !p.May(identity.Desk) {
		return problem.New(problem.Forbidden, "staff_only", "Only staff may do this.")
	}
	return nil
}

// needRole refuses callers of a lower role.
func needRole(p identity.Principal, role identity.Role) error {
	if !p.May(role) {
		return problem.New(problem.Forbidden, "role_needed", "This needs the role %s.", role)
	}
	return nil
}

// mayServe checks whether a member of staff may act on this account at the desk: nobody serves themselves, nor anybody whose role is above
// their own.
func mayServe(p identity.Principal, m Member) error {
	switch {
	case p.Via == identity.ViaCommand:
		return nil
	case p.MemberID == m.ID:
		return problem.New(problem.Forbidden, "own_account", "Nobody serves themselves; ask a colleague at the desk.")
	case p.Role < m.Role:
		return errHigherRole()
	}
	return nil
}

func errHigherRole() error {
	return problem.New(problem.Forbidden, "higher_role", "This account belongs to somebody with a higher role than yours.")
}

// mayGrant checks who may give a role: anybody who creates members makes patrons; staff roles are an administrator's to give.
func mayGrant(p identity.Principal, role identity.Role) error {
	if role > identity.Patron && !p.May(identity.Administrator) {
		return problem.New(problem.Forbidden, "role_not_yours_to_grant", "Only an administrator gives or takes the role of a member of staff.")
	}
	return nil
}

// mayEdit checks who may change a member. Members themselves change how they are reached; everything that decides what they may
// borrow or do is changed by somebody else, whose role is not below theirs.
func mayEdit(p identity.Principal, m Member, c Change) error {
	if p.Via == identity.ViaCommand {
		return nil
	}
	if p.MemberID == m.ID {
		if c.Role != nil && *c.Role != m.Role {
			return problem.New(problem.Forbidden, "own_role", "Nobody changes their own role; ask another administrator.")
		}
		if c.Card != nil || c.Name != nil || c.Category != nil || c.ExpiresOn != nil || c.Blocks != nil {
			return problem.New(problem.Forbidden, "own_account", "Of your own account you can change the e-mail address, the language and whether a history is kept; for the rest ask a colleague at the desk.")
		}
		return nil
	}
	if !p.May(identity.Desk) {
		return errNotFound()
	}
	if c.KeepHistory != nil {
		return problem.New(problem.Forbidden, "own_choice", "Whether a history is kept is for the member alone to choose.")
	}
	if p.Role < m.Role {
		return errHigherRole()
	}
	if c.Role != nil && *c.Role != m.Role {
		return mayGrant(p, max(*c.Role, m.Role))
	}
	return nil
}

// maySetPassword checks who may set the password of a member without knowing the old one: staff, for members of a lower role.
func maySetPassword(p identity.Principal, m Member) error {
	switch {
	case p.Via == identity.ViaCommand:
		return nil
	case !p.May(identity.Desk):
		return errNotFound()
	case p.Role <= m.Role:
		return problem.New(problem.Forbidden, "not_a_lower_role", "Passwords are set for members of a lower role than one's own only.")
	case m.Kind == KindService:
		return problem.New(problem.Forbidden, "service_account", "A service account has tokens and no password.")
	}
	return nil
}
