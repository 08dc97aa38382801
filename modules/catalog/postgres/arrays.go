package postgres

import (
	"database/sql/driver"
	"strconv"
	"strings"
)

// int64s and texts are arrays that GORM leaves whole: it would take a plain slice apart into a list of parameters, and make a
// new statement of every length.
type (
	int64s []int64
	texts  []string
)

// Value writes the array as PostgreSQL reads it.
func (a int64s) Value() (driver.Value, error) {
	b := []byte{'{'}
	for i, n := range a {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return string(append(b, '}')), nil
}

var textQuoter = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// Value writes the array as PostgreSQL reads it, every element in quotes.
func (a texts) Value() (driver.Value, error) {
	var b strings.Builder
	b.WriteByte('{')
	for i, s := range a {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		_, _ = textQuoter.WriteString(&b, s)
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String(), nil
}
