package postgres

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"bookvault/modules/members"
	"bookvault/platform/database"
)

// Merge makes two members one. Both rows are locked in the order of their ids, so that two merges the other way round do not wait for each
// other.
func (s *Store) Merge(ctx context.Context, from, into int64, decide func(from, into members.Member) (members.Account, []members.AuditEntry, error)) (members.Member, error) {
	var survivor members.Member
	err := s.inTx(ctx, func(tx *gorm.DB) error {
		if err := tx.Exec(`SELECT FROM members.members WHERE id IN (?, ?) ORDER BY id FOR UPDATE`, from, into).Error; err != nil {
			return fmt.Errorf("lock members: %w", err)
		}
		gone, err := locked(tx, from)
		if err != nil {
			return err
		}
		before, err := locked(tx, into)
		if err != nil {
			return err
		}
		fromMember, err := gone.member()
		if err != nil {
			return err
		}
		intoMember, err := before.member()
		if err != nil {
			return err
		}
		a, entries, err := decide(fromMember, intoMember)
		if err != nil {
			return err
		}
		now := a.UpdatedAt
		if err := tx.Exec(`UPDATE members.cards SET member_id = ?, replaced_at = coalesce(replaced_at, ?) WHERE member_id = ?`, into, now, from).Error; err != nil {
			return fmt.Errorf("move cards: %w", err)
		}
		for _, table := range []string{"lists", "list_items"} { // ids of lists are made at random: none is on both sides
			if err := tx.Exec(`UPDATE members.`+table+` SET member_id = ? WHERE member_id = ?`, into, from).Error; err != nil {
				return fmt.Errorf("move lists: %w", err)
			}
		}
		if err := database.Changed(tx, members.ListsChanged, into); err != nil {
			return err
		}
		if err := bury(tx, from, into, now); err != nil {
			return err
		}
		survivor = a.Member
		return storeEdit(tx, before, a, entries)
	})
	return survivor, err
}

// Remove erases a member.
func (s *Store) Remove(ctx context.Context, id int64, now time.Time, decide func(members.Member) (members.AuditEntry, error)) error {
	return s.inTx(ctx, func(tx *gorm.DB) error {
		row, err := locked(tx, id)
		if err != nil {
			return err
		}
		m, err := row.member()
		if err != nil {
			return err
		}
		entry, err := decide(m)
		if err != nil {
			return err
		}
		// What somebody wrote down as a reason may be about the person.
		if err := tx.Exec(`UPDATE members.audit SET detail = '' WHERE detail <> '' AND action IN ('account_merged', 'account_merged_in')
			AND (subject_id = @id OR subject_id IN (SELECT member_id FROM members.tombstones WHERE merged_into = @id))`, map[string]any{"id": id}).Error; err != nil {
			return fmt.Errorf("clear reasons: %w", err)
		}
		if err := bury(tx, id, 0, now); err != nil {
			return err
		}
		return recordAudit(tx, entry)
	})
}

// bury deletes the row of a member, and with it cards, blocks, password, sessions and tokens, and leaves a tombstone: of one who was merged
// it says into whom, or became part of another since.
func bury(tx *gorm.DB, id, into int64, now time.Time) error {
	for _, step := range []struct {
		query string
		args  []any
	}{
		{`DELETE FROM members.members WHERE id = ?`, []any{id}},
		{`INSERT INTO members.tombstones (member_id, merged_into, at) VALUES (?, ?, ?)`, []any{id, nullable(into), now}},
		{`UPDATE members.tombstones SET merged_into = coalesce(?, merged_into) WHERE merged_into = ?`, []any{nullable(into), id}},
		{`UPDATE members.idempotency_keys SET answer = NULL, subject_id = NULL WHERE subject_id = ?`, []any{id}},
	} {
		if err := tx.Exec(step.query, step.args...).Error; err != nil {
			return fmt.Errorf("bury member %d: %w", id, err)
		}
	}
	if err := database.Changed(tx, members.ListsChanged, id); err != nil {
		return err
	}
	return database.Changed(tx, members.ProofsChanged, id)
}
