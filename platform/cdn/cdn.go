// Package cdn serves files that are built into the program so that each is fetched once: under a name that holds the hash of
// its content, with leave to be kept for ever (RFC 8246), and compressed beforehand. A page names the files by these names, and
// is itself asked for anew each time. With a base URL the names lead to a content delivery network that pulls from here, and
// pages then hold digests of what they load from it (Subresource Integrity), so that another host can delay the library but
// not change it.
//
// Files keep their folders under Prefix: lib/api.js becomes /assets/lib/api.<hash>.js. So what a file calls by a relative
// address still lies where it says, but for the hash. In modules an import map in the page adds it (document.go), also for
// import.meta.resolve; in style sheets it is written into url() and @import (names.go). The plain names go on working.
//
// The package knows no page and no module of BookVault: New takes any fs.FS and gives an http.Handler. web/ uses it;
// platform/gateway compresses what is made for one request only.
package cdn

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/platform/coding"
)

// Prefix begins every name that holds a hash.
const Prefix = "/assets/"

// Settings say how files are served.
type Settings struct {
	// Types are the content types by extension (".css"). A file of another kind is refused: a guess by the machine's own tables
	// would differ from place to place.
	Types map[string]string
	// BaseURL is the network's address before Prefix, such as https://cdn.example.org; empty: this server's own.
	BaseURL string
	// Enabled is read for each request; nil is on. Off, files are served as they are under their plain names, to be asked for
	// anew each time. Hashed names still work, for pages that are open.
	Enabled *atomic.Bool
	// Minify has scripts and style sheets under their hashed names hold no remarks (minify.go). Under their plain names they are
	// as they were written.
	Minify bool
	// Registry takes the metrics; nil for none.
	Registry prometheus.Registerer
}

// Files are the files, ready to be served.
type Files struct {
	base    string
	origin  string // of base, for policies; empty without one
	enabled *atomic.Bool
	plain   map[string]*file // by path, with a slash before it
	hashed  map[string]*file // by the name that holds the hash
	counts  *counts
}

// file is one file under both of its names. A page has only its own.
type file struct {
	content
	written   *content // under the plain name; differs where names with hashes were written into the content, or it was minified
	name      string   // with the hash, from Prefix on; empty for a page
	integrity string   // digest as Subresource Integrity wants it
}

var (
	revalidate = []string{"no-cache"}
	forever    = []string{"public, max-age=31536000, immutable"}
	notStored  = []string{"no-store"}
	anyOrigin  = []string{"*"}
	crossSite  = []string{"cross-origin"}
)

// New reads all files. It fails when one has no known type, when a style sheet names a file that is not there, or when the base
// URL cannot be one. Nothing is compressed yet: that happens when a variant is first asked for.
func New(files fs.FS, s Settings) (*Files, error) {
	base := strings.TrimSuffix(s.BaseURL, "/")
	f := &Files{base: base, enabled: s.Enabled, plain: map[string]*file{}, hashed: map[string]*file{}, counts: newCounts(s.Registry)}
	if base != "" {
		address, err := url.Parse(base)
		if err != nil || address.Scheme != "https" && address.Scheme != "http" || address.Host == "" || address.RawQuery+address.Fragment != "" || address.User != nil || strings.ContainsAny(base, " ;,'\"<>") {
			return nil, fmt.Errorf("cdn: %q is not the address of a network, such as https://cdn.example.org", s.BaseURL)
		}
		f.origin = address.Scheme + "://" + address.Host
	}
	reading := &reader{files: files, types: s.Types, base: base, minify: s.Minify, into: f, open: map[string]bool{}}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		_, err = reading.file("/" + name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("cdn: %w", err)
	}
	return f, nil
}

// On tells whether pages name files by their hashes now.
func (f *Files) On() bool { return f.enabled == nil || f.enabled.Load() }

// Has tells whether ServeHTTP answers the path: by a file, or by 404 for a name under Prefix that is none.
func (f *Files) Has(path string) bool {
	return f.plain[path] != nil || strings.HasPrefix(path, Prefix)
}

// URL is the address of a file for whoever loads it: with its hash, at the base URL, while On. A path that is no file is given
// back as it came.
func (f *Files) URL(path string) string {
	if found := f.plain[path]; found != nil && found.name != "" && f.On() {
		return f.base + found.name
	}
	return path
}

// ServeHTTP answers GET and HEAD for files, under both of their names.
func (f *Files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Files are only read: GET or HEAD.", http.StatusMethodNotAllowed)
		return
	}
	h := w.Header()
	if f.base != "" && strings.HasPrefix(r.URL.Path, Prefix) { // pages are at another origin than the network
		h["Access-Control-Allow-Origin"] = anyOrigin
		h["Cross-Origin-Resource-Policy"] = crossSite
	}
	if found := f.hashed[r.URL.Path]; found != nil {
		if f.On() {
			h["Cache-Control"] = forever
		} else {
			h["Cache-Control"] = revalidate
		}
		f.send(w, r, &found.content, hashedName, http.StatusOK)
		return
	}
	if found := f.plain[r.URL.Path]; found != nil {
		h["Cache-Control"] = revalidate
		f.send(w, r, found.written, plainName, http.StatusOK)
		return
	}
	// Another version's file, perhaps one that is just being started elsewhere: nobody may keep that it is not here.
	h["Cache-Control"] = notStored
	f.counts.missing.Inc()
	http.Error(w, "There is no such file, or no longer: load the page again.", http.StatusNotFound)
}

// send writes a representation of the content in the coding that the client likes best. Cache-Control is set already.
func (f *Files) send(w http.ResponseWriter, r *http.Request, c *content, by nameKind, status int) {
	h := w.Header()
	sent := coding.Identity
	if f.On() && c.pays {
		accepted := coding.Parse(r.Header["Accept-Encoding"])
		best, ok := accepted.Best()
		h["Vary"] = coding.AddVary(h["Vary"])
		if !ok {
			h["Cache-Control"] = notStored
			http.Error(w, "This can be sent as it is, or in zstd or gzip; Accept-Encoding refuses all of them.", http.StatusNotAcceptable)
			return
		}
		if best == coding.Identity || c.variant(best).smaller || !accepted.TakesIdentity() {
			sent = best
		}
	}
	v := c.variant(sent)
	partly := r.Header["Range"] != nil || r.Header["If-Match"] != nil
	if status == http.StatusOK {
		h["Etag"] = v.etag
		h["Accept-Ranges"] = byBytes
		if !partly && names(r.Header["If-None-Match"], v.etag[0]) {
			f.counts.fresh[by].Inc()
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	h["Content-Type"] = c.contentType
	if sent != coding.Identity {
		h["Content-Encoding"] = v.encoding
	}
	if partly && status == http.StatusOK {
		f.counts.answers[by].Inc()
		f.counts.bytes[sent].Add(float64(v.part(w, r)))
		return
	}
	h["Content-Length"] = v.length
	f.counts.answers[by].Inc()
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		n, _ := w.Write(v.body) // a client that went away is not our error
		f.counts.bytes[sent].Add(float64(n))
	}
}

// names reports whether a list of entity tags has this one, compared weakly (RFC 9110, 13.1.2).
func names(fields []string, etag string) bool {
	for _, field := range fields {
		for tag := range strings.SplitSeq(field, ",") {
			tag = strings.TrimSpace(tag)
			if tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
				return true
			}
		}
	}
	return false
}
