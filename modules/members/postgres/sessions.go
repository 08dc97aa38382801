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

type sessionRow struct {
	ID          int64
	MemberID    int64
	CreatedAt   time.Time
	LastSeenAt  time.Time
	ExpiresAt   time.Time
	AgentFamily string
	Card        string
	Name        string
	Role        string
}

func (r sessionRow) session() members.Session {
	return members.Session{ID: r.ID, MemberID: r.MemberID, CreatedAt: r.CreatedAt.UTC(), LastSeenAt: r.LastSeenAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(), AgentFamily: r.AgentFamily}
}

// StartSession stores a session in place of the one it replaces, and ends the member's oldest beyond most.
func (s *Store) StartSession(ctx context.Context, session members.Session, hash, replaces []byte, most int) (id int64, err error) {
	err = s.inTx(ctx, func(tx *gorm.DB) error {
		if replaces != nil {
			if err := tx.Exec(`DELETE FROM members.sessions WHERE token_hash = ?`, binary(replaces)).Error; err != nil {
				return fmt.Errorf("end the session before: %w", err)
			}
		}
		if err := tx.Raw(`INSERT INTO members.sessions (token_hash, member_id, created_at, last_seen_at, expires_at, agent_family)
			VALUES (?, ?, ?, ?, ?, ?) RETURNING id`, binary(hash), session.MemberID, session.CreatedAt, session.LastSeenAt, session.ExpiresAt,
			session.AgentFamily).Scan(&id).Error; err != nil {
			return fmt.Errorf("insert session: %w", err)
		}
		if err := tx.Exec(`DELETE FROM members.sessions WHERE id IN (SELECT id FROM members.sessions WHERE member_id = ?
			ORDER BY created_at DESC, id DESC OFFSET ?)`, session.MemberID, most).Error; err != nil {
			return fmt.Errorf("end the oldest sessions: %w", err)
		}
		return database.Changed(tx, members.ProofsChanged, session.MemberID)
	})
	return id, err
}

// SessionByHash gives a live session with its member.
func (s *Store) SessionByHash(ctx context.Context, hash []byte, now, idleSince time.Time) (members.SessionOwner, error) {
	var row sessionRow
	err := one(s.primary(ctx).Raw(`SELECT s.id, s.member_id, s.created_at, s.last_seen_at, s.expires_at, s.agent_family, c.card, m.name, m.role
		FROM members.sessions s JOIN members.members m ON m.id = s.member_id JOIN members.cards c ON c.member_id = m.id AND c.replaced_at IS NULL
		WHERE s.token_hash = ? AND s.expires_at > ? AND s.last_seen_at > ?`, binary(hash), now, idleSince).Scan(&row), "find session")
	if err != nil {
		return members.SessionOwner{}, err
	}
	role, err := identity.ParseRole(row.Role)
	return members.SessionOwner{Session: row.session(), Card: row.Card, Name: row.Name, Role: role}, err
}

// SessionsOf lists a member's live sessions.
func (s *Store) SessionsOf(ctx context.Context, memberID int64, now, idleSince time.Time) ([]members.Session, error) {
	var rows []sessionRow
	if err := s.primary(ctx).Raw(`SELECT id, member_id, created_at, last_seen_at, expires_at, agent_family FROM members.sessions
		WHERE member_id = ? AND expires_at > ? AND last_seen_at > ? ORDER BY created_at DESC, id DESC`, memberID, now, idleSince).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	found := make([]members.Session, len(rows))
	for i, r := range rows {
		found[i] = r.session()
	}
	return found, nil
}

// EndSession ends one session of a member.
func (s *Store) EndSession(ctx context.Context, memberID, id int64, entry members.AuditEntry) error {
	return s.inTx(ctx, func(tx *gorm.DB) error {
		if err := one(tx.Exec(`DELETE FROM members.sessions WHERE id = ? AND member_id = ?`, id, memberID), "end session"); err != nil {
			return err
		}
		if err := database.Changed(tx, members.ProofsChanged, memberID); err != nil {
			return err
		}
		return recordAudit(tx, entry)
	})
}

// EndSessionByHash ends a session by its token.
func (s *Store) EndSessionByHash(ctx context.Context, hash []byte) error {
	return s.inTx(ctx, func(tx *gorm.DB) error {
		var memberID int64
		if err := tx.Raw(`DELETE FROM members.sessions WHERE token_hash = ? RETURNING member_id`, binary(hash)).Scan(&memberID).Error; err != nil || memberID == 0 {
			return err
		}
		return database.Changed(tx, members.ProofsChanged, memberID)
	})
}

// Seen moves last uses forward, all in two statements.
func (s *Store) Seen(ctx context.Context, sessions, tokens map[int64]time.Time) error {
	return s.inTx(ctx, func(tx *gorm.DB) error {
		ids, times := columns(sessions)
		if err := tx.Exec(`UPDATE members.sessions s SET last_seen_at = seen.at FROM unnest(?::bigint[], ?::timestamptz[]) AS seen (id, at)
			WHERE s.id = seen.id AND s.last_seen_at < seen.at`, ids, times).Error; err != nil {
			return fmt.Errorf("write last uses of sessions: %w", err)
		}
		ids, times = columns(tokens)
		if err := tx.Exec(`UPDATE members.api_tokens t SET last_used_on = (seen.at AT TIME ZONE 'UTC')::date FROM unnest(?::bigint[], ?::timestamptz[]) AS seen (id, at)
			WHERE t.id = seen.id`, ids, times).Error; err != nil {
			return fmt.Errorf("write last uses of tokens: %w", err)
		}
		return nil
	})
}

func columns(seen map[int64]time.Time) (ids array[int64], times array[time.Time]) {
	ids, times = make(array[int64], 0, len(seen)), make(array[time.Time], 0, len(seen))
	for id, at := range seen {
		ids, times = append(ids, id), append(times, at)
	}
	return ids, times
}

// Purge deletes what ended.
func (s *Store) Purge(ctx context.Context, now, idleSince, keysBefore, auditBefore time.Time) (purged int64, err error) {
	err = s.inTx(ctx, func(tx *gorm.DB) error {
		purged = 0
		for _, p := range []struct {
			query string
			args  []any
		}{
			{`DELETE FROM members.sessions WHERE expires_at <= ? OR last_seen_at <= ?`, []any{now, idleSince}},
			{`DELETE FROM members.api_tokens WHERE expires_at <= ?`, []any{now}},
			{`DELETE FROM members.sign_in_throttle WHERE resets_at <= ?`, []any{now}},
			{`DELETE FROM members.idempotency_keys WHERE created_at <= ?`, []any{keysBefore}},
			{`DELETE FROM members.audit WHERE at < ?`, []any{auditBefore}},
		} {
			result := tx.Exec(p.query, p.args...)
			if result.Error != nil {
				return fmt.Errorf("purge: %w", result.Error)
			}
			purged += result.RowsAffected
		}
		return nil
	})
	return purged, err
}
