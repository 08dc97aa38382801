package postgres

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"bookvault/modules/members"
	"bookvault/platform/database"
	"bookvault/platform/identity"
)

type tokenRow struct {
	ID         int64
	MemberID   int64
	Card       string
	Name       string
	Role       string
	CreatedBy  *int64
	CreatedAt  time.Time
	ExpiresAt  time.Time
	LastUsedOn *time.Time
	MemberName string
	MemberRole string
}

const tokenSelect = `SELECT t.id, t.member_id, c.card, t.name, t.role, t.created_by, t.created_at, t.expires_at, t.last_used_on,
	m.name AS member_name, m.role AS member_role
	FROM members.api_tokens t JOIN members.members m ON m.id = t.member_id JOIN members.cards c ON c.member_id = m.id AND c.replaced_at IS NULL `

func (r tokenRow) token() (members.Token, error) {
	role, err := identity.ParseRole(r.Role)
	t := members.Token{ID: r.ID, MemberID: r.MemberID, Card: r.Card, Name: r.Name, Role: role, CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC()}
	if r.CreatedBy != nil {
		t.CreatedBy = *r.CreatedBy
	}
	if r.LastUsedOn != nil {
		t.LastUsedOn = r.LastUsedOn.UTC()
	}
	return t, err
}

// AddToken stores a token while its member has fewer than most live ones. The member's row is locked, so that two requests do not pass together.
func (s *Store) AddToken(ctx context.Context, t members.Token, hash []byte, most int, entry members.AuditEntry) (id int64, err error) {
	err = s.inTx(ctx, func(tx *gorm.DB) error {
		if err := one(tx.Raw(`SELECT id FROM members.members WHERE id = ? FOR NO KEY UPDATE`, t.MemberID).Scan(&id), "lock member"); err != nil {
			return err
		}
		var live int
		if err := tx.Raw(`SELECT count(*) FROM members.api_tokens WHERE member_id = ? AND expires_at > ?`, t.MemberID, t.CreatedAt).Scan(&live).Error; err != nil {
			return fmt.Errorf("count tokens: %w", err)
		}
		if live >= most {
			return members.ErrTooMany
		}
		if err := tx.Raw(`INSERT INTO members.api_tokens (token_hash, member_id, name, role, created_by, created_at, expires_at)
			VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`, binary(hash), t.MemberID, t.Name, t.Role.String(), nullable(t.CreatedBy), t.CreatedAt, t.ExpiresAt).
			Scan(&id).Error; err != nil {
			return fmt.Errorf("insert token: %w", err)
		}
		return recordAudit(tx, entry)
	})
	return id, err
}

// TokenByHash gives a live token with its member.
func (s *Store) TokenByHash(ctx context.Context, hash []byte, now time.Time) (members.TokenOwner, error) {
	var row tokenRow
	if err := one(s.primary(ctx).Raw(tokenSelect+`WHERE t.token_hash = ? AND t.expires_at > ?`, binary(hash), now).Scan(&row), "find token"); err != nil {
		return members.TokenOwner{}, err
	}
	t, err := row.token()
	if err != nil {
		return members.TokenOwner{}, err
	}
	role, err := identity.ParseRole(row.MemberRole)
	return members.TokenOwner{Token: t, MemberName: row.MemberName, MemberRole: role}, err
}

// TokenByID gives a token.
func (s *Store) TokenByID(ctx context.Context, id int64) (members.Token, error) {
	var row tokenRow
	if err := one(s.primary(ctx).Raw(tokenSelect+`WHERE t.id = ?`, id).Scan(&row), "find token"); err != nil {
		return members.Token{}, err
	}
	return row.token()
}

// TokensOf lists live tokens, newest first.
func (s *Store) TokensOf(ctx context.Context, memberID, before int64, now time.Time, limit int) ([]members.Token, error) {
	var rows []tokenRow
	if err := s.primary(ctx).Raw(tokenSelect+`WHERE (CAST(@owner AS bigint) = 0 OR t.member_id = @owner) AND (CAST(@before AS bigint) = 0 OR t.id < @before) AND t.expires_at > @now
		ORDER BY t.id DESC LIMIT @limit`, map[string]any{"owner": memberID, "before": before, "now": now, "limit": limit}).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	found := make([]members.Token, len(rows))
	for i, r := range rows {
		var err error
		if found[i], err = r.token(); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// RemoveToken revokes a token.
func (s *Store) RemoveToken(ctx context.Context, id int64, entry members.AuditEntry) error {
	return s.inTx(ctx, func(tx *gorm.DB) error {
		var memberID int64
		if err := one(tx.Raw(`DELETE FROM members.api_tokens WHERE id = ? RETURNING member_id`, id).Scan(&memberID), "revoke token"); err != nil {
			return err
		}
		if err := database.Changed(tx, members.ProofsChanged, memberID); err != nil {
			return err
		}
		return recordAudit(tx, entry)
	})
}
