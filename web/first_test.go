package web

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestAPageIsDrawnBeforeItsScriptComes(t *testing.T) {
	handler := made(t, Settings{Titles: titles, Policy: "default-src 'self'"})
	for _, c := range []struct{ target, language, lang, want string }{
		{"/", "en-GB,en;q=0.9", "en", "<h1>What would you like to read?</h1>"},
		{"/", "vi-VN,vi;q=0.9,en;q=0.5", "vi", "<h1>Bạn muốn đọc gì?</h1>"},
		{"/", "fr", "en", "<h1>What would you like to read?</h1>"},
		{"/", "not a language;;", "en", "<h1>What would you like to read?</h1>"},
		{"/search?q=%3Cb%3Ekiều%3C%2Fb%3E", "en", "en", "&lt;b&gt;kiều&lt;/b&gt;"},
		{"/search", "vi", "vi", "<h1></h1>"},
		{"/search?q=ki%E1%BB%81u", "en", "en", `<h2><a href="/books/7" lang="vi" dir="auto">Truyện &lt;Kiều&gt;`},
		{"/search?q=slow", "en", "en", `<option>Best match</option></select></label></div></section>`},
		{"/search?q=a&genre=Poetry", "vi", "vi", `<option>Hợp nhất</option></select></label></div></section>`},
		{"/books/7", "vi", "vi", `<h1 lang="vi" dir="auto">Truyện &lt;Kiều&gt;`},
		{"/books/7", "en", "en", `<p class="description" dir="auto">Trăm năm`},
		{"/sign-in", "vi", "vi", "<!-- first -->"},
	} {
		answer := answerOf(handler, "GET", c.target, "Accept-Language", c.language)
		page := body(t, answer)
		_, main, _ := strings.Cut(page, "<main")
		if answer.StatusCode != 200 || !strings.Contains(main, c.want) || !strings.Contains(page, `<html lang="`+c.lang+`">`) {
			t.Errorf("%s in %s: %d\n%s", c.target, c.language, answer.StatusCode, main)
		}
		if !slices.Contains(answer.Header["Vary"], "Accept-Language") && !strings.Contains(strings.Join(answer.Header["Vary"], ","), "Accept-Language") {
			t.Errorf("%s varies by %v", c.target, answer.Header["Vary"])
		}
		if strings.Contains(main, "<b>") || strings.Contains(main, "<img src=x") || strings.Contains(main, "<script>alert") {
			t.Errorf("%s: text became markup", c.target)
		}
	}
}

// What a page fetches before its script asks is exactly what that script imports: nothing is fetched in vain, and nothing is waited for in turn.
func TestAPageNamesEveryModuleThatItsScriptImports(t *testing.T) {
	sources := modules(t)
	index, err := fs.ReadFile(static, "static/index.html")
	if err != nil {
		t.Fatal(err)
	}
	named := []string{"/app.js"}
	for _, m := range regexp.MustCompile(`modulepreload" href="([^"]+)"`).FindAllStringSubmatch(string(index), -1) {
		named = append(named, m[1])
	}
	for name, k := range kinds {
		var needed []string
		todo := []string{k.modules[0]}
		for len(todo) > 0 {
			at := todo[0]
			todo = todo[1:]
			if slices.Contains(needed, at) || slices.Contains(named, at) {
				continue
			}
			needed = append(needed, at)
			todo = append(todo, specifiers(at, sources[at], imported)...)
		}
		listed := slices.Clone(k.modules)
		slices.Sort(needed)
		slices.Sort(listed)
		if !slices.Equal(needed, listed) {
			t.Errorf("%s needs\n%v\nand names\n%v", name, needed, listed)
		}
		for _, style := range k.styles {
			if !strings.Contains(sources["/app.js"], "."+style) {
				t.Errorf("%s is no style of a page", style)
			}
		}
	}
}

func TestWordsOfTheFirstPictureAreThere(t *testing.T) {
	root, _ := fs.Sub(static, "static")
	for _, lang := range languages {
		words, err := messagesOf(root, lang)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"home.heading", "results.for", "results.sort", "sort.relevance", "sort.newest", "facet.heading", "title.about"} {
			if words[key] == "" {
				t.Errorf("%s has no %s", lang, key)
			}
		}
		if !strings.Contains(words["results.for"], "{q}") {
			t.Errorf("results.for in %s: %s", lang, words["results.for"])
		}
	}
}

func TestFilesCarryNoHeadersThatOnlyDocumentsNeed(t *testing.T) {
	handler := made(t, Settings{Policy: "default-src 'self'"})
	page := body(t, answerOf(handler, "GET", "/"))
	with := func(target string) http.Header {
		w := httptest.NewRecorder()
		w.Header().Set("Content-Security-Policy", "default-src 'self'")
		w.Header().Set("X-Request-Id", "7")
		handler.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
		if w.Code != 200 {
			t.Fatalf("%s: %d", target, w.Code)
		}
		return w.Header()
	}
	if h := with(regexp.MustCompile(`/assets/app\.[0-9a-f]+\.js`).FindString(page)); h.Get("Content-Security-Policy") != "" || h.Get("X-Request-Id") != "" {
		t.Errorf("a script: %v", h)
	}
	if h := with("/favicon.svg"); h.Get("Content-Security-Policy") != "default-src 'none'" {
		t.Errorf("a picture: %v", h)
	}
	if h := with("/"); !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'self'") || h.Get("X-Request-Id") == "" {
		t.Errorf("a page: %v", h)
	}
}
