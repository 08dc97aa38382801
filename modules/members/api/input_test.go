package api_test

import (
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"bookvault/modules/members"
	"bookvault/modules/members/api"
)

// Bad input is a 4xx that names the field, whatever it is, and nothing of it is stored or repeated.
func TestBadInput(t *testing.T) {
	d := open(t, api.Settings{})
	long := strings.Repeat("x", 60_000)
	tests := []struct {
		method, path, body string
		status             int
		field              string
	}{
		{"POST", "/members", `{`, 400, "body"},
		{"POST", "/members", ``, 400, "body"},
		{"POST", "/members", `[]`, 422, "body"},
		{"POST", "/members", `null`, 422, "body"},
		{"POST", "/members", `{}`, 422, "body"},
		{"POST", "/members", `{"name":7}`, 422, "body.name"},
		{"POST", "/members", `{"name":""}`, 422, "body.name"},
		{"POST", "/members", `{"name":"   "}`, 422, "body.name"},
		{"POST", "/members", `{"name":"a\u0000b"}`, 400, "body.name"},
		{"POST", "/members", "{\"name\":\"a\xffb\"}", 400, "body.name"},
		{"POST", "/members", `{"name":"a\u0007b"}`, 422, "body.name"},
		{"POST", "/members", `{"name":"` + long + `"}`, 422, "body.name"},
		{"POST", "/members", `{"name":"` + strings.Repeat("x", 1<<20) + `"}`, 413, ""},
		{"POST", "/members", `{"name":"A","nickname":"B"}`, 422, "body.nickname"},
		{"POST", "/members", `{"name":"A","id":7}`, 422, "body.id"},
		{"POST", "/members", `{"name":"A","card":"a/b"}`, 422, "body.card"},
		{"POST", "/members", `{"name":"A","card":"` + strings.Repeat("7", 33) + `"}`, 422, "body.card"},
		{"POST", "/members", `{"name":"A","card":"thẻ"}`, 422, "body.card"},
		{"POST", "/members", `{"name":"A","card":"---"}`, 422, "body.card"},
		{"POST", "/members", `{"name":"A","email":"nobody"}`, 422, "body.email"},
		{"POST", "/members", `{"name":"A","category":"wizard"}`, 422, "body.category"},
		{"POST", "/members", `{"name":"A","expires_on":"0000-01-01"}`, 422, "body.expires_on"},
		{"POST", "/members", `{"name":"A","expires_on":"0001-01-01"}`, 422, "body.expires_on"},
		{"POST", "/members", `{"name":"A","expires_on":"9999-12-31"}`, 422, "body.expires_on"},
		{"POST", "/members", `{"name":"A","expires_on":"99999-12-31"}`, 422, "body.expires_on"},
		{"POST", "/members", `{"name":"A","expires_on":"2027-02-30"}`, 422, "body.expires_on"},
		{"POST", "/members", `{"name":"A","expires_on":"tomorrow"}`, 422, "body.expires_on"},
		{"POST", "/members", `{"name":"A","language":"Vietnamese"}`, 422, "body.language"},
		{"POST", "/members", `{"name":"A","role":"root"}`, 422, "body.role"},
		{"POST", "/members", `{"name":"A","roles":["public"]}`, 422, "body.roles[0]"},
		{"POST", "/members", `{"name":"A","blocks":[{"code":"NO"}]}`, 422, "body.blocks[0].code"},
		{"POST", "/members", `{"name":"A","blocks":[{"code":"a"},{"code":"a"}]}`, 422, "body.blocks"},
		{"POST", "/members", `{"name":"A","password":"short"}`, 422, "body.password"},
		{"PATCH", "/members/PATRON", `{"name":null}`, 422, "body.name"},
		{"PATCH", "/members/PATRON", `{"card":null}`, 422, "body.card"},
		{"PATCH", "/members/PATRON", `{"name":{"a":1}}`, 422, "body.name"},
		{"PATCH", "/members/PATRON", `{"expires_on":"9999-01-01"}`, 422, "body.expires_on"},
		{"PATCH", "/members/PATRON", `{"expires_on":"0000-00-00"}`, 422, "body.expires_on"},
		{"PATCH", "/members/PATRON", `{"category":"Wizard!"}`, 422, "body.category"},
		{"PATCH", "/members/PATRON", `{"version":3}`, 422, "body.version"},
		{"GET", "/members/%00", ``, 400, "path"},
		{"GET", "/members/%ff", ``, 400, "path"},
		{"GET", "/members/th%E1%BA%BB", ``, 404, ""},
		{"GET", "/members/" + strings.Repeat("7", 1000), ``, 422, "path.card"},
		{"GET", "/members/..%2f..%2fme", ``, 404, ""},
		{"GET", "/members?limit=0", ``, 422, "query.limit"},
		{"GET", "/members?limit=201", ``, 422, "query.limit"},
		{"GET", "/members?limit=99999999999999999999", ``, 422, "query.limit"},
		{"GET", "/members?cursor=made-up", ``, 422, "query.cursor"},
		{"GET", "/members?q=%00", ``, 400, "query.q"},
		{"GET", "/members?nope=1", ``, 422, "query.nope"},
		{"GET", "/tokens?cursor=" + strings.Repeat("A", 100), ``, 422, "query.cursor"},
		{"DELETE", "/tokens/0", ``, 422, "path.id"},
		{"DELETE", "/tokens/-1", ``, 422, "path.id"},
		{"DELETE", "/tokens/99999999999999999999", ``, 422, "path.id"},
		{"DELETE", "/tokens/9223372036854775807", ``, 404, ""},
		{"DELETE", "/sessions/9223372036854775807", ``, 404, ""},
		{"DELETE", "/sessions/x", ``, 422, "path.id"},
		{"POST", "/tokens", `{"name":""}`, 422, "body.name"},
		{"POST", "/tokens", `{"name":"x","role":"root"}`, 422, "body.role"},
		{"POST", "/tokens", `{"name":"x","expires_in":1}`, 422, "body.expires_in"},
		{"POST", "/tokens", `{"name":"x","expires_in":315360000}`, 422, "body.expires_in"},
		{"POST", "/tokens", `{"name":"x","expires_in":1e30}`, 422, "body.expires_in"},
		{"POST", "/tokens", `{"name":"x","expires_in":"1h"}`, 422, "body.expires_in"},
		{"POST", "/sessions", `{"password":"x"}`, 422, "body.login"},
		{"POST", "/sessions", `{"login":"a","card":"b","password":"x"}`, 422, "body.login"},
		{"POST", "/sessions", `{"login":"a"}`, 422, "body"},
		{"POST", "/sessions", `{"login":["a"],"password":"x"}`, 422, "body.login"},
		{"POST", "/sessions", `{"login":"a","password":"` + long + `"}`, 422, "body.password"},
		{"POST", "/members/PATRON/password", `{}`, 422, "body"},
		{"POST", "/members/PATRON/password", `{"new_password":"a\u0000bcdefgh"}`, 400, "body.new_password"},
	}
	before, _, err := d.service.List(members.AsCommand(t.Context()), "", nil, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		a := d.send(t, "administrator", test.method, test.path, test.body)
		if a.StatusCode != test.status || a.Header.Get("Content-Type") != "application/problem+json" || (test.field != "" && a.field() != test.field) {
			t.Errorf("%s %.60s %.80s: %d %.300s", test.method, test.path, test.body, a.StatusCode, a.text)
		}
	}
	after, _, err := d.service.List(members.AsCommand(t.Context()), "", nil, 100)
	if err != nil || fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("something was stored: %v\n%v", before, after)
	}
	if log := d.log.String(); log != "" {
		t.Errorf("bad input reached the log: %.2000s", log)
	}
}

// Whatever is answered or logged, no secret is in it.
func TestNoSecretComesBack(t *testing.T) {
	d := open(t, api.Settings{})
	const secret = "hunter2-very-secret"
	for _, try := range []struct{ path, body string }{
		{"/sessions", `{"login":"PATRON","password":"` + secret + `"}`},
		{"/sessions", `{"login":"PATRON","password":["` + secret + `"]}`},
		{"/sessions", `{"login":"PATRON","password":"` + secret + strings.Repeat("x", 2000) + `"}`},
		{"/sessions", `{"login":"PATRON","password":"` + secret + `","` + secret + `":1}`},
		{"/members", `{"name":"A","password":{"a":"` + secret + `"}}`},
		{"/members", `{"name":"","password":"` + secret + `"}`},
		{"/members", `{"name":"hunter2 very secret","password":"` + secret + `"}`},
		{"/members/PATRON/password", `{"old_password":"x","new_password":"` + secret + `","x":1}`},
	} {
		a := d.send(t, "", "POST", try.path, try.body)
		if strings.Contains(try.path, "members") {
			a = d.send(t, "desk", "POST", try.path, try.body)
		}
		if strings.Contains(strings.ReplaceAll(a.text, "body."+secret, ""), secret) {
			t.Errorf("%s %s answers %s", try.path, try.body, a.text)
		}
	}
	cookie, a := d.signIn(t, "patron")
	if strings.Contains(a.text, cookie.Value) {
		t.Error("the session is in the body, where a script could read it")
	}
	if log := d.log.String(); strings.Contains(log, secret) || strings.Contains(log, cookie.Value) {
		t.Errorf("the log holds a secret: %s", log)
	}
}

func TestAHungUpClientIsNoDefect(t *testing.T) {
	d := open(t, api.Settings{})
	reader, writer := io.Pipe()
	_ = writer.CloseWithError(io.ErrUnexpectedEOF)
	r := httptest.NewRequest("POST", root+"/sessions", reader)
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	if w.Code >= 500 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
