package importing

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/wlynxg/chardet"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

// charset is one way to read the bytes of a file. Exactly one of its parts is set, or none for UTF-8.
type charset struct {
	name   string
	single *charmap.Charmap  // one byte a character, ASCII below 128: a row is cut first and its fields decoded after
	wide   encoding.Encoding // anything else: the stream is decoded before it is cut
}

var (
	decodeUTF8 = &charset{name: "UTF-8"}
	// cp1252 serves Latin-1 too: they differ in 0x80 to 0x9f, which Latin-1 gives to control characters that no text holds.
	decodeWestern = &charset{name: "windows-1252", single: charmap.Windows1252}
)

// ParseEncoding gives the encoding of a name: utf-8, latin-1 (iso-8859-1), cp1252, utf-16le, utf-16be, or any name of the
// WHATWG encoding standard. Empty or "auto" gives nil: it is to be detected.
func ParseEncoding(name string) (*charset, error) {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "", "auto":
		return nil, nil
	case "utf-8", "utf8":
		return decodeUTF8, nil
	case "latin-1", "latin1", "iso-8859-1", "cp1252", "windows-1252":
		return decodeWestern, nil
	case "utf-16", "utf-16le":
		return &charset{name: "UTF-16LE", wide: unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)}, nil
	case "utf-16be":
		return &charset{name: "UTF-16BE", wide: unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)}, nil
	}
	enc, err := htmlindex.Get(name)
	if err != nil {
		return nil, unreadable("no encoding is called %q; try utf-8, latin-1, cp1252, utf-16le or a name such as windows-1258", name)
	}
	known, _ := htmlindex.Name(enc)
	if m, ok := enc.(*charmap.Charmap); ok {
		return &charset{name: known, single: m}, nil
	}
	return &charset{name: known, wide: enc}, nil
}

// decoder turns fields into text. While everything was ASCII it has no charset: UTF-8 and cp1252 read ASCII alike, so the
// choice can wait for the first row that needs it, however late that row comes, and nothing read before can turn out wrong.
//
// Once a file is known as UTF-8, bytes that are not UTF-8 refuse their row: such a file was pasted together from two
// encodings, and reading one half by a guess would store mojibake. The other way round there is no guess: in a file taken
// for cp1252, a value whose accented bytes are all good UTF-8 is UTF-8 (as cp1252 it would read like "Ã©").
type decoder struct {
	charset *charset
	asked   bool // the charset was named by a person or a byte order mark, not detected
}

func newDecoder(asked *charset, head []byte) (*decoder, error) {
	d := &decoder{charset: asked, asked: asked != nil}
	if asked != nil {
		return d, nil
	}
	if looksWide(head) {
		return nil, unreadable("it looks like UTF-16 without a byte order mark; say --encoding utf-16le or utf-16be")
	}
	return d, d.decide(head)
}

// looksWide knows UTF-16 text by its NULs: every other byte of what is mostly ASCII.
func looksWide(head []byte) bool {
	head = head[:min(len(head), 1<<10)]
	return len(head) >= 4 && bytes.Count(head, []byte{0})*3 >= len(head)
}

// decide looks at a part of the file that may end in the middle of a character. It leaves the charset open when all is ASCII.
func (d *decoder) decide(part []byte) error {
	valid, invalid := 0, 0
	for i := 0; i < len(part); {
		if part[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(part[i:])
		switch {
		case r != utf8.RuneError || size > 1:
			valid++
		case !utf8.FullRune(part[i:]): // cut off at the end: says nothing
		default:
			invalid++
		}
		i += size
	}
	switch {
	case valid == 0 && invalid == 0:
		return nil
	case valid >= invalid: // a UTF-8 file with a broken row or two; the rows are refused one by one
		d.charset = decodeUTF8
		return nil
	}
	if other := notWestern(part); other != "" {
		return unreadable("its text is neither UTF-8 nor Latin-1; it looks like %s. If that is right, say --encoding %s", other, strings.ToLower(other))
	}
	d.charset = decodeWestern
	return nil
}

// notWestern asks the detector whether text that is not UTF-8 is in an encoding that cp1252 would turn into mojibake. Only
// a confident answer counts: on a few accented letters it names one of a dozen Latin sets at random.
func notWestern(part []byte) string {
	const sure = 0.8
	res := chardet.Detect(part)
	switch name := strings.ToUpper(res.Charset); {
	case res.Confidence < sure, name == "", name == "ASCII", strings.HasPrefix(name, "UTF-"):
		return ""
	case strings.HasPrefix(name, "ISO-8859-1"), name == "ISO-8859-9", name == "WINDOWS-1252", name == "WINDOWS-1254", name == "MACROMAN":
		return "" // ISO-8859-1, -13, -15 and Turkish share nearly all of their letters with cp1252
	}
	if _, err := htmlindex.Get(res.Charset); err != nil {
		return "" // a set that --encoding could not be given either
	}
	return res.Charset
}

var (
	errNotUTF8   = errors.New("these bytes are not UTF-8")
	errDamaged   = errors.New("it holds the replacement character U+FFFD: this text was damaged before it came here")
	errUndefined = errors.New("it holds a byte that the encoding does not define")
)

// text decodes one field. The caller has made sure, with decide, that the charset is set if any field needs one.
func (d *decoder) text(field []byte) (string, error) {
	if d.charset != nil && d.charset.single != nil {
		if !d.asked && !ascii(field) && utf8.Valid(field) {
			return string(field), nil
		}
		return decodeSingle(d.charset.single, field)
	}
	if !utf8.Valid(field) {
		return "", errNotUTF8
	}
	if bytes.Contains(field, []byte("\uFFFD")) {
		return "", errDamaged
	}
	return string(field), nil
}

func decodeSingle(m *charmap.Charmap, field []byte) (string, error) {
	var b strings.Builder
	b.Grow(len(field))
	for _, c := range field {
		if c < utf8.RuneSelf {
			b.WriteByte(c)
			continue
		}
		r := m.DecodeByte(c)
		if r == utf8.RuneError || (r >= 0x80 && r < 0xa0) { // cp1252 has no 81, 8d, 8f, 90, 9d
			return "", fmt.Errorf("%w: 0x%02x in %s", errUndefined, c, m)
		}
		b.WriteRune(r)
	}
	return b.String(), nil
}
