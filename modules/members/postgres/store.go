// Package postgres keeps members in PostgreSQL, by GORM: it is the members.Store of the running program.
//
// Whatever proves who somebody is (sessions, tokens, credentials, throttle counts) is read from the primary, so that a new
// session works at once and an ended one no longer does. The rest is read from a replica that is fresh enough for its reader.
// GORM does not leave this folder; the schema is migrations/0002_members.sql.
package postgres

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"bookvault/modules/members"
	"bookvault/platform/database"
	"bookvault/platform/hlc"
	"bookvault/platform/identity"
)

// Store implements members.Store.
type Store struct {
	db    *database.DB
	clock *hlc.Clock // dates what comes undated
}

var _ members.Store = (*Store)(nil)

// New makes the store on a database that is migrated.
func New(db *database.DB) *Store { return &Store{db: db, clock: hlc.New(rand.Int64(), nil)} }

// Current gives a context whose reads go to the primary.
func (s *Store) Current(ctx context.Context) context.Context { return database.Primary(ctx) }

// primary is a session for reads that must see everything that was committed.
func (s *Store) primary(ctx context.Context) *gorm.DB { return s.db.Read(s.Current(ctx)) }

// memberRow is a member as it is read: with the current card, and the blocks as JSON.
type memberRow struct {
	ID          int64
	Name        string
	FoldedName  string
	Email       string
	Category    string
	ExpiresOn   *time.Time
	Language    string
	Role        string
	Kind        string
	KeepHistory bool
	CreatedAt   time.Time
	UpdatedAt   time.Time
	Version     int32
	Card        string
	CardKey     string
	Replaced    bool
	AskedKey    string // of the card by which it was looked for, where there are several
	Blocks      string // JSON
}

// memberSelect reads memberRow. What follows must restrict m.
const memberSelect = `SELECT m.id, m.name, m.folded_name, coalesce(m.email, '') AS email, m.category, m.expires_on, coalesce(m.language, '') AS language,
	m.role, m.kind, m.keep_history, m.created_at, m.updated_at, m.version, c.card, c.card_key,
	CAST((SELECT coalesce(json_agg(json_build_object('Code', b.code, 'Note', b.note, 'Since', b.since, 'SetBy', coalesce(b.set_by, 0)) ORDER BY b.since, b.code), '[]')
	 FROM members.blocks b WHERE b.member_id = m.id) AS text) AS blocks`

const memberFrom = ` FROM members.members m JOIN members.cards c ON c.member_id = m.id AND c.replaced_at IS NULL `

func (r memberRow) member() (members.Member, error) {
	role, err := identity.ParseRole(r.Role)
	if err != nil {
		return members.Member{}, fmt.Errorf("member %d: %w", r.ID, err)
	}
	m := members.Member{ID: r.ID, Card: r.Card, Name: r.Name, Email: r.Email, Category: r.Category, Language: r.Language, Role: role,
		Kind: members.Kind(r.Kind), KeepHistory: r.KeepHistory, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(), Version: r.Version}
	if r.ExpiresOn != nil {
		m.ExpiresOn = r.ExpiresOn.UTC()
	}
	if err := json.Unmarshal([]byte(r.Blocks), &m.Blocks); err != nil {
		return m, fmt.Errorf("member %d: read blocks: %w", r.ID, err)
	}
	for i := range m.Blocks {
		m.Blocks[i].Since = m.Blocks[i].Since.UTC()
	}
	return m, nil
}

// binary is a bytea parameter; GORM would spread a plain slice of bytes behind a parenthesis over several parameters.
type binary []byte

// Value gives the bytes.
func (b binary) Value() (driver.Value, error) { return []byte(b), nil }

// array is a PostgreSQL array of a bigint or timestamptz column; GORM would spread a plain slice over several parameters.
type array[T int64 | time.Time] []T

// Value writes the array in PostgreSQL's text form.
func (a array[T]) Value() (driver.Value, error) {
	texts := make([]string, len(a))
	for i, v := range a {
		switch v := any(v).(type) {
		case int64:
			texts[i] = strconv.FormatInt(v, 10)
		case time.Time:
			texts[i] = v.UTC().Format("2006-01-02T15:04:05.999999Z")
		}
	}
	return "{" + strings.Join(texts, ",") + "}", nil
}

// accountError gives GORM's errors the names that the domain knows. Which rule of the schema it was, only the statement that failed
// can say: cards are unique, categories are referred to.
func accountError(err error, tried string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, gorm.ErrDuplicatedKey):
		return members.ErrCardTaken
	case errors.Is(err, gorm.ErrForeignKeyViolated):
		return members.ErrUnknownCategory
	}
	return fmt.Errorf("%s: %w", tried, err)
}

// isDuplicate tells whether pgx met a key that is there already.
func isDuplicate(err error) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return ok && refused.Code == "23505"
}

// one turns "no row" into ErrNotFound for queries that look for one row.
func one(result *gorm.DB, tried string) error {
	if result.Error != nil {
		return fmt.Errorf("%s: %w", tried, result.Error)
	}
	if result.RowsAffected == 0 {
		return members.ErrNotFound
	}
	return nil
}

// nullable stores an empty text or a zero date as NULL.
func nullable[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}
