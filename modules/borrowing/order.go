package borrowing

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

var orderCode = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

// Policy gives the library's own order as it is now: branches, item types, rules and calendar.
func (s *Service) Policy(ctx context.Context) (*Policy, error) { return s.store.Policy(ctx) }

// SaveBranch adds a branch, or renames it.
func (s *Service) SaveBranch(ctx context.Context, b Branch) error {
	if err := checkOrder(ctx, b.Code, b.Name); err != nil {
		return err
	}
	return s.store.SaveBranch(ctx, b)
}

// SaveItemType adds an item type, or renames it.
func (s *Service) SaveItemType(ctx context.Context, t ItemType) error {
	if err := checkOrder(ctx, t.Code, t.Name); err != nil {
		return err
	}
	return s.store.SaveItemType(ctx, t)
}

// SaveRule puts a rule into its cell of the matrix, in the place of the one that stood there. Loans that are open keep their
// terms.
func (s *Service) SaveRule(ctx context.Context, r Rule) error {
	if err := checkOrder(ctx, "rule", "rule"); err != nil {
		return err
	}
	if r.RenewFrom == "" {
		r.RenewFrom = RenewFromDue
	}
	if problems := r.Terms.check(); problems != "" {
		return problem.Invalid("invalid_request", "A rule needs "+problems+".")
	}
	p, err := s.store.Policy(ctx)
	if err != nil {
		return err
	}
	if r.Branch != "" && !p.HasBranch(r.Branch) {
		return errBranchUnknown("body.branch")
	}
	if r.ItemType != "" && !p.HasItemType(r.ItemType) {
		return problem.InvalidField("body.item_type", "is not an item type of this library")
	}
	if r.Category != "" && !orderCode.MatchString(r.Category) {
		return problem.InvalidField("body.category", "is not a code of a category")
	}
	return s.store.SaveRule(ctx, r)
}

// SaveCategoryLimits sets what members of a category may have in all, beside the limits of the rules.
func (s *Service) SaveCategoryLimits(ctx context.Context, category string, c CategoryLimits) error {
	if err := checkOrder(ctx, category, category); err != nil {
		return err
	}
	if problems := c.check(); problems != "" {
		return problem.Invalid("invalid_request", "The limits of a category are "+problems+".")
	}
	return s.store.SaveCategoryLimits(ctx, category, c)
}

// SaveHours replaces the weekly hours of a branch; none at all says that it is open every day.
func (s *Service) SaveHours(ctx context.Context, branch string, hours []Opening) error {
	if err := checkOrder(ctx, branch, branch); err != nil {
		return err
	}
	for _, h := range hours {
		opens, err1 := time.Parse("15:04", h.Opens)
		closes, err2 := time.Parse("15:04", h.Closes)
		if err1 != nil || err2 != nil || !opens.Before(closes) || h.Weekday < 0 || h.Weekday > 6 {
			return problem.InvalidField("body.hours", "each is a weekday from 0 (Sunday) to 6 with an opening time before its closing time, as 09:00")
		}
	}
	return s.store.SaveHours(ctx, branch, hours, s.checkCalendar)
}

// SaveClosures replaces the days on which branches stay closed.
func (s *Service) SaveClosures(ctx context.Context, closures []Closure) error {
	if err := checkOrder(ctx, "closures", "closures"); err != nil {
		return err
	}
	for i, c := range closures {
		if c.Last < c.First || len(c.Reason) > 200 {
			return problem.InvalidField(fmt.Sprintf("body.closures[%d]", i), "needs a last day that is not before its first, and a reason of at most 200 bytes")
		}
	}
	return s.store.SaveClosures(ctx, closures, s.checkCalendar)
}

func (s *Service) checkCalendar(p *Policy) error {
	if err := p.CheckCalendar(s.Today(s.now())); err != nil {
		return problem.InvalidField("body", "%v: a book lent there could never be due", err)
	}
	return nil
}

func checkOrder(ctx context.Context, code, name string) error {
	if p, _ := identity.FromContext(ctx); !p.May(identity.Librarian) {
		return problem.New(problem.Forbidden, "role_needed", "This needs the role librarian.")
	}
	if !orderCode.MatchString(code) {
		return problem.InvalidField("body.code", "must be 1 to 32 of a-z, 0-9, - and _, beginning with a letter or digit")
	}
	if n := len([]rune(strings.TrimSpace(name))); n < 1 || n > 200 {
		return problem.InvalidField("body.name", "must be 1 to 200 characters")
	}
	return nil
}

// MembersChanged tells borrowing that the standing of members changed, so that their holds are passed over, or served again.
// modules.go connects it; a command about a member refreshes it too.
func (s *Service) MembersChanged(ctx context.Context, ids ...int64) error {
	found, err := s.members.MembersByID(ctx, ids)
	if err != nil {
		return err
	}
	standings := make(map[int64]Standing, len(found))
	for id, m := range found {
		standings[id] = StandingOf(m)
	}
	return s.store.KeepStandings(ctx, standings)
}
