package postgres

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"bookvault/modules/members"
	"bookvault/platform/database"
	"bookvault/platform/identity"
)

// Insert stores a new member whole.
func (s *Store) Insert(ctx context.Context, a members.Account, passwordHash string, entry members.AuditEntry) (members.Member, error) {
	m := a.Member
	err := s.inTx(ctx, func(tx *gorm.DB) error {
		m = a.Member // the whole function may run again
		var stored struct {
			ID      int64
			Version int32
		}
		if err := tx.Raw(`INSERT INTO members.members
			(name, folded_name, email, folded_email, email_since, category, expires_on, language, role, kind, created_at, updated_at)
			VALUES (@name, @folded, @email, @foldedEmail, @since, @category, @expires, @language, @role, @kind, @now, @now) RETURNING id, version`,
			accountColumns(a)).Scan(&stored).Error; err != nil {
			return accountError(err, "insert member")
		}
		m.ID, m.Version = stored.ID, stored.Version
		// A card that is taken is an answer and no failure: nothing of it belongs in the log of failed statements.
		card := tx.Exec(`INSERT INTO members.cards (card_key, card, member_id, issued_at) VALUES (?, ?, ?, ?) ON CONFLICT (card_key) DO NOTHING`,
			a.CardKey, a.Card, m.ID, a.CreatedAt)
		if card.Error == nil && card.RowsAffected == 0 {
			return members.ErrCardTaken
		}
		if card.Error != nil {
			return accountError(card.Error, "insert card")
		}
		if err := storeBlocks(tx, m.ID, a.Blocks); err != nil {
			return err
		}
		if passwordHash != "" {
			if err := tx.Exec(`INSERT INTO members.credentials (member_id, password_hash, changed_at) VALUES (?, ?, ?)`,
				m.ID, passwordHash, a.CreatedAt).Error; err != nil {
				return fmt.Errorf("insert credentials: %w", err)
			}
		}
		entry.SubjectID = m.ID
		return recordAudit(tx, entry)
	})
	return m, err
}

func accountColumns(a members.Account) map[string]any {
	since := any(nil)
	if a.Email != "" {
		since = a.UpdatedAt
	}
	return map[string]any{"name": a.Name, "folded": a.FoldedName, "email": nullable(a.Email), "foldedEmail": nullable(a.FoldedEmail), "since": since,
		"category": a.Category, "expires": nullable(a.ExpiresOn), "language": nullable(a.Language), "role": a.Role.String(), "kind": string(a.Kind), "history": a.KeepHistory,
		"now": a.UpdatedAt, "id": a.ID, "version": a.Version}
}

func storeBlocks(tx *gorm.DB, memberID int64, blocks []members.Block) error {
	for _, b := range blocks {
		if err := tx.Exec(`INSERT INTO members.blocks (member_id, code, note, since, set_by) VALUES (?, ?, ?, ?, ?)`,
			memberID, b.Code, b.Note, b.Since, nullable(b.SetBy)).Error; err != nil {
			return fmt.Errorf("insert block: %w", err)
		}
	}
	return nil
}

// ByCards finds who has or had cards. It reads from the primary: a card that was just given, replaced or blocked is so for everybody.
func (s *Store) ByCards(ctx context.Context, keys []string) (map[string]members.Held, error) {
	var rows []memberRow
	err := s.primary(ctx).Raw(memberSelect+`, asked.replaced_at IS NOT NULL AS replaced, asked.card_key AS asked_key`+memberFrom+
		`JOIN members.cards asked ON asked.member_id = m.id WHERE asked.card_key = ANY(string_to_array(?, ','))`, strings.Join(database.Keys(keys), ",")).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("find members by card: %w", err)
	}
	found := make(map[string]members.Held, len(rows))
	for _, row := range rows {
		m, err := row.member()
		if err != nil {
			return nil, err
		}
		found[row.AskedKey] = members.Held{Member: m, Replaced: row.Replaced}
	}
	return found, nil
}

// ByIDs finds members by id, in the order of ids.
func (s *Store) ByIDs(ctx context.Context, ids []int64) ([]members.Member, error) {
	return s.find(s.db.Read(ctx).Raw(memberSelect+memberFrom+`WHERE m.id = ANY(?::bigint[]) ORDER BY m.id`, array[int64](database.Keys(ids))))
}

func (s *Store) find(query *gorm.DB) ([]members.Member, error) {
	var rows []memberRow
	if err := query.Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("find members: %w", err)
	}
	found := make([]members.Member, len(rows))
	for i, row := range rows {
		var err error
		if found[i], err = row.member(); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// locked reads a member and locks the row for the rest of the transaction.
func locked(tx *gorm.DB, id int64) (row memberRow, err error) {
	return row, one(tx.Raw(memberSelect+memberFrom+`WHERE m.id = ? FOR UPDATE OF m`, id).Scan(&row), "lock member")
}

// Edit changes a member under its row lock.
func (s *Store) Edit(ctx context.Context, id int64, edit func(members.Member) (members.Account, []members.AuditEntry, error)) (members.Member, error) {
	var edited members.Member
	err := s.inTx(ctx, func(tx *gorm.DB) error {
		row, err := locked(tx, id)
		if err != nil {
			return err
		}
		before, err := row.member()
		if err != nil {
			return err
		}
		a, entries, err := edit(before)
		if err != nil {
			return err
		}
		edited = a.Member
		return storeEdit(tx, row, a, entries)
	})
	return edited, err
}

// storeEdit writes what became of a member that was locked.
func storeEdit(tx *gorm.DB, before memberRow, a members.Account, entries []members.AuditEntry) error {
	if err := tx.Exec(`UPDATE members.members SET name = @name, folded_name = @folded, email = @email, folded_email = @foldedEmail,
		email_since = CASE WHEN folded_email = @foldedEmail THEN email_since ELSE @since END,
		category = @category, expires_on = @expires, language = @language, role = @role, keep_history = @history, updated_at = @now, version = @version
		WHERE id = @id`, accountColumns(a)).Error; err != nil {
		return accountError(err, "update member")
	}
	if err := tx.Exec(`DELETE FROM members.blocks WHERE member_id = ?`, a.ID).Error; err != nil {
		return fmt.Errorf("replace blocks: %w", err)
	}
	if err := storeBlocks(tx, a.ID, a.Blocks); err != nil {
		return err
	}
	if a.CardKey != before.CardKey {
		if err := replaceCard(tx, a); err != nil {
			return err
		}
	}
	if a.EndSessions || a.Role.String() != before.Role { // what a session may do changed with the role
		if err := tx.Exec(`DELETE FROM members.sessions WHERE member_id = ?`, a.ID).Error; err != nil {
			return fmt.Errorf("end sessions: %w", err)
		}
	}
	if err := database.Changed(tx, members.ProofsChanged, a.ID); err != nil {
		return err
	}
	return recordAudit(tx, entries...)
}

// replaceCard gives a member another card. An old card of the same member may come back into use.
func replaceCard(tx *gorm.DB, a members.Account) error {
	if err := tx.Exec(`UPDATE members.cards SET replaced_at = ? WHERE member_id = ? AND replaced_at IS NULL`, a.UpdatedAt, a.ID).Error; err != nil {
		return fmt.Errorf("retire card: %w", err)
	}
	result := tx.Exec(`INSERT INTO members.cards AS c (card_key, card, member_id, issued_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (card_key) DO UPDATE SET card = excluded.card, issued_at = excluded.issued_at, replaced_at = NULL
		WHERE c.member_id = excluded.member_id`, a.CardKey, a.Card, a.ID, a.UpdatedAt)
	if result.Error == nil && result.RowsAffected == 0 {
		return members.ErrCardTaken
	}
	return accountError(result.Error, "issue card")
}

// NextCardNumber takes the next number of the sequence.
func (s *Store) NextCardNumber(ctx context.Context) (number int64, err error) {
	err = s.inTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`SELECT nextval('members.card_numbers')`).Scan(&number).Error
	})
	if err != nil {
		return 0, fmt.Errorf("next card number: %w", err)
	}
	return number, nil
}

// FirstOfKind gives the oldest member of a kind and role.
func (s *Store) FirstOfKind(ctx context.Context, kind members.Kind, role identity.Role) (members.Member, error) {
	found, err := s.find(s.primary(ctx).Raw(memberSelect+memberFrom+`WHERE m.kind = ? AND m.role = ? ORDER BY m.id LIMIT 1`, string(kind), role.String()))
	if err == nil && len(found) == 0 {
		err = members.ErrNotFound
	}
	if err != nil {
		return members.Member{}, err
	}
	return found[0], nil
}
