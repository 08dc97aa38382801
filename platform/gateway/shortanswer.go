package gateway

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// keptBuffer is the largest buffer of an answer that is kept for the next one, in bytes.
const keptBuffer = 256 << 10

// shortAnswer is an answer of the shortcut: all of it is put together in one buffer, and sent by one write.
type shortAnswer struct {
	header http.Header
	status int    // 0 until it is written
	head   []byte // the status line and the fields, and behind them the body where its length was said beforehand
	body   []byte // where it was not
	close  bool   // the handler wants the connection closed afterwards
}

var shortAnswers = sync.Pool{New: func() any { return &shortAnswer{header: http.Header{}} }}

func newShortAnswer() *shortAnswer { return shortAnswers.Get().(*shortAnswer) }

// free gives the buffers to the next answer.
func (w *shortAnswer) free() {
	if cap(w.head) > keptBuffer || cap(w.body) > keptBuffer {
		return
	}
	clear(w.header)
	*w = shortAnswer{header: w.header, head: w.head[:0], body: w.body[:0]}
	shortAnswers.Put(w)
}

// Header gives the fields that are going to be sent.
func (w *shortAnswer) Header() http.Header { return w.header }

// WriteHeader takes the first final status; informational ones (1xx) are not sent.
func (w *shortAnswer) WriteHeader(status int) {
	if w.status != 0 || status < 200 {
		return
	}
	w.status = status
}

// Write takes a part of the body.
func (w *shortAnswer) Write(part []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if bodiless(w.status) {
		return 0, http.ErrBodyNotAllowed
	}
	if len(w.head) == 0 && len(w.body) == 0 && w.header["Content-Type"] == nil {
		w.header["Content-Type"] = []string{http.DetectContentType(part)}
	}
	if len(w.head) == 0 && w.header["Content-Length"] != nil {
		w.writeHead()
	}
	if len(w.head) > 0 {
		w.head = append(w.head, part...)
	} else {
		w.body = append(w.body, part...)
	}
	return len(part), nil
}

// send writes the answer.
func (w *shortAnswer) send(to io.Writer) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if len(w.head) == 0 {
		if !bodiless(w.status) {
			w.header["Content-Length"] = []string{strconv.Itoa(len(w.body))}
		}
		w.writeHead()
		w.head = append(w.head, w.body...)
	}
	return to.Write(w.head)
}

// writeHead writes the status line and the fields.
func (w *shortAnswer) writeHead() {
	if w.header["Date"] == nil {
		w.header["Date"] = []string{time.Now().UTC().Format(http.TimeFormat)}
	}
	b := append(w.head, "HTTP/1.1 "...)
	b = append(strconv.AppendInt(b, int64(w.status), 10), ' ')
	b = append(append(b, http.StatusText(w.status)...), "\r\n"...)
	for name, values := range w.header {
		for _, value := range values {
			b = append(append(append(b, name...), ": "...), oneLine(value)...)
			b = append(b, "\r\n"...)
			w.close = w.close || name == "Connection" && value == "close"
		}
	}
	w.head = append(b, "\r\n"...)
}

// oneLine keeps a value from becoming a field of its own.
func oneLine(value string) string {
	if strings.IndexByte(value, '\n') < 0 && strings.IndexByte(value, '\r') < 0 {
		return value
	}
	return strings.NewReplacer("\n", " ", "\r", " ").Replace(value)
}
