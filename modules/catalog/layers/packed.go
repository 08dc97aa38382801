package layers

import (
	"encoding/binary"
	"errors"
	"time"

	"bookvault/modules/catalog"
)

// Packed is a title in one piece of memory, as it is kept: half as large as a catalog.Book, whose texts and lists are pieces each, and
// nobody can change it. It is also what lies in the remote tier.
type Packed string

// formOfPacked is the first byte, so that what another release has written is told apart.
const formOfPacked = 1

// pack writes a title.
func pack(b *catalog.Book) Packed {
	w := make(packer, 0, 256+len(b.Description))
	w = append(w, formOfPacked)
	w.number(b.ID)
	w.number(int64(b.Version))
	w.number(int64(b.CoverVersion))
	w.number(b.CreatedAt.UnixMicro())
	w.number(b.UpdatedAt.UnixMicro())
	w.optional(b.PublishedYear)
	w.optional(b.Pages)
	for _, text := range []string{b.Title, b.Subtitle, b.Language, b.Publisher, b.ISBN13, b.Series, b.SeriesPosition, b.Description} {
		w.text(text)
	}
	w.number(int64(len(b.Authors)))
	for _, a := range b.Authors {
		w.number(a.ID)
		w.text(a.Name)
	}
	w.texts(b.Genres)
	w.texts(b.Subjects)
	return Packed(w)
}

type packer []byte

func (w *packer) number(n int64) { *w = binary.AppendVarint(*w, n) }

func (w *packer) optional(n *int) {
	if n == nil {
		*w = append(*w, 0)
		return
	}
	*w = append(*w, 1)
	w.number(int64(*n))
}

func (w *packer) text(s string) {
	w.number(int64(len(s)))
	*w = append(*w, s...)
}

func (w *packer) texts(list []string) {
	w.number(int64(len(list)))
	for _, s := range list {
		w.text(s)
	}
}

// errNotPacked says that bytes are no packed title of this form.
var errNotPacked = errors.New("this is no packed title")

// unpack reads a title. Its texts are parts of the packed one; its lists are the caller's own.
func (p Packed) unpack() (b catalog.Book, err error) {
	if p == "" || p[0] != formOfPacked {
		return b, errNotPacked
	}
	r := unpacker{rest: string(p[1:])}
	b.ID, b.Version, b.CoverVersion = r.number(), int32(r.number()), int32(r.number())
	b.CreatedAt, b.UpdatedAt = time.UnixMicro(r.number()).UTC(), time.UnixMicro(r.number()).UTC()
	b.PublishedYear, b.Pages = r.optional(), r.optional()
	for _, text := range []*string{&b.Title, &b.Subtitle, &b.Language, &b.Publisher, &b.ISBN13, &b.Series, &b.SeriesPosition, &b.Description} {
		*text = r.text()
	}
	b.Authors = make([]catalog.Author, r.count()) // a title without any has an empty list, as it is answered
	for i := range b.Authors {
		b.Authors[i] = catalog.Author{ID: r.number(), Name: r.text()}
	}
	b.Genres, b.Subjects = r.texts(), r.texts()
	if r.bad || r.rest != "" {
		return catalog.Book{}, errNotPacked
	}
	return b, nil
}

// unpacker reads from the front; bad says that something was not there.
type unpacker struct {
	rest string
	bad  bool
}

func (r *unpacker) number() int64 {
	var u uint64
	for i := 0; i < len(r.rest) && i < binary.MaxVarintLen64; i++ {
		c := r.rest[i]
		u |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.rest = r.rest[i+1:]
			return int64(u>>1) ^ -int64(u&1)
		}
	}
	r.bad, r.rest = true, ""
	return 0
}

// count is a number of things that follow, each of at least a byte.
func (r *unpacker) count() int {
	n := r.number()
	if n < 0 || n > int64(len(r.rest)) {
		r.bad, r.rest = true, ""
		return 0
	}
	return int(n)
}

func (r *unpacker) optional() *int {
	if r.byte() == 0 {
		return nil
	}
	n := int(r.number())
	return &n
}

// byte reads one.
func (r *unpacker) byte() byte {
	if r.rest == "" {
		r.bad = true
		return 0
	}
	c := r.rest[0]
	r.rest = r.rest[1:]
	return c
}

func (r *unpacker) text() string {
	n := r.count()
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

func (r *unpacker) texts() []string {
	n := r.count()
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = r.text()
	}
	return list
}

// PackedBytes is what a packed title takes, for the bound of KeptTitles.
func PackedBytes(p Packed) int64 { return int64(len(p)) }

// EncodePacked and DecodePacked are how titles lie in the remote tier: as they are, but looked at once when they come from there.
func EncodePacked(p Packed) ([]byte, error) { return []byte(p), nil }

// DecodePacked refuses what is no packed title.
func DecodePacked(raw []byte) (Packed, error) {
	p := Packed(raw)
	_, err := p.unpack()
	return p, err
}
