package api_test

import (
	"testing"

	"bookvault/modules/members/api"
)

// A reader chooses the language, the address and whether a history is kept; nobody chooses the last for somebody else.
func TestAReaderChoosesWhetherAHistoryIsKept(t *testing.T) {
	d := open(t, api.Settings{})
	if a := d.send(t, "patron", "GET", "/me", ""); a.json["keep_history"] != false {
		t.Fatalf("before anybody chose: %s", a.text)
	}
	a := d.send(t, "patron", "PATCH", "/me", `{"keep_history":true,"language":"vi","email":"new@example.org"}`, "If-Match", `"1"`)
	if a.StatusCode != 200 || a.json["keep_history"] != true || a.json["language"] != "vi" || a.json["email"] != "new@example.org" || a.Header.Get("ETag") != `"2"` {
		t.Fatalf("%d %s", a.StatusCode, a.text)
	}
	if a = d.send(t, "desk", "GET", "/members/PATRON", ""); a.json["keep_history"] != true {
		t.Errorf("the desk sees %s", a.text)
	}
	for what, c := range map[string]struct {
		who, path, body, header string
		status                  int
		code                    string
	}{
		"an old version":       {"patron", "/me", `{"keep_history":false}`, `"1"`, 412, "version_mismatch"},
		"one's own blocks":     {"patron", "/me", `{"blocks":[]}`, "", 422, ""},
		"somebody else's":      {"desk", "/members/PATRON", `{"keep_history":false}`, "", 422, ""},
		"an impossible letter": {"patron", "/me", `{"email":"nowhere"}`, "", 422, "invalid_request"},
	} {
		var headers []string
		if c.header != "" {
			headers = []string{"If-Match", c.header}
		}
		if a := d.send(t, c.who, "PATCH", c.path, c.body, headers...); a.StatusCode != c.status || c.code != "" && a.code() != c.code {
			t.Errorf("%s: %d %s", what, a.StatusCode, a.text)
		}
	}
	if a = d.send(t, "patron", "GET", "/me", ""); a.json["keep_history"] != true {
		t.Errorf("a refused change was made: %s", a.text)
	}
}
