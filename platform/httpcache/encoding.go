package httpcache

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// encoding is how a body is written.
type encoding int

const (
	identity encoding = iota
	gzipped
	zstandard
	encodings
)

var encodingNames = [encodings]string{"", "gzip", "zstd"}

// form is an answer in one encoding: what is sent of it, ready-made.
type form struct {
	body   []byte
	etag   string
	fields []field
}

// field is a header field; its values are shared by all answers and never written to.
type field struct {
	name   string
	values []string
}

// formFor gives the answer in the encoding that the request likes best, and makes it if nobody asked for it before.
func (c *Cache) formFor(e *entry, r *http.Request) *form {
	want := identity
	if c.s.Compress && e.compressible(c.s.MinCompress) {
		want = preferred(r.Header["Accept-Encoding"])
	}
	if f := e.forms[want].Load(); f != nil {
		return f
	}
	f := e.encode(want, c.s.Compress && e.compressible(c.s.MinCompress))
	if e.forms[want].CompareAndSwap(nil, f) && want != identity {
		c.store.grew(e)
	}
	return e.forms[want].Load()
}

// encoded is what the bodies in other encodings take, in bytes.
func (e *entry) encoded() (n int64) {
	for i := gzipped; i < encodings; i++ {
		if f := e.forms[i].Load(); f != nil {
			n += int64(len(f.body))
		}
	}
	return n
}

// compressible tells whether a body would be sent in another encoding: a text of some length that is not encoded yet, in an answer
// that does not forbid it.
func (e *entry) compressible(least int) bool {
	if len(e.body) < least || len(e.header["Content-Encoding"]) > 0 || len(e.header["Content-Range"]) > 0 {
		return false
	}
	for _, line := range e.header["Cache-Control"] {
		if strings.Contains(strings.ToLower(line), "no-transform") {
			return false
		}
	}
	kind, _, _ := strings.Cut(strings.ToLower(e.header.Get("Content-Type")), ";")
	kind = strings.TrimSpace(kind)
	return strings.HasPrefix(kind, "text/") && kind != "text/event-stream" || strings.HasSuffix(kind, "json") || strings.HasSuffix(kind, "+xml") ||
		kind == "application/xml" || kind == "application/javascript"
}

var zstdWriter, _ = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault)) // its settings are right: no error

// encode makes a form. varies says that there are others, so that the entity tag must tell them apart and Vary must say so.
func (e *entry) encode(as encoding, varies bool) *form {
	f := &form{body: e.body, etag: e.etag()}
	switch as {
	case gzipped:
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		_, _ = w.Write(e.body) // a buffer takes everything
		_ = w.Close()
		f.body = out.Bytes()
	case zstandard:
		f.body = zstdWriter.EncodeAll(e.body, make([]byte, 0, len(e.body)/3))
	}
	f.body = slices.Clip(f.body)
	h := e.header.Clone()
	if as != identity {
		h["Content-Encoding"] = []string{encodingNames[as]}
		h["Content-Length"] = []string{strconv.Itoa(len(f.body))}
		f.etag = suffixed(f.etag, encodingNames[as])
		if f.etag != "" {
			h["Etag"] = []string{f.etag}
		}
	}
	if names := varyNames(h["Vary"]); varies && !slices.Contains(names, "Accept-Encoding") {
		h["Vary"] = []string{strings.Join(append([]string{"Accept-Encoding"}, names...), ", ")}
	}
	for name, values := range h {
		f.fields = append(f.fields, field{name, values})
	}
	return f
}

// suffixed names an encoding in a strong entity tag: two encodings are two representations. A weak one stands for both.
func suffixed(etag, encoding string) string {
	if etag == "" || strings.HasPrefix(etag, "W/") || !strings.HasSuffix(etag, `"`) {
		return etag
	}
	return etag[:len(etag)-1] + "-" + encoding + `"`
}

// preferred reads Accept-Encoding: the encoding with the greatest weight, and of equal ones the smaller body.
func preferred(lines []string) encoding {
	if len(lines) == 0 {
		return identity
	}
	best, most := identity, 0.0
	weights := [encodings]float64{identity: -1, gzipped: -1, zstandard: -1}
	all := -1.0
	for _, line := range lines {
		for member := range strings.SplitSeq(line, ",") {
			name, parameters, _ := strings.Cut(member, ";")
			q := weight(parameters)
			switch name = strings.TrimSpace(name); {
			case strings.EqualFold(name, "zstd"):
				weights[zstandard] = q
			case strings.EqualFold(name, "gzip"), strings.EqualFold(name, "x-gzip"):
				weights[gzipped] = q
			case strings.EqualFold(name, "identity"):
				weights[identity] = q
			case name == "*":
				all = q
			}
		}
	}
	for _, e := range []encoding{zstandard, gzipped} {
		q := weights[e]
		if q < 0 {
			q = all
		}
		if q > most && q >= weights[identity] {
			best, most = e, q
		}
	}
	return best
}

// weight reads the q of a member; 1 where there is none, 0 where it cannot be read.
func weight(parameters string) float64 {
	parameters = strings.TrimSpace(parameters)
	if parameters == "" {
		return 1
	}
	text, found := strings.CutPrefix(strings.ToLower(parameters), "q=")
	if !found {
		return 1
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || q < 0 || q > 1 {
		return 0
	}
	return q
}

// forwarded gives Cache-Status for an answer that came from the handler.
func forwarded(name, why string, code int, stored, collapsed bool) string {
	text := name + "; fwd=" + why
	if code != 0 && code != http.StatusOK {
		text += "; fwd-status=" + strconv.Itoa(code)
	}
	if stored {
		text += "; stored"
	}
	if collapsed {
		text += "; collapsed"
	}
	return text
}
