package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"

	"bookvault/modules/members"
	"bookvault/platform/identity"
)

const insertAudit = `INSERT INTO members.audit (at, actor_id, actor_role, via, action, subject_id, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)`

func auditColumns(e members.AuditEntry) []any {
	return []any{e.At, nullable(e.ActorID), e.ActorRole.String(), string(e.Via), e.Action, nullable(e.SubjectID), e.Detail}
}

// RecordAudit writes entries in a transaction of their own, of two round trips: whoever reads an account waits for it.
func (s *Store) RecordAudit(ctx context.Context, entries ...members.AuditEntry) error {
	err := s.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		var batch pgx.Batch
		for _, e := range entries {
			batch.Queue(insertAudit, auditColumns(e)...)
		}
		return tx.SendBatch(ctx, &batch).Close()
	})
	if err != nil {
		return fmt.Errorf("record audit: %w", err)
	}
	return nil
}

// auditAtOnce is how many entries one statement writes: a statement has at most 65,535 parameters.
const auditAtOnce = 1000

func recordAudit(tx *gorm.DB, entries ...members.AuditEntry) error {
	for some := range slices.Chunk(entries, auditAtOnce) {
		rows := make([]string, len(some))
		args := make([]any, 0, 7*len(some))
		for i, e := range some {
			rows[i] = "(?, ?, ?, ?, ?, ?, ?)"
			args = append(args, auditColumns(e)...)
		}
		if err := tx.Exec(`INSERT INTO members.audit (at, actor_id, actor_role, via, action, subject_id, detail) VALUES `+strings.Join(rows, ", "), args...).Error; err != nil {
			return fmt.Errorf("record audit: %w", err)
		}
	}
	return nil
}

// Audit lists entries, newest first. What is about those who became part of a member is about the member.
func (s *Store) Audit(ctx context.Context, f members.AuditFilter) ([]members.RecordedEntry, error) {
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
	where, args := []string{"TRUE"}, []any{}
	if f.SubjectID != 0 {
		where = append(where, `subject_id IN (SELECT CAST(? AS bigint) UNION ALL SELECT member_id FROM members.tombstones WHERE merged_into = ?)`)
		args = append(args, f.SubjectID, f.SubjectID)
	}
	if f.ActorID != 0 {
		where, args = append(where, `actor_id = ?`), append(args, f.ActorID)
	}
	if f.Before != 0 {
		where, args = append(where, `id < ?`), append(args, f.Before)
	}
	if err := s.primary(ctx).Raw(`SELECT id, at, actor_id, actor_role, via, action, subject_id, detail FROM members.audit
		WHERE `+strings.Join(where, " AND ")+` ORDER BY id DESC LIMIT ?`, append(args, f.Limit)...).Scan(&rows).Error; err != nil {
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
