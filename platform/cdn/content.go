package cdn

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"bookvault/platform/coding"
)

// content is what a file or a page holds, with its headers ready-made: the slices are shared by all answers and never written to.
type content struct {
	contentType []string
	pays        bool // text, which gains by being coded
	variants    [coding.Count]variant
}

// variant is the content in one coding. What is not Identity is made when it is first asked for, and once.
type variant struct {
	made                   sync.Once
	body                   []byte
	length, etag, encoding []string
	smaller                bool // than the content as it is
}

var byBytes = []string{"bytes"}

func (c *content) set(contentType string, body []byte) {
	c.contentType, c.pays = []string{contentType}, coding.Pays(contentType)
	c.variants[coding.Identity].set(body, coding.Identity)
}

// set gives the variant its body. Its tag is of what is sent: codings of one content are not the same bytes, so no strong tag can
// stand for two of them (RFC 9110, 8.8.3.3).
func (v *variant) set(body []byte, as coding.Coding) {
	sum := sha256.Sum256(body)
	v.body, v.length, v.encoding = body, []string{strconv.Itoa(len(body))}, []string{as.String()}
	v.etag = []string{`"` + hex.EncodeToString(sum[:8]) + `"`}
}

// variant gives the content in a coding.
func (c *content) variant(as coding.Coding) *variant {
	v := &c.variants[as]
	if as == coding.Identity {
		return v
	}
	v.made.Do(func() {
		plain := c.variants[coding.Identity].body
		v.set(encode(plain, as), as)
		v.smaller = len(v.body) < len(plain)
	})
	return v
}

// part answers what only a part is asked of, or what depends on the tag: it gives the bytes that were sent. The range is one of
// the variant, which is what the tag names.
func (v *variant) part(w http.ResponseWriter, r *http.Request) int {
	counting := &countingWriter{ResponseWriter: w}
	http.ServeContent(counting, r, "", time.Time{}, bytes.NewReader(v.body))
	return counting.bytes
}

type countingWriter struct {
	http.ResponseWriter
	bytes int
}

func (w *countingWriter) Write(body []byte) (int, error) {
	n, err := w.ResponseWriter.Write(body)
	w.bytes += n
	return n, err
}

// Each variant is made once and sent often, so the best levels. The window is no larger than any browser takes.
var (
	zips = sync.Pool{New: func() any {
		w, err := gzip.NewWriterLevel(nil, gzip.BestCompression)
		return mustEncode(w, err)
	}}
	zstds = sync.Pool{New: func() any {
		w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true))
		return mustEncode(w, err)
	}}
)

func mustEncode[E any](encoder E, err error) E {
	if err != nil {
		panic("cdn: an encoder's options: " + err.Error()) // they are constants; a test would find it first
	}
	return encoder
}

func encode(plain []byte, as coding.Coding) []byte {
	if as == coding.Zstd {
		encoder := zstds.Get().(*zstd.Encoder)
		defer zstds.Put(encoder)
		return encoder.EncodeAll(plain, nil)
	}
	var coded bytes.Buffer
	zip := zips.Get().(*gzip.Writer)
	defer zips.Put(zip)
	zip.Reset(&coded)
	_, _ = zip.Write(plain) // a buffer takes everything
	_ = zip.Close()
	return coded.Bytes()
}
