package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"bookvault/modules/catalog"
)

// What a synthetic library has beside its titles: authors, words, and what is on the shelf.

// writeAuthors brings the authors in, those that the catalogue does not have yet, and finds the ids of all.
func (s *Seeding) writeAuthors(ctx context.Context) error {
	s.authors = make([]int64, s.library.Authors())
	for from := 0; from < len(s.authors); from += seedAuthors {
		names := make([]string, 0, seedAuthors)
		for i := from; i < min(from+seedAuthors, len(s.authors)); i++ {
			names = append(names, s.library.Author(i))
		}
		ids, err := s.imports.ensureAuthors(ctx, names)
		if err != nil {
			return fmt.Errorf("write the authors: %w", err)
		}
		for i, name := range names {
			s.authors[from+i] = ids[name]
		}
	}
	return nil
}

func (i *Imports) ensureAuthors(ctx context.Context, names []string) (map[string]int64, error) {
	ids := make(map[string]int64, len(names))
	shards, unique, sortNames, nameKeys, sortKeys := authorArrays(names)
	err := i.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		if err := bulk(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, insertAuthors, shards, unique, sortNames, nameKeys, sortKeys); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, selectAuthors, shards, unique)
		if err != nil {
			return err
		}
		var name string
		var id int64
		_, err = pgx.ForEachRow(rows, []any{&name, &id}, func() error { ids[name] = id; return nil })
		return err
	})
	return ids, err
}

// writeVocabulary keeps the genres, and the words that a typo is mended by.
func (s *Seeding) writeVocabulary(ctx context.Context, words []string) error {
	return s.imports.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		if err := bulk(ctx, tx); err != nil {
			return err
		}
		keys, names := genreArrays(s.library.Genres())
		if _, err := tx.Exec(ctx, insertGenres, keys, names); err != nil {
			return fmt.Errorf("write the genres: %w", err)
		}
		if _, err := tx.Exec(ctx, insertLexemes, words); err != nil {
			return fmt.Errorf("write the words: %w", err)
		}
		return nil
	})
}

// Holding is how many copies of a title there are, for whoever counts them.
type Holding struct {
	BookID           int64
	Items, Available int
}

// WriteAvailability copies the counts of titles in, all of them or none; it does nothing where the first title's are there
// already. position is that of the word of borrowing that they come from.
func (i *Imports) WriteAvailability(ctx context.Context, holdings []Holding, position int64) error {
	return i.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		if err := bulk(ctx, tx); err != nil {
			return err
		}
		var there bool
		if len(holdings) > 0 {
			err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM catalog.availability WHERE shard = $1 AND book_id = $2)`,
				catalog.ShardOfID(holdings[0].BookID), holdings[0].BookID).Scan(&there)
			if err != nil || there {
				return err
			}
		}
		_, err := tx.CopyFrom(ctx, pgx.Identifier{"catalog", "availability"}, []string{"book_id", "shard", "items", "available_items", "holds", "position"},
			pgx.CopyFromSlice(len(holdings), func(n int) ([]any, error) {
				h := holdings[n]
				return []any{h.BookID, catalog.ShardOfID(h.BookID), h.Items, h.Available, 0, position}, nil
			}))
		return err
	})
}
