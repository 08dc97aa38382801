package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"bookvault/modules/members"
	"bookvault/modules/members/api"
	"bookvault/modules/members/postgres"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/identity"
	"bookvault/platform/rest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const (
	root     = "/api/members/v1"
	password = "correct horse battery"
)

// desk is a members API on a database of its own, with everything that it logged.
type desk struct {
	handler http.Handler
	service *members.Service
	log     *lockedBuffer
	mu      sync.Mutex
	at      time.Time
	tokens  map[identity.Role]string
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}
func (l *lockedBuffer) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }

func (d *desk) now() time.Time { d.mu.Lock(); defer d.mu.Unlock(); return d.at }
func (d *desk) advance(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = d.at.Add(by)
}

// open makes the API with one member a role, their cards named after the role, and a token each.
func open(t *testing.T, settings api.Settings) *desk {
	t.Helper()
	d := &desk{log: &lockedBuffer{}, at: time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC), tokens: map[identity.Role]string{}}
	service, err := members.New(postgres.New(dbtest.New(t)), members.Settings{Hashing: members.Hashing{MemoryKiB: 64, Iterations: 1},
		Throttle: members.Throttle{PerAccount: 5, PerAddress: 50}}, d.now)
	if err != nil {
		t.Fatal(err)
	}
	d.service = service
	restAPI := rest.New(rest.Settings{Version: "test", MaxBody: 1 << 20, Logger: slog.New(slog.NewJSONHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	restAPI.SetAuthenticator(api.NewAuthenticator(service))
	api.Register(restAPI, service, settings)
	d.handler = restAPI
	for role := identity.Patron; role <= identity.Administrator; role++ {
		card := strings.ToUpper(role.String())
		if _, err := service.Enrol(t.Context(), members.NewMember{Card: card, Name: "A " + role.String(), Email: role.String() + "@example.org", Role: role, Password: password}); err != nil {
			t.Fatal(err)
		}
		if d.tokens[role], _, err = service.IssueToken(t.Context(), role, card, "test", 0); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// answer is what came back.
type answer struct {
	*http.Response
	text string
	json map[string]any
}

func (a answer) code() string { c, _ := a.json["code"].(string); return c }

func (a answer) field() string {
	list, _ := a.json["errors"].([]any)
	if len(list) == 0 {
		return ""
	}
	return list[0].(map[string]any)["field"].(string)
}

// send asks the API; who is a role's name, a bearer, a session cookie ("cookie:…") or nothing.
func (d *desk) send(t *testing.T, who, method, path, body string, headers ...string) answer {
	t.Helper()
	r := httptest.NewRequest(method, root+path, strings.NewReader(body))
	if role, err := identity.ParseRole(who); err == nil {
		r.Header.Set("Authorization", "Bearer "+d.tokens[role])
	} else if session, is := strings.CutPrefix(who, "cookie:"); is {
		r.AddCookie(&http.Cookie{Name: api.CookieName, Value: session})
	} else if who != "" {
		r.Header.Set("Authorization", who)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	a := answer{Response: w.Result(), text: w.Body.String()}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &a.json); err != nil {
			t.Fatalf("%s %s: not JSON: %.200q", method, path, a.text)
		}
	}
	return a
}

func (d *desk) signIn(t *testing.T, login string) (cookie *http.Cookie, a answer) {
	t.Helper()
	a = d.send(t, "", "POST", "/sessions", fmt.Sprintf(`{"login":%q,"password":%q}`, login, password))
	if a.StatusCode != 201 || len(a.Cookies()) != 1 {
		t.Fatalf("sign in: %d %s", a.StatusCode, a.text)
	}
	return a.Cookies()[0], a
}

func TestASessionInABrowser(t *testing.T) {
	d := open(t, api.Settings{})
	cookie, signedIn := d.signIn(t, "patron@example.org")
	if cookie.Name != "bv_session" || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.Secure || cookie.Domain != "" || cookie.MaxAge != 0 {
		t.Errorf("the cookie: %s", cookie)
	}
	if signedIn.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("a sign-in may be stored: %v", signedIn.Header)
	}
	who := "cookie:" + cookie.Value
	me := d.send(t, who, "GET", "/me", "")
	if me.StatusCode != 200 || me.json["card"] != "PATRON" || me.json["role"] != "patron" || me.json["via"] != "session" || me.json["category"] != "adult" ||
		me.json["expires_on"] != "2028-03-04" || me.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("me: %d %s %v", me.StatusCode, me.text, me.Header)
	}
	if list := d.send(t, who, "GET", "/sessions", ""); list.StatusCode != 200 || list.json["items"].([]any)[0].(map[string]any)["current"] != true {
		t.Errorf("my sessions: %s", list.text)
	}
	// Signing in again in the same browser ends the session before.
	again := d.send(t, who, "POST", "/sessions", fmt.Sprintf(`{"card":"desk","password":%q}`, password))
	if again.StatusCode != 201 || again.Cookies()[0].Value == cookie.Value {
		t.Fatalf("again: %d %s", again.StatusCode, again.text)
	}
	if me := d.send(t, who, "GET", "/me", ""); me.StatusCode != 401 || me.code() != "sign_in_needed" {
		t.Errorf("the session before: %d %s", me.StatusCode, me.text)
	}
	who = "cookie:" + again.Cookies()[0].Value
	out := d.send(t, who, "DELETE", "/sessions", "")
	if out.StatusCode != 204 || len(out.Cookies()) != 1 || out.Cookies()[0].MaxAge >= 0 || out.Cookies()[0].Value != "" {
		t.Errorf("sign out: %d %v", out.StatusCode, out.Header)
	}
	if me := d.send(t, who, "GET", "/me", ""); me.StatusCode != 401 {
		t.Errorf("signed out: %d %s", me.StatusCode, me.text)
	}
	for _, who := range []string{"", who, "cookie:nonsense"} { // signing out twice is signed out
		if out := d.send(t, who, "DELETE", "/sessions", ""); out.StatusCode != 204 {
			t.Errorf("sign out again: %d %s", out.StatusCode, out.text)
		}
	}
	// Idle for long enough, the browser is nobody: no error on public paths, an invitation to sign in elsewhere.
	cookie, _ = d.signIn(t, "patron")
	d.advance(31 * time.Minute)
	if me := d.send(t, "cookie:"+cookie.Value, "GET", "/me", ""); me.StatusCode != 401 || me.code() != "sign_in_needed" {
		t.Errorf("idle: %d %s", me.StatusCode, me.text)
	}
}

func TestTheCookieIsSecureWhereItCanBe(t *testing.T) {
	d := open(t, api.Settings{SecureCookies: true})
	if cookie, _ := d.signIn(t, "patron"); !cookie.Secure {
		t.Error("not Secure although the settings say so")
	}
	d = open(t, api.Settings{})
	server := httptest.NewTLSServer(d.handler)
	defer server.Close()
	a, err := server.Client().Post(server.URL+root+"/sessions", "application/json", strings.NewReader(fmt.Sprintf(`{"login":"patron","password":%q}`, password)))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if a.StatusCode != 201 || !a.Cookies()[0].Secure {
		t.Errorf("over TLS: %d %v", a.StatusCode, a.Cookies())
	}
}

// Every failed sign-in is byte for byte the same answer.
func TestSignInAnswersAlike(t *testing.T) {
	d := open(t, api.Settings{})
	if _, err := d.service.Enrol(t.Context(), members.NewMember{Card: "NOPASS", Name: "No Password"}); err != nil {
		t.Fatal(err)
	}
	want := ""
	for _, login := range []string{"PATRON", "patron@example.org", "UNKNOWN", "unknown@example.org", "NOPASS", "ký tự lạ", "@"} {
		a := d.send(t, "", "POST", "/sessions", fmt.Sprintf(`{"login":%q,"password":"wrong password"}`, login))
		header := fmt.Sprint(a.Header)
		if a.StatusCode != 401 || a.code() != "sign_in_failed" || len(a.Cookies()) != 0 || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s", login, a.StatusCode, a.text)
		}
		if want == "" {
			want = a.text + header
		}
		if a.text+header != want {
			t.Errorf("%s answers %s, others %s", login, a.text+header, want)
		}
	}
	for range 4 {
		d.send(t, "", "POST", "/sessions", `{"login":"PATRON","password":"wrong password"}`)
	}
	a := d.send(t, "", "POST", "/sessions", fmt.Sprintf(`{"login":"PATRON","password":%q}`, password))
	if a.StatusCode != 429 || a.code() != "too_many_attempts" || a.Header.Get("Retry-After") != "900" {
		t.Errorf("throttled: %d %s %v", a.StatusCode, a.text, a.Header)
	}
}

func TestBearers(t *testing.T) {
	d := open(t, api.Settings{})
	cookie, _ := d.signIn(t, "patron")
	for what, header := range map[string]string{
		"garbage": "Bearer nonsense", "unknown": "Bearer bv_" + strings.Repeat("A", 43), "another scheme": "Basic cGF0cm9uOng=", "no token": "Bearer",
		"only a space": "Bearer ", "a session as a token": "Bearer " + cookie.Value, "two words": "Bearer a b", "huge": "Bearer " + strings.Repeat("a", 20000),
	} {
		// A wrong bearer is refused on public paths too, and beside a good cookie.
		for _, path := range []string{"/me", "/sessions"} {
			method := map[string]string{"/me": "GET", "/sessions": "DELETE"}[path]
			a := d.send(t, header, method, path, "", "Cookie", api.CookieName+"="+cookie.Value)
			if a.StatusCode != 401 || (a.code() != "token_invalid" && a.code() != "token_malformed") || a.Header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s, %s: %d %s", what, path, a.StatusCode, a.text)
			}
		}
	}
	made := d.send(t, "desk", "POST", "/tokens", `{"name":"self-check","role":"patron","expires_in":3600}`)
	if made.StatusCode != 201 || made.Header.Get("Cache-Control") != "no-store, no-transform" || made.json["role"] != "patron" || made.json["expires_at"] != "2026-03-04T10:00:00Z" {
		t.Fatalf("%d %s", made.StatusCode, made.text)
	}
	bearer := "Bearer " + made.json["token"].(string)
	if me := d.send(t, bearer, "GET", "/me", ""); me.StatusCode != 200 || me.json["card"] != "DESK" || me.json["may"] != "patron" || me.json["via"] != "token" {
		t.Errorf("%d %s", me.StatusCode, me.text)
	}
	if a := d.send(t, bearer, "GET", "/members", ""); a.StatusCode != 403 || a.code() != "role_needed" {
		t.Errorf("more than the token may: %d %s", a.StatusCode, a.text)
	}
	list := d.send(t, "desk", "GET", "/tokens?limit=1", "")
	if list.StatusCode != 200 || strings.Contains(list.text, "bv_") || list.json["next_cursor"] == nil || !strings.Contains(list.Header.Get("Link"), `rel="next"`) {
		t.Errorf("the list: %s %v", list.text, list.Header)
	}
	if next := d.send(t, "desk", "GET", "/tokens?limit=1&cursor="+list.json["next_cursor"].(string), ""); len(next.json["items"].([]any)) != 1 || next.json["next_cursor"] != nil {
		t.Errorf("its second page: %s", next.text)
	}
	if gone := d.send(t, "desk", "DELETE", fmt.Sprintf("/tokens/%.0f", made.json["id"]), ""); gone.StatusCode != 204 {
		t.Errorf("revoke: %d %s", gone.StatusCode, gone.text)
	}
	if me := d.send(t, bearer, "GET", "/me", ""); me.StatusCode != 401 {
		t.Errorf("revoked: %d", me.StatusCode)
	}
	d.advance(91 * 24 * time.Hour)
	if me := d.send(t, "desk", "GET", "/me", ""); me.StatusCode != 401 || me.code() != "token_invalid" {
		t.Errorf("expired: %d %s", me.StatusCode, me.text)
	}
}

func TestMembersOverHTTP(t *testing.T) {
	d := open(t, api.Settings{})
	made := d.send(t, "desk", "POST", "/members", `{"card":"000-77","name":"Nguyễn Du","email":"du@example.org","category":"student","expires_on":"2030-01-31","language":"vi","blocks":[{"code":"lost_card","note":"by phone"}],"password":"truyện kiều 1820"}`)
	if made.StatusCode != 201 || made.Header.Get("Location") != root+"/members/000-77" || made.Header.Get("ETag") != `"1"` || made.json["card"] != "000-77" ||
		made.json["expires_on"] != "2030-01-31" || fmt.Sprint(made.json["roles"]) != "[patron]" {
		t.Fatalf("%d %s %v", made.StatusCode, made.text, made.Header)
	}
	if a := d.send(t, "desk", "POST", "/members", `{"card":"00077","name":"Another"}`); a.StatusCode != 409 || a.code() != "card_taken" {
		t.Errorf("the card again: %d %s", a.StatusCode, a.text)
	}
	got := d.send(t, "desk", "GET", "/members/00077", "")
	if got.StatusCode != 200 || got.Header.Get("ETag") != `"1"` || !strings.Contains(got.text, "by phone") || got.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s", got.StatusCode, got.text)
	}
	edited := d.send(t, "desk", "PATCH", "/members/000-77", `{"email":null,"expires_on":null,"category":"adult","blocks":[]}`, "If-Match", `"1"`)
	if edited.StatusCode != 200 || edited.json["email"] != nil || edited.json["expires_on"] != nil || edited.json["version"] != 2.0 || edited.json["name"] != "Nguyễn Du" || edited.Header.Get("ETag") != `"2"` {
		t.Errorf("%d %s", edited.StatusCode, edited.text)
	}
	if a := d.send(t, "desk", "PATCH", "/members/000-77", `{"name":"Someone"}`, "If-Match", `"1"`); a.StatusCode != 412 || a.code() != "version_mismatch" {
		t.Errorf("an old version: %d %s", a.StatusCode, a.text)
	}
	// A role is an administrator's to give, and nobody's to give themselves.
	for _, try := range []struct {
		who, card, body, code string
		status                int
	}{
		{"desk", "000-77", `{"roles":["desk"]}`, "role_not_yours_to_grant", 403},
		{"librarian", "000-77", `{"role":"librarian"}`, "role_not_yours_to_grant", 403},
		{"patron", "PATRON", `{"roles":["administrator"]}`, "own_role", 403},
		{"administrator", "ADMINISTRATOR", `{"role":"patron"}`, "own_role", 403},
		{"desk", "ADMINISTRATOR", `{"email":"mine@example.org"}`, "higher_role", 403},
		{"administrator", "000-77", `{"roles":["patron","desk"]}`, "", 200},
		{"patron", "DESK", `{"name":"Mallory"}`, "member_not_found", 404},
		{"patron", "PATRON", `{"blocks":[]}`, "own_account", 403},
		{"patron", "PATRON", `{"language":"vi","email":"new@example.org"}`, "", 200},
	} {
		if a := d.send(t, try.who, "PATCH", "/members/"+try.card, try.body); a.StatusCode != try.status || a.code() != try.code {
			t.Errorf("%s of %s by %s: %d %s", try.body, try.card, try.who, a.StatusCode, a.text)
		}
	}
	if a := d.send(t, "desk", "POST", "/members", `{"name":"A Colleague","role":"desk"}`); a.StatusCode != 403 || a.code() != "role_not_yours_to_grant" {
		t.Errorf("the desk makes staff: %d %s", a.StatusCode, a.text)
	}
	// What a patron sees of others is nothing.
	own, other, unknown := d.send(t, "patron", "GET", "/members/patron", ""), d.send(t, "patron", "GET", "/members/DESK", ""), d.send(t, "patron", "GET", "/members/NOBODY", "")
	if own.StatusCode != 200 || other.StatusCode != 404 || other.text != unknown.text {
		t.Errorf("own %d, other %s, unknown %s", own.StatusCode, other.text, unknown.text)
	}
	// Passwords: by oneself with the old one, by staff for lower roles.
	for _, try := range []struct {
		who, card, body, code string
		status                int
	}{
		{"patron", "PATRON", `{"old_password":"wrong","new_password":"another password"}`, "wrong_password", 422},
		{"patron", "PATRON", `{"new_password":"another password"}`, "wrong_password", 422},
		{"patron", "PATRON", `{"old_password":"` + password + `","new_password":"short"}`, "invalid_request", 422},
		{"patron", "PATRON", `{"old_password":"` + password + `","new_password":"another password"}`, "", 204},
		{"patron", "DESK", `{"new_password":"another password"}`, "member_not_found", 404},
		{"desk", "PATRON", `{"new_password":"yet another password"}`, "", 204},
		{"desk", "LIBRARIAN", `{"new_password":"yet another password"}`, "not_a_lower_role", 403},
	} {
		if a := d.send(t, try.who, "POST", "/members/"+try.card+"/password", try.body); a.StatusCode != try.status || a.code() != try.code {
			t.Errorf("%s of %s by %s: %d %s", try.body, try.card, try.who, a.StatusCode, a.text)
		}
	}
	page := d.send(t, "desk", "GET", "/members?q=a&limit=2", "")
	if page.StatusCode != 200 || len(page.json["items"].([]any)) != 2 || page.json["next_cursor"] == nil {
		t.Fatalf("%d %s", page.StatusCode, page.text)
	}
	if next := d.send(t, "desk", "GET", "/members?q=a&limit=2&cursor="+page.json["next_cursor"].(string), ""); next.StatusCode != 200 || len(next.json["items"].([]any)) != 2 {
		t.Errorf("%d %s", next.StatusCode, next.text)
	}
	if a := d.send(t, "desk", "GET", "/members?q=b&limit=2&cursor="+page.json["next_cursor"].(string), ""); a.StatusCode != 422 || a.field() != "query.cursor" {
		t.Errorf("another list's cursor: %d %s", a.StatusCode, a.text)
	}
	trail := d.send(t, "administrator", "GET", "/members/000-77/audit", "")
	if trail.StatusCode != 200 || !strings.Contains(trail.text, "account_read") || !strings.Contains(trail.text, "role_changed") || strings.Contains(trail.text, "Nguyễn") {
		t.Errorf("%d %s", trail.StatusCode, trail.text)
	}
	if list := d.send(t, "desk", "GET", "/categories", ""); list.StatusCode != 200 || len(list.json["items"].([]any)) < 4 {
		t.Errorf("%d %s", list.StatusCode, list.text)
	}
}
