package modules

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"bookvault/modules/members"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/identity"
)

func TestAnAdministratorSwitchesPatternsWhileTheLibraryRuns(t *testing.T) {
	library := assembled(t, dbtest.New(t))
	secret, _, err := library.Members.IssueToken(members.AsCommand(t.Context()), identity.Administrator, "", "test", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method, path, body string) (int, string) {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+secret)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		library.Handler.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	var list struct{ Items []patternBody }
	code, body := ask("GET", "/api/ops/v1/patterns", "")
	if err := json.Unmarshal([]byte(body), &list); err != nil || code != 200 || len(list.Items) != len(library.Patterns.switches())+len(foundations) {
		t.Fatalf("%d %s %v", code, body, err)
	}
	for _, s := range list.Items { // each one, off and on again
		if s.Fixed {
			if code, _ := ask("PUT", "/api/ops/v1/patterns/"+s.Name, `{"enabled": false}`); code != 404 {
				t.Errorf("%s has no switch, and was answered %d", s.Name, code)
			}
			continue
		}
		for _, on := range []bool{false, true} {
			want := map[bool]string{true: `{"enabled": true}`, false: `{"enabled": false}`}[on]
			if code, body := ask("PUT", "/api/ops/v1/patterns/"+s.Name, want); code != 200 {
				t.Errorf("%s: %d %s", s.Name, code, body)
			}
			for _, now := range library.Patterns.switches() {
				if now.name == s.Name && now.on() != on {
					t.Errorf("%s is %v, not %v", s.Name, now.on(), on)
				}
			}
		}
	}
	if code, body := ask("PUT", "/api/ops/v1/patterns/magic", `{"enabled": true}`); code != 404 || !strings.Contains(body, "pattern_not_found") {
		t.Errorf("%d %s", code, body)
	}
}
