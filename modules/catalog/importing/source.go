package importing

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"golang.org/x/text/encoding/unicode"
)

// Source is an opened file: its bytes unpacked, with what is known of their encoding. It counts the packed bytes read, so
// that progress can be told as a share of the file's size.
type Source struct {
	bytes *bufio.Reader
	text  *decoder
	read  *countingReader
}

// sniffed is how much of a file is looked at before the first row is read, in bytes.
const sniffed = 64 << 10

// ErrUnreadable is the kind of every error that means: this is not a file that can be imported as it is.
var ErrUnreadable = errors.New("this file cannot be imported")

func unreadable(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnreadable, fmt.Sprintf(format, args...))
}

// Foreign files that people hand in by mistake, by their first bytes.
var foreign = []struct{ magic, what string }{
	{"PK\x03\x04", "it is a zip archive or a spreadsheet; save the sheet as CSV, or unpack it first"},
	{"\xd0\xcf\x11\xe0", "it is an old spreadsheet; save the sheet as CSV"},
	{"\x28\xb5\x2f\xfd", "it is packed with zstd; unpack it or pack it with gzip"},
	{"\xfd7zXZ\x00", "it is packed with xz; unpack it or pack it with gzip"},
	{"BZh", "it is packed with bzip2; unpack it or pack it with gzip"},
	{"%PDF", "it is a PDF"},
}

// Open looks at the first bytes of a file: it unpacks gzip, takes off a byte order mark and decides on an encoding as far as
// that can be known yet. encoding is a name for ParseEncoding; empty means that it is detected.
func Open(r io.Reader, encoding string, limits Limits) (*Source, error) {
	limits = limits.withDefaults()
	asked, err := ParseEncoding(encoding)
	if err != nil {
		return nil, err
	}
	counted := &countingReader{r: r}
	in := bufio.NewReaderSize(counted, sniffed)
	head, err := in.Peek(8)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return nil, unreadable("%s", f.what)
		}
	}
	if bytes.HasPrefix(head, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return nil, unreadable("its gzip header is damaged: %v", err)
		}
		in = bufio.NewReaderSize(unpacked, sniffed)
	}
	if limits.UnpackedBytes > 0 {
		in = bufio.NewReaderSize(&boundedReader{r: in, left: limits.UnpackedBytes, bound: limits.UnpackedBytes}, sniffed)
	}
	s := &Source{bytes: in, read: counted}
	head, err = in.Peek(sniffed)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, _ = in.Discard(3)
		if asked == nil {
			asked = decodeUTF8
		}
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		asked = &charset{name: "UTF-16", wide: unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)}
	}
	if s.text, err = newDecoder(asked, head); err != nil {
		return nil, err
	}
	if s.text.charset != nil && s.text.charset.wide != nil {
		// Its bytes are no superset of ASCII, so the whole stream is turned into UTF-8 before it is cut into rows. What
		// cannot be decoded becomes U+FFFD, and the row that holds one is refused.
		s.bytes = bufio.NewReaderSize(s.text.charset.wide.NewDecoder().Reader(in), sniffed)
	}
	return s, nil
}

// BytesRead says how many bytes of the file, as it lies on the disk, were read so far. Safe to call from elsewhere.
func (s *Source) BytesRead() int64 { return s.read.n.Load() }

// Encoding names the encoding that was found or asked for; "ASCII so far" until a row decides.
func (s *Source) Encoding() string {
	if s.text.charset == nil {
		return "ASCII so far"
	}
	return s.text.charset.name
}

type countingReader struct {
	r io.Reader
	n atomic.Int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// boundedReader refuses to unpack more than it was told to: a few kilobytes of gzip can hold gigabytes.
type boundedReader struct {
	r           io.Reader
	left, bound int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, unreadable("it unpacks to more than %d bytes", b.bound)
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	return n, err
}
