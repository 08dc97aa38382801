package modules

import (
	"sync/atomic"

	"bookvault/platform/config"
)

// Patterns are the switches of performance layers that can be turned while the library runs. Each is read for each request, and
// off means that the request takes the plain way.
type Patterns struct {
	Compression atomic.Bool
}

// newPatterns sets the switches as configured.
func newPatterns(c config.Patterns) *Patterns {
	p := &Patterns{}
	p.Compression.Store(c.Compression.Enabled)
	return p
}
