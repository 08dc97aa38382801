package cdn

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// importMap is the one of a page, with the digest of its text as policies write it.
type importMap struct {
	Imports, Integrity map[string]string
	digest             string
}

// mapOf reads a page's import map and checks that the policy lets it be read by browsers.
func mapOf(t *testing.T, page, policy string) importMap {
	t.Helper()
	found := regexp.MustCompile(`<script type="importmap">(.*?)</script>`).FindAllStringSubmatch(page, -1)
	if len(found) != 1 {
		t.Fatalf("%d import maps in\n%s", len(found), page)
	}
	var m importMap
	if err := json.Unmarshal([]byte(found[0][1]), &m); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(found[0][1]))
	m.digest = "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
	if !strings.Contains(policy, "'"+m.digest+"'") {
		t.Errorf("the policy does not let the import map in: %s", policy)
	}
	return m
}

func TestAPolicyIsWidenedByWhatIsNeededAndNoMore(t *testing.T) {
	for _, test := range []struct{ policy, scripts, origin, want string }{
		{"default-src 'self'", "'sha256-x'", "", "default-src 'self'; script-src 'self' 'sha256-x'"},
		{"default-src 'self'; script-src 'none'", "'sha256-x'", "", "default-src 'self'; script-src 'sha256-x'"},
		{"default-src 'none'; script-src 'self';", "'sha256-x'", "https://c", "default-src 'none'; script-src 'self' 'sha256-x' https://c; style-src https://c; img-src https://c; font-src https://c"},
		{"default-src 'self'", "", "", "default-src 'self'"},
		{"frame-ancestors 'none'", "'sha256-x'", "https://c", "frame-ancestors 'none'"},
	} {
		if got := widen(test.policy, test.scripts, test.origin); got != test.want {
			t.Errorf("%s\nbecame\n%s\nwant\n%s", test.policy, got, test.want)
		}
	}
}

// From a network pages load with digests, without credentials, and under names that lead there; every digest is of what is served.
func TestANetworkIsTrustedWithNothing(t *testing.T) {
	const base = "https://cdn.example.org"
	files := open(t, Settings{BaseURL: base + "/"})
	page, err := files.Document("/index.html", "default-src 'self'; img-src 'self' data:; object-src 'none'; font-src 'none'", nil)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	page.Serve(w, httptest.NewRequest("GET", "/", nil), 200)
	text := w.Body.String()
	policy := w.Header().Get("Content-Security-Policy")
	m := mapOf(t, text, policy)
	want := fmt.Sprintf("default-src 'self'; img-src 'self' data: %[1]s; object-src 'none'; font-src %[1]s; script-src 'self' '%[2]s' %[1]s; style-src 'self' %[1]s", base, m.digest)
	if policy != want {
		t.Errorf("policy\n%s\nwant\n%s", policy, want)
	}
	for from, to := range m.Imports {
		served := ask(files, "GET", strings.TrimPrefix(to, base))
		sum := sha512.Sum384(served.Body.Bytes())
		if served.Code != 200 || m.Integrity[to] != "sha384-"+base64.StdEncoding.EncodeToString(sum[:]) || !strings.HasPrefix(from, base+Prefix) {
			t.Errorf("%s leads to %s: %d, digest %s", from, to, served.Code, m.Integrity[to])
		}
		if served.Header().Get("Access-Control-Allow-Origin") != "*" || served.Header().Get("Cross-Origin-Resource-Policy") != "cross-origin" {
			t.Errorf("%s is not for other origins: %v", to, served.Header())
		}
	}
	for _, tag := range []string{
		`<link rel="icon" href="` + files.URL("/icon.svg") + `">`,
		`<link rel="stylesheet" href="` + files.URL("/look/base.css") + `" integrity="` + m.Integrity[files.URL("/look/base.css")] + `" crossorigin="anonymous">`,
		`<link rel="modulepreload" href="` + files.URL("/lib/api.js") + `" integrity="` + m.Integrity[files.URL("/lib/api.js")] + `" crossorigin="anonymous">`,
		`src="` + files.URL("/app.js") + `" integrity="` + m.Integrity[files.URL("/app.js")] + `" crossorigin="anonymous"></script>`,
		`<a href="/app.js">`, `<img src="/missing.png">`,
	} {
		if !strings.Contains(text, tag) {
			t.Errorf("the page has no %s:\n%s", tag, text)
		}
	}
	if strings.Index(text, `type="importmap"`) > strings.Index(text, "modulepreload") {
		t.Error("the import map comes after the first module")
	}
	if w := ask(files, "GET", "/assets/none.js"); w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Error("a page cannot see that a file is missing")
	}
}

func TestAPageIsAskedForAnew(t *testing.T) {
	files := open(t, Settings{})
	page, err := files.Document("/index.html", "default-src 'self'", nil)
	if err != nil {
		t.Fatal(err)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { page.Serve(w, r, 200) })
	plain, coded := ask(handler, "GET", "/"), ask(handler, "GET", "/", "Accept-Encoding", "zstd")
	if plain.Header().Get("Cache-Control") != "no-cache" || plain.Header().Get("ETag") == coded.Header().Get("ETag") || meant(t, coded) != plain.Body.String() {
		t.Errorf("%v\n%v", plain.Header(), coded.Header())
	}
	if w := ask(handler, "GET", "/", "Accept-Encoding", "zstd", "If-None-Match", coded.Header().Get("ETag")); w.Code != 304 || w.Header().Get("Content-Security-Policy") == "" {
		t.Errorf("asked again: %d %v", w.Code, w.Header())
	}
	m := mapOf(t, plain.Body.String(), plain.Header().Get("Content-Security-Policy"))
	if len(m.Integrity) > 0 || strings.Contains(plain.Body.String(), "integrity") {
		t.Error("digests of what comes from here")
	}
	if policy := plain.Header().Get("Content-Security-Policy"); policy != "default-src 'self'; script-src 'self' '"+m.digest+"'" {
		t.Errorf("policy %s", policy)
	}
	w := httptest.NewRecorder()
	page.Serve(w, httptest.NewRequest("GET", "/nowhere", nil), 404)
	if w.Code != 404 || w.Header().Get("ETag") != "" || w.Body.Len() == 0 {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}
