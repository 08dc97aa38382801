package postgres

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"bookvault/modules/members"
)

type categoryRow struct {
	Code        string
	Name        string
	MonthsValid int
	IsDefault   bool
}

func (r categoryRow) category() members.Category {
	return members.Category{Code: r.Code, Name: r.Name, MonthsValid: r.MonthsValid, Default: r.IsDefault}
}

const categorySelect = `SELECT code, name, coalesce(months_valid, 0) AS months_valid, is_default FROM members.categories `

// Categories lists all categories.
func (s *Store) Categories(ctx context.Context) ([]members.Category, error) {
	var rows []categoryRow
	if err := s.db.Read(ctx).Raw(categorySelect + `ORDER BY code`).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("list categories: %w", err)
	}
	found := make([]members.Category, len(rows))
	for i, r := range rows {
		found[i] = r.category()
	}
	return found, nil
}

// AddCategory stores a new category.
func (s *Store) AddCategory(ctx context.Context, c members.Category, entry members.AuditEntry) error {
	return s.inTx(ctx, func(tx *gorm.DB) error {
		if err := giveUpDefault(tx, c); err != nil {
			return err
		}
		added := tx.Exec(`INSERT INTO members.categories (code, name, months_valid, is_default) VALUES (?, ?, ?, ?) ON CONFLICT (code) DO NOTHING`,
			c.Code, c.Name, nullable(c.MonthsValid), c.Default)
		if added.Error != nil {
			return fmt.Errorf("insert category: %w", added.Error)
		}
		if added.RowsAffected == 0 {
			return members.ErrCategoryExists
		}
		return recordAudit(tx, entry)
	})
}

// EditCategory changes a category under its lock.
func (s *Store) EditCategory(ctx context.Context, code string, edit func(members.Category) (members.Category, error), entry members.AuditEntry) (c members.Category, err error) {
	err = s.inTx(ctx, func(tx *gorm.DB) error {
		var row categoryRow
		if err := one(tx.Raw(categorySelect+`WHERE code = ? FOR UPDATE`, code).Scan(&row), "lock category"); err != nil {
			return err
		}
		if c, err = edit(row.category()); err != nil {
			return err
		}
		if err := giveUpDefault(tx, c); err != nil {
			return err
		}
		if err := tx.Exec(`UPDATE members.categories SET name = ?, months_valid = ?, is_default = ? WHERE code = ?`,
			c.Name, nullable(c.MonthsValid), c.Default, code).Error; err != nil {
			return fmt.Errorf("update category: %w", err)
		}
		return recordAudit(tx, entry)
	})
	return c, err
}

// giveUpDefault makes room for a category that becomes the default.
func giveUpDefault(tx *gorm.DB, c members.Category) error {
	if !c.Default {
		return nil
	}
	if err := tx.Exec(`UPDATE members.categories SET is_default = false WHERE is_default AND code <> ?`, c.Code).Error; err != nil {
		return fmt.Errorf("make room for the default category: %w", err)
	}
	return nil
}

// RemoveCategory deletes a category that no member has.
func (s *Store) RemoveCategory(ctx context.Context, code string, entry members.AuditEntry) error {
	return s.inTx(ctx, func(tx *gorm.DB) error {
		// Most refusals are foreseen, so that they are no failed statement in the log; the foreign key has the last word.
		var used bool
		if err := tx.Raw(`SELECT EXISTS (SELECT FROM members.members WHERE category = ?)`, code).Scan(&used).Error; err != nil {
			return fmt.Errorf("look for members of a category: %w", err)
		}
		if used {
			return members.ErrCategoryInUse
		}
		err := one(tx.Exec(`DELETE FROM members.categories WHERE code = ?`, code), "delete category")
		if errors.Is(err, gorm.ErrForeignKeyViolated) {
			return members.ErrCategoryInUse
		}
		if err != nil {
			return err
		}
		return recordAudit(tx, entry)
	})
}
