package cdn

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// hashLength is the length of a hash in names, in hexadecimal digits: 64 bits tell the versions of one file apart.
const hashLength = 16

// reader reads files and gives them their names. A style sheet's name depends on the names of what it names, so these go first.
type reader struct {
	files  fs.FS
	types  map[string]string
	base   string
	minify bool
	into   *Files
	open   map[string]bool // being read now
}

// file reads one file, by its path with a slash before it.
func (s *reader) file(at string) (*file, error) {
	if s.open[at] {
		return nil, fmt.Errorf("%s: %w", at, errCycle)
	}
	if found := s.into.plain[at]; found != nil {
		return found, nil
	}
	s.open[at] = true
	defer delete(s.open, at)
	body, err := fs.ReadFile(s.files, strings.TrimPrefix(at, "/"))
	if err != nil {
		return nil, err
	}
	contentType, err := s.typeOf(at)
	if err != nil {
		return nil, err
	}
	found := &file{}
	found.written = &found.content
	s.into.plain[at] = found
	if path.Ext(at) == ".html" {
		found.set(contentType, body)
		return found, nil // a name for ever would keep readers on an old page
	}
	named := body
	if path.Ext(at) == ".css" {
		if named, err = s.styleSheet(at, body); err != nil {
			return nil, err
		}
	}
	if s.minify {
		if named, err = minified(at, named); err != nil {
			return nil, err
		}
	}
	if !bytes.Equal(named, body) {
		found.written = &content{}
		found.written.set(contentType, body)
		body = named
	}
	found.set(contentType, body)
	found.name, found.integrity = hashedPath(at, body), integrity(body)
	s.into.hashed[found.name] = found
	return found, nil
}

// typeOf gives the content type of a file.
func (s *reader) typeOf(name string) (string, error) {
	contentType, known := s.types[path.Ext(name)]
	if !known {
		return "", fmt.Errorf("no content type for %s", name)
	}
	return contentType, nil
}

var errCycle = errors.New("style sheets name each other in a circle, so that none can hold the other's hash")

// hashedPath is /assets/lib/api.<hash>.js for /lib/api.js.
func hashedPath(at string, body []byte) string {
	sum := sha256.Sum256(body)
	extension := path.Ext(at)
	return Prefix + strings.TrimSuffix(at, extension)[1:] + "." + hex.EncodeToString(sum[:])[:hashLength] + extension
}

// integrity is the digest of a body for Subresource Integrity.
func integrity(body []byte) string {
	sum := sha512.Sum384(body)
	return "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
}

var (
	// references are what a style sheet loads: url(…) with or without quotes, and @import "…".
	// A remark is matched too, so that what it names is passed over.
	references = regexp.MustCompile(`(?s:/\*.*?\*/)|url\(\s*(?:"([^"]*)"|'([^']*)'|([^"'()\s]+))\s*\)|@import\s+(?:"([^"]*)"|'([^']*)')`)
	elsewhere  = regexp.MustCompile(`^(?:[a-zA-Z][a-zA-Z0-9+.-]*:|//|#|$)`)
)

// styleSheet writes the names with hashes into a style sheet. What leads to no file of ours is refused, since it would be
// looked for beside the hashed name; other hosts and data: stay.
func (s *reader) styleSheet(at string, body []byte) ([]byte, error) {
	var failed error
	sheet := references.ReplaceAllFunc(body, func(whole []byte) []byte {
		given := ""
		for _, group := range references.FindSubmatch(whole)[1:] {
			given += string(group) // one of them at most
		}
		if elsewhere.MatchString(given) || failed != nil {
			return whole
		}
		target, rest := given, ""
		if cut := strings.IndexAny(given, "?#"); cut >= 0 {
			target, rest = given[:cut], given[cut:]
		}
		named := target
		if !strings.HasPrefix(target, "/") {
			named = path.Join(path.Dir(at), target)
		}
		found, err := s.file(named)
		if err != nil {
			failed = fmt.Errorf("%s names %s: %w", at, given, err)
			return whole
		}
		return []byte(strings.Replace(string(whole), given, s.base+found.name+rest, 1))
	})
	return sheet, failed
}
