package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/modules/members"
)

// InsertMany stores many new members by COPY. Those whose card is known are left out before, since COPY knows no exceptions; a card that
// somebody else issues meanwhile fails the whole batch with ErrCardTaken, and nothing is stored.
func (s *Store) InsertMany(ctx context.Context, accounts []members.Account, entry members.AuditEntry) (loaded int, err error) {
	err = s.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		fresh, err := withoutKnown(ctx, tx, accounts)
		if err != nil || len(fresh) == 0 {
			loaded = 0
			return err
		}
		ids, err := takeIDs(ctx, tx, len(fresh))
		if err != nil {
			return err
		}
		if err := copyAccounts(ctx, tx, ids, fresh); err != nil {
			return err
		}
		loaded = len(fresh)
		entry.Detail = fmt.Sprintf("%d members", loaded)
		_, err = tx.Exec(ctx, insertAudit, auditColumns(entry)...)
		return err
	})
	return loaded, err
}

// withoutKnown leaves out the accounts whose card somebody has or had.
func withoutKnown(ctx context.Context, tx pgx.Tx, accounts []members.Account) ([]members.Account, error) {
	keys := make([]string, len(accounts))
	for i, a := range accounts {
		keys[i] = a.CardKey
	}
	rows, err := tx.Query(ctx, `SELECT card_key FROM members.cards WHERE card_key = ANY($1)`, keys)
	if err != nil {
		return nil, fmt.Errorf("look up cards: %w", err)
	}
	taken, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("look up cards: %w", err)
	}
	known := make(map[string]bool, len(taken))
	for _, key := range taken {
		known[key] = true
	}
	fresh := make([]members.Account, 0, len(accounts)-len(taken))
	for _, a := range accounts {
		if !known[a.CardKey] {
			fresh = append(fresh, a)
		}
	}
	return fresh, nil
}

func takeIDs(ctx context.Context, tx pgx.Tx, n int) ([]int64, error) {
	rows, err := tx.Query(ctx, `SELECT nextval(pg_get_serial_sequence('members.members', 'id')) FROM generate_series(1, $1)`, n)
	if err != nil {
		return nil, fmt.Errorf("take member ids: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

func copyAccounts(ctx context.Context, tx pgx.Tx, ids []int64, accounts []members.Account) error {
	people := pgx.CopyFromSlice(len(accounts), func(i int) ([]any, error) {
		a := accounts[i]
		since := any(nil)
		if a.Email != "" {
			since = a.CreatedAt
		}
		return []any{ids[i], a.Name, a.FoldedName, nullable(a.Email), nullable(a.FoldedEmail), since, a.Category, nullable(a.ExpiresOn),
			nullable(a.Language), a.Role.String(), string(a.Kind), a.CreatedAt, a.UpdatedAt}, nil
	})
	columns := []string{"id", "name", "folded_name", "email", "folded_email", "email_since", "category", "expires_on", "language", "role", "kind", "created_at", "updated_at"}
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"members", "members"}, columns, people); err != nil {
		return fmt.Errorf("copy members: %w", err)
	}
	cards := pgx.CopyFromSlice(len(accounts), func(i int) ([]any, error) {
		return []any{accounts[i].CardKey, accounts[i].Card, ids[i], accounts[i].CreatedAt}, nil
	})
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"members", "cards"}, []string{"card_key", "card", "member_id", "issued_at"}, cards); err != nil {
		if isDuplicate(err) {
			return members.ErrCardTaken
		}
		return fmt.Errorf("copy cards: %w", err)
	}
	type blockRow struct {
		member     int64
		code, note string
		since      time.Time
	}
	var blocks []blockRow
	for i, a := range accounts {
		for _, b := range a.Blocks {
			blocks = append(blocks, blockRow{ids[i], b.Code, b.Note, b.Since})
		}
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"members", "blocks"}, []string{"member_id", "code", "note", "since"},
		pgx.CopyFromSlice(len(blocks), func(i int) ([]any, error) {
			return []any{blocks[i].member, blocks[i].code, blocks[i].note, blocks[i].since}, nil
		}))
	if err != nil {
		return fmt.Errorf("copy blocks: %w", err)
	}
	return nil
}
