package web

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// shelf are titles by their ids.
type shelf map[int64]Title

func (s shelf) Title(_ context.Context, id int64) (Title, error) {
	if t, ok := s[id]; ok {
		return t, nil
	}
	if id == 503 {
		return Title{}, errors.New("the catalogue does not answer")
	}
	return Title{}, ErrNoTitle
}

func (s shelf) Found(ctx context.Context, words string, limit int) ([]Title, error) {
	if words == "slow" {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	var found []Title
	for range limit {
		found = append(found, s[7])
	}
	return found, nil
}

var year = 1820

var titles = shelf{
	7: {ID: 7, Name: `Truyện <Kiều> "&' </script><script>alert(1)</script>`, Authors: []string{"Nguyễn Du", `<img src=x onerror="alert(1)">`},
		Description: strings.Repeat("Trăm năm trong cõi người ta. ", 30), Language: "vi", ISBN13: "9786041234567", Year: &year, Genres: []string{"Poetry"}, Cover: "/api/catalog/v1/books/7/cover?v=1"},
	8: {ID: 9}, // made one with 9
	9: {ID: 9, Name: "Bare"},
}

func TestATitlesPageHasAHeadOfItsOwn(t *testing.T) {
	answer := askOf(t, Settings{Titles: titles, Policy: "default-src 'self'"}, "GET", "/books/7")
	page := body(t, answer)
	head, _, _ := strings.Cut(page, "</head>")
	if answer.StatusCode != 200 || !strings.Contains(page, `id="main"`) {
		t.Fatalf("%d\n%s", answer.StatusCode, page)
	}
	for _, want := range []string{`<link rel="canonical" href="http://example.com/books/7">`, `<meta property="og:type" content="book">`, `<meta property="book:isbn" content="9786041234567">`,
		`<meta property="book:author" content="Nguyễn Du">`, `<meta property="og:title" content="Truyện &lt;Kiều&gt; &#34;&amp;&#39; `, `Trăm…">`, `content="http://example.com/api/catalog/v1/books/7/cover?v=1"`} {
		if !strings.Contains(head, want) {
			t.Errorf("the head lacks %s:\n%s", want, head)
		}
	}
	for _, once := range []string{"<title>", `name="description"`} {
		if n := strings.Count(head, once); n != 1 {
			t.Errorf("%s stands %d times", once, n)
		}
	}
	if strings.Contains(page, "<img src=x") || strings.Contains(page, "alert(1)</script>") {
		t.Errorf("a title's text became markup:\n%s", head)
	}
	var said struct {
		Type   string `json:"@type"`
		Name   string
		Author []struct{ Name string }
		ISBN   string
		Date   string `json:"datePublished"`
	}
	block := regexp.MustCompile(`(?s)<script type="application/ld\+json">(.*?)</script>`).FindStringSubmatch(page)
	if block == nil || json.Unmarshal([]byte(block[1]), &said) != nil {
		t.Fatalf("no words of schema.org: %v", block)
	}
	if said.Type != "Book" || said.Name != titles[7].Name || len(said.Author) != 2 || said.Author[1].Name != titles[7].Authors[1] || said.Date != "1820" {
		t.Errorf("schema.org is told %+v", said)
	}
	if policy := answer.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "'sha256-") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %s", policy)
	}
	tag := answer.Header.Get("Etag")
	again := askOf(t, Settings{Titles: titles}, "GET", "/books/7", "If-None-Match", "W/"+tag)
	if tag == "" || again.StatusCode != 304 || body(t, again) != "" {
		t.Errorf("asked again with %q: %d", tag, again.StatusCode)
	}
	if other := askOf(t, Settings{Titles: titles}, "GET", "/books/9").Header.Get("Etag"); other == tag {
		t.Error("two titles share an ETag")
	}
	if head := askOf(t, Settings{Titles: titles}, "HEAD", "/books/7"); head.StatusCode != 200 || body(t, head) != "" || head.Header.Get("Content-Length") != answer.Header.Get("Content-Length") {
		t.Errorf("HEAD: %d %v", head.StatusCode, head.Header)
	}
}

func TestATitlesPageWithoutTheTitle(t *testing.T) {
	for path, want := range map[string]int{"/books/9": 200, "/books/8": 301, "/books/1": 404, "/books/503": 200, "/books/99999999999999999999": 404, "/books/9/edit": 200} {
		answer := askOf(t, Settings{Titles: titles}, "GET", path, "Accept", browser)
		if answer.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, answer.StatusCode, want)
		}
		if want == 301 && answer.Header.Get("Location") != "/books/9" {
			t.Errorf("%s leads to %s", path, answer.Header.Get("Location"))
		}
		if text := body(t, answer); want != 301 && !strings.Contains(text, `id="main"`) {
			t.Errorf("%s is no page: %s", path, text)
		}
	}
}

// The head of one title, and another language, are written over these words of index.html.
func TestTheWordsThatAreReplacedAreThere(t *testing.T) {
	page, err := fs.ReadFile(static, "static/index.html")
	if err != nil {
		t.Fatal(err)
	}
	root, err := fs.Sub(static, "static")
	if err != nil {
		t.Fatal(err)
	}
	english, err := messagesOf(root, "en")
	if err != nil {
		t.Fatal(err)
	}
	once := []string{plainTitle, `<meta name="description"`}
	for _, key := range spoken {
		once = append(once, english[key])
	}
	for _, words := range once {
		if words == "" || strings.Count(string(page), words) != 1 {
			t.Errorf("index.html does not hold %q once", words)
		}
	}
	vietnamese, err := messagesOf(root, "vi")
	if err != nil {
		t.Fatal(err)
	}
	page = []byte(prepared(string(page), "vi", vietnamese, english, kind{}))
	for _, key := range spoken {
		if !strings.Contains(string(page), vietnamese[key]) || strings.Contains(string(page), english[key]) {
			t.Errorf("%s is not said in Vietnamese", key)
		}
	}
}
