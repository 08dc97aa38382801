-- What is written behind requests, by platform/queue: ratings, how often titles are looked at and terms are searched for, reading lists.
-- Each row carries the moment of its newest write (platform/hlc: tick, and node between equals); an older write never overwrites a newer
-- one, so a write may come late, twice, or from another process.

-- +goose Up

-- Records that could not be written, with the reason, for `bookvault queue status` and `retry`.
CREATE SCHEMA queue;
CREATE TABLE queue.aside (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic    text NOT NULL,
    key      bigint NOT NULL,
    subject  bigint NOT NULL, -- the member whom it is about; 0: nobody
    body     bytea NOT NULL,
    reason   text NOT NULL,
    at       timestamptz NOT NULL DEFAULT now(),
    tries    integer NOT NULL DEFAULT 0 -- retries so far
);
CREATE INDEX aside_of_subject ON queue.aside (subject) WHERE subject <> 0;

CREATE TABLE catalog.ratings (
    shard      smallint NOT NULL,
    book_id    bigint NOT NULL,
    member_id  bigint NOT NULL,
    stars      smallint CHECK (stars BETWEEN 1 AND 5), -- NULL: taken back
    tick       bigint NOT NULL,
    node       bigint NOT NULL,
    PRIMARY KEY (shard, book_id, member_id),
    CHECK (shard = book_id & 1023)
) WITH (fillfactor = 85);
CREATE INDEX ratings_of_member ON catalog.ratings (member_id);

-- The sums of a title, kept by the triggers below. Ratings of members who are gone are deleted and stay in the sums, as nobody's.
CREATE TABLE catalog.rating_totals (
    shard    smallint NOT NULL,
    book_id  bigint NOT NULL,
    ratings  bigint NOT NULL,
    stars    bigint NOT NULL,
    PRIMARY KEY (shard, book_id),
    CHECK (shard = book_id & 1023)
) WITH (fillfactor = 70);

-- +goose StatementBegin
CREATE FUNCTION catalog.ratings_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO catalog.rating_totals AS have (shard, book_id, ratings, stars)
    SELECT shard, book_id, count(stars), sum(stars) FROM added WHERE stars IS NOT NULL GROUP BY shard, book_id ORDER BY shard, book_id
    ON CONFLICT (shard, book_id) DO UPDATE SET ratings = have.ratings + excluded.ratings, stars = have.stars + excluded.stars;
    RETURN NULL;
END $$;
CREATE FUNCTION catalog.ratings_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO catalog.rating_totals AS have (shard, book_id, ratings, stars)
    SELECT shard, book_id, sum(n), sum(s) FROM (
        SELECT shard, book_id, 1 AS n, stars AS s FROM new_rows WHERE stars IS NOT NULL
        UNION ALL
        SELECT shard, book_id, -1, -stars FROM old_rows WHERE stars IS NOT NULL) d
    GROUP BY shard, book_id HAVING sum(n) <> 0 OR sum(s) <> 0 ORDER BY shard, book_id
    ON CONFLICT (shard, book_id) DO UPDATE SET ratings = have.ratings + excluded.ratings, stars = have.stars + excluded.stars;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER ratings_added AFTER INSERT ON catalog.ratings REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION catalog.ratings_added();
CREATE TRIGGER ratings_changed AFTER UPDATE ON catalog.ratings REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION catalog.ratings_changed();

-- Ids of members who are no more, so that a rating that was still under way finds nobody, or whom they were merged into.
CREATE TABLE catalog.departed (
    member_id  bigint PRIMARY KEY,
    into_id    bigint -- NULL: deleted
);
CREATE INDEX departed_into ON catalog.departed (into_id) WHERE into_id IS NOT NULL;

-- How often titles were looked at, by nobody in particular. heat is the binary logarithm of all views, each worth twice as much as one
-- made 14 days before it: it orders titles by what is looked at these days, and is the same whenever it is looked up.
CREATE TABLE catalog.title_views (
    shard    smallint NOT NULL,
    book_id  bigint NOT NULL,
    views    bigint NOT NULL,
    heat     double precision NOT NULL,
    PRIMARY KEY (shard, book_id),
    CHECK (shard = book_id & 1023)
) WITH (fillfactor = 70);
CREATE INDEX title_views_by_heat ON catalog.title_views (heat DESC, book_id);

-- What was searched for and found something, by nobody in particular. Others are shown a term from its tenth time on.
CREATE TABLE catalog.search_terms (
    term       text COLLATE "C" PRIMARY KEY, -- folded
    text       text NOT NULL,                -- as it was typed last
    seen       bigint NOT NULL,
    last_seen  date NOT NULL
);
CREATE INDEX search_terms_known ON catalog.search_terms (term) WHERE seen >= 10;
CREATE INDEX search_terms_rare ON catalog.search_terms (last_seen) WHERE seen < 10;

-- Which tallies of views and terms have been added: one that comes again is not.
CREATE TABLE catalog.tallies (
    tick      bigint NOT NULL,
    node      bigint NOT NULL,
    added_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tick, node)
);
CREATE INDEX tallies_by_age ON catalog.tallies (added_at);

CREATE TABLE members.lists (
    member_id   bigint NOT NULL REFERENCES members.members (id) ON DELETE CASCADE,
    id          bigint NOT NULL,
    name        text NOT NULL CHECK (char_length(name) <= 100), -- empty once it is deleted
    created_at  timestamptz NOT NULL,
    deleted     boolean NOT NULL,
    tick        bigint NOT NULL,
    node        bigint NOT NULL,
    PRIMARY KEY (member_id, id)
);
CREATE INDEX lists_deleted ON members.lists (tick) WHERE deleted;

CREATE TABLE members.list_items (
    member_id  bigint NOT NULL REFERENCES members.members (id) ON DELETE CASCADE,
    list_id    bigint NOT NULL,
    book_id    bigint NOT NULL,
    present    boolean NOT NULL, -- false: taken out
    tick       bigint NOT NULL,
    node       bigint NOT NULL,
    PRIMARY KEY (member_id, list_id, book_id)
);
CREATE INDEX list_items_gone ON members.list_items (tick) WHERE NOT present;

-- +goose Down
DROP TABLE members.list_items, members.lists;
DROP TABLE catalog.tallies, catalog.search_terms, catalog.title_views, catalog.departed, catalog.rating_totals, catalog.ratings;
DROP FUNCTION catalog.ratings_added(), catalog.ratings_changed();
DROP SCHEMA queue CASCADE;
