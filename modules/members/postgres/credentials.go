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

// ByLogin finds what an account signs in with. The two ways are one shape of query, so that neither tells by its time which accounts exist.
func (s *Store) ByLogin(ctx context.Context, cardKey, email string) (members.Credential, error) {
	var row struct {
		MemberID     int64
		PasswordHash string
	}
	query, arg := `SELECT c.member_id, coalesce(k.password_hash, '') AS password_hash FROM members.cards c
		LEFT JOIN members.credentials k ON k.member_id = c.member_id WHERE c.card_key = ? AND c.replaced_at IS NULL`, cardKey
	if email != "" {
		query, arg = `SELECT m.id AS member_id, coalesce(k.password_hash, '') AS password_hash FROM members.members m
			LEFT JOIN members.credentials k ON k.member_id = m.id WHERE m.folded_email = ? ORDER BY m.email_since, m.id LIMIT 1`, email
	}
	if err := s.primary(ctx).Raw(query, arg).Scan(&row).Error; err != nil {
		return members.Credential{}, fmt.Errorf("find credentials: %w", err)
	}
	return members.Credential{MemberID: row.MemberID, PasswordHash: row.PasswordHash}, nil
}

// PasswordHash gives a member's hash, or "".
func (s *Store) PasswordHash(ctx context.Context, memberID int64) (hash string, err error) {
	err = s.primary(ctx).Raw(`SELECT password_hash FROM members.credentials WHERE member_id = ?`, memberID).Scan(&hash).Error
	if err != nil {
		return "", fmt.Errorf("read password hash: %w", err)
	}
	return hash, nil
}

// SetPassword stores a hash and ends the member's other sessions and tokens.
func (s *Store) SetPassword(ctx context.Context, memberID int64, hash string, keep identity.Principal, now time.Time, entry members.AuditEntry) error {
	return s.inTx(ctx, func(tx *gorm.DB) error {
		if err := tx.Exec(`INSERT INTO members.credentials (member_id, password_hash, changed_at) VALUES (?, ?, ?)
			ON CONFLICT (member_id) DO UPDATE SET password_hash = excluded.password_hash, changed_at = excluded.changed_at`,
			memberID, hash, now).Error; err != nil {
			return fmt.Errorf("store password hash: %w", err)
		}
		// Ids of sessions and of tokens are numbered apart: what is kept must be of the kind that asks, and it is the member's own or none.
		if err := tx.Exec(`DELETE FROM members.sessions WHERE member_id = ? AND NOT (? AND id = ?)`, memberID, keep.Via == identity.ViaSession, keep.ProofID).Error; err != nil {
			return fmt.Errorf("end sessions: %w", err)
		}
		if err := tx.Exec(`DELETE FROM members.api_tokens WHERE member_id = ? AND NOT (? AND id = ?)`, memberID, keep.Via == identity.ViaToken, keep.ProofID).Error; err != nil {
			return fmt.Errorf("end tokens: %w", err)
		}
		if err := database.Changed(tx, members.ProofsChanged, memberID); err != nil {
			return err
		}
		return recordAudit(tx, entry)
	})
}

// Rehash replaces a hash by another of the same password, unless it changed meanwhile.
func (s *Store) Rehash(ctx context.Context, memberID int64, old, hash string) error {
	return s.inTx(ctx, func(tx *gorm.DB) error {
		return tx.Exec(`UPDATE members.credentials SET password_hash = ? WHERE member_id = ? AND password_hash = ?`, hash, memberID, old).Error
	})
}

// admitSQL counts an attempt in one bucket: a window that is over begins anew, a full one that is not lets no row through.
const admitSQL = `INSERT INTO members.sign_in_throttle AS t (scope, bucket, attempts, resets_at) VALUES (@scope, @bucket, 1, @resets)
	ON CONFLICT (scope, bucket) DO UPDATE SET
		attempts = CASE WHEN t.resets_at <= @now THEN 1 ELSE t.attempts + 1 END,
		resets_at = CASE WHEN t.resets_at <= @now THEN excluded.resets_at ELSE t.resets_at END
	WHERE t.resets_at <= @now OR t.attempts < @limit`

// Admit counts an attempt in both its buckets, or in none.
func (s *Store) Admit(ctx context.Context, a members.Attempt) error {
	return s.inTx(ctx, func(tx *gorm.DB) error {
		for _, b := range []struct {
			scope  string
			bucket int32
			limit  int
		}{{"account", a.Account, a.AccountLimit}, {"address", a.Address, a.AddressLimit}} {
			counted := tx.Exec(admitSQL, map[string]any{"scope": b.scope, "bucket": b.bucket, "resets": a.ResetsAt, "now": a.Now, "limit": b.limit})
			if counted.Error != nil {
				return fmt.Errorf("count attempt: %w", counted.Error)
			}
			if counted.RowsAffected == 0 {
				var until time.Time
				if err := tx.Raw(`SELECT resets_at FROM members.sign_in_throttle WHERE scope = ? AND bucket = ?`, b.scope, b.bucket).Scan(&until).Error; err != nil {
					return fmt.Errorf("read throttle: %w", err)
				}
				return members.ErrThrottled{Until: until}
			}
		}
		return nil
	})
}

// Succeeded forgets the account's failures and takes the attempt back from the address.
func (s *Store) Succeeded(ctx context.Context, a members.Attempt) error {
	return s.inTx(ctx, func(tx *gorm.DB) error {
		if err := tx.Exec(`DELETE FROM members.sign_in_throttle WHERE scope = 'account' AND bucket = ?`, a.Account).Error; err != nil {
			return fmt.Errorf("reset throttle: %w", err)
		}
		return takeBack(tx, "address", a.Address)
	})
}

// TakeBack undoes an attempt in both its buckets.
func (s *Store) TakeBack(ctx context.Context, a members.Attempt) error {
	return s.inTx(ctx, func(tx *gorm.DB) error {
		if err := takeBack(tx, "account", a.Account); err != nil {
			return err
		}
		return takeBack(tx, "address", a.Address)
	})
}

func takeBack(tx *gorm.DB, scope string, bucket int32) error {
	if err := tx.Exec(`UPDATE members.sign_in_throttle SET attempts = greatest(attempts - 1, 0) WHERE scope = ? AND bucket = ?`, scope, bucket).Error; err != nil {
		return fmt.Errorf("take attempt back: %w", err)
	}
	return nil
}
