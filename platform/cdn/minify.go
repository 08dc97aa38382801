package cdn

import (
	"bytes"
	"fmt"
	"path"

	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/css"
	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/js"
)

// styles takes remarks and blanks out of style sheets.
var styles = func() *minify.M {
	m := minify.New()
	m.Add(".css", &css.Minifier{})
	return m
}()

// minified gives a script or a style sheet without what only its readers need; other files as they are.
//
// A script is read and written again statement by statement, so that remarks are left out and nothing else is changed. The library's
// minifier, which would save a little more, puts declarations together in ways that read a constant before it is there.
func minified(at string, body []byte) (small []byte, err error) {
	switch kind := path.Ext(at); kind {
	case ".css":
		small, err = styles.Bytes(kind, body)
	case ".js":
		var tree *js.AST
		if tree, err = js.Parse(parse.NewInput(bytes.NewReader(body)), js.Options{}); err == nil {
			var b bytes.Buffer
			tree.JS(&b)
			small = b.Bytes()
		}
	default:
		return body, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	return small, nil
}
