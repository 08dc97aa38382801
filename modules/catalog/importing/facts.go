package importing

import (
	"crypto/sha256"
	"fmt"
	"hash"

	"bookvault/modules/catalog"
)

// FactsSize is the length of a hash of facts, in bytes.
const FactsSize = 16

// Facts is the hash of everything that a row says about its title. Equal hashes mean that the row did not change since the
// last import, so there is nothing to do, whatever a librarian did to the title meanwhile.
func Facts(b *catalog.Book) []byte {
	h := sha256.New()
	text(h, b.Title, b.Subtitle, b.Language, b.Publisher, b.ISBN13, b.Series, b.SeriesPosition, b.Description)
	number(h, b.PublishedYear)
	number(h, b.Pages)
	for _, a := range b.Authors {
		text(h, a.Name)
	}
	// The lists are told apart by their lengths, so that no genre passes for a subject.
	_, _ = fmt.Fprintf(h, "%d %d %d", len(b.Authors), len(b.Genres), len(b.Subjects))
	text(h, b.Genres...)
	text(h, b.Subjects...)
	return h.Sum(nil)[:FactsSize]
}

func text(h hash.Hash, values ...string) {
	for _, v := range values {
		_, _ = fmt.Fprintf(h, "%d:%s", len(v), v)
	}
}

func number(h hash.Hash, n *int) {
	if n == nil {
		_, _ = h.Write([]byte("-"))
		return
	}
	_, _ = fmt.Fprintf(h, "%d;", *n)
}
