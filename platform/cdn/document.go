package cdn

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"regexp"
	"strings"

	"bookvault/platform/coding"
)

// Document is a page that loads files: an HTML file that names them by their hashes, with the import map of the modules.
type Document struct {
	files  *Files
	plain  *content // as it was written, for when the pattern is off
	named  content
	policy []string // Content-Security-Policy that lets the page load what it names; empty: not ours to say
}

// Document makes a page of an HTML file. Links, scripts and pictures in it that lead to our files are renamed; an import map
// goes before the first module. Policy is the Content-Security-Policy that pages have without this: what the page
// additionally needs is added to it, which is the digest of the import map, and the network's origin for scripts, styles,
// pictures and fonts. Changed is what becomes of the file's text first; nil leaves it as it was written.
func (f *Files) Document(name, policy string, changed func(text string) string) (*Document, error) {
	source := f.plain[name]
	if source == nil {
		return nil, fmt.Errorf("cdn: there is no %s to make a page of", name)
	}
	written, plain := string(source.written.variants[coding.Identity].body), source.written
	if changed != nil {
		written, plain = changed(written), new(content)
		plain.set(source.contentType[0], []byte(written))
	}
	imports := f.importMap()
	text, placed := f.rename(written), false
	text = firstModule.ReplaceAllStringFunc(text, func(tag string) string {
		if placed {
			return tag
		}
		placed = true
		return `<script type="importmap">` + imports + "</script>\n    " + tag
	})
	d := &Document{files: f, plain: plain}
	d.named.set(source.contentType[0], []byte(text))
	if policy != "" {
		digest := ""
		if placed {
			sum := sha256.Sum256([]byte(imports))
			digest = "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
		}
		d.policy = []string{widen(policy, digest, f.origin)}
	}
	return d, nil
}

// Serve answers with the page: anew each time, or 304 to who holds it. Only status 200 has a tag.
func (d *Document) Serve(w http.ResponseWriter, r *http.Request, status int) {
	h := w.Header()
	h["Cache-Control"] = revalidate
	if !d.files.On() {
		d.files.send(w, r, d.plain, pageName, status)
		return
	}
	if d.policy != nil {
		h["Content-Security-Policy"] = d.policy
	}
	d.files.send(w, r, &d.named, pageName, status)
}

// importMap leads every relative address that a module can import, or resolve, to the name with the hash. Digests are for what
// comes from another host.
func (f *Files) importMap() string {
	m := struct {
		Imports   map[string]string `json:"imports"`
		Integrity map[string]string `json:"integrity,omitempty"`
	}{Imports: map[string]string{}, Integrity: map[string]string{}}
	for at, found := range f.plain {
		if found.name == "" || path.Ext(at) == ".txt" {
			continue // pages and words for robots, which no module loads
		}
		m.Imports[f.base+Prefix+at[1:]] = f.base + found.name
		if f.base != "" {
			m.Integrity[f.base+found.name] = found.integrity
		}
	}
	text, _ := json.Marshal(m) // strings only: cannot fail; keys are sorted, so that all servers make the same page
	return string(text)
}

var (
	firstModule = regexp.MustCompile(`<link rel="modulepreload"|<script\b`)
	loading     = regexp.MustCompile(`<(link|script|img|source)\b[^>]*>`)
	address     = regexp.MustCompile(`\b(src|href)="(/[^"]*)"`)
	digested    = regexp.MustCompile(`^<script\b|\brel="(?:stylesheet|modulepreload)"`)
)

// rename writes the names with hashes into the tags that load something. What comes from another host is fetched without
// credentials, and checked.
func (f *Files) rename(page string) string {
	return loading.ReplaceAllStringFunc(page, func(tag string) string {
		return address.ReplaceAllStringFunc(tag, func(attribute string) string {
			parts := address.FindStringSubmatch(attribute)
			found := f.plain[parts[2]]
			if found == nil || found.name == "" {
				return attribute
			}
			attribute = parts[1] + `="` + f.base + found.name + `"`
			if f.base != "" && digested.MatchString(tag) {
				attribute += ` integrity="` + found.integrity + `" crossorigin="anonymous"`
			}
			return attribute
		})
	})
}

// widen adds to a policy what a page needs besides. A directive that is not there begins as default-src, which stood for it.
func widen(policy, scripts, origin string) string {
	var directives []string
	index := map[string]int{}
	for directive := range strings.SplitSeq(policy, ";") {
		if directive = strings.TrimSpace(directive); directive != "" {
			name, _, _ := strings.Cut(directive, " ")
			index[name] = len(directives)
			directives = append(directives, directive)
		}
	}
	add := func(name, source string) {
		if source == "" {
			return
		}
		at, there := index[name]
		if !there {
			_, sources, _ := strings.Cut(directives[index["default-src"]], " ")
			at, index[name] = len(directives), len(directives)
			directives = append(directives, name+" "+sources)
		}
		directives[at] = strings.Replace(directives[at], " 'none'", "", 1) + " " + source
	}
	if _, there := index["default-src"]; !there {
		return policy // without a default everything is let in already
	}
	add("script-src", scripts)
	for _, name := range []string{"script-src", "style-src", "img-src", "font-src"} {
		add(name, origin)
	}
	return strings.Join(directives, "; ")
}
