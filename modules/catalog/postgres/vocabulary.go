package postgres

import (
	"sort"

	"gorm.io/gorm"

	"bookvault/modules/catalog"
)

// What titles bring with them: authors, genres, and the words that a typo is mended by. Every statement takes its rows in the
// order of the alphabet and leaves out what is there already, so that two writers never wait for each other in a circle.
const (
	// insertAuthors takes arrays of shard, name, sort_name, name_key, sort_key.
	insertAuthors = `INSERT INTO catalog.authors (id, shard, name, sort_name, name_key, sort_key)
SELECT nextval('catalog.author_numbers') << 10 | n.shard, n.shard, n.name, n.sort_name, n.name_key, n.sort_key
FROM unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[]) AS n (shard, name, sort_name, name_key, sort_key)
WHERE NOT EXISTS (SELECT FROM catalog.authors a WHERE a.shard = n.shard AND a.name = n.name)
ORDER BY n.shard, n.name ON CONFLICT (shard, name) DO NOTHING`

	// selectAuthors takes arrays of shard and name, and gives name and id.
	selectAuthors = `SELECT a.name, a.id FROM unnest($1::smallint[], $2::text[]) AS n (shard, name)
JOIN catalog.authors a ON a.shard = n.shard AND a.name = n.name`

	// insertGenres takes arrays of key and name.
	insertGenres = `INSERT INTO catalog.genres (key, name)
SELECT DISTINCT ON (n.key) n.key, n.name FROM unnest($1::text[], $2::text[]) AS n (key, name)
WHERE n.key <> '' AND NOT EXISTS (SELECT FROM catalog.genres g WHERE g.key = n.key)
ORDER BY n.key ON CONFLICT (key) DO NOTHING`

	// insertLexemes takes an array of words.
	insertLexemes = `INSERT INTO catalog.lexemes (word)
SELECT DISTINCT n.word FROM unnest($1::text[]) AS n (word)
WHERE NOT EXISTS (SELECT FROM catalog.lexemes l WHERE l.word = n.word)
ORDER BY n.word ON CONFLICT (word) DO NOTHING`
)

// authorArrays are the parameters of insertAuthors for some names; the first two are those of selectAuthors.
func authorArrays(names []string) (shards []int16, unique, sortNames, nameKeys, sortKeys []string) {
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			continue
		}
		seen[name] = true
		shards = append(shards, catalog.ShardOf(name))
		unique = append(unique, name)
		sortName := catalog.SortName(name)
		sortNames = append(sortNames, sortName)
		nameKeys = append(nameKeys, catalog.Key(name))
		sortKeys = append(sortKeys, catalog.Key(sortName))
	}
	return shards, unique, sortNames, nameKeys, sortKeys
}

// genreArrays are the parameters of insertGenres.
func genreArrays(genres []string) (keys, names []string) {
	for _, genre := range genres {
		keys = append(keys, catalog.Key(genre))
		names = append(names, genre)
	}
	return keys, names
}

// ensureAuthors gives every author of the list an id: those named only are looked up, and made where they are new.
func ensureAuthors(tx *gorm.DB, authors []catalog.Author) error {
	var names []string
	for _, a := range authors {
		if a.ID == 0 {
			names = append(names, a.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	sort.Strings(names)
	shards, unique, sortNames, nameKeys, sortKeys := authorArrays(names)
	if err := exec(tx, insertAuthors, shards, unique, sortNames, nameKeys, sortKeys); err != nil {
		return err
	}
	ids := make(map[string]int64, len(unique))
	err := queryRows(tx, func(row func(...any) error) error {
		var name string
		var id int64
		if err := row(&name, &id); err != nil {
			return err
		}
		ids[name] = id
		return nil
	}, selectAuthors, shards, unique)
	if err != nil {
		return err
	}
	for i := range authors {
		if authors[i].ID == 0 {
			authors[i].ID = ids[authors[i].Name]
		}
	}
	return nil
}

// ensureVocabulary keeps the genres and the words of a title.
func ensureVocabulary(tx *gorm.DB, row *bookRow, genres []string) error {
	keys, names := genreArrays(genres)
	if len(keys) > 0 {
		if err := exec(tx, insertGenres, keys, names); err != nil {
			return err
		}
	}
	return exec(tx, insertLexemes, words(row.Doc))
}
