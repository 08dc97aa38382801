package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"bookvault/modules/catalog"
	"bookvault/modules/catalog/api"
	"bookvault/modules/catalog/postgres"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
	"bookvault/platform/rest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// roleByBearer signs in whoever names a role.
type roleByBearer struct{}

// Authenticate reads the role.
func (roleByBearer) Authenticate(r *http.Request) (identity.Principal, error) {
	token, _ := rest.BearerOf(r)
	role, err := identity.ParseRole(token)
	if err != nil {
		return identity.Principal{Role: identity.Public}, nil
	}
	return identity.Principal{MemberID: 1, Role: role}, nil
}

// holdings plays borrowing: titles in it are in use.
type holdings map[int64]bool

// CloseTitle refuses a title that is in use.
func (h holdings) CloseTitle(_ context.Context, id int64) error {
	if h[id] {
		return problem.Refused(problem.Reason{Code: "title_has_items", Detail: "2 items are not withdrawn."}, problem.Reason{Code: "title_has_holds", Detail: "1 hold waits."})
	}
	return nil
}

// MergeTitle refuses to move what is in use.
func (h holdings) MergeTitle(_ context.Context, from, _ int64) error {
	return h.CloseTitle(context.Background(), from)
}

type library struct {
	t    testing.TB
	url  string
	used holdings
}

func newLibrary(t testing.TB) *library {
	t.Helper()
	settings := catalog.DefaultSettings()
	settings.Cover.MaxBytes, settings.Cover.MaxPixels = 1<<20, 4_000_000
	s := catalog.New(postgres.New(dbtest.New(t), settings.Search).Stores(), settings, time.Now)
	l := &library{t: t, used: holdings{}}
	s.SetHoldings(l.used)
	a := rest.New(rest.Settings{Version: "test", MaxBody: 5 << 20})
	a.SetAuthenticator(roleByBearer{})
	api.Register(a, s, rest.Shared{})
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	l.url = server.URL + "/api/catalog/v1"
	return l
}

type reply struct {
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

// do sends a request as a librarian, unless a header says who.
func (l *library) do(method, path string, body any, headers ...string) reply {
	l.t.Helper()
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(b)
	case []byte:
		reader = bytes.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			l.t.Fatal(err)
		}
		reader = bytes.NewReader(raw)
	}
	r, err := http.NewRequest(method, l.url+path, reader)
	if err != nil {
		l.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer librarian")
	if reader != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		l.t.Fatal(err)
	}
	defer resp.Body.Close()
	out := reply{status: resp.StatusCode, header: resp.Header}
	if out.raw, err = io.ReadAll(resp.Body); err != nil {
		l.t.Fatal(err)
	}
	if strings.Contains(resp.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(out.raw, &out.body); err != nil {
			l.t.Fatalf("%s %s: %v: %.300s", method, path, err, out.raw)
		}
	}
	return out
}

func (l *library) add(title string, more map[string]any) reply {
	l.t.Helper()
	body := map[string]any{"title": title, "authors": []any{map[string]any{"name": "Nguyễn Du"}}}
	for k, v := range more {
		body[k] = v
	}
	r := l.do("POST", "/books", body)
	if r.status != 201 {
		l.t.Fatalf("add %q: %d %s", title, r.status, r.raw)
	}
	return r
}

func id(r reply) string { return fmt.Sprintf("%.0f", r.body["id"]) }

func (r reply) titles() string {
	var out []string
	for _, item := range r.body["items"].([]any) {
		out = append(out, item.(map[string]any)["title"].(string))
	}
	return strings.Join(out, "|")
}

func TestATitlesLife(t *testing.T) {
	l := newLibrary(t)
	made := l.add("Truye\u0323\u0302n  Kiê\u0300u", map[string]any{"isbn13": "0-439-02348-3", "language": "VIE", "published_year": 1820, "genres": []string{"Poetry", "Poetry", " "}})
	if made.header.Get("Location") != "/api/catalog/v1/books/"+id(made) || made.header.Get("ETag") != `"1"` {
		t.Errorf("headers %v", made.header)
	}
	for field, want := range map[string]string{"title": "Truyện Kiều", "isbn13": "9780439023481", "language": "vi", "genres": "[Poetry]", "version": "1"} {
		if got := fmt.Sprint(made.body[field]); got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
	read := l.do("GET", "/books/"+id(made), nil, "Authorization", "")
	if read.status != 200 || string(read.raw) != string(made.raw) {
		t.Errorf("read %d %s\nmade %s", read.status, read.raw, made.raw)
	}
	if r := l.do("GET", "/books/"+id(made), nil, "If-None-Match", `"1-gzip", "1"`); r.status != 304 || len(r.raw) != 0 || r.header.Get("ETag") != `"1"` {
		t.Errorf("conditional: %d %q %v", r.status, r.raw, r.header)
	}

	edited := read.body
	edited["subtitle"] = "Đoạn trường tân thanh"
	delete(edited, "version")
	if r := l.do("PUT", "/books/"+id(made), edited); r.status != 428 {
		t.Errorf("without a version: %d %s", r.status, r.raw)
	}
	if r := l.do("PUT", "/books/"+id(made), edited, "If-Match", `"1-gzip"`); r.status != 200 || r.header.Get("ETag") != `"2"` || r.body["subtitle"] != "Đoạn trường tân thanh" {
		t.Errorf("edit: %d %s", r.status, r.raw)
	}
	if r := l.do("PUT", "/books/"+id(made), edited, "If-Match", `"1"`); r.status != 412 || r.body["code"] != "version_conflict" {
		t.Errorf("edit of an old version: %d %s", r.status, r.raw)
	}
	edited["version"] = 2
	if r := l.do("PUT", "/books/"+id(made), edited); r.status != 200 || r.header.Get("ETag") != `"3"` {
		t.Errorf("edit by the version in the body: %d %s", r.status, r.raw)
	}
	if r := l.do("GET", "/books?q=tan+thanh", nil); r.titles() != "Truyện Kiều" {
		t.Errorf("the next search: %s", r.raw)
	}

	for number := range l.used {
		t.Fatalf("%d", number)
	}
	var number int64
	fmt.Sscan(id(made), &number)
	l.used[number] = true
	if r := l.do("DELETE", "/books/"+id(made), nil); r.status != 409 || r.body["code"] != "title_has_items" || len(r.body["reasons"].([]any)) != 2 {
		t.Errorf("delete in use: %d %s", r.status, r.raw)
	}
	delete(l.used, number)
	if r := l.do("DELETE", "/books/"+id(made), nil, "If-Match", `"2"`); r.status != 412 {
		t.Errorf("delete of an old version: %d %s", r.status, r.raw)
	}
	if r := l.do("DELETE", "/books/"+id(made), nil); r.status != 204 {
		t.Errorf("delete: %d %s", r.status, r.raw)
	}
	for _, method := range []string{"GET", "DELETE"} {
		if r := l.do(method, "/books/"+id(made), nil); r.status != 404 || r.body["code"] != "book_not_found" {
			t.Errorf("%s of a tombstone: %d %s", method, r.status, r.raw)
		}
	}
	if r := l.do("PUT", "/books/"+id(made), edited, "If-Match", "*"); r.status != 404 {
		t.Errorf("edit of a tombstone: %d %s", r.status, r.raw)
	}
	if r := l.do("GET", "/books?q=kieu", nil); r.titles() != "" {
		t.Errorf("a tombstone is found: %s", r.raw)
	}
}

func TestAuthorsAreOneWhoeverNamesThem(t *testing.T) {
	l := newLibrary(t)
	first, second := l.add("Truyện Kiều", nil), l.add("Văn chiêu hồn", map[string]any{"authors": []any{map[string]any{"name": " Nguyễn  Du "}, map[string]any{"name": "Another"}}})
	author := func(r reply, i int) map[string]any { return r.body["authors"].([]any)[i].(map[string]any) }
	if author(first, 0)["id"] != author(second, 0)["id"] || author(second, 1)["id"] == author(second, 0)["id"] {
		t.Errorf("%s\n%s", first.raw, second.raw)
	}
	number := fmt.Sprintf("%.0f", author(first, 0)["id"])
	if r := l.do("GET", "/authors/"+number, nil); r.status != 200 || r.body["name"] != "Nguyễn Du" {
		t.Errorf("%d %s", r.status, r.raw)
	}
	if r := l.do("GET", "/books?author="+number, nil); r.titles() != "Văn chiêu hồn|Truyện Kiều" {
		t.Errorf("%s", r.raw)
	}
	if r := l.do("GET", "/books?author="+url.QueryEscape("nguyen du"), nil); r.titles() != "Văn chiêu hồn|Truyện Kiều" {
		t.Errorf("%s", r.raw)
	}
	if r := l.do("POST", "/books", map[string]any{"title": "X", "authors": []any{map[string]any{"id": author(first, 0)["id"]}}}); r.status != 201 || author(r, 0)["name"] != "Nguyễn Du" {
		t.Errorf("by id: %d %s", r.status, r.raw)
	}
	if r := l.do("POST", "/books", `{"title":"X","authors":[{"id":`+number+`,"name":"Somebody else"}]}`); r.status != 422 {
		t.Errorf("by id with another's name: %d %s", r.status, r.raw)
	}
	if r := l.do("POST", "/books", `{"title":"X","authors":[{"id":5}]}`); r.status != 422 {
		t.Errorf("by an id that nobody has: %d %s", r.status, r.raw)
	}
	if r := l.do("GET", "/authors/5", nil); r.status != 404 || r.body["code"] != "author_not_found" {
		t.Errorf("%d %s", r.status, r.raw)
	}
}

func TestPagesLinksAndGenres(t *testing.T) {
	l := newLibrary(t)
	for i := range 7 {
		l.add(fmt.Sprintf("Volume %d", i), map[string]any{"genres": []string{fmt.Sprintf("Genre %d", i%3)}})
	}
	path, pages := "/books?q=volume&limit=3&sort=title", []string{}
	for path != "" {
		r := l.do("GET", path, nil)
		pages = append(pages, r.titles())
		link := r.header.Get("Link")
		if (link == "") != (r.body["next_cursor"] == nil) {
			t.Fatalf("link %q, cursor %v", link, r.body["next_cursor"])
		}
		path, _, _ = strings.Cut(strings.TrimPrefix(link, "</api/catalog/v1"), ">")
	}
	if got := strings.Join(pages, " / "); got != "Volume 0|Volume 1|Volume 2 / Volume 3|Volume 4|Volume 5 / Volume 6" {
		t.Errorf("%s", got)
	}
	first := l.do("GET", "/genres?limit=2", nil)
	second := l.do("GET", "/genres?limit=2&cursor="+first.body["next_cursor"].(string), nil)
	if fmt.Sprint(first.body["items"], second.body["items"], second.body["next_cursor"]) != "[map[name:Genre 0] map[name:Genre 1]] [map[name:Genre 2]] <nil>" {
		t.Errorf("%s %s", first.raw, second.raw)
	}
	if r := l.do("GET", "/suggest?q=vol", nil); len(r.body["items"].([]any)) != 5 {
		t.Errorf("%s", r.raw)
	}
}

func TestCovers(t *testing.T) {
	l := newLibrary(t)
	made := l.add("Truyện Kiều", nil)
	path := "/books/" + id(made) + "/cover"
	picture := image.NewNRGBA(image.Rect(0, 0, 1200, 1600))
	for y := range 1600 {
		for x := range 1200 {
			picture.Set(x, y, color.NRGBA{uint8(x), uint8(y), 90, 255})
		}
	}
	var asPNG bytes.Buffer
	if err := png.Encode(&asPNG, picture); err != nil {
		t.Fatal(err)
	}
	if r := l.do("GET", path, nil); r.status != 404 || r.body["code"] != "cover_not_found" {
		t.Errorf("none yet: %d %s", r.status, r.raw)
	}
	set := l.do("PUT", path, asPNG.Bytes(), "Content-Type", "image/png")
	if set.status != 200 || set.body["version"] != 1.0 {
		t.Fatalf("upload: %d %s", set.status, set.raw)
	}
	book := l.do("GET", "/books/"+id(made), nil)
	if book.body["cover"] != set.body["cover"] || book.body["version"] != 2.0 {
		t.Errorf("%s %s", book.raw, set.raw)
	}
	for size, width := range map[string]int{"large": 600, "small": 200} {
		r := l.do("GET", path+"?v=1&size="+size, nil, "Authorization", "")
		got, err := jpeg.DecodeConfig(bytes.NewReader(r.raw))
		if err != nil || got.Width != width || got.Height != width*4/3+1-1 {
			t.Errorf("%s: %+v, %v", size, got, err)
		}
		if r.header.Get("Content-Type") != "image/jpeg" || !strings.Contains(r.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %v", size, r.header)
		}
		if again := l.do("GET", path+"?size="+size, nil, "If-None-Match", r.header.Get("ETag")); again.status != 304 || len(again.raw) != 0 {
			t.Errorf("%s: conditional %d", size, again.status)
		}
	}
	bomb := bytes.Replace(asPNG.Bytes(), []byte{0, 0, 4, 0xb0, 0, 0, 6, 0x40}, []byte{0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff}, 1)
	for name, c := range map[string]struct {
		body   []byte
		status int
	}{
		"text":             {[]byte("not a picture"), 415},
		"a GIF":            {[]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), 415},
		"a bomb":           {fixPNG(bomb), 422},
		"cut short":        {asPNG.Bytes()[:asPNG.Len()/2], 422},
		"too many bytes":   {make([]byte, 1<<20+1), 413},
		"nothing":          {nil, 400},
		"SVG with scripts": {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), 415},
	} {
		if r := l.do("PUT", path, c.body, "Content-Type", "image/png"); r.status != c.status {
			t.Errorf("%s: %d %s, want %d", name, r.status, r.raw, c.status)
		}
	}
	if r := l.do("DELETE", path, nil); r.status != 204 {
		t.Errorf("remove: %d %s", r.status, r.raw)
	}
	if r := l.do("GET", path, nil); r.status != 404 {
		t.Errorf("removed: %d", r.status)
	}
	if r := l.do("PUT", path, asPNG.Bytes(), "Content-Type", "image/png"); r.body["version"] != 2.0 {
		t.Errorf("an address was used again: %s", r.raw)
	}
	if r := l.do("PUT", "/books/5/cover", asPNG.Bytes(), "Content-Type", "image/png"); r.status != 404 {
		t.Errorf("of no title: %d", r.status)
	}
}
