package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/jackc/pgx/v5"

	"bookvault/modules/catalog"
	"bookvault/modules/catalog/importing"
	"bookvault/platform/database"
)

// Imports writes imports and keeps the record of their runs (importruns.go).
type Imports struct {
	db      *database.DB
	authors *lru.Cache[string, int64]    // name -> id of authors that are known to be there
	words   *lru.Cache[string, struct{}] // lexemes and genre keys that are known to be there
}

// How many names and words are remembered between batches: enough that most of a file's authors are looked up once, and a few
// megabytes at most.
const (
	rememberedAuthors = 30_000
	rememberedWords   = 60_000
)

// NewImports makes the store of imports.
func NewImports(db *database.DB) *Imports {
	authors, _ := lru.New[string, int64](rememberedAuthors) // the only error is a size below one
	words, _ := lru.New[string, struct{}](rememberedWords)
	return &Imports{db: db, authors: authors, words: words}
}

// RunWriter is importing.Store for one run.
type RunWriter struct {
	imports *Imports
	run     int64
	attempt int32
	listed  int // findings written so far

	dictionary *catalog.Wordbook
}

// Write puts a batch in, in one transaction. Where the connection was lost during COMMIT it finds out what happened.
func (w *RunWriter) Write(ctx context.Context, source string, batch importing.Batch, opts importing.Options) (importing.Outcome, error) {
	facts := make([][]byte, len(batch.Entries))
	for i := range batch.Entries {
		facts[i] = importing.Facts(&batch.Entries[i].Book)
	}
	var b *batchWrite
	transaction := func(tx pgx.Tx) error {
		b = &batchWrite{imports: w.imports, tx: tx, run: w.run, attempt: w.attempt, listed: w.listed, dictionary: w.dictionary, source: source, batch: batch, facts: facts, opts: opts}
		return b.write(ctx)
	}
	err := w.imports.db.InPgxTx(ctx, transaction)
	if errors.Is(err, database.ErrOutcomeUnknown) {
		reached, asked := w.reached(ctx, batch.Line)
		switch {
		case asked != nil:
			return importing.Outcome{}, errors.Join(err, asked)
		case !reached:
			err = w.imports.db.InPgxTx(ctx, transaction)
		default:
			err = nil
		}
	}
	if err != nil {
		return importing.Outcome{}, err
	}
	w.listed = b.listed
	b.remember()
	return b.outcome, nil
}

// reached tells whether the run's record says that it got to a line.
func (w *RunWriter) reached(ctx context.Context, line int64) (bool, error) {
	var at int64
	err := w.imports.db.Pool().QueryRow(ctx, `SELECT line FROM catalog.imports WHERE id = $1`, w.run).Scan(&at)
	if err != nil {
		return false, fmt.Errorf("ask how far import %d got: %w", w.run, err)
	}
	return at >= line, nil
}

// batchWrite is one batch in its transaction. It has no effect outside before remember is called.
type batchWrite struct {
	imports *Imports
	tx      pgx.Tx
	run     int64
	attempt int32
	listed  int
	source  string
	batch   importing.Batch
	facts   [][]byte
	opts    importing.Options

	dictionary *catalog.Wordbook

	outcome   importing.Outcome
	unchanged []int // indexes of entries
	created   []int
	changed   []change
	adopted   []adoption
	authors   map[string]int64
	words     []string
}

type change struct {
	entry   int
	book    int64
	version int32 // of the title before
}

// adoption is an entry whose title is in the catalogue already, from another source or by a librarian's hand.
type adoption struct {
	entry int
	book  int64
	first int // index of the created entry of this very batch that it is the same as; -1 when book is known
}

func (b *batchWrite) write(ctx context.Context) error {
	// Two imports of one source take turns, batch by batch. Plans must not be kept: they were made when the tables were small.
	_, err := b.tx.Exec(ctx, `SELECT set_config('plan_cache_mode', 'force_custom_plan', true), pg_advisory_xact_lock(hashtext('catalog.import_keys'), hashtext($1))`, b.source)
	if err != nil {
		return fmt.Errorf("take turns with other imports: %w", err)
	}
	if err := b.sort(ctx); err != nil {
		return err
	}
	if b.opts.DryRun {
		b.outcome.Created, b.outcome.Changed = int64(len(b.created)), int64(len(b.changed))
	} else if err := b.apply(ctx); err != nil {
		return err
	}
	b.outcome.Unchanged = int64(len(b.unchanged) + len(b.adopted))
	return b.account(ctx)
}

// sort decides for each entry what is to be done with it.
func (b *batchWrite) sort(ctx context.Context) error {
	known, err := b.known(ctx)
	if err != nil {
		return err
	}
	isbns, err := b.titlesByISBN(ctx, known)
	if err != nil {
		return err
	}
	here := map[string]int{} // ISBN and title of entries that this batch creates
	for i := range b.batch.Entries {
		e := &b.batch.Entries[i]
		k, met := known[e.Key]
		switch {
		case !met:
			identity := e.Book.ISBN13 + catalog.Key(e.Book.Title)
			book, there := isbns[identity]
			first, justNow := here[identity]
			switch {
			case e.Book.ISBN13 != "" && there:
				b.adopted = append(b.adopted, adoption{i, book, -1})
			case e.Book.ISBN13 != "" && justNow:
				b.adopted = append(b.adopted, adoption{i, 0, first})
			default:
				here[identity] = len(b.created)
				b.created = append(b.created, i)
			}
		case k.run == b.run:
			b.refuse(e, fmt.Sprintf("line %d has the same key already; two titles need two keys", k.line))
		case bytes.Equal(k.facts, b.facts[i]):
			b.unchanged = append(b.unchanged, i)
		case k.gone:
			b.refuse(e, "its title was deleted from the catalogue")
		case k.version == 0 && !b.opts.Overwrite:
			b.refuse(e, "its title was in the catalogue before this source named it; import with overwrite to replace it")
		case k.version != k.now && !b.opts.Overwrite:
			b.refuse(e, "its title was edited by hand since the last import; import with overwrite to replace it")
		default:
			b.changed = append(b.changed, change{i, k.book, k.now})
		}
	}
	return nil
}

func (b *batchWrite) refuse(e *importing.Entry, reason string) {
	b.outcome.Refused = append(b.outcome.Refused, importing.Finding{Line: e.Line, Reason: reason, Value: e.Key, Refused: true})
}

// known is what is remembered of a key: its title, and how that stands now.
type knownKey struct {
	book         int64
	facts        []byte
	version, now int32
	run, line    int64
	gone         bool
}

func (b *batchWrite) known(ctx context.Context) (map[string]knownKey, error) {
	keys := make([]string, len(b.batch.Entries))
	facts := make(map[string][]byte, len(keys))
	for i := range b.batch.Entries {
		keys[i] = b.batch.Entries[i].Key
		facts[keys[i]] = b.facts[i]
	}
	rows, err := b.tx.Query(ctx, `SELECT k.key, k.book_id, k.facts, k.version, k.import_id, k.line
FROM unnest($2::text[]) AS n (key) JOIN catalog.import_keys k ON k.source = $1 AND k.key = n.key`, b.source, keys)
	if err != nil {
		return nil, fmt.Errorf("look the keys up: %w", err)
	}
	known := make(map[string]knownKey)
	var ask []int64
	var key string
	var k knownKey
	_, err = pgx.ForEachRow(rows, []any{&key, &k.book, &k.facts, &k.version, &k.run, &k.line}, func() error {
		kept := k
		kept.facts = bytes.Clone(k.facts)
		known[key] = kept
		if !bytes.Equal(k.facts, facts[key]) {
			ask = append(ask, k.book)
		}
		return nil
	})
	if err != nil || len(ask) == 0 {
		return known, err
	}
	versions, err := b.versions(ctx, ask)
	for key, k := range known {
		now, there := versions[k.book]
		k.now, k.gone = now, !there
		known[key] = k
	}
	return known, err
}

// versions gives the row versions of titles that are not deleted.
func (b *batchWrite) versions(ctx context.Context, ids []int64) (map[int64]int32, error) {
	rows, err := b.tx.Query(ctx, `SELECT b.id, b.version FROM unnest($1::bigint[]) AS n (id) JOIN catalog.books b ON b.id = n.id AND b.deleted_at IS NULL`, ids)
	if err != nil {
		return nil, fmt.Errorf("look at the titles that changed: %w", err)
	}
	versions := make(map[int64]int32, len(ids))
	var id int64
	var version int32
	_, err = pgx.ForEachRow(rows, []any{&id, &version}, func() error {
		versions[id] = version
		return nil
	})
	return versions, err
}

// titlesByISBN finds the titles in the catalogue that new entries may be, by ISBN and title together: two volumes may share
// an ISBN.
func (b *batchWrite) titlesByISBN(ctx context.Context, known map[string]knownKey) (map[string]int64, error) {
	var isbns []string
	for i := range b.batch.Entries {
		e := &b.batch.Entries[i]
		if _, met := known[e.Key]; !met && e.Book.ISBN13 != "" {
			isbns = append(isbns, e.Book.ISBN13)
		}
	}
	if len(isbns) == 0 {
		return nil, nil
	}
	rows, err := b.tx.Query(ctx, `SELECT b.isbn13, b.title, min(b.id) FROM unnest($1::text[]) AS n (isbn13)
JOIN catalog.books b ON b.isbn13 = n.isbn13 AND b.deleted_at IS NULL GROUP BY b.isbn13, b.title`, isbns)
	if err != nil {
		return nil, fmt.Errorf("look the ISBNs up: %w", err)
	}
	titles := make(map[string]int64)
	var isbn, title string
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&isbn, &title, &id}, func() error {
		titles[isbn+catalog.Key(title)] = id
		return nil
	})
	return titles, err
}

// remember keeps what is certain now that the batch is committed.
func (b *batchWrite) remember() {
	for name, id := range b.authors {
		b.imports.authors.Add(name, id)
	}
	for _, w := range b.words {
		b.imports.words.Add(w, struct{}{})
	}
}
