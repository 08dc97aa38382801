package api_test

import (
	"encoding/binary"
	"hash/crc32"
	"net/url"
	"strings"
	"testing"

	"bookvault/modules/catalog"
	"bookvault/platform/rest"
)

// fixPNG mends the checksum of a PNG's header, so that only its measures are a lie.
func fixPNG(b []byte) []byte {
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

func TestBadInputIsNamedAndLeavesNothing(t *testing.T) {
	l := newLibrary(t)
	made := l.add("Truyện Kiều", nil)
	sealed := func(p catalog.Place) string {
		return url.QueryEscape(rest.EncodeCursor(`"books" "x" "" "" "" "" "" "false" "relevance"`, p))
	}
	long := strings.Repeat("x", 1<<20)
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		field              string
	}{
		"no title":                    {"POST", "/books", `{"authors":[{"name":"A"}]}`, 422, "body"},
		"an empty title":              {"POST", "/books", `{"title":" \u0009 ","authors":[{"name":"A"}]}`, 422, "body.title"},
		"no author":                   {"POST", "/books", `{"title":"T","authors":[]}`, 422, "body.authors"},
		"an author without a name":    {"POST", "/books", `{"title":"T","authors":[{}]}`, 422, "body.authors[0].name"},
		"authors by name alone":       {"POST", "/books", `{"title":"T","authors":["A"]}`, 422, "body.authors[0]"},
		"authors null":                {"POST", "/books", `{"title":"T","authors":null}`, 422, "body.authors"},
		"a title of 1 MB":             {"POST", "/books", `{"title":"` + long + `","authors":[{"name":"A"}]}`, 422, "body.title"},
		"a genre of 1 MB":             {"POST", "/books", `{"title":"T","genres":["` + long + `"],"authors":[{"name":"A"}]}`, 422, "body.genres[0]"},
		"too many genres":             {"POST", "/books", `{"title":"T","genres":[` + numbers(101) + `],"authors":[{"name":"A"}]}`, 422, "body.genres"},
		"a body of 10 MB":             {"POST", "/books", `{"title":"` + strings.Repeat(long, 10) + `"}`, 413, ""},
		"NUL":                         {"POST", "/books", `{"title":"T\u0000","authors":[{"name":"A"}]}`, 400, "body.title"},
		"broken UTF-8":                {"POST", "/books", "{\"title\":\"T\xff\",\"authors\":[{\"name\":\"A\"}]}", 400, "body.title"},
		"a field that is not one":     {"POST", "/books", `{"title":"T","authors":[{"name":"A"}],"price":3}`, 422, "body.price"},
		"a year 0":                    {"POST", "/books", `{"title":"T","authors":[{"name":"A"}],"published_year":0}`, 422, "body.published_year"},
		"a year 9999":                 {"POST", "/books", `{"title":"T","authors":[{"name":"A"}],"published_year":9999}`, 422, "body.published_year"},
		"a year long before writing":  {"POST", "/books", `{"title":"T","authors":[{"name":"A"}],"published_year":-9999}`, 422, "body.published_year"},
		"a year beyond numbers":       {"POST", "/books", `{"title":"T","authors":[{"name":"A"}],"published_year":99999999999999999999}`, 422, "body.published_year"},
		"half a page":                 {"POST", "/books", `{"title":"T","authors":[{"name":"A"}],"pages":1.5}`, 422, "body.pages"},
		"no pages":                    {"POST", "/books", `{"title":"T","authors":[{"name":"A"}],"pages":0}`, 422, "body.pages"},
		"a wrong ISBN":                {"POST", "/books", `{"title":"T","authors":[{"name":"A"}],"isbn13":"9780439023482"}`, 422, "body.isbn13"},
		"a language that is none":     {"POST", "/books", `{"title":"T","authors":[{"name":"A"}],"language":"Vietnamese!"}`, 422, "body.language"},
		"an author's id beyond all":   {"POST", "/books", `{"title":"T","authors":[{"id":9223372036854775807}]}`, 422, "body.authors[0].id"},
		"a negative author's id":      {"POST", "/books", `{"title":"T","authors":[{"id":-1}]}`, 422, "body.authors[0].id"},
		"another title's id":          {"PUT", "/books/" + id(made), `{"id":1,"version":1,"title":"T","authors":[{"name":"A"}]}`, 422, "body.id"},
		"a version that is none":      {"PUT", "/books/" + id(made), `{"version":-1,"title":"T","authors":[{"name":"A"}]}`, 422, "body.version"},
		"a huge id":                   {"GET", "/books/9223372036854775807", "", 422, "path.id"},
		"an id beyond numbers":        {"GET", "/books/99999999999999999999", "", 422, "path.id"},
		"a negative id":               {"GET", "/books/-1", "", 422, "path.id"},
		"an id that nothing has":      {"GET", "/books/7777", "", 404, ""},
		"a limit of 0":                {"GET", "/books?limit=0", "", 422, "query.limit"},
		"a limit of 201":              {"GET", "/books?limit=201", "", 422, "query.limit"},
		"an order that is none":       {"GET", "/books?sort=price", "", 422, "query.sort"},
		"a year from 0":               {"GET", "/books?year_from=0", "", 422, "query.year_from"},
		"a year to 9999":              {"GET", "/books?year_to=9999", "", 422, "query.year_to"},
		"a year of letters":           {"GET", "/books?year_to=MCM", "", 422, "query.year_to"},
		"a parameter that is none":    {"GET", "/books?colour=red", "", 422, "query.colour"},
		"a long query":                {"GET", "/books?q=" + strings.Repeat("x", 5000), "", 422, "query.q"},
		"a query of many words":       {"GET", "/books?q=" + strings.Repeat("ab+", 40), "", 422, "query.q"},
		"NUL in a query":              {"GET", "/books?q=a%00b", "", 400, "query.q"},
		"broken UTF-8 in a query":     {"GET", "/books?q=a%ffb", "", 400, "query.q"},
		"an author's id of 0":         {"GET", "/books?author=0", "", 422, "query.author"},
		"available, maybe":            {"GET", "/books?available=maybe", "", 422, "query.available"},
		"a cursor made up":            {"GET", "/books?cursor=AAAAAAAAAAAAAAAAAAAA", "", 422, "query.cursor"},
		"a cursor that is no base64":  {"GET", "/books?cursor=%25%25", "", 422, "query.cursor"},
		"a cursor with NUL inside":    {"GET", "/books?q=x&cursor=" + sealed(catalog.Place{Key: "\x00"}), "", 422, "query.cursor"},
		"a cursor with a wild phase":  {"GET", "/books?q=x&cursor=" + sealed(catalog.Place{Phase: 7}), "", 422, "query.cursor"},
		"a cursor with wild words":    {"GET", "/books?q=x&cursor=" + sealed(catalog.Place{Instead: map[string][]string{"x": {"a' | 'b"}}}), "", 422, "query.cursor"},
		"a cursor of another list":    {"GET", "/books?q=y&cursor=" + sealed(catalog.Place{ID: 5}), "", 422, "query.cursor"},
		"suggestions for nothing":     {"GET", "/suggest", "", 422, "query.q"},
		"suggestions for a lot":       {"GET", "/suggest?q=" + strings.Repeat("x", 5000), "", 422, "query.q"},
		"genres from a cursor forged": {"GET", "/genres?cursor=" + url.QueryEscape(rest.EncodeCursor("genres", "\x00")), "", 422, "query.cursor"},
		"a cover in no size":          {"GET", "/books/" + id(made) + "/cover?size=huge", "", 422, "query.size"},
	} {
		t.Run(name, func(t *testing.T) {
			var body any
			if c.body != "" {
				body = c.body
			}
			r := l.do(c.method, c.path, body)
			if r.status != c.status {
				t.Fatalf("%d %.300s, want %d", r.status, r.raw, c.status)
			}
			if c.field != "" && !strings.Contains(string(r.raw), `"field":"`+c.field+`"`) {
				t.Errorf("%s is not named: %.400s", c.field, r.raw)
			}
		})
	}
	if r := l.do("GET", "/books", nil); r.titles() != "Truyện Kiều" {
		t.Errorf("something was stored: %s", r.titles())
	}
	if r := l.do("GET", "/books?q=x&cursor="+sealed(catalog.Place{ID: 5, Upper: 1}), nil); r.status != 200 {
		t.Errorf("a cursor that could be ours: %d %s", r.status, r.raw)
	}
}

func numbers(n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = `"` + strings.Repeat("g", i+1) + `"`
	}
	return strings.Join(parts, ",")
}

func TestWhoMayEdit(t *testing.T) {
	l := newLibrary(t)
	made := l.add("Truyện Kiều", nil)
	for _, c := range []struct{ method, path string }{
		{"POST", "/books"}, {"PUT", "/books/" + id(made)}, {"DELETE", "/books/" + id(made)}, {"PUT", "/books/" + id(made) + "/cover"}, {"DELETE", "/books/" + id(made) + "/cover"},
	} {
		for bearer, want := range map[string]int{"": 401, "Bearer patron": 403, "Bearer desk": 403} {
			if r := l.do(c.method, c.path, `{}`, "Authorization", bearer); r.status != want {
				t.Errorf("%s %s as %q: %d, want %d", c.method, c.path, bearer, r.status, want)
			}
		}
	}
}
