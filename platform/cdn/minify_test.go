package cdn

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestUnderTheirHashedNamesFilesHoldNoRemarks(t *testing.T) {
	files := open(t, Settings{Minify: true})
	for path, wants := range map[string][]string{
		"/app.js":        {`import { get } from "./lib/api.js"`, "get()"},
		"/look/base.css": {"/assets/look/more.", "/assets/icon."},
		"/pixel.png":     {"PNGPNG"},
	} {
		sent := ask(files, "GET", files.URL(path)).Body.String()
		for _, want := range wants {
			if !strings.Contains(sent, want) {
				t.Errorf("%s: %q is not in %q", path, want, sent)
			}
		}
		written := ask(files, "GET", path).Body.String()
		if original := string(library[path[1:]].Data); written != original {
			t.Errorf("%s under its plain name is not as it was written: %q", path, written)
		}
		if strings.Contains(sent, "Kiều") || strings.Contains(sent, "nowhere") {
			t.Errorf("%s holds its remarks: %q", path, sent)
		}
	}
	if with, without := files.URL("/app.js"), open(t, Settings{}).URL("/app.js"); with == without {
		t.Errorf("two contents have one name: %s", with)
	}
}

func TestAScriptThatIsNoneIsNamed(t *testing.T) {
	_, err := New(fstest.MapFS{"lib/broken.js": {Data: []byte("const = ;")}}, Settings{Types: types, Minify: true})
	if err == nil || !strings.Contains(err.Error(), "/lib/broken.js") {
		t.Errorf("%v", err)
	}
}
