package postgres

import (
	"context"
	"fmt"

	"bookvault/modules/catalog"
)

// suggestions completes a key by short walks along indexes of folded text. Titles that begin so come first, in order of
// the alphabet, each text once; last what others searched for often enough, unless it is a title.
const suggestions = `SELECT text, kind, id FROM (
 (SELECT 0 AS place, min(t.title) AS text, 'title' AS kind, min(t.id) AS id, t.title_key AS key FROM (
   SELECT title, id, title_key FROM catalog.books WHERE deleted_at IS NULL AND title_key >= ? AND title_key < ? ORDER BY title_key, id LIMIT ?) t
  GROUP BY t.title_key ORDER BY t.title_key LIMIT ?)
 UNION ALL
 (SELECT 1, a.name, 'author', a.id, a.key FROM (
   (SELECT name, id, name_key AS key FROM catalog.authors WHERE name_key >= ? AND name_key < ? ORDER BY name_key LIMIT ?)
   UNION
   (SELECT name, id, name_key FROM catalog.authors WHERE sort_key >= ? AND sort_key < ? ORDER BY sort_key LIMIT ?)) a
  ORDER BY a.key, a.id LIMIT ?)
 UNION ALL
 (SELECT 2, name, 'genre', NULL, key FROM catalog.genres WHERE key >= ? AND key < ? ORDER BY key LIMIT ?)
 UNION ALL
 (SELECT 3, t.text, 'search', NULL, t.term FROM (
   SELECT term, text, seen FROM catalog.search_terms WHERE seen >= 10 AND term >= ? AND term < ? ORDER BY term LIMIT ?) t
  WHERE NOT EXISTS (SELECT FROM catalog.books b WHERE b.title_key = t.term AND b.deleted_at IS NULL)
  ORDER BY t.seen DESC, t.term LIMIT ?)) s
ORDER BY place, key, id`

// sameTitle is how many editions of one title are looked through for the next title.
const sameTitle = 10

// termsLooked is how many terms are looked through for each that is suggested.
const termsLooked = 40

// Suggest completes what was typed.
func (s *Store) Suggest(ctx context.Context, key string, limit int) ([]catalog.Suggestion, error) {
	to := key + lastRune
	var found []catalog.Suggestion
	err := s.db.Search(ctx).Raw(suggestions,
		key, to, limit*sameTitle, limit, key, to, limit, key, to, limit, limit, key, to, limit, key, to, limit*termsLooked, limit).Scan(&found).Error
	if err != nil {
		return nil, fmt.Errorf("suggest: %w", err)
	}
	return found, nil
}

// Existing gives those of the words that stand in some title; with open, those that some word begins with.
func (s *Store) Existing(ctx context.Context, words []string, open bool) ([]string, error) {
	sql := "SELECT word FROM catalog.lexemes WHERE word = ANY (?)"
	args := []any{texts(words)}
	if open {
		sql = `SELECT n.word FROM unnest(CAST(? AS text[])) n (word)
WHERE EXISTS (SELECT FROM catalog.lexemes l WHERE l.word >= n.word COLLATE "C" AND l.word < (n.word || ?) COLLATE "C")`
		args = append(args, lastRune)
	}
	var found []string
	if err := s.db.Search(ctx).Raw(sql, args...).Scan(&found).Error; err != nil {
		return nil, fmt.Errorf("look up %d words: %w", len(words), err)
	}
	return found, nil
}
