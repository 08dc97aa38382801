// Package postgres keeps the catalogue in PostgreSQL: titles and authors on GORM, search in plain SQL. GORM does not leave
// this folder. What search finds a title by is made in one place, document.go, for every way a title gets in.
package postgres
