package layers

// layer is a decorator that says what it stands before.
type layer interface{ inner() any }

// Order names the layers of a store from the outside in, as they were put together: stale-on-error, cache-aside, coalesced, resilient. What is before the first of
// them, and what the last stands before, is not named.
func Order(store any) []string {
	var names []string
	for {
		l, ok := store.(layer)
		if !ok {
			return names
		}
		switch l.(type) {
		case *staleOnError, *staleSearches:
			names = append(names, "stale-on-error")
		case *cachedBooks, *cachedAuthors:
			names = append(names, "cache-aside")
		case *searchThrough:
			names = append(names, "read-through")
		case *coalesced:
			names = append(names, "coalesced")
		case *resilientBooks, *resilientAuthors, *resilientCovers, *resilientSearch:
			names = append(names, "resilient")
		}
		store = l.inner()
	}
}

func (s *staleOnError) inner() any  { return s.Books }
func (s *staleSearches) inner() any { return s.Search }
func (c *cachedBooks) inner() any   { return c.Books }
func (c *cachedAuthors) inner() any { return c.Authors }
func (s *searchThrough) inner() any { return s.Search }
func (c *coalesced) inner() any     { return c.Books }
