package api

import (
	"net/http"

	"bookvault/modules/members"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
	"bookvault/platform/rest"
)

// CookieName is the session cookie's name.
const CookieName = "bv_session"

// Authenticator finds out who sends a request, by bearer token or session cookie.
type Authenticator struct{ service *members.Service }

var _ rest.Authenticator = Authenticator{}

// NewAuthenticator makes the authenticator of a server.
func NewAuthenticator(service *members.Service) Authenticator { return Authenticator{service} }

// Authenticate reads the bearer, and only where there is none the cookie. A bearer that is malformed, unknown or expired is a problem; an
// old cookie is nobody, so that a browser reads on.
func (a Authenticator) Authenticate(r *http.Request) (identity.Principal, error) {
	token, ok := rest.BearerOf(r)
	if !ok || len(r.Header.Values("Authorization")) > 1 {
		return identity.Principal{}, problem.New(problem.Unauthenticated, "token_malformed",
			"The Authorization header must be: Bearer, a space, and an API token.")
	}
	if token != "" {
		return a.service.ByToken(r.Context(), token)
	}
	cookie, err := r.Cookie(CookieName)
	if err != nil {
		return identity.Principal{Role: identity.Public}, nil
	}
	return a.service.BySession(r.Context(), cookie.Value)
}

// sessionCookie makes the cookie of a session. It lives as long as the browser is open: the server decides when it ends, and a
// public computer that was closed is signed out.
func (o *operations) sessionCookie(token string, overTLS bool) http.Cookie {
	return http.Cookie{Name: CookieName, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: overTLS || o.settings.SecureCookies}
}

// noCookie makes the browser forget the cookie.
func (o *operations) noCookie(overTLS bool) http.Cookie {
	c := o.sessionCookie("", overTLS)
	c.MaxAge = -1
	return c
}
