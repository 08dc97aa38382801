package postgres

import (
	"testing"

	"bookvault/modules/catalog/seeding"
)

// BenchmarkSeedRows is what a synthetic title costs before it is sent.
func BenchmarkSeedRows(b *testing.B) {
	s := &Seeding{library: seeding.New(1, 100_000), ids: make([]int64, 100_000)}
	s.authors = make([]int64, s.library.Authors())
	for b.Loop() {
		s.rows(0, 1000)
	}
}
