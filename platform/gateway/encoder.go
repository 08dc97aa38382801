package gateway

import (
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"bookvault/platform/coding"
)

// What one answer may cost. Answers of the API are made for one reader and read once, so the fast levels: the next ones take
// twice the time for a few percent.
const (
	gzipLevel  = gzip.BestSpeed
	zstdLevel  = zstd.SpeedFastest
	zstdWindow = 256 << 10 // bytes; bounds the memory of an encoder here, and of the decoder at the client

	// wholeAnswer is how much of a coded answer waits for its end, in bytes: one that ends before says its Content-Length.
	wholeAnswer = 32 << 10
)

var codingNames = [coding.Count][]string{coding.Gzip: {"gzip"}, coding.Zstd: {"zstd"}}

// coder is what gzip.Writer and zstd.Encoder have in common.
type coder interface {
	io.WriteCloser
	Flush() error
	Reset(io.Writer)
}

// encoders are kept for the next answer: making one costs up to a megabyte of tables.
var encoders = [coding.Count]sync.Pool{
	coding.Gzip: {New: func() any { return newEncoder(coding.Gzip) }},
	coding.Zstd: {New: func() any { return newEncoder(coding.Zstd) }},
}

// encoder codes one answer at a time, and holds what comes out until it is known how long it is, or too much to wait.
type encoder struct {
	coder  coder
	out    outlet
	length int // of the coded answer, in bytes; -1 while unknown
	coding coding.Coding
}

// outlet takes what the coder makes.
type outlet struct {
	to   *codedWriter
	held []byte
}

func newEncoder(c coding.Coding) *encoder {
	e := &encoder{coding: c, out: outlet{held: make([]byte, 0, wholeAnswer)}}
	var err error
	switch c {
	case coding.Gzip:
		e.coder, err = gzip.NewWriterLevel(nil, gzipLevel)
	default: // one goroutine: the caller's own, so that nothing is left running behind an answer
		e.coder, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstdLevel), zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(zstdWindow), zstd.WithLowerEncoderMem(true))
	}
	if err != nil {
		panic("gateway: an encoder's options: " + err.Error()) // they are constants; a test would find it first
	}
	return e
}

func takeEncoder(c coding.Coding, to *codedWriter) *encoder {
	e := encoders[c].Get().(*encoder)
	e.length, e.out.to, e.out.held = -1, to, e.out.held[:0]
	e.coder.Reset(&e.out)
	return e
}

// Write codes a part of the body.
func (e *encoder) Write(body []byte) (int, error) { return e.coder.Write(body) }

// Flush sends all that was written so far, in a form that the client can decode at once.
func (e *encoder) Flush() {
	_ = e.coder.Flush() // a client that is gone: the next write says so
	e.out.release()
}

// close sends the rest, and keeps the encoder for the next answer.
func (e *encoder) close() {
	_ = e.coder.Close() // as above, and there is nobody left to tell
	if !e.out.to.begun {
		e.length = len(e.out.held)
	}
	e.out.release()
	e.coder.Reset(nil)
	e.out.to = nil
	encoders[e.coding].Put(e)
}

// Write takes coded bytes.
func (o *outlet) Write(coded []byte) (int, error) {
	if !o.to.begun && len(o.held)+len(coded) <= cap(o.held) {
		o.held = append(o.held, coded...)
		return len(coded), nil
	}
	o.release()
	return o.to.send(coded)
}

// release sends the header if it was not sent, and what is held.
func (o *outlet) release() {
	o.to.begin()
	if len(o.held) > 0 {
		_, _ = o.to.send(o.held)
		o.held = o.held[:0]
	}
}
