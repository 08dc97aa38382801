-- The catalogue: what a title is. One row answers a title whole (authors and genres are in it), so that a read is one
-- look-up; text is folded by the application (modules/catalog/fold.go), so that documents and queries meet by one rule.
-- +goose Up
CREATE SCHEMA catalog;

CREATE SEQUENCE catalog.book_numbers;
CREATE SEQUENCE catalog.author_numbers;

-- id = number << 10 | shard; the shard comes from the folded name (modules/catalog/shard.go).
CREATE TABLE catalog.authors (
    id         bigint             NOT NULL,
    shard      smallint           NOT NULL CHECK (shard = id & 1023),
    name       text               NOT NULL,
    sort_name  text               NOT NULL,
    name_key   text COLLATE "C"   NOT NULL, -- the folded name, looked for by prefix: "leo tolstoy"
    sort_key   text COLLATE "C"   NOT NULL, -- the folded sort_name: "tolstoy leo"
    created_at timestamptz        NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, id),
    UNIQUE (shard, name)                    -- the shard follows from the name, so this is unique over all shards
);
CREATE UNIQUE INDEX authors_id ON catalog.authors (id);
CREATE INDEX authors_name_key  ON catalog.authors (name_key);
CREATE INDEX authors_sort_key  ON catalog.authors (sort_key);

CREATE TABLE catalog.books (
    id              bigint      NOT NULL,
    shard           smallint    NOT NULL CHECK (shard = id & 1023),
    version         integer     NOT NULL DEFAULT 1,
    title           text        NOT NULL,
    subtitle        text        NOT NULL DEFAULT '',
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
    cover_version   integer     NOT NULL DEFAULT 0,     -- 0: none uploaded; below 0: taken away
    -- made by the application from the columns above (modules/catalog/postgres/document.go), all of it in one place
    sort_title      text             NOT NULL,          -- without the leading article, and cut to what an index entry holds
    title_key       text COLLATE "C" NOT NULL,          -- the folded title, cut likewise: exact and prefix matches, suggestions
    doc             tsvector         NOT NULL,          -- folded words with weights, and what is filtered by (=gpoetry, =lvi …)
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    deleted_at      timestamptz,                        -- a tombstone: never found, never used again
    PRIMARY KEY (shard, id)
);
CREATE UNIQUE INDEX books_id ON catalog.books (id);
CREATE INDEX books_doc       ON catalog.books USING gin (doc) WITH (fastupdate = off) WHERE deleted_at IS NULL;
CREATE INDEX books_title_key ON catalog.books (title_key, id) WHERE deleted_at IS NULL;
CREATE INDEX books_title_vi  ON catalog.books (sort_title COLLATE "vi-x-icu", id) WHERE deleted_at IS NULL;
CREATE INDEX books_title_und ON catalog.books (sort_title COLLATE "und-x-icu", id) WHERE deleted_at IS NULL;
CREATE INDEX books_year      ON catalog.books (published_year, id) WHERE deleted_at IS NULL;
CREATE INDEX books_isbn13    ON catalog.books (isbn13) WHERE isbn13 IS NOT NULL AND deleted_at IS NULL;

-- A copy of what borrowing knows, for the filter "available now"; it follows through the outbox. Apart from the titles, so
-- that a loan rewrites a narrow row and not a whole title with its search document.
CREATE TABLE catalog.availability (
    book_id         bigint      NOT NULL,
    shard           smallint    NOT NULL CHECK (shard = book_id & 1023),
    items           integer     NOT NULL,
    available_items integer     NOT NULL,
    holds           integer     NOT NULL,
    position        bigint      NOT NULL, -- of the newest change that was applied; an older one never overwrites it
    PRIMARY KEY (shard, book_id)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX availability_now ON catalog.availability (book_id) WHERE available_items > 0;

-- Every genre that a title ever had, under its folded name, as it was first written.
CREATE TABLE catalog.genres (
    key  text COLLATE "C" PRIMARY KEY,
    name text NOT NULL
);

-- Every word that ever stood in a document, for forgiving one typo: all words one edit away from a mistyped one are made in
-- the application and looked up here. Words of deleted titles stay: they cost little and find nothing.
CREATE TABLE catalog.lexemes (word text COLLATE "C" PRIMARY KEY);

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
    source    text COLLATE "C" NOT NULL, -- 'goodbooks', 'gutenberg', 'goodreads', …
    key       text COLLATE "C" NOT NULL, -- the row's own id there, or a hash of its identity
    book_id   bigint           NOT NULL,
    facts     bytea            NOT NULL, -- hash of the facts of the row
    version   integer          NOT NULL, -- of the title as the import left it; another one now: a librarian edited it. 0: the
                                         -- title was there already and the import only knows it again, by its ISBN
    import_id bigint           NOT NULL, -- the newest run that met the row: met again in the same run, it stands in the file twice
    line      bigint           NOT NULL, -- where it stood there
    PRIMARY KEY (source, key)
) WITH (fillfactor = 80);                -- import_id and line change in every run, and no index holds them

-- The runs: one that waits or works is found here by any process.
CREATE TABLE catalog.imports (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state       text        NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
    file_name   text        NOT NULL,
    spool       text        NOT NULL DEFAULT '',  -- the uploaded file, under the folder of place; '' for a run of the command line
    place       text        NOT NULL DEFAULT '',  -- the machine and folder where the spool is: only a process there can take it up
    options     jsonb       NOT NULL DEFAULT '{}',
    source      text        NOT NULL DEFAULT '',
    bytes_total bigint      NOT NULL DEFAULT 0,   -- of the file as it lies on the disk
    bytes_read  bigint      NOT NULL DEFAULT 0,
    rows_read   bigint      NOT NULL DEFAULT 0,
    line        bigint      NOT NULL DEFAULT 0,   -- the last line that is accounted for: where it goes on after its process died
    created     bigint      NOT NULL DEFAULT 0,
    changed     bigint      NOT NULL DEFAULT 0,
    unchanged   bigint      NOT NULL DEFAULT 0,
    refused     bigint      NOT NULL DEFAULT 0,
    failure     text        NOT NULL DEFAULT '',
    attempts    integer     NOT NULL DEFAULT 0,   -- how often it was taken up; only the newest may write
    deaths      integer     NOT NULL DEFAULT 0,   -- how often its process died since it last got on
    created_by  bigint      NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT now(),
    started_at  timestamptz,
    heartbeat   timestamptz,
    finished_at timestamptz
);
CREATE INDEX imports_open ON catalog.imports (id) WHERE state IN ('queued', 'running');

-- Rows that were refused, and facts that were left out of rows that went in.
CREATE TABLE catalog.import_findings (
    import_id bigint  NOT NULL REFERENCES catalog.imports (id) ON DELETE CASCADE,
    number    bigint  GENERATED ALWAYS AS IDENTITY,
    line      bigint  NOT NULL,
    field     text    NOT NULL,
    reason    text    NOT NULL,
    value     text    NOT NULL,
    refused   boolean NOT NULL,
    PRIMARY KEY (import_id, number)
);

-- Indexes that were taken down for filling an empty catalogue and are to be built again. It is empty except while that lasts,
-- or after it was killed.
CREATE TABLE catalog.indexes_down (
    name       text PRIMARY KEY,
    definition text NOT NULL
);

-- +goose Down
DROP SCHEMA catalog CASCADE;
