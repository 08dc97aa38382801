package gateway

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"bookvault/platform/coding"
)

// codedWriter is where compress looks at an answer. It waits for as much of the body as it takes to know (least bytes, the
// end, or a flush), then sends it plain or coded. The header is changed only when it is sent: until then recover may answer
// something else in its place.
type codedWriter struct {
	http.ResponseWriter
	counts *compressionCounts
	coding coding.Coding // what the client likes best
	least  int           // bytes from which coding pays
	head   bool          // HEAD: all is done but sending the body
	asked  []string      // If-None-Match as the client wrote it

	status      int // 0 until the handler gives it
	way         way
	held        []byte   // of an answer whose way is not known yet
	encoder     *encoder // of a coded answer
	text, begun bool     // content that pays to be coded; the header is sent
	plain, sent int64    // bytes of the body
}

// way is how an answer goes out.
type way uint8

const (
	unknownWay way = iota
	plainWay
	codedWay
)

// WriteHeader takes the status, and decides at once where the header tells enough. Informational ones (1xx) pass.
func (w *codedWriter) WriteHeader(status int) {
	if status < 200 {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	if w.status != 0 {
		return // the first one holds, as with net/http
	}
	w.status = status
	h := w.Header()
	w.text = w.paysToCode(h)
	length, declared := -1, false
	if values := h["Content-Length"]; len(values) > 0 {
		n, err := strconv.Atoi(values[0])
		length, declared = n, err == nil
	}
	switch {
	case status == http.StatusNotModified:
		w.text = true // who holds a variant must hear that there are others
		w.goPlain()
	case h["Content-Type"] == nil && h["Content-Encoding"] == nil && !bodiless(status):
		// decided when there is a body to look at
	case !w.text || w.coding == coding.Identity || declared && length < w.least:
		w.goPlain()
	case declared:
		w.goCoded()
	}
}

// paysToCode tells whether this answer may be coded and gains by it, so that it differs by what the client accepts.
func (w *codedWriter) paysToCode(h http.Header) bool {
	if bodiless(w.status) || w.status == http.StatusPartialContent || h["Content-Encoding"] != nil || h["Content-Range"] != nil {
		return false
	}
	if slices.ContainsFunc(h["Cache-Control"], func(field string) bool { return strings.Contains(field, "no-transform") }) {
		return false
	}
	contentType := h["Content-Type"]
	return len(contentType) > 0 && coding.Pays(contentType[0])
}

// bodiless statuses never have a body (RFC 9110, 15.3.5 and 15.4.5).
func bodiless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusNotModified
}

// Write takes a part of the body; its errors are those of sending it to the client.
func (w *codedWriter) Write(body []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	w.plain += int64(len(body))
	if w.way == unknownWay {
		if len(w.held)+len(body) < w.least {
			w.held = append(w.held, body...)
			return len(body), nil
		}
		w.decide(body)
	}
	if w.way == plainWay {
		return w.send(body)
	}
	return w.encoder.Write(body)
}

// decide chooses the way of an answer that is not small, or of which more is to come than is known; next is what comes after
// what is held.
func (w *codedWriter) decide(next []byte) {
	w.sniff(next)
	if w.text && w.coding != coding.Identity {
		w.goCoded()
	} else {
		w.goPlain()
	}
}

// sniff finds out the type of a body whose handler did not say it, as net/http does for a body that is not coded.
func (w *codedWriter) sniff(next []byte) {
	h := w.Header()
	if h["Content-Type"] != nil || len(w.held)+len(next) == 0 {
		return
	}
	sample := slices.Concat(w.held, next[:min(len(next), 512)])
	h["Content-Type"] = []string{http.DetectContentType(sample)}
	w.text = w.paysToCode(h)
}

// goPlain sends the header as the handler wrote it, and what is held. The header of an answer to HEAD waits for its length.
func (w *codedWriter) goPlain() {
	w.way = plainWay
	if !w.head {
		w.begin()
	}
	held := w.held
	w.held = nil
	if len(held) > 0 {
		_, _ = w.send(held) // the next write would fail too, and tell the handler
	}
}

// goCoded begins to code; the encoder sends the header with the first bytes that leave it.
func (w *codedWriter) goCoded() {
	w.way = codedWay
	w.encoder = takeEncoder(w.coding, w)
	held := w.held
	w.held = nil
	if len(held) > 0 {
		_, _ = w.encoder.Write(held)
	}
}

// begin sends the header.
func (w *codedWriter) begin() {
	if w.begun {
		return
	}
	w.begun = true
	h := w.Header()
	if w.text {
		h["Vary"] = coding.AddVary(h["Vary"])
	}
	switch tag := h["Etag"]; {
	case w.way == codedWay:
		h["Content-Encoding"] = codingNames[w.coding]
		delete(h, "Accept-Ranges") // ranges are of what the handler knows
		if w.encoder.length < 0 {
			delete(h, "Content-Length")
		} else {
			h["Content-Length"] = []string{strconv.Itoa(w.encoder.length)}
		}
		if len(tag) > 0 {
			h["Etag"] = []string{coding.Tag(tag[0], w.coding)}
		}
	case w.status == http.StatusNotModified && len(tag) > 0:
		w.nameVariant(h, tag[0])
	}
	w.ResponseWriter.WriteHeader(w.status)
}

// send gives bytes to the client, or only counts them for HEAD.
func (w *codedWriter) send(body []byte) (int, error) {
	w.sent += int64(len(body))
	if w.head {
		return len(body), nil
	}
	return w.ResponseWriter.Write(body)
}

// Flush sends all that there is. An answer that is flushed is a stream, whose length nobody knows: it is coded however short
// its first part is.
func (w *codedWriter) Flush() {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.way == unknownWay {
		w.decide(nil)
	}
	if w.way == codedWay {
		w.encoder.Flush()
	}
	if !w.head {
		_ = http.NewResponseController(w.ResponseWriter).Flush() // a writer that cannot flush sends at the end
	}
}

// close ends the answer when the handler has returned.
func (w *codedWriter) close() {
	switch {
	case w.status == 0:
		return // nothing was answered, or the connection was taken over
	case w.way == unknownWay: // all of it is held, so it is small
		w.sniff(nil)
		w.goPlain()
	case w.way == codedWay:
		w.encoder.close()
	}
	if w.head && !w.begun { // only an answer to HEAD has not begun
		if h := w.Header(); h["Content-Length"] == nil && w.sent > 0 {
			h["Content-Length"] = []string{strconv.FormatInt(w.sent, 10)}
		}
		w.begin()
	}
	if w.text && !bodiless(w.status) {
		w.counts.add(w.sentAs(), w.plain, w.sent)
	}
}

// sentAs is the coding of the answer as it went out.
func (w *codedWriter) sentAs() coding.Coding {
	if w.way == codedWay {
		return w.coding
	}
	return coding.Identity
}

// Unwrap lets http.ResponseController reach the real writer.
func (w *codedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
