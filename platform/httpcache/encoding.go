package httpcache

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"bookvault/platform/coding"
)

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
	want, varies := coding.Identity, c.s.Compress && e.compressible(c.s.MinCompress)
	if varies && (c.s.Compressing == nil || c.s.Compressing()) {
		// Who takes nothing that there is gets it plain: better than nothing, and as the gateway does.
		want, _ = coding.Parse(r.Header["Accept-Encoding"]).Best()
	}
	if f := e.forms[want].Load(); f != nil {
		return f
	}
	f := e.encode(want, varies)
	if e.forms[want].CompareAndSwap(nil, f) && want != coding.Identity {
		c.store.grew(e)
	}
	return e.forms[want].Load()
}

// encoded is what the bodies in other encodings take, in bytes.
func (e *entry) encoded() (n int64) {
	for i := coding.Gzip; i < coding.Count; i++ {
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
	return coding.Pays(e.header.Get("Content-Type"))
}

var zstdWriter, _ = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault)) // its settings are right: no error

// encode makes a form. varies says that there are others, so that the entity tag must tell them apart and Vary must say so.
func (e *entry) encode(as coding.Coding, varies bool) *form {
	f := &form{body: e.body, etag: e.etag()}
	switch as {
	case coding.Gzip:
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		_, _ = w.Write(e.body) // a buffer takes everything
		_ = w.Close()
		f.body = out.Bytes()
	case coding.Zstd:
		f.body = zstdWriter.EncodeAll(e.body, make([]byte, 0, len(e.body)/3))
	}
	f.body = slices.Clip(f.body)
	h := e.header.Clone()
	if as != coding.Identity {
		h["Content-Encoding"] = []string{as.String()}
		h["Content-Length"] = []string{strconv.Itoa(len(f.body))}
		if f.etag = coding.Tag(f.etag, as); f.etag != "" {
			h["Etag"] = []string{f.etag}
		}
	}
	if varies {
		h["Vary"] = coding.AddVary(h["Vary"])
	}
	for name, values := range h {
		f.fields = append(f.fields, field{name, values})
	}
	return f
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
