package cdn

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/fstest"
)

// What style sheets name is named with its hash, and their own hashes depend on it.
func TestStyleSheetsNameHashes(t *testing.T) {
	for _, base := range []string{"", "https://cdn.example.org/books"} {
		files := open(t, Settings{BaseURL: base})
		address := files.URL("/look/base.css")
		sheet := ask(files, "GET", strings.TrimPrefix(address, base)).Body.String()
		want := fmt.Sprintf("@import \"%s\";\n/* url(nowhere.png) */ p { background: url('%s#a') } q { background: url(data:,x) url( %s ) }\n",
			files.URL("/look/more.css"), files.URL("/icon.svg"), files.URL("/pixel.png"))
		if sheet != want {
			t.Errorf("%s\nwant\n%s", sheet, want)
		}
		if plain := ask(files, "GET", "/look/base.css").Body.String(); plain != string(library["look/base.css"].Data) {
			t.Errorf("under its plain name: %s", plain)
		}
	}
	changed := maps.Clone(library)
	changed["icon.svg"] = &fstest.MapFile{Data: []byte("<svg/>")}
	after, err := New(changed, Settings{Types: types})
	if err != nil {
		t.Fatal(err)
	}
	before := open(t, Settings{})
	for path, stays := range map[string]bool{"/icon.svg": false, "/look/base.css": false, "/look/more.css": true, "/app.js": true} {
		if (before.URL(path) == after.URL(path)) != stays {
			t.Errorf("%s was %s, is %s", path, before.URL(path), after.URL(path))
		}
	}
}
