-- What members think of the titles of a genre belongs to the figures of the collection: catalog.book_statistics gets two columns more. The
-- view is made beside the one that is read, with its figures, and takes that one's name in the end, so that whoever reads, also as the
-- binary before, always finds one that holds figures.

-- +goose Up
-- A row a genre, as titles spell it; the row '' is of all titles.
CREATE VIEW catalog.book_statistics_live_new AS
WITH titles AS (
    SELECT b.genres, coalesce(a.items, 0) AS items, coalesce(a.available_items, 0) AS available, coalesce(r.ratings, 0) AS ratings, coalesce(r.stars, 0) AS stars
    FROM catalog.books b LEFT JOIN catalog.availability a ON a.shard = b.shard AND a.book_id = b.id
    LEFT JOIN catalog.rating_totals r ON r.shard = b.shard AND r.book_id = b.id
    WHERE b.deleted_at IS NULL
)
SELECT ''::text AS genre, count(*) AS titles, count(*) FILTER (WHERE items > 0) AS titles_with_copies,
    coalesce(sum(items), 0)::bigint AS total_quantity, coalesce(sum(available), 0)::bigint AS available_quantity,
    coalesce(sum(ratings), 0)::bigint AS ratings, round(sum(stars) / nullif(sum(ratings), 0), 2)::float8 AS average_rating
FROM titles
UNION ALL
SELECT g.genre, count(*), count(*) FILTER (WHERE items > 0), sum(items)::bigint, sum(available)::bigint,
    sum(ratings)::bigint, round(sum(stars) / nullif(sum(ratings), 0), 2)::float8
FROM titles t CROSS JOIN LATERAL (SELECT DISTINCT e.genre FROM jsonb_array_elements_text(t.genres) AS e (genre) WHERE e.genre <> '') g
GROUP BY g.genre;

CREATE MATERIALIZED VIEW catalog.book_statistics_new AS SELECT * FROM catalog.book_statistics_live_new;
CREATE UNIQUE INDEX book_statistics_new_genre ON catalog.book_statistics_new (genre);

UPDATE reports.views SET as_of = now(), took = clock_timestamp() - now(), failed_at = NULL, failure = ''
WHERE name = 'catalog.book_statistics' AND as_of IS NOT NULL;
DROP MATERIALIZED VIEW catalog.book_statistics;
DROP VIEW catalog.book_statistics_live;
ALTER VIEW catalog.book_statistics_live_new RENAME TO book_statistics_live;
ALTER MATERIALIZED VIEW catalog.book_statistics_new RENAME TO book_statistics;
ALTER INDEX catalog.book_statistics_new_genre RENAME TO book_statistics_genre;

-- +goose Down
DROP MATERIALIZED VIEW catalog.book_statistics;
DROP VIEW catalog.book_statistics_live;
CREATE VIEW catalog.book_statistics_live AS
WITH titles AS (
    SELECT b.genres, coalesce(a.items, 0) AS items, coalesce(a.available_items, 0) AS available
    FROM catalog.books b LEFT JOIN catalog.availability a ON a.shard = b.shard AND a.book_id = b.id
    WHERE b.deleted_at IS NULL
)
SELECT ''::text AS genre, count(*) AS titles, count(*) FILTER (WHERE items > 0) AS titles_with_copies,
    coalesce(sum(items), 0)::bigint AS total_quantity, coalesce(sum(available), 0)::bigint AS available_quantity
FROM titles
UNION ALL
SELECT g.genre, count(*), count(*) FILTER (WHERE items > 0), sum(items)::bigint, sum(available)::bigint
FROM titles t CROSS JOIN LATERAL (SELECT DISTINCT e.genre FROM jsonb_array_elements_text(t.genres) AS e (genre) WHERE e.genre <> '') g
GROUP BY g.genre;

CREATE MATERIALIZED VIEW catalog.book_statistics AS SELECT * FROM catalog.book_statistics_live WITH NO DATA;
CREATE UNIQUE INDEX book_statistics_genre ON catalog.book_statistics (genre);

UPDATE reports.views SET as_of = NULL, took = NULL WHERE name = 'catalog.book_statistics';
