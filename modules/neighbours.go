package modules

import (
	"context"
	"log/slog"

	"bookvault/modules/borrowing"
	"bookvault/modules/catalog"
	catalogapi "bookvault/modules/catalog/api"
	"bookvault/modules/members"
	"bookvault/platform/database"
	"bookvault/platform/gateway"
	"bookvault/platform/housekeeping"
	"bookvault/platform/problem"
	"bookvault/platform/resilience"
	"bookvault/web"
)

// What modules ask of each other, each in its own words.

// deskMembers answers borrowing who a member is.
type deskMembers struct{ people *members.Service }

// deskKey marks what the desk asks of another module.
type deskKey struct{}

func forDesk(ctx context.Context) context.Context { return context.WithValue(ctx, deskKey{}, true) }

// ofDesk tells whether a question of the members module is the desk's: it asks it, or whoever is known to work there.
func ofDesk(ctx context.Context) bool {
	return ctx.Value(deskKey{}) != nil || gateway.Priority(ctx) == resilience.Desk
}

// MemberByCard finds a member by a card, current or replaced.
func (d deskMembers) MemberByCard(ctx context.Context, card string) (borrowing.Member, error) {
	m, replaced, err := d.people.ByCard(forDesk(ctx), card)
	if err != nil {
		return borrowing.Member{}, err
	}
	return deskMember(m, replaced), nil
}

// MembersByCards finds members by cards, current or replaced.
func (d deskMembers) MembersByCards(ctx context.Context, cards []string) (map[string]borrowing.Member, error) {
	found, err := d.people.ByCards(forDesk(ctx), cards)
	if err != nil {
		return nil, err
	}
	people := make(map[string]borrowing.Member, len(found))
	for card, held := range found {
		people[card] = deskMember(held.Member, held.Replaced)
	}
	return people, nil
}

// MembersByID finds members.
func (d deskMembers) MembersByID(ctx context.Context, ids []int64) (map[int64]borrowing.Member, error) {
	found, err := d.people.ByIDs(forDesk(ctx), ids)
	if err != nil {
		return nil, err
	}
	people := make(map[int64]borrowing.Member, len(found))
	for _, m := range found {
		people[m.ID] = deskMember(m, false)
	}
	return people, nil
}

func deskMember(m members.Member, replaced bool) borrowing.Member {
	d := borrowing.Member{ID: m.ID, Card: m.Card, Replaced: replaced, Name: m.Name, Email: m.Email, Language: m.Language, Category: m.Category, KeepsHistory: m.KeepHistory, Version: m.Version}
	if !m.ExpiresOn.IsZero() {
		day := borrowing.DateOf(m.ExpiresOn, m.ExpiresOn.Location())
		d.ExpiresOn = &day
	}
	for _, b := range m.Blocks {
		d.Blocks = append(d.Blocks, b.Code)
		if b.Note != "" {
			if d.BlockNotes == nil {
				d.BlockNotes = map[string]string{}
			}
			d.BlockNotes[b.Code] = b.Note
		}
	}
	return d
}

// deskTitles answers borrowing what a title is called.
type deskTitles struct{ titles *catalog.Service }

// TitlesByID gives the text of each title that exists.
func (d deskTitles) TitlesByID(ctx context.Context, ids []int64) (map[int64]string, error) {
	found, err := d.titles.Titles(ctx, ids)
	if err != nil {
		return nil, err
	}
	texts := make(map[int64]string, len(found))
	for id, t := range found {
		texts[id] = t.Title
	}
	return texts, nil
}

// pageTitles answers the pages what stands in the head of a title's.
type pageTitles struct{ titles *catalog.Service }

// Title gives a title, or the one that it was made one with.
func (p pageTitles) Title(ctx context.Context, id int64) (web.Title, error) {
	b, err := p.titles.Book(ctx, id)
	if err != nil {
		if moved, of := p.titles.MovedTo(ctx, id, err); of == nil {
			return web.Title{ID: moved}, nil
		}
		if kind := problem.Of(err).Kind; kind == problem.NotFoundKind || kind == problem.GoneKind {
			return web.Title{}, web.ErrNoTitle
		}
		return web.Title{}, err
	}
	return titleOf(b), nil
}

// Found gives the first titles that a search finds. It is not counted as one: the page's script asks again, and that is.
func (p pageTitles) Found(ctx context.Context, words string, limit int) ([]web.Title, error) {
	query, err := catalog.ParseQuery(words, p.titles.Settings().Query)
	if err != nil {
		return nil, err
	}
	page, err := p.titles.Search(ctx, catalog.Criteria{Query: query, Sort: catalog.ByRelevance, Limit: limit})
	if err != nil {
		return nil, err
	}
	found := make([]web.Title, len(page.Books))
	for i, b := range page.Books {
		found[i] = titleOf(b)
	}
	return found, nil
}

func titleOf(b catalog.Book) web.Title {
	t := web.Title{ID: b.ID, Name: b.Title, Subtitle: b.Subtitle, Description: b.Description, Genres: b.Genres, Language: b.Language, Publisher: b.Publisher,
		ISBN13: b.ISBN13, Year: b.PublishedYear, Pages: b.Pages}
	if b.CoverVersion > 0 {
		t.Cover = catalogapi.CoverAddress(b.ID, b.CoverVersion)
	}
	for _, a := range b.Authors {
		t.Authors = append(t.Authors, a.Name)
	}
	return t
}

// tellCatalogue carries counts from borrowing to the catalogue's filter "available now".
func tellCatalogue(titles *catalog.Service) func(context.Context, []borrowing.Availability) error {
	return func(ctx context.Context, counts []borrowing.Availability) error {
		list := make([]catalog.Availability, len(counts))
		for i, c := range counts {
			list[i] = catalog.Availability{BookID: c.BookID, Items: c.Items, Available: c.Available, Holds: c.Holds, Position: c.Version}
		}
		return titles.SetAvailability(ctx, list)
	}
}

// tellDesk passes on to borrowing that a member's standing changed. The change itself is made, so a failure is only logged: the
// member's next command at the desk takes the standing over too.
func tellDesk(desk *borrowing.Service, logger *slog.Logger) func(context.Context, int64) {
	return func(ctx context.Context, memberID int64) {
		if err := desk.MembersChanged(ctx, memberID); err != nil {
			logger.LogAttrs(ctx, slog.LevelWarn, "borrowing was not told of a member's new standing", slog.Any("error", err))
		}
	}
}

// inBackground has the transactions of steps use the connections for work behind the requests.
func inBackground(steps []housekeeping.Step) []housekeeping.Step {
	all := make([]housekeeping.Step, len(steps))
	for i, s := range steps {
		all[i] = housekeeping.Step{Name: s.Name, Run: func(ctx context.Context) (int, error) { return s.Run(database.Background(ctx)) }}
	}
	return all
}

// housekeepingLock is held by the one process that does some housekeeping of a database.
func housekeepingLock(db *database.DB, name string) housekeeping.Locker {
	return func(ctx context.Context) (housekeeping.Lock, error) {
		lock, err := db.TryLock(ctx, name)
		if lock == nil { // a nil *SessionLock is no nil Lock
			return nil, err
		}
		return lock, nil
	}
}
