package postgres

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"bookvault/modules/members"
	"bookvault/platform/identity"
)

// RecordAudit writes entries in a transaction of their own.
func (s *Store) RecordAudit(ctx context.Context, entries ...members.AuditEntry) error {
	return s.inTx(ctx, func(tx *gorm.DB) error { return recordAudit(tx, entries...) })
}

func recordAudit(tx *gorm.DB, entries ...members.AuditEntry) error {
	for _, e := range entries {
		if err := tx.Exec(`INSERT INTO members.audit (at, actor_id, actor_role, via, action, subject_id, detail) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			e.At, nullable(e.ActorID), e.ActorRole.String(), string(e.Via), e.Action, nullable(e.SubjectID), e.Detail).Error; err != nil {
			return fmt.Errorf("record audit: %w", err)
		}
	}
	return nil
}

// AuditOf gives the newest entries about a member.
func (s *Store) AuditOf(ctx context.Context, memberID, before int64, limit int) ([]members.RecordedEntry, error) {
	var rows []struct {
		ID        int64
		At        time.Time
		ActorID   *int64
		ActorRole string
		Via       string
		Action    string
		SubjectID *int64
		Detail    string
	}
	if err := s.primary(ctx).Raw(`SELECT id, at, actor_id, actor_role, via, action, subject_id, detail FROM members.audit
		WHERE subject_id = @member AND (CAST(@before AS bigint) = 0 OR id < @before) ORDER BY id DESC LIMIT @limit`,
		map[string]any{"member": memberID, "before": before, "limit": limit}).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read audit: %w", err)
	}
	found := make([]members.RecordedEntry, len(rows))
	for i, r := range rows {
		role, err := identity.ParseRole(r.ActorRole)
		if err != nil {
			return nil, fmt.Errorf("audit entry %d: %w", r.ID, err)
		}
		found[i] = members.RecordedEntry{ID: r.ID, AuditEntry: members.AuditEntry{At: r.At.UTC(), ActorRole: role, Via: identity.Via(r.Via), Action: r.Action, Detail: r.Detail}}
		if r.ActorID != nil {
			found[i].ActorID = *r.ActorID
		}
		if r.SubjectID != nil {
			found[i].SubjectID = *r.SubjectID
		}
	}
	return found, nil
}

// Kept counts who keeps a history, and the entries of the audit.
func (s *Store) Kept(ctx context.Context) (k members.Kept, err error) {
	err = s.primary(ctx).Raw(`SELECT (SELECT count(*) FROM members.members WHERE keep_history) AS historians, (SELECT count(*) FROM members.audit) AS audit`).Scan(&k).Error
	if err != nil {
		return k, fmt.Errorf("count what is kept about people: %w", err)
	}
	return k, nil
}
