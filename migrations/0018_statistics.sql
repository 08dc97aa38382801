-- Figures of the whole library, kept ready (platform/database/matview.go). Each has two relations: NAME_live says what the figures are
-- and reckons them when asked; NAME holds what that gave when it was last refreshed. Both answer the same, so which of them is read is a
-- matter of time alone. Nothing is reckoned here: a library that is large is migrated as fast as an empty one, and until the first
-- refresh the live ones answer.
--
-- Schema reports holds what looks at more than one module (docs/adr/0011-figures-are-kept-ready.md); no module writes there.

-- +goose Up
CREATE SCHEMA reports;

CREATE TABLE reports.views (
    name      text PRIMARY KEY,                      -- schema and name of the materialized view
    as_of     timestamptz,                           -- it holds everything that was committed before; NULL: not refreshed yet
    took      interval,                              -- the refresh
    wanted_at timestamptz NOT NULL DEFAULT now(),    -- something changed much then: refresh soon if as_of is earlier
    failed_at timestamptz,                           -- the last try, where it failed; NULL after a success
    failure   text NOT NULL DEFAULT ''
);

-- ------------------------------------------------------------------ the catalogue's own

-- A row a genre, as titles spell it; the row '' is of all titles.
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

CREATE VIEW catalog.author_pages_live AS
SELECT a.id AS author_id, count(*) AS titles, coalesce(sum(v.items), 0)::bigint AS total_quantity,
    coalesce(sum(v.available_items), 0)::bigint AS available_quantity, min(b.published_year) AS first_year, max(b.published_year) AS last_year
FROM catalog.books b
CROSS JOIN LATERAL (SELECT DISTINCT (e.author ->> 'id')::bigint AS id FROM jsonb_array_elements(b.authors) AS e (author)) a
LEFT JOIN catalog.availability v ON v.shard = b.shard AND v.book_id = b.id
WHERE b.deleted_at IS NULL
GROUP BY a.id;

CREATE MATERIALIZED VIEW catalog.author_pages AS SELECT * FROM catalog.author_pages_live WITH NO DATA;
CREATE UNIQUE INDEX author_pages_author ON catalog.author_pages (author_id);

-- ------------------------------------------------------------------ the desk's own

-- Loans a title in the last 7, 30 and 365 days and ever, the first thousand of each. What was undone as a mistake was no loan.
CREATE VIEW borrowing.most_borrowed_live AS
SELECT r.period, r.place, r.book_id, r.loans
FROM (
    SELECT p.period, l.book_id, count(*) AS loans, row_number() OVER (PARTITION BY p.period ORDER BY count(*) DESC, l.book_id DESC) AS place
    FROM (VALUES ('week', now() - interval '7 days'), ('month', now() - interval '30 days'), ('year', now() - interval '365 days'),
        ('ever', '-infinity')) AS p (period, since)
    JOIN borrowing.loans l ON l.opened_at > p.since
    WHERE l.closed_by IS DISTINCT FROM 'reversal'
    GROUP BY p.period, l.book_id
) r
WHERE r.place <= 1000;

CREATE MATERIALIZED VIEW borrowing.most_borrowed AS SELECT * FROM borrowing.most_borrowed_live WITH NO DATA;
CREATE UNIQUE INDEX most_borrowed_place ON borrowing.most_borrowed (period, place);

-- What a day brought, by the branch that lent and the category of the borrower then, for the last 400 days. Days are the library's.
CREATE VIEW borrowing.daily_circulation_live AS
SELECT c.day, c.branch, c.category, sum(c.check_outs)::bigint AS check_outs, sum(c.check_ins)::bigint AS check_ins
FROM (
    SELECT (l.opened_at AT TIME ZONE coalesce(l.explanation #>> '{due,time_zone}', 'UTC'))::date AS day, l.branch,
        coalesce(l.explanation #>> '{due,inputs,category}', '') AS category, 1 AS check_outs, 0 AS check_ins
    FROM borrowing.loans l WHERE l.closed_by IS DISTINCT FROM 'reversal' AND l.opened_at > now() - interval '400 days'
    UNION ALL
    SELECT l.returned_on, l.branch, coalesce(l.explanation #>> '{due,inputs,category}', ''), 0, 1
    FROM borrowing.loans l WHERE l.returned_on > current_date - 400 AND l.closed_by IS DISTINCT FROM 'reversal'
) c
GROUP BY c.day, c.branch, c.category;

CREATE MATERIALIZED VIEW borrowing.daily_circulation AS SELECT * FROM borrowing.daily_circulation_live WITH NO DATA;
CREATE UNIQUE INDEX daily_circulation_day ON borrowing.daily_circulation (day, branch, category);

-- Open loans past their due date, by how many weeks: 1 (up to seven days), 2 to 4, 5 and more.
CREATE VIEW borrowing.overdue_live AS
SELECT l.branch, CASE WHEN l.due_at > now() - interval '7 days' THEN '1' WHEN l.due_at > now() - interval '28 days' THEN '2-4' ELSE '5+' END AS weeks,
    count(*) AS loans, min(l.due_on) AS oldest_due
FROM borrowing.loans l WHERE l.status = 'open' AND l.due_at < now() AND l.due_on <= current_date + 1
GROUP BY 1, 2;

CREATE MATERIALIZED VIEW borrowing.overdue AS SELECT * FROM borrowing.overdue_live WITH NO DATA;
CREATE UNIQUE INDEX overdue_branch ON borrowing.overdue (branch, weeks);

-- ------------------------------------------------------------------ of both

-- Loans of each title in the last 365 days: the order "popular".
CREATE VIEW reports.popularity_live AS
SELECT l.book_id, count(*) AS loans FROM borrowing.loans l
WHERE l.opened_at > now() - interval '365 days' AND l.closed_by IS DISTINCT FROM 'reversal' GROUP BY l.book_id;

CREATE MATERIALIZED VIEW reports.popularity AS SELECT * FROM reports.popularity_live WITH NO DATA;
CREATE UNIQUE INDEX popularity_book ON reports.popularity (book_id);
CREATE INDEX popularity_loans ON reports.popularity (loans DESC, book_id DESC);

-- Loans by genre; a loan of a title of several counts in each.
CREATE VIEW reports.genre_circulation_live AS
SELECT p.period, g.genre, sum(l.loans)::bigint AS check_outs
FROM (VALUES ('week', now() - interval '7 days'), ('month', now() - interval '30 days'), ('year', now() - interval '365 days')) AS p (period, since)
CROSS JOIN LATERAL (SELECT o.book_id, count(*) AS loans FROM borrowing.loans o
    WHERE o.opened_at > p.since AND o.closed_by IS DISTINCT FROM 'reversal' GROUP BY o.book_id) l
JOIN catalog.books b ON b.id = l.book_id
CROSS JOIN LATERAL (SELECT DISTINCT e.genre FROM jsonb_array_elements_text(b.genres) AS e (genre) WHERE e.genre <> '') g
GROUP BY p.period, g.genre;

CREATE MATERIALIZED VIEW reports.genre_circulation AS SELECT * FROM reports.genre_circulation_live WITH NO DATA;
CREATE UNIQUE INDEX genre_circulation_genre ON reports.genre_circulation (period, genre);

INSERT INTO reports.views (name) VALUES ('catalog.book_statistics'), ('catalog.author_pages'), ('borrowing.most_borrowed'),
    ('borrowing.daily_circulation'), ('borrowing.overdue'), ('reports.popularity'), ('reports.genre_circulation');

-- +goose Down
DROP SCHEMA reports CASCADE;
DROP MATERIALIZED VIEW catalog.book_statistics, catalog.author_pages, borrowing.most_borrowed, borrowing.daily_circulation, borrowing.overdue;
DROP VIEW catalog.book_statistics_live, catalog.author_pages_live, borrowing.most_borrowed_live, borrowing.daily_circulation_live, borrowing.overdue_live;
