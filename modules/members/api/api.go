// Package api is the members module over HTTP: signing in and out, one's own account, members, passwords and tokens under
// /api/members/v1, and the Authenticator that platform/rest asks who is calling.
//
// An operation decodes, calls the Service and encodes; rules and rights are the Service's. This package knows nothing of the
// database.
package api

import (
	"net/http"

	"bookvault/modules/members"
	"bookvault/platform/identity"
	"bookvault/platform/rest"
)

// Settings of the module's HTTP side.
type Settings struct {
	// SecureCookies marks the session cookie Secure also where a request did not come by TLS itself, for a server behind a proxy
	// that ends TLS.
	SecureCookies bool
}

type operations struct {
	service  *members.Service
	settings Settings
}

const (
	root = "/api/members/v1"
	tag  = "members"
	// small is more than the largest sensible body of this module, in bytes.
	small = 64 << 10
)

// Register adds the module's operations to the API.
func Register(api *rest.API, service *members.Service, settings Settings) {
	o := &operations{service: service, settings: settings}
	route := func(method, path, id, summary string, who identity.Role, status int) rest.Route {
		return rest.Route{Method: method, Path: root + path, ID: id, Summary: summary, Tag: tag, Who: who, Status: status, MaxBody: small}
	}
	rest.Register(api, route("POST", "/sessions", "sign-in", "Sign in", identity.Public, http.StatusCreated), o.signIn)
	rest.Register(api, route("DELETE", "/sessions", "sign-out", "Sign out this browser", identity.Public, http.StatusNoContent), o.signOut)
	rest.Register(api, route("GET", "/sessions", "list-sessions", "My sessions", identity.Patron, 0), o.listSessions)
	rest.Register(api, route("DELETE", "/sessions/{id}", "end-session", "Sign out another of my browsers", identity.Patron, http.StatusNoContent), o.endSession)
	rest.Register(api, route("GET", "/me", "me", "Who I am", identity.Patron, 0), o.me)
	rest.Register(api, route("PATCH", "/me", "edit-me", "Change how I am reached, and whether a history is kept", identity.Patron, 0), o.editMe)
	o.registerLists(api)

	rest.Register(api, route("POST", "/members", "create-member", "Create a member", identity.Desk, http.StatusCreated), o.createMember)
	rest.Register(api, route("GET", "/members", "list-members", "Find members by name, card or e-mail address", identity.Desk, 0), o.listMembers)
	rest.Register(api, route("GET", "/members/{card}", "get-member", "A member; patrons see their own", identity.Patron, 0), o.getMember)
	rest.Register(api, route("PATCH", "/members/{card}", "edit-member", "Change a member", identity.Patron, 0), o.editMember)
	rest.Register(api, route("POST", "/members/{card}/password", "set-password", "Change one's own password, or set that of a member of a lower role",
		identity.Patron, http.StatusNoContent), o.setPassword)
	rest.Register(api, route("GET", "/members/{card}/audit", "member-audit", "Who read or changed a member's account; patrons see their own", identity.Patron, 0), o.auditOf)
	rest.Register(api, route("GET", "/audit", "audit", "Who read or changed which accounts", identity.Librarian, 0), o.audit)
	rest.Register(api, route("POST", "/members/{card}/card-replacement", "replace-card", "Give a member another card", identity.Desk, 0), o.replaceCard)
	rest.Register(api, route("POST", "/members/{card}/renewal", "renew-membership", "Extend a membership by its category's months", identity.Desk, 0), o.renewMembership)
	rest.Register(api, route("POST", "/members/{card}/blocks", "add-block", "Set a block against a member", identity.Desk, 0), o.addBlock)
	rest.Register(api, route("DELETE", "/members/{card}/blocks/{code}", "remove-block", "Take a block away", identity.Desk, 0), o.removeBlock)

	rest.Register(api, route("POST", "/members/{card}/merge", "merge-member", "Make a member part of another", identity.Librarian, 0), o.mergeMember)
	rest.Register(api, route("DELETE", "/members/{card}", "delete-member", "Delete a member", identity.Librarian, http.StatusNoContent), o.deleteMember)

	rest.Register(api, route("GET", "/categories", "list-categories", "Categories of members", identity.Patron, 0), o.listCategories)
	rest.Register(api, route("POST", "/categories", "add-category", "Make a category of members", identity.Librarian, http.StatusCreated), o.addCategory)
	rest.Register(api, route("PATCH", "/categories/{code}", "edit-category", "Change a category", identity.Librarian, 0), o.editCategory)
	rest.Register(api, route("DELETE", "/categories/{code}", "remove-category", "Delete a category that nothing refers to", identity.Librarian, http.StatusNoContent), o.removeCategory)

	rest.Register(api, route("GET", "/tokens", "list-tokens", "My API tokens", identity.Patron, 0), o.listTokens)
	rest.Register(api, route("POST", "/tokens", "create-token", "Make an API token; it is shown this once", identity.Patron, http.StatusCreated), o.createToken)
	rest.Register(api, route("DELETE", "/tokens/{id}", "revoke-token", "Revoke an API token", identity.Patron, http.StatusNoContent), o.revokeToken)
}

// noContent is the answer of operations that have nothing to say.
type noContent struct{}
