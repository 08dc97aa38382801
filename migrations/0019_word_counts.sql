-- In how many titles a word or a fact stands, roughly, of those that are not rare. A search chooses its way by it
-- (modules/catalog/postgres/search_counts.go). Counted in some 5000 pages of the table, whatever its size: 50,000 titles or so, of which five
-- must have a word for it to be in the list. PostgreSQL's own statistics hold the thousand commonest alone, and the epochs are many of those.
-- Nothing is reckoned here (see 0018_statistics.sql).

-- +goose Up
-- The row '' is the number of all titles.
CREATE VIEW catalog.word_counts_live AS
WITH part AS (
    SELECT least(100.0, 5000 * 100.0 * current_setting('block_size')::integer / greatest(pg_relation_size('catalog.books'), 1)) AS percent
), sample AS MATERIALIZED (
    SELECT b.doc FROM catalog.books b TABLESAMPLE SYSTEM (least(100.0, 5000 * 100.0 * current_setting('block_size')::integer
        / greatest(pg_relation_size('catalog.books'), 1))) REPEATABLE (1)
    WHERE b.deleted_at IS NULL
)
SELECT ''::text COLLATE "C" AS word, round((SELECT count(*) FROM sample) * 100 / part.percent)::bigint AS titles FROM part
UNION ALL
SELECT w.word, round(count(*) * 100 / part.percent)::bigint
FROM sample s CROSS JOIN LATERAL unnest(tsvector_to_array(s.doc)) AS w (word) CROSS JOIN part
WHERE left(w.word, 2) NOT IN ('=e', '=i', '=n')
GROUP BY w.word, part.percent
HAVING count(*) >= 5;

CREATE MATERIALIZED VIEW catalog.word_counts AS SELECT * FROM catalog.word_counts_live WITH NO DATA;
CREATE UNIQUE INDEX word_counts_word ON catalog.word_counts (word);

INSERT INTO reports.views (name) VALUES ('catalog.word_counts');

-- +goose Down
DELETE FROM reports.views WHERE name = 'catalog.word_counts';
DROP MATERIALIZED VIEW catalog.word_counts;
DROP VIEW catalog.word_counts_live;
