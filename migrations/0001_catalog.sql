-- The catalogue: what a title is. One row answers a title whole (authors and genres are in it), so that a read is one
-- look-up; text is folded by the application (modules/catalog/fold.go), so that documents and queries meet by one rule.
-- +goose Up
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE SCHEMA catalog;

CREATE SEQUENCE catalog.book_numbers;
CREATE SEQUENCE catalog.author_numbers;

-- id = number << 10 | shard; the shard comes from the folded name (modules/catalog/shard.go).
CREATE TABLE catalog.authors (
    id         bigint      NOT NULL,
    shard      smallint    NOT NULL CHECK (shard = id & 1023),
    name       text        NOT NULL,
    name_key   text        NOT NULL, -- the folded name: looked for by prefix
    sort_name  text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, id),
    UNIQUE (shard, name)             -- the shard follows from the name, so this is unique over all shards
);
CREATE INDEX authors_name_key ON catalog.authors (name_key text_pattern_ops);

CREATE TABLE catalog.books (
    id              bigint      NOT NULL,
    shard           smallint    NOT NULL CHECK (shard = id & 1023),
    version         integer     NOT NULL DEFAULT 1,
    title           text        NOT NULL,
    subtitle        text        NOT NULL DEFAULT '',
    sort_title      text        NOT NULL,               -- without the leading article
    authors         jsonb       NOT NULL,               -- [{"id":…,"name":…}], in the order of the title page
    genres          jsonb       NOT NULL DEFAULT '[]',  -- ["Poetry", …]
    subjects        jsonb       NOT NULL DEFAULT '[]',
    language        text        NOT NULL DEFAULT '',    -- BCP 47
    publisher       text        NOT NULL DEFAULT '',
    published_year  integer,                            -- negative before our era
    isbn13          text,
    series          text        NOT NULL DEFAULT '',
    series_position text        NOT NULL DEFAULT '',
    pages           integer,
    description     text        NOT NULL DEFAULT '',
    cover_version   integer     NOT NULL DEFAULT 0,     -- 0: none uploaded
    -- folded text, made by the application from the columns above
    title_key       text        NOT NULL,
    people_key      text        NOT NULL,
    subject_key     text        NOT NULL,
    doc             tsvector    NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('pg_catalog.simple'::regconfig, title_key), 'A') ||
        setweight(to_tsvector('pg_catalog.simple'::regconfig, people_key), 'B') ||
        setweight(to_tsvector('pg_catalog.simple'::regconfig, subject_key), 'C')) STORED,
    -- a copy of what borrowing knows, for the filter "available now"; follows through the outbox
    items           integer     NOT NULL DEFAULT 0,
    available_items integer     NOT NULL DEFAULT 0,
    availability_at bigint      NOT NULL DEFAULT 0,     -- position of the newest change that was applied
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    deleted_at      timestamptz,                        -- a tombstone: never found, never used again
    PRIMARY KEY (shard, id)
);
CREATE UNIQUE INDEX books_id ON catalog.books (id);
CREATE INDEX books_doc       ON catalog.books USING gin (doc) WITH (fastupdate = off) WHERE deleted_at IS NULL;
CREATE INDEX books_authors   ON catalog.books USING gin (authors jsonb_path_ops) WITH (fastupdate = off) WHERE deleted_at IS NULL;
CREATE INDEX books_genres    ON catalog.books USING gin (genres jsonb_path_ops) WITH (fastupdate = off) WHERE deleted_at IS NULL;
CREATE INDEX books_title_key ON catalog.books (title_key text_pattern_ops) WHERE deleted_at IS NULL;
CREATE INDEX books_title_vi  ON catalog.books (sort_title COLLATE "vi-x-icu", id) WHERE deleted_at IS NULL;
CREATE INDEX books_title_und ON catalog.books (sort_title COLLATE "und-x-icu", id) WHERE deleted_at IS NULL;
CREATE INDEX books_isbn13    ON catalog.books (isbn13) WHERE isbn13 IS NOT NULL AND deleted_at IS NULL;

-- Every word that stands in a title, for forgiving one typo. Words of deleted titles stay: they cost little and find nothing.
CREATE TABLE catalog.lexemes (word text PRIMARY KEY);
CREATE INDEX lexemes_trigrams ON catalog.lexemes USING gin (word gin_trgm_ops);

-- Covers that a librarian uploaded, already resized.
CREATE TABLE catalog.covers (
    book_id      bigint      NOT NULL,
    shard        smallint    NOT NULL CHECK (shard = book_id & 1023),
    size         text        NOT NULL, -- 'large' or 'small'
    version      integer     NOT NULL,
    content_type text        NOT NULL,
    width        integer     NOT NULL,
    height       integer     NOT NULL,
    image        bytea       NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, book_id, size)
);

-- Which row of which source a title came from, and the hash of what was imported: the same file again changes nothing.
CREATE TABLE catalog.import_keys (
    source   text   NOT NULL, -- 'goodbooks', 'gutenberg', 'goodreads', …
    key      text   NOT NULL, -- the row's own id there, or a hash of its identity
    book_id  bigint NOT NULL,
    facts    bytea  NOT NULL, -- hash of the facts of the row
    PRIMARY KEY (source, key)
);

CREATE TABLE catalog.imports (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state       text        NOT NULL, -- queued, running, done, failed
    file_name   text        NOT NULL,
    spool       text        NOT NULL DEFAULT '',
    options     jsonb       NOT NULL DEFAULT '{}',
    rows_read   bigint      NOT NULL DEFAULT 0,
    bytes_read  bigint      NOT NULL DEFAULT 0,
    bytes_total bigint      NOT NULL DEFAULT 0,
    created     bigint      NOT NULL DEFAULT 0,
    changed     bigint      NOT NULL DEFAULT 0,
    unchanged   bigint      NOT NULL DEFAULT 0,
    refused     bigint      NOT NULL DEFAULT 0,
    failure     text        NOT NULL DEFAULT '',
    created_by  bigint      NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT now(),
    started_at  timestamptz,
    heartbeat   timestamptz,
    finished_at timestamptz
);

CREATE TABLE catalog.import_refusals (
    import_id bigint NOT NULL REFERENCES catalog.imports (id) ON DELETE CASCADE,
    line      bigint NOT NULL,
    field     text   NOT NULL,
    reason    text   NOT NULL,
    value     text   NOT NULL DEFAULT '',
    PRIMARY KEY (import_id, line, field)
);

-- +goose Down
DROP SCHEMA catalog CASCADE;
