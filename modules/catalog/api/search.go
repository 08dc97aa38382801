package api

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"bookvault/modules/catalog"
	"bookvault/platform/problem"
	"bookvault/platform/rest"
)

type searchInput struct {
	Q              string        `query:"q" doc:"Words, \"phrases in quotes\", an ISBN."`
	Genre          string        `query:"genre" maxLength:"300"`
	Language       string        `query:"language" maxLength:"35" doc:"BCP 47; pt finds pt-BR too."`
	Author         string        `query:"author" maxLength:"300" doc:"Id or whole name of an author."`
	YearFrom       optional[int] `query:"year_from"`
	YearTo         optional[int] `query:"year_to"`
	Available      bool          `query:"available" doc:"true: only titles of which an item can be borrowed now."`
	Sort           string        `query:"sort" enum:"relevance,title,-title,newest,oldest,popular" default:"relevance" doc:"newest and oldest go by when a title was added; popular is the most borrowed in the last year first, as of the last count, then the newest. Without words, relevance is newest."`
	Lang           string        `query:"lang" maxLength:"35" doc:"Language whose alphabet orders titles; else Accept-Language decides."`
	AcceptLanguage string        `header:"Accept-Language"`
	Limit          int           `query:"limit" minimum:"1" maximum:"200" default:"20"`
	Cursor         string        `query:"cursor" maxLength:"8000"`
}

type searchBody struct {
	Items      []bookView     `json:"items" nullable:"false"`
	NextCursor *string        `json:"next_cursor" doc:"Send it back as cursor for the next page; null on the last one."`
	Total      catalog.Total  `json:"total"`
	Facets     catalog.Facets `json:"facets" doc:"Counted over the first matches, as many as the total says: exact when its relation is eq."`
	Corrected  string         `json:"corrected,omitempty" doc:"The query as it was understood, where a typo was mended."`
	Partial    bool           `json:"partial,omitempty" doc:"The search took all the time it may: these are titles that match, perhaps not the first ones, and no page follows. Ask for something narrower. Had it found none by then, it would be answered 503 (too_slow)."`
	Stale      bool           `json:"stale,omitempty" doc:"true: an older page of this search, since searching fails just now."`
	AsOf       *time.Time     `json:"as_of,omitempty" doc:"With sort=popular: when loans were last counted."`
}

type searchOutput struct {
	Link         string `header:"Link"`
	CacheControl string `header:"Cache-Control"`
	CacheStatus  string `header:"Cache-Status"`
	Vary         string `header:"Vary"`
	Body         searchBody
}

func (o *operations) search(ctx context.Context, in *searchInput) (*searchOutput, error) {
	c, err := in.criteria(o.service.Settings())
	if err != nil {
		return nil, err
	}
	scope := in.scope(c)
	if in.Cursor != "" {
		c.After = &catalog.Place{}
		if err := rest.DecodeCursor(scope, in.Cursor, c.After); err != nil {
			return nil, err
		}
		if !c.After.Valid() {
			return nil, problem.InvalidField("query.cursor", "must be a next_cursor of the same list")
		}
	}
	page, err := o.service.Search(ctx, c)
	if err != nil {
		return nil, err
	}
	out := &searchOutput{CacheControl: revalidate, Body: searchBody{Items: make([]bookView, len(page.Books)), Total: page.Total, Facets: page.Facets, Corrected: page.Corrected, AsOf: page.AsOf, Partial: page.Partial, Stale: page.Stale}}
	stale := page.Stale
	for i := range page.Books {
		out.Body.Items[i] = show(&page.Books[i])
		stale = stale || page.Books[i].Stale
	}
	if page.Next != nil {
		next := rest.EncodeCursor(scope, page.Next)
		out.Body.NextCursor, out.Link = &next, rest.NextLink(ctx, &next)
	}
	if in.Lang == "" && (c.Sort == catalog.ByTitle || c.Sort == catalog.ByTitleDesc) {
		out.Vary = "Accept-Language"
	}
	if stale {
		out.CacheControl, out.CacheStatus = "no-store", rest.StoodIn
	}
	if !c.Available && !stale && !page.Partial { // what is on the shelf changes with every loan
		tags := []string{AnyTitle}
		if page.AsOf != nil {
			tags = append(tags, FiguresTag)
		}
		o.share(ctx, tags...)
	}
	return out, nil
}

func (in *searchInput) criteria(s catalog.Settings) (catalog.Criteria, error) {
	c := catalog.Criteria{
		Genre: catalog.TidyLine(in.Genre), Language: catalog.TidyLanguage(in.Language), YearFrom: in.YearFrom.pointer(), YearTo: in.YearTo.pointer(),
		Available: in.Available, Sort: catalog.Sort(in.Sort), Limit: in.Limit, Reader: reader(in.Lang, in.AcceptLanguage),
		Typed: in.Q,
	}
	var err error
	if c.Query, err = catalog.ParseQuery(in.Q, s.Query); err != nil {
		return c, err
	}
	now := time.Now()
	for name, year := range map[string]*int{"year_from": c.YearFrom, "year_to": c.YearTo} {
		if year != nil && !s.Limits.IsYear(*year, now) {
			return c, problem.InvalidField("query."+name, "%s", s.Limits.YearWords(now))
		}
	}
	if in.Author = catalog.TidyLine(in.Author); in.Author != "" {
		id, notNumber := strconv.ParseInt(in.Author, 10, 64)
		switch {
		case notNumber != nil:
			c.AuthorName = in.Author
		case id < 1 || id > catalog.MaxID:
			return c, problem.InvalidField("query.author", "must be an author's id or name")
		default:
			c.AuthorID = id
		}
	}
	return c, nil
}

// scope is all that decides the list, so that a cursor is good for no other.
func (in *searchInput) scope(c catalog.Criteria) string {
	order := in.Sort
	if strings.HasSuffix(order, "title") {
		order += " " + c.Reader
	}
	parts := []string{"books", in.Q, c.Genre, c.Language, in.Author, year(c.YearFrom), year(c.YearTo), strconv.FormatBool(c.Available), order}
	for i, p := range parts {
		parts[i] = strconv.Quote(p)
	}
	return strings.Join(parts, " ")
}

func year(y *int) string {
	if y == nil {
		return ""
	}
	return strconv.Itoa(*y)
}

// reader is the language that a list by title is read in: the one that was asked for, else the browser's first.
func reader(asked, accepted string) string {
	tags, _, err := language.ParseAcceptLanguage(accepted)
	if asked != "" {
		var tag language.Tag
		if tag, err = language.Parse(asked); err == nil {
			tags = []language.Tag{tag}
		}
	}
	if err != nil || len(tags) == 0 {
		return ""
	}
	base, _ := tags[0].Base()
	return base.String()
}

type suggestInput struct {
	Q     string `query:"q" required:"true" doc:"What was typed so far."`
	Limit int    `query:"limit" minimum:"1" maximum:"20" default:"5" doc:"Of each kind."`
}

type suggestOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Items []catalog.Suggestion `json:"items" nullable:"false"`
	}
}

func (o *operations) suggest(ctx context.Context, in *suggestInput) (*suggestOutput, error) {
	if most := o.service.Settings().Query.Length; len([]rune(in.Q)) > most {
		return nil, problem.InvalidField("query.q", "at most %d characters", most)
	}
	found, err := o.service.Suggest(ctx, in.Q, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &suggestOutput{CacheControl: revalidate}
	out.Body.Items = append([]catalog.Suggestion{}, found...)
	o.share(ctx, AnyTitle)
	return out, nil
}

// CoverAddress is where a title's uploaded cover is, in one version of it.
func CoverAddress(id int64, version int32) string {
	return fmt.Sprintf("%s/books/%d/cover?v=%d", root, id, version)
}
