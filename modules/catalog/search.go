package catalog

import (
	"context"
	"sort"
	"time"
	"unicode/utf8"

	"bookvault/platform/problem"
)

// Sort is the order of a list of titles.
type Sort string

// The orders. Without words to search for, relevance is newest.
const (
	ByRelevance Sort = "relevance"
	ByTitle     Sort = "title"
	ByTitleDesc Sort = "-title"
	Newest      Sort = "newest" // the latest added to the catalogue first
	Oldest      Sort = "oldest"
	Popular     Sort = "popular" // the most borrowed in the last year first, then the newest
)

// SearchSettings bound what one search costs, whatever it matches.
type SearchSettings struct {
	Candidates  int           // how many matches are ranked, counted exactly and looked at for facets
	FacetValues int           // how many values a facet names
	Typos       int           // how many words of a query are tried for typos
	Corrections int           // how many words may stand in for a mistyped one
	Budget      time.Duration // of one search; past it the best found so far is answered
}

// DefaultSearchSettings keep a search among a million titles within some ten milliseconds.
var DefaultSearchSettings = SearchSettings{Candidates: 500, FacetValues: 20, Typos: 6, Corrections: 12, Budget: 500 * time.Millisecond}

// Criteria say which titles are wanted, and in which order.
type Criteria struct {
	Query      Query
	Genre      string
	Language   string
	AuthorID   int64
	AuthorName string
	YearFrom   *int
	YearTo     *int
	Available  bool
	Sort       Sort
	Reader     string // language of the reader, which decides the order by title
	Limit      int
	After      *Place // nil for the first page
	Typed      string `json:"-"` // the query as it was typed, to be counted; it decides nothing
}

// Total is how many titles match: exactly (eq), or at least so many (gte).
type Total struct {
	Value    int    `json:"value" doc:"How many titles match."`
	Relation string `json:"relation" enum:"eq,gte" doc:"eq: exactly so many; gte: so many or more."`
}

// FacetValue is a value of a facet and the number of matches that have it.
type FacetValue struct {
	Value string `json:"value" doc:"As the filter of the same name takes it."`
	Label string `json:"label,omitempty" doc:"For people, where the value is an id."`
	Count int    `json:"count"`
}

// Facets are counted over the first matches, as many as the total says: exact when its relation is eq.
type Facets struct {
	Genre    []FacetValue `json:"genre" nullable:"false"`
	Language []FacetValue `json:"language" nullable:"false"`
	Author   []FacetValue `json:"author" nullable:"false"`
	Decade   []FacetValue `json:"decade" nullable:"false" doc:"First year of the decade: 1950 for year_from=1950 and year_to=1959."`
}

// Found is what a search found: ids in order, each with the place of a list that ends there.
type Found struct {
	IDs    []int64
	Places []Place
	More   bool // whether titles follow
	Total  Total
	Facets Facets
	// Partial tells that the search took its budget: these are any of the matches, perhaps not the first ones, and no page follows. There are
	// some; a search that found none in its time fails (SearchTooSlow).
	Partial bool
	Stale   bool       `json:"-"` // an older page that stands in while searching fails; never stored
	AsOf    *time.Time // of the order, where it goes by figures that are reckoned now and then; else nil
}

// Suggestion is a completion of what was typed: a title, an author, a genre, or what others searched for.
type Suggestion struct {
	Text string `json:"text"`
	Kind string `json:"kind" enum:"title,author,genre,search" doc:"search: what others searched for."`
	ID   *int64 `json:"id" doc:"Of the title or the author; null for a genre and a search."`
}

// Search finds titles.
type Search interface {
	// Find gives the titles that match, a page of them. The error is SearchTooSlow where none was found in the time that a search may take.
	Find(ctx context.Context, c Criteria) (Found, error)
	// Existing gives those of the words that stand in some title; with open, those that some word begins with.
	Existing(ctx context.Context, words []string, open bool) ([]string, error)
	// Suggest completes a key (see Key), at most limit of each kind, titles first.
	Suggest(ctx context.Context, key string, limit int) ([]Suggestion, error)
}

// SearchTooSlow is the answer to a search that had found nothing when it had taken its budget: whether there is something, nobody knows.
func SearchTooSlow() error {
	e := problem.New(problem.Unavailable, "too_slow", "The search found nothing yet in the time that it may take. Please try again in a moment, or search for something narrower.")
	e.RetryAfter = time.Second
	return e
}

// Page is an answer to a search.
type Page struct {
	Books     []Book
	Next      *Place // nil on the last page
	Total     Total
	Facets    Facets
	Corrected string // the query as it was understood, where a typo was mended
	AsOf      *time.Time
	Partial   bool // the search took its budget: the best found so far
	Stale     bool // an older page, since searching fails just now
}

// Search finds titles. When nothing matches, one typo a word is forgiven, and the page says so.
func (s *Service) Search(ctx context.Context, c Criteria) (Page, error) {
	if c.Query.IsEmpty() && (c.Sort == ByRelevance || c.Sort == "") {
		c.Sort = Newest
	}
	if c.Query.Nothing {
		return Page{Total: Total{Relation: "eq"}, Facets: NoFacets()}, nil
	}
	var instead map[string][]string
	asked := c.Query
	if c.After != nil && c.After.Instead != nil {
		instead = c.After.Instead
		c.Query = asked.with(instead)
	}
	found, err := s.stores.Search.Find(ctx, c)
	if err != nil {
		return Page{}, err
	}
	if found.Total == (Total{Relation: "eq"}) && c.After == nil {
		if instead, err = s.corrections(ctx, c.Query); err != nil {
			return Page{}, err
		}
		if instead != nil {
			c.Query = asked.with(instead)
			if found, err = s.stores.Search.Find(ctx, c); err != nil {
				return Page{}, err
			}
		}
	}
	page := Page{Total: found.Total, Facets: found.Facets, AsOf: found.AsOf, Partial: found.Partial, Stale: found.Stale}
	books, err := s.stores.Books.Many(ctx, found.IDs)
	if err != nil {
		return Page{}, err
	}
	for _, id := range found.IDs {
		if b, still := books[id]; still { // deleted between the two reads, it is left out
			page.Books = append(page.Books, b)
		}
	}
	if found.More {
		next := found.Places[len(found.Places)-1]
		next.Instead = instead
		page.Next = &next
	}
	if instead != nil && len(page.Books) > 0 {
		page.Corrected = asked.corrected(instead, &page.Books[0])
	}
	if instead == nil && c.After == nil && len(page.Books) > 0 {
		s.countSearch(ctx, asked.Key, c.Typed)
	}
	return page, nil
}

// termLength is the length of a term, in characters, above which it is not counted: nobody else will type it.
const termLength = 80

// countSearch counts a search that found something. The search is answered whatever becomes of the count.
func (s *Service) countSearch(ctx context.Context, key, typed string) {
	typed = TidyLine(typed)
	if key == "" || typed == "" || utf8.RuneCountInString(typed) > termLength || s.stores.Counts == nil {
		return
	}
	_ = s.stores.Counts.Searched(ctx, key, typed)
}

// Suggest completes what somebody types.
func (s *Service) Suggest(ctx context.Context, text string, limit int) ([]Suggestion, error) {
	key := TitleKey(text)
	if key == "" {
		return nil, nil
	}
	return s.stores.Search.Suggest(ctx, key, limit)
}

// NoFacets are those of nothing.
func NoFacets() Facets {
	return Facets{Genre: []FacetValue{}, Language: []FacetValue{}, Author: []FacetValue{}, Decade: []FacetValue{}}
}

// corrections finds, for words that stand in no title, those one slip away that do. Where all words are known but no title
// has them together, each may be meant to be another. nil means that nothing can be mended.
func (s *Service) corrections(ctx context.Context, q Query) (map[string][]string, error) {
	tried := q.mistypable(s.settings.Search.Typos)
	if len(tried) == 0 {
		return nil, nil
	}
	var all, open []string
	for _, t := range tried {
		all = append(append(all, t.word), Typos(t.word)...)
		if t.open {
			open = append(append(open, t.word), Typos(t.word)...)
		}
	}
	existing, err := s.known(ctx, all, false)
	if err != nil {
		return nil, err
	}
	beginnings, err := s.known(ctx, open, true)
	if err != nil {
		return nil, err
	}
	unknown := 0
	for _, t := range tried {
		if !existing[t.word] && !beginnings[t.word] {
			unknown++
		}
	}
	instead := map[string][]string{}
	for _, t := range tried {
		if unknown > 0 && (existing[t.word] || beginnings[t.word]) {
			continue
		}
		var words []string
		for _, w := range Typos(t.word) {
			if existing[w] || len(words) == 0 && t.open && beginnings[w] {
				words = append(words, w)
			}
		}
		sort.Strings(words)
		if words = words[:min(len(words), s.settings.Search.Corrections)]; len(words) > 0 {
			instead[t.word] = words
		} else if unknown > 0 {
			return nil, nil // a word that nothing is like: the rest cannot help
		}
	}
	if len(instead) == 0 {
		return nil, nil
	}
	return instead, nil
}

func (s *Service) known(ctx context.Context, words []string, open bool) (map[string]bool, error) {
	if len(words) == 0 {
		return nil, nil
	}
	found, err := s.stores.Search.Existing(ctx, words, open)
	if err != nil {
		return nil, err
	}
	set := make(map[string]bool, len(found))
	for _, w := range found {
		set[w] = true
	}
	return set, nil
}
