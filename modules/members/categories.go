package members

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// Category is a kind of membership. The desk's rules refer to its code, which never changes.
type Category struct {
	Code        string
	Name        string
	MonthsValid int  // of a new membership, and of a renewal; 0: it does not expire
	Default     bool // given to members for whom none is named; one category has it
}

// What a store says of categories.
var (
	ErrCategoryExists = errors.New("members: there is such a category")
	ErrCategoryInUse  = errors.New("members: members have the category")
)

// Categories is the stored side of categories.
type Categories interface {
	// Categories lists all categories by code.
	Categories(ctx context.Context) ([]Category, error)
	// AddCategory stores a new one; if it is the default, the one that was is no longer. ErrCategoryExists.
	AddCategory(ctx context.Context, c Category, entry AuditEntry) error
	// EditCategory locks a category, lets edit change it, and stores it. ErrNotFound.
	EditCategory(ctx context.Context, code string, edit func(Category) (Category, error), entry AuditEntry) (Category, error)
	// RemoveCategory deletes one. ErrNotFound, ErrCategoryInUse.
	RemoveCategory(ctx context.Context, code string, entry AuditEntry) error
}

// CategoryChange is an edit of a category: nil leaves a thing as it is.
type CategoryChange struct {
	Name        *string
	MonthsValid *int  // 0: it does not expire
	Default     *bool // true only: another one takes the place, none cannot
}

// The reasons for which a category is not deleted.
const (
	CategoryInUse     = "category_in_use"
	CategoryInRules   = "category_in_rules"
	CategoryIsDefault = "category_is_default"
)

const monthsMax = 1200

// Categories lists the categories that a member can have.
func (s *Service) Categories(ctx context.Context) ([]Category, error) {
	return s.store.Categories(ctx)
}

// AddCategory makes a category; librarians only. Problems: category_exists, invalid_request.
func (s *Service) AddCategory(ctx context.Context, c Category, key string) (Category, error) {
	p := caller(ctx)
	if err := needRole(p, identity.Librarian); err != nil {
		return c, err
	}
	if !codePattern.MatchString(c.Code) {
		return c, problem.InvalidField("body.code", "must be 1 to 32 lower-case letters, digits and underscores, beginning with a letter")
	}
	asked, err := c, c.check()
	if err != nil {
		return c, err
	}
	return repeatable(ctx, s, "add category", key, asked, func(ctx context.Context) (Category, error) {
		err := s.store.AddCategory(ctx, c, audit(p, s.clock(), actionCategory, 0, c.Code+" added"))
		if errors.Is(err, ErrCategoryExists) {
			err = problem.Conflict("category_exists", "There is a category %s.", c.Code)
		}
		return c, err
	})
}

// check tidies the name and refuses what is no category.
func (c *Category) check() (err error) {
	if c.Name, err = cleanName("body.name", c.Name); err != nil {
		return err
	}
	if len([]rune(c.Name)) > 100 {
		return problem.InvalidField("body.name", "has at most 100 characters")
	}
	if c.MonthsValid < 0 || c.MonthsValid > monthsMax {
		return problem.InvalidField("body.months_valid", "must be from 1 to %d months; without them it does not expire", monthsMax)
	}
	return nil
}

// EditCategory changes a category; librarians only. Memberships that run keep their last day. Problems: category_not_found,
// category_is_default, invalid_request.
func (s *Service) EditCategory(ctx context.Context, code string, change CategoryChange, key string) (Category, error) {
	p := caller(ctx)
	if err := needRole(p, identity.Librarian); err != nil {
		return Category{}, err
	}
	asked := struct {
		Code   string
		Change CategoryChange
	}{code, change}
	return repeatable(ctx, s, "edit category", key, asked, func(ctx context.Context) (Category, error) {
		c, err := s.store.EditCategory(ctx, code, func(c Category) (Category, error) {
			if change.Default != nil && c.Default && !*change.Default {
				return c, problem.Conflict(CategoryIsDefault, "This category is given to members for whom none is named. Make another one the default instead.")
			}
			setIf(&c.Name, change.Name)
			setIf(&c.MonthsValid, change.MonthsValid)
			setIf(&c.Default, change.Default)
			return c, c.check()
		}, audit(p, s.clock(), actionCategory, 0, code+" changed"))
		return c, categoryProblem(err)
	})
}

func setIf[T any](value *T, given *T) {
	if given != nil {
		*value = *given
	}
}

// RemoveCategory deletes a category that nothing refers to any more; librarians only. Problems: category_not_found, and with all that apply
// category_in_use, category_in_rules, category_is_default.
func (s *Service) RemoveCategory(ctx context.Context, code, key string) error {
	p := caller(ctx)
	if err := needRole(p, identity.Librarian); err != nil {
		return err
	}
	inRules, err := s.desk.CategoryInRules(ctx, code)
	if err != nil {
		return fmt.Errorf("remove category: ask the desk for its rules: %w", err)
	}
	categories, err := s.store.Categories(s.store.Current(ctx))
	if err != nil {
		return fmt.Errorf("remove category: %w", err)
	}
	_, err = repeatable(ctx, s, "remove category", key, code, func(ctx context.Context) (struct{}, error) {
		var reasons []problem.Reason
		if slices.ContainsFunc(categories, func(c Category) bool { return c.Code == code && c.Default }) {
			reasons = append(reasons, problem.Reason{Code: CategoryIsDefault, Detail: "This category is given to members for whom none is named."})
		}
		if inRules {
			reasons = append(reasons, problem.Reason{Code: CategoryInRules, Detail: "The rules of the desk name this category."})
		}
		if len(reasons) > 0 {
			return struct{}{}, problem.Refused(reasons...)
		}
		return struct{}{}, categoryProblem(s.store.RemoveCategory(ctx, code, audit(p, s.clock(), actionCategory, 0, code+" removed")))
	})
	return err
}

func categoryProblem(err error) error {
	switch {
	case errors.Is(err, ErrNotFound):
		return problem.NotFound("category_not_found", "There is no such category.")
	case errors.Is(err, ErrCategoryInUse):
		return problem.Refused(problem.Reason{Code: CategoryInUse, Detail: "Members have this category."})
	}
	return err
}
