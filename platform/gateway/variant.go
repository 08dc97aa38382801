package gateway

import (
	"net/http"
	"slices"
	"strings"

	"bookvault/platform/coding"
)

// inner gives the request as handlers get it. HEAD becomes GET, since a header that is true of GET is made by doing it. In
// If-None-Match the ETags of the coding that this client gets lose their suffix; those of other codings keep it and match
// nothing, since a cache that holds only them has nothing to answer this client with.
func (w *codedWriter) inner(r *http.Request) *http.Request {
	suffix := coding.TagEnd(w.coding)
	w.asked = r.Header["If-None-Match"]
	named := w.coding != coding.Identity && slices.ContainsFunc(w.asked, func(field string) bool { return strings.Contains(field, suffix) })
	if !w.head && !named {
		return r
	}
	inner := *r
	if w.head {
		inner.Method = http.MethodGet
	}
	if named {
		inner.Header = make(http.Header, len(r.Header))
		for name, values := range r.Header {
			inner.Header[name] = values
		}
		tags := make([]string, len(w.asked))
		for i, field := range w.asked {
			tags[i] = strings.ReplaceAll(field, suffix, `"`)
		}
		inner.Header["If-None-Match"] = tags
	}
	return &inner
}

// nameVariant has a 304 name the variant that the client holds, so that a cache renews that one.
func (w *codedWriter) nameVariant(h http.Header, tag string) {
	variant := coding.Tag(tag, w.coding)
	if slices.ContainsFunc(w.asked, func(field string) bool { return strings.Contains(field, variant) }) {
		h["Etag"] = []string{variant}
	}
}
