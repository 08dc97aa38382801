package postgres

import (
	"fmt"
	"strings"

	"gorm.io/gorm"
)

// exec runs a statement with $1 parameters inside a transaction. GORM would take arrays apart into lists; here they stay
// one parameter each, and the statements are the same that COPY's transactions run on pgx.
func exec(tx *gorm.DB, sql string, args ...any) error {
	if _, err := tx.Statement.ConnPool.ExecContext(tx.Statement.Context, sql, args...); err != nil {
		return fmt.Errorf("%s: %w", firstLine(sql), err)
	}
	return nil
}

// queryRows is exec for a statement that answers; scan is called once a row.
func queryRows(tx *gorm.DB, scan func(row func(...any) error) error, sql string, args ...any) error {
	rows, err := tx.Statement.ConnPool.QueryContext(tx.Statement.Context, sql, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", firstLine(sql), err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows.Scan); err != nil {
			return fmt.Errorf("read %s: %w", firstLine(sql), err)
		}
	}
	return rows.Err()
}

func firstLine(sql string) string {
	line, _, _ := strings.Cut(sql, "\n")
	return line
}
