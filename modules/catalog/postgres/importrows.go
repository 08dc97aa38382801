package postgres

import (
	"context"
	"fmt"
	"sort"

	"github.com/jackc/pgx/v5"

	"bookvault/modules/catalog"
	"bookvault/modules/catalog/importing"
	"bookvault/platform/database"
)

// apply writes what sort decided. New titles are copied straight into their table; changed ones go by a table of this
// connection's own, since COPY cannot update.
func (b *batchWrite) apply(ctx context.Context) error {
	if err := b.findAuthors(ctx); err != nil {
		return err
	}
	fresh, err := b.freshRows(ctx)
	if err != nil {
		return err
	}
	altered := b.alteredRows()
	if err := b.vocabulary(ctx, fresh, altered); err != nil {
		return err
	}
	_, err = b.tx.CopyFrom(ctx, pgx.Identifier{"catalog", "books"}, copyColumns, pgx.CopyFromSlice(len(fresh), func(i int) ([]any, error) {
		return fresh[i].copyValues(), nil
	}))
	if err != nil {
		return fmt.Errorf("copy new titles in: %w", err)
	}
	if err := b.newKeys(ctx, fresh); err != nil {
		return err
	}
	if err := b.update(ctx, altered); err != nil {
		return err
	}
	b.outcome.Created = int64(len(b.created))
	b.outcome.Changed = int64(len(b.changed))
	if err := b.tell(ctx, fresh); err != nil {
		return err
	}
	return b.stamp(ctx)
}

// tell notes which titles are new or changed.
func (b *batchWrite) tell(ctx context.Context, fresh []bookRow) error {
	ids := make([]int64, 0, len(fresh)+len(b.changed))
	for i := range fresh {
		ids = append(ids, fresh[i].ID)
	}
	for _, c := range b.changed {
		ids = append(ids, c.book)
	}
	if len(ids) == 0 {
		return nil
	}
	return database.ChangedPgx(ctx, b.tx, catalog.Changes, ids...)
}

// findAuthors gives every author of the batch's new and changed titles an id.
func (b *batchWrite) findAuthors(ctx context.Context) error {
	b.authors = make(map[string]int64)
	var missing []string
	look := func(entry int) {
		for _, a := range b.batch.Entries[entry].Book.Authors {
			if _, done := b.authors[a.Name]; done {
				continue
			}
			id, known := b.imports.authors.Get(a.Name)
			b.authors[a.Name] = id
			if !known {
				missing = append(missing, a.Name)
			}
		}
	}
	for _, i := range b.created {
		look(i)
	}
	for _, c := range b.changed {
		look(c.entry)
	}
	if len(missing) == 0 {
		return nil
	}
	sort.Strings(missing)
	shards, names, sortNames, nameKeys, sortKeys := authorArrays(missing)
	if _, err := b.tx.Exec(ctx, insertAuthors, shards, names, sortNames, nameKeys, sortKeys); err != nil {
		return fmt.Errorf("add authors: %w", err)
	}
	rows, err := b.tx.Query(ctx, selectAuthors, shards, names)
	if err != nil {
		return fmt.Errorf("look authors up: %w", err)
	}
	var name string
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&name, &id}, func() error {
		b.authors[name] = id
		return nil
	})
	return err
}

// book gives an entry's title with the ids of its authors.
func (b *batchWrite) book(entry int) catalog.Book {
	book := b.batch.Entries[entry].Book
	authors := make([]catalog.Author, len(book.Authors))
	for i, a := range book.Authors {
		authors[i] = catalog.Author{ID: b.authors[a.Name], Name: a.Name}
	}
	book.Authors = authors
	return book
}

func (b *batchWrite) freshRows(ctx context.Context) ([]bookRow, error) {
	if len(b.created) == 0 {
		return nil, nil
	}
	rows, err := b.tx.Query(ctx, `SELECT nextval('catalog.book_numbers') FROM generate_series(1, $1)`, len(b.created))
	if err != nil {
		return nil, fmt.Errorf("take numbers for new titles: %w", err)
	}
	numbers, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("take numbers for new titles: %w", err)
	}
	fresh := make([]bookRow, len(b.created))
	for i, entry := range b.created {
		book := b.book(entry)
		first := ""
		if len(book.Authors) > 0 {
			first = book.Authors[0].Name
		}
		book.ID = catalog.NewID(numbers[i], catalog.ShardOf(first))
		fresh[i] = rowBy(&book, b.dictionary)
	}
	return fresh, nil
}

func (b *batchWrite) alteredRows() []bookRow {
	altered := make([]bookRow, len(b.changed))
	for i, c := range b.changed {
		book := b.book(c.entry)
		book.ID, book.Version = c.book, c.version
		altered[i] = rowBy(&book, b.dictionary)
	}
	return altered
}

// vocabulary keeps the genres and words that the titles bring and that were not met lately.
func (b *batchWrite) vocabulary(ctx context.Context, lists ...[]bookRow) error {
	seen := map[string]bool{}
	fresh := func(w string) bool {
		if seen[w] || b.imports.words.Contains(w) {
			return false
		}
		seen[w] = true
		b.words = append(b.words, w)
		return true
	}
	var lexemes, genres []string
	for _, list := range lists {
		for i := range list {
			for _, w := range words(list[i].Doc) {
				if fresh(w) {
					lexemes = append(lexemes, w)
				}
			}
		}
	}
	entries := append([]int(nil), b.created...)
	for _, c := range b.changed {
		entries = append(entries, c.entry)
	}
	for _, i := range entries {
		for _, g := range b.batch.Entries[i].Book.Genres {
			if fresh(factGenre + g) {
				genres = append(genres, g)
			}
		}
	}
	if len(genres) > 0 {
		keys, names := genreArrays(genres)
		if _, err := b.tx.Exec(ctx, insertGenres, keys, names); err != nil {
			return fmt.Errorf("add genres: %w", err)
		}
	}
	if len(lexemes) > 0 {
		if _, err := b.tx.Exec(ctx, insertLexemes, lexemes); err != nil {
			return fmt.Errorf("add words: %w", err)
		}
	}
	return nil
}

// newKeys remembers which row became which title.
func (b *batchWrite) newKeys(ctx context.Context, fresh []bookRow) error {
	type key struct {
		entry   int
		book    int64
		version int32
	}
	keys := make([]key, 0, len(b.created)+len(b.adopted))
	for i, entry := range b.created {
		keys = append(keys, key{entry, fresh[i].ID, 1})
	}
	for _, a := range b.adopted {
		if a.first >= 0 {
			a.book = fresh[a.first].ID
		}
		keys = append(keys, key{a.entry, a.book, 0})
	}
	_, err := b.tx.CopyFrom(ctx, pgx.Identifier{"catalog", "import_keys"},
		[]string{"source", "key", "book_id", "facts", "version", "import_id", "line"},
		pgx.CopyFromSlice(len(keys), func(i int) ([]any, error) {
			e := &b.batch.Entries[keys[i].entry]
			return []any{b.source, e.Key, keys[i].book, b.facts[keys[i].entry], keys[i].version, b.run, e.Line}, nil
		}))
	if err != nil {
		return fmt.Errorf("remember the keys: %w", err)
	}
	return nil
}

const (
	stage = `CREATE TEMP TABLE IF NOT EXISTS import_titles ON COMMIT DELETE ROWS AS
SELECT version, id, shard, title, subtitle, authors, genres, subjects, language, publisher, published_year, isbn13, series,
    series_position, pages, description, sort_title, title_key, doc FROM catalog.books WITH NO DATA`

	updateBooks = `UPDATE catalog.books b SET version = b.version + 1, updated_at = now(), title = s.title, subtitle = s.subtitle,
    authors = s.authors, genres = s.genres, subjects = s.subjects, language = s.language, publisher = s.publisher,
    published_year = s.published_year, isbn13 = s.isbn13, series = s.series, series_position = s.series_position, pages = s.pages,
    description = s.description, sort_title = s.sort_title, title_key = s.title_key, doc = s.doc
FROM pg_temp.import_titles s WHERE b.shard = s.shard AND b.id = s.id AND b.version = s.version AND b.deleted_at IS NULL
RETURNING b.id, b.version`

	updateKeys = `UPDATE catalog.import_keys k SET facts = n.facts, version = n.version, import_id = $2, line = n.line
FROM unnest($3::text[], $4::bytea[], $5::integer[], $6::bigint[]) AS n (key, facts, version, line)
WHERE k.source = $1 AND k.key = n.key`
)

// update replaces titles whose rows changed. One that a librarian edited in this very moment is refused and stays.
func (b *batchWrite) update(ctx context.Context, altered []bookRow) error {
	if len(altered) == 0 {
		return nil
	}
	if _, err := b.tx.Exec(ctx, stage); err != nil {
		return fmt.Errorf("make room for changed titles: %w", err)
	}
	columns := append([]string{"version"}, copyColumns...)
	_, err := b.tx.CopyFrom(ctx, pgx.Identifier{"pg_temp", "import_titles"}, columns, pgx.CopyFromSlice(len(altered), func(i int) ([]any, error) {
		return append([]any{altered[i].Version}, altered[i].copyValues()...), nil
	}))
	if err != nil {
		return fmt.Errorf("copy changed titles in: %w", err)
	}
	rows, err := b.tx.Query(ctx, updateBooks)
	if err != nil {
		return fmt.Errorf("change titles: %w", err)
	}
	done := make(map[int64]int32, len(altered))
	var id int64
	var version int32
	if _, err = pgx.ForEachRow(rows, []any{&id, &version}, func() error { done[id] = version; return nil }); err != nil {
		return fmt.Errorf("change titles: %w", err)
	}
	var keys []string
	var facts [][]byte
	var versions []int32
	var lines []int64
	kept := b.changed[:0]
	for _, c := range b.changed {
		e := &b.batch.Entries[c.entry]
		now, ok := done[c.book]
		if !ok {
			b.refuse(e, "its title was edited by hand while this import ran")
			continue
		}
		kept = append(kept, c)
		keys, facts, versions, lines = append(keys, e.Key), append(facts, b.facts[c.entry]), append(versions, now), append(lines, e.Line)
	}
	b.changed = kept
	if _, err := b.tx.Exec(ctx, updateKeys, b.source, b.run, keys, facts, versions, lines); err != nil {
		return fmt.Errorf("remember the changed keys: %w", err)
	}
	return nil
}

// stamp marks the keys of unchanged rows as met in this run.
func (b *batchWrite) stamp(ctx context.Context) error {
	if len(b.unchanged) == 0 {
		return nil
	}
	keys, lines := make([]string, len(b.unchanged)), make([]int64, len(b.unchanged))
	for i, entry := range b.unchanged {
		keys[i], lines[i] = b.batch.Entries[entry].Key, b.batch.Entries[entry].Line
	}
	_, err := b.tx.Exec(ctx, `UPDATE catalog.import_keys k SET import_id = $2, line = n.line FROM unnest($3::text[], $4::bigint[]) AS n (key, line)
WHERE k.source = $1 AND k.key = n.key`, b.source, b.run, keys, lines)
	if err != nil {
		return fmt.Errorf("mark the unchanged keys: %w", err)
	}
	return nil
}

// account writes the findings, the counters and the line that the run got to.
func (b *batchWrite) account(ctx context.Context) error {
	findings := append(append([]importing.Finding(nil), b.batch.Findings...), b.outcome.Refused...)
	findings = findings[:min(len(findings), max(0, importing.FindingsKept-b.listed))]
	b.listed += len(findings)
	_, err := b.tx.CopyFrom(ctx, pgx.Identifier{"catalog", "import_findings"}, []string{"import_id", "line", "field", "reason", "value", "refused"},
		pgx.CopyFromSlice(len(findings), func(i int) ([]any, error) {
			f := findings[i]
			return []any{b.run, f.Line, f.Field, f.Reason, f.Value, f.Refused}, nil
		}))
	if err != nil {
		return fmt.Errorf("keep the list of refused rows: %w", err)
	}
	tag, err := b.tx.Exec(ctx, `UPDATE catalog.imports SET source = $3, line = $4, bytes_read = $5, rows_read = rows_read + $6, created = created + $7,
    changed = changed + $8, unchanged = unchanged + $9, refused = refused + $10, heartbeat = now(), deaths = 0
WHERE id = $1 AND attempts = $2 AND state = 'running'`, b.run, b.attempt, b.source, b.batch.Line, b.batch.Bytes, b.batch.Rows, b.outcome.Created,
		b.outcome.Changed, b.outcome.Unchanged, b.batch.Refused+int64(len(b.outcome.Refused)))
	if err != nil {
		return fmt.Errorf("keep the state of import %d: %w", b.run, err)
	}
	if tag.RowsAffected() == 0 {
		return importing.ErrNotOurs
	}
	return nil
}
