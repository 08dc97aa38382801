package cdn

import (
	"fmt"
	"path"

	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/css"
	"github.com/tdewolff/minify/v2/js"
)

// minifier takes remarks and blanks out of scripts and style sheets. Names stay, so that what a browser says of an error can be found
// in the source; shorter ones would save hardly more, once compressed.
var minifier = func() *minify.M {
	m := minify.New()
	m.Add(".js", &js.Minifier{KeepVarNames: true})
	m.Add(".css", &css.Minifier{})
	return m
}()

// minified gives a script or a style sheet without what only its readers need; other files as they are.
func minified(at string, body []byte) ([]byte, error) {
	kind := path.Ext(at)
	if kind != ".js" && kind != ".css" {
		return body, nil
	}
	small, err := minifier.Bytes(kind, body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	return small, nil
}
