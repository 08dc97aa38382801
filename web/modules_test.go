package web

import (
	"encoding/json"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	remarks  = regexp.MustCompile(`(?s)/\*.*?\*/`)
	imported = regexp.MustCompile(`(?m)^\s*(?:import|export)\s(?:[^"';]*?\sfrom\s)?["']([^"']+)["']`)
	resolved = regexp.MustCompile(`(?:\bimport|import\.meta\.resolve)\(\s*["']([^"']+)["']`)
	dynamic  = regexp.MustCompile(`\bimport\(|import\.meta\.resolve\(`)
)

// modules gives the source of every module without its remarks, by path.
func modules(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".js" {
			return err
		}
		text, err := fs.ReadFile(static, name)
		found[strings.TrimPrefix(name, "static")] = remarks.ReplaceAllString(string(text), "")
		return err
	})
	if err != nil || len(found) < 20 {
		t.Fatalf("%d modules: %v", len(found), err)
	}
	return found
}

// specifiers lists what a pattern finds in a module, as paths.
func specifiers(at, source string, pattern *regexp.Regexp) []string {
	var found []string
	for _, match := range pattern.FindAllStringSubmatch(source, -1) {
		found = append(found, path.Join(path.Dir(at), match[1]))
	}
	return found
}

// Whatever any module imports or resolves, the page's import map leads to a file that is there, kept for ever.
func TestTheImportMapCoversEveryImport(t *testing.T) {
	for _, base := range []string{"", "https://cdn.example.org"} {
		handler := made(t, Settings{BaseURL: base})
		page := body(t, answerOf(handler, "GET", "/"))
		var m struct{ Imports map[string]string }
		if err := json.Unmarshal([]byte(regexp.MustCompile(`<script type="importmap">(.*?)</script>`).FindStringSubmatch(page)[1]), &m); err != nil {
			t.Fatal(err)
		}
		checked := 0
		for at, source := range modules(t) {
			if got, want := len(resolved.FindAllString(source, -1)), len(dynamic.FindAllString(source, -1)); got != want {
				t.Errorf("%s imports or resolves %d things and only %d of them by a literal name, which the map can hold", at, want, got)
			}
			for _, named := range append(specifiers(at, source, imported), specifiers(at, source, resolved)...) {
				checked++
				to := m.Imports[base+"/assets"+named]
				if answer := answerOf(handler, "GET", strings.TrimPrefix(to, base)); to == "" || answer.StatusCode != 200 || !strings.HasSuffix(answer.Header.Get("Cache-Control"), "immutable") {
					t.Errorf("%s names %s, which leads to %q: %d", at, named, to, answer.StatusCode)
				}
			}
		}
		if checked < 80 {
			t.Errorf("only %d imports found: the check has gone blind", checked)
		}
	}
}

// What app.js needs before it can run is what every page needs; it is fetched at once, and not one after the other as it is found.
func TestThePreloadsAreWhatEveryPageNeeds(t *testing.T) {
	sources, needed := modules(t), map[string]bool{}
	var need func(at string)
	need = func(at string) {
		for _, next := range specifiers(at, sources[at], imported) {
			if !needed[next] {
				needed[next] = true
				need(next)
			}
		}
	}
	need("/app.js")
	page, err := fs.ReadFile(static, "static/index.html")
	if err != nil {
		t.Fatal(err)
	}
	var preloaded []string
	for _, match := range regexp.MustCompile(`rel="modulepreload" href="([^"]+)"`).FindAllStringSubmatch(string(page), -1) {
		preloaded = append(preloaded, match[1])
	}
	slices.Sort(preloaded)
	if want := slices.Sorted(maps.Keys(needed)); !slices.Equal(preloaded, want) {
		t.Errorf("index.html preloads\n%v\napp.js needs\n%v", preloaded, want)
	}
}

// With hashed names the page loads nothing by a plain one, and only the map of the modules stands in it as a script.
func TestThePageNamesFilesByTheirHashes(t *testing.T) {
	answer := askOf(t, Settings{Policy: "default-src 'self'; object-src 'none'"}, "GET", "/")
	page := body(t, answer)
	loading := regexp.MustCompile(`<(?:link|script)\b[^>]*\b(?:href|src)="([^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(loading) < 12 {
		t.Fatalf("only %d files are loaded:\n%s", len(loading), page)
	}
	hashed := regexp.MustCompile(`^/assets/[a-z0-9/-]+\.[0-9a-f]{16}\.(?:js|css|svg)$`)
	for _, match := range loading {
		if strings.HasPrefix(match[1], "data:") {
			continue // the mark of the window's tab stands in the page
		}
		if file := askOf(t, Settings{}, "GET", match[1]); !hashed.MatchString(match[1]) || file.StatusCode != 200 {
			t.Errorf("%s: %d", match[1], file.StatusCode)
		}
	}
	if inline := regexp.MustCompile(`<script(?:\s[^>]*)?>[^<]`).FindAllString(page, -1); len(inline) != 1 {
		t.Errorf("%d scripts stand in the page", len(inline))
	}
	if policy := answer.Header.Get("Content-Security-Policy"); !regexp.MustCompile(`^default-src 'self'; object-src 'none'; script-src 'self' 'sha256-[A-Za-z0-9+/]{43}='$`).MatchString(policy) {
		t.Errorf("policy %s", policy)
	}
}
