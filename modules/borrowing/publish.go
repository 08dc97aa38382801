package borrowing

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"bookvault/platform/identity"
	"bookvault/platform/ledger"
	"bookvault/platform/problem"
)

// The streams of the ledger in which the library's own order is kept. An edition of the rules is an event there: who published it
// and when stands beside it, and nothing can change it later.
const (
	RulesStream    = "rules"
	CalendarStream = "calendar"
)

// Edition is one published version of the rules or of the calendar.
type Edition[D any] struct {
	Version  int
	At       time.Time // zero in what the library came with, while nothing was published
	By       string    // staff/<member id>, or system
	Note     string    // why, in the publisher's words
	Document D
}

// Edition is the number of what is in force: 1 for what the library came with.
func (p *Policy) Edition(stream string) int { return max(p.Editions[stream], 1) }

// paper is one of the two documents that are published.
type paper[D any] struct {
	stream, event string
	now           func(sc *Scene) D            // what is in force
	keep          func(c *Changes, document D) // for the store to write
}

var rulesPaper = paper[Matrix]{stream: RulesStream, event: EventRulesPublished,
	now: func(sc *Scene) Matrix {
		m := sc.Policy.Matrix(sc.Currency)
		m.tidy()
		return m
	},
	keep: func(c *Changes, m Matrix) { c.Matrix = &m }}

var calendarPaper = paper[Calendar]{stream: CalendarStream, event: EventCalendarPublished,
	now:  func(sc *Scene) Calendar { return sc.Policy.Calendar() },
	keep: func(c *Changes, calendar Calendar) { c.Calendar = &calendar }}

// PublishRules puts a whole matrix into force, from the next command on; loans that are open keep their terms. base is the version
// that was edited (0: whatever is in force), note says why. A version that is not in force any more is a problem of kind
// PreconditionFailed.
func (s *Service) PublishRules(ctx context.Context, m Matrix, base int, note string, order Order) (Edition[Matrix], error) {
	return publish(ctx, s, rulesPaper, base, note, order, func(sc *Scene) (Matrix, error) {
		m.tidy()
		if err := m.check(sc.Policy, sc.Currency); err != nil {
			return m, err
		}
		m.Currency = sc.Currency
		return m, nil
	})
}

// PublishCalendar puts opening hours and closures into force. Loans keep their due dates. A calendar in which some branch has 60
// days without an open one is refused, with the branch and the day.
func (s *Service) PublishCalendar(ctx context.Context, c Calendar, base int, note string, order Order) (Edition[Calendar], error) {
	return s.putCalendar(ctx, base, note, order, func(sc *Scene) (Calendar, error) {
		err := sc.checkCalendar(&c)
		return c, err
	})
}

// putCalendar publishes a calendar, and has what waits on the hold shelves follow it at once. Where that fails housekeeping does it.
func (s *Service) putCalendar(ctx context.Context, base int, note string, order Order, edit func(*Scene) (Calendar, error)) (Edition[Calendar], error) {
	edition, err := publish(ctx, s, calendarPaper, base, note, order, edit)
	if err != nil {
		return edition, err
	}
	if _, err := s.FollowCalendar(ctx); err != nil {
		s.settings.Logger.LogAttrs(ctx, slog.LevelWarn, "holds on the shelf keep their old last day until housekeeping comes", slog.Any("error", err))
	}
	return edition, nil
}

func (sc *Scene) checkCalendar(c *Calendar) error {
	c.tidy()
	if err := c.check(sc.Policy); err != nil {
		return err
	}
	if err := sc.Policy.withCalendar(*c).CheckCalendar(sc.Today); err != nil {
		words := err.Error() + ": a book lent there could never be due"
		return problem.Invalid(NoOpenDay, "This calendar cannot be published: "+words+".", problem.Field{Field: "body", Detail: words})
	}
	return nil
}

// publish runs the command that makes the next edition of a paper. The first one to be published is the second: what was in force
// until then is recorded before it, as the library's own.
func publish[D any](ctx context.Context, s *Service, of paper[D], base int, note string, order Order, edit func(*Scene) (D, error)) (Edition[D], error) {
	if err := needLibrarian(ctx); err != nil {
		return Edition[D]{}, err
	}
	note = norm.NFC.String(strings.TrimSpace(note))
	if utf8.RuneCountInString(note) > 500 || strings.ContainsFunc(note, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }) {
		return Edition[D]{}, problem.InvalidField("body.note", "must have at most 500 characters, and no control characters")
	}
	return execute(ctx, s, order, Scope{Order: true}, nil, func(sc *Scene) (Edition[D], error) {
		current := sc.Policy.Edition(of.stream)
		if base != 0 && base != current {
			return Edition[D]{}, problem.New(problem.PreconditionFailed, "version_conflict",
				"Somebody published another version in the meantime: version %d is in force now. Read it again and repeat your change.", current)
		}
		next, err := edit(sc)
		if err != nil {
			return Edition[D]{}, err
		}
		who := sc.Actor
		if sc.Policy.Editions[of.stream] == 0 {
			sc.Actor = "system"
			sc.record(of.stream, current, of.event, of.now(sc), "")
			sc.Actor = who
		}
		of.keep(&sc.Changes, next)
		sc.record(of.stream, current+1, of.event, next, note)
		return Edition[D]{Version: current + 1, At: sc.Now, By: who, Note: note, Document: next}, nil
	})
}

// SaveRule publishes the rules with this one in its cell, in the place of what stood there.
func (s *Service) SaveRule(ctx context.Context, r Rule) error {
	return s.editRules(ctx, func(m Matrix) Matrix { return m.edited(r) })
}

// SaveCategoryLimits publishes the rules with other limits of what members of a category may have in all.
func (s *Service) SaveCategoryLimits(ctx context.Context, category string, c CategoryLimits) error {
	return s.editRules(ctx, func(m Matrix) Matrix { return m.limited(category, c) })
}

func (s *Service) editRules(ctx context.Context, edit func(Matrix) Matrix) error {
	_, err := publish(ctx, s, rulesPaper, 0, "", Order{}, func(sc *Scene) (Matrix, error) {
		m := edit(rulesPaper.now(sc))
		m.tidy()
		return m, m.check(sc.Policy, sc.Currency)
	})
	return err
}

// SaveHours publishes the calendar with other weekly hours of a branch; none at all says that it is open every day.
func (s *Service) SaveHours(ctx context.Context, branch string, hours []Opening) error {
	return s.editCalendar(ctx, func(c *Calendar) {
		with := map[string][]Opening{branch: hours}
		for other, days := range c.Hours {
			if other != branch {
				with[other] = days
			}
		}
		c.Hours = with
	})
}

// SaveClosures publishes the calendar with other closures.
func (s *Service) SaveClosures(ctx context.Context, closures []Closure) error {
	return s.editCalendar(ctx, func(c *Calendar) { c.Closures = closures })
}

func (s *Service) editCalendar(ctx context.Context, edit func(*Calendar)) error {
	_, err := s.putCalendar(ctx, 0, "", Order{}, func(sc *Scene) (Calendar, error) {
		c := calendarPaper.now(sc)
		edit(&c)
		err := sc.checkCalendar(&c)
		return c, err
	})
	return err
}

// RulesEdition gives a published version of the rules; 0 is the one in force.
func (s *Service) RulesEdition(ctx context.Context, version int) (Edition[Matrix], error) {
	return editionOf(ctx, s, rulesPaper, version)
}

// CalendarEdition gives a published version of the calendar; 0 is the one in force.
func (s *Service) CalendarEdition(ctx context.Context, version int) (Edition[Calendar], error) {
	return editionOf(ctx, s, calendarPaper, version)
}

func editionOf[D any](ctx context.Context, s *Service, of paper[D], version int) (Edition[D], error) {
	p, err := s.store.Policy(ctx)
	if err != nil {
		return Edition[D]{}, err
	}
	current := p.Edition(of.stream)
	if version == 0 || version == current {
		e := Edition[D]{Version: current, By: "system", Document: of.now(&Scene{Policy: p, Currency: s.settings.Currency})}
		if version == 0 || p.Editions[of.stream] == 0 {
			return e, nil
		}
	}
	events, err := s.store.Events(ctx, of.stream, version-1, 1)
	if err != nil {
		return Edition[D]{}, err
	}
	if len(events) == 0 || events[0].Version != version {
		return Edition[D]{}, problem.NotFound("version_not_found", "There is no version %d; the newest is %d.", version, current)
	}
	e := editionIn[D](events[0])
	if err := json.Unmarshal(events[0].Data, &e.Document); err != nil {
		return e, fmt.Errorf("read version %d of the %s: %w", version, of.stream, err)
	}
	return e, nil
}

// Editions lists the published versions of a stream without what they say, newest first, at most limit of those below before (0:
// from the newest), and tells whether there are more.
func (s *Service) Editions(ctx context.Context, stream string, before, limit int) ([]Edition[struct{}], bool, error) {
	events, err := s.store.Editions(ctx, stream, before, limit+1)
	if err != nil {
		return nil, false, err
	}
	list := make([]Edition[struct{}], 0, len(events)+1)
	for _, e := range events {
		list = append(list, editionIn[struct{}](e))
	}
	if len(list) == 0 && before == 0 {
		list = append(list, Edition[struct{}]{Version: 1, By: "system"}) // what the library came with
	}
	return list[:min(len(list), limit)], len(list) > limit, nil
}

func editionIn[D any](e ledger.Event) Edition[D] {
	return Edition[D]{Version: e.Version, At: e.At, By: e.Actor, Note: e.Reason}
}

func needLibrarian(ctx context.Context) error {
	if p, _ := identity.FromContext(ctx); !p.May(identity.Librarian) {
		return problem.New(problem.Forbidden, "role_needed", "This needs the role librarian.")
	}
	return nil
}
