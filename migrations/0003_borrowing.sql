-- The borrowing module: copies, loans, holds, the rules and calendar that decide on them, and the ledger of what happened.
-- What must never happen is refused here, and not only in Go: see the unique indexes, the checks and the triggers.
-- Members and titles belong to other modules: their ids stand here without foreign keys.

-- +goose Up
CREATE SCHEMA borrowing;

-- ------------------------------------------------------------------ the library's own order: branches, rules, calendar

CREATE TABLE borrowing.branches (
    code       text PRIMARY KEY CHECK (code ~ '^[a-z0-9][a-z0-9_-]{0,31}$'),
    name       text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    sort       integer NOT NULL DEFAULT 0          -- the first one stands in where a command names no branch
);

CREATE TABLE borrowing.item_types (
    code       text PRIMARY KEY CHECK (code ~ '^[a-z0-9][a-z0-9_-]{0,31}$'),
    name       text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    sort       integer NOT NULL DEFAULT 0
);

-- NULL says "any". The most specific row wins, in the order branch, category, item type (modules/borrowing/rule.go).
CREATE TABLE borrowing.rules (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    branch      text REFERENCES borrowing.branches (code),
    category    text CHECK (category ~ '^[a-z0-9][a-z0-9_-]{0,31}$'),
    item_type   text REFERENCES borrowing.item_types (code),
    loan_days   integer NOT NULL CHECK (loan_days BETWEEN 1 AND 3650),
    renewals    integer NOT NULL CHECK (renewals BETWEEN 0 AND 1000),
    loan_limit  integer NOT NULL CHECK (loan_limit BETWEEN 0 AND 100000),
    renew_from  text NOT NULL DEFAULT 'due_date' CHECK (renew_from IN ('due_date', 'today')),
    UNIQUE NULLS NOT DISTINCT (branch, category, item_type)
);

-- A branch without any row here is open every day; with some, it is closed on the weekdays that have none. 0 is Sunday.
CREATE TABLE borrowing.opening_hours (
    branch     text NOT NULL REFERENCES borrowing.branches (code) ON DELETE CASCADE,
    weekday    smallint NOT NULL CHECK (weekday BETWEEN 0 AND 6),
    opens      time NOT NULL,
    closes     time NOT NULL,
    PRIMARY KEY (branch, weekday),
    CHECK (opens < closes)
);

CREATE TABLE borrowing.closures (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    branch     text REFERENCES borrowing.branches (code) ON DELETE CASCADE, -- NULL: every branch
    first_day  date NOT NULL,
    last_day   date NOT NULL,
    reason     text NOT NULL DEFAULT '' CHECK (char_length(reason) <= 200),
    CHECK (first_day <= last_day)
);

-- One row, counted up by every change of the tables above: a process may keep them in memory as long as it says the same.
CREATE TABLE borrowing.policy_version (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    version    bigint NOT NULL
);
INSERT INTO borrowing.policy_version (version) VALUES (1);

-- +goose StatementBegin
CREATE FUNCTION borrowing.policy_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE borrowing.policy_version SET version = version + 1;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER policy_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON borrowing.branches      FOR EACH STATEMENT EXECUTE FUNCTION borrowing.policy_changed();
CREATE TRIGGER policy_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON borrowing.item_types    FOR EACH STATEMENT EXECUTE FUNCTION borrowing.policy_changed();
CREATE TRIGGER policy_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON borrowing.rules         FOR EACH STATEMENT EXECUTE FUNCTION borrowing.policy_changed();
CREATE TRIGGER policy_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON borrowing.opening_hours FOR EACH STATEMENT EXECUTE FUNCTION borrowing.policy_changed();
CREATE TRIGGER policy_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON borrowing.closures      FOR EACH STATEMENT EXECUTE FUNCTION borrowing.policy_changed();

-- A library that has said nothing yet lends books from one place, by one rule.
INSERT INTO borrowing.branches (code, name) VALUES ('main', 'Main library');
INSERT INTO borrowing.item_types (code, name) VALUES ('book', 'Book');
INSERT INTO borrowing.rules (loan_days, renewals, loan_limit) VALUES (21, 2, 10);

-- ------------------------------------------------------------------ what is lent

-- One row a title that borrowing has to do with: its exact counts, and the lock that orders all that happens to the title.
CREATE TABLE borrowing.titles (
    book_id    bigint PRIMARY KEY,
    items      integer NOT NULL DEFAULT 0 CHECK (items >= 0),                               -- not withdrawn
    available  integer NOT NULL DEFAULT 0 CHECK (available >= 0 AND available <= items),    -- could be lent this moment
    holds      integer NOT NULL DEFAULT 0 CHECK (holds >= 0),                               -- live ones
    closed     boolean NOT NULL DEFAULT false,                                              -- the catalogue deletes it: no more items or holds
    version    bigint NOT NULL DEFAULT 1,                                                   -- grows with every change
    CHECK (NOT closed OR (items = 0 AND holds = 0))
);

CREATE TABLE borrowing.items (
    id              bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    barcode         text NOT NULL UNIQUE CHECK (char_length(barcode) BETWEEN 1 AND 64),
    book_id         bigint NOT NULL REFERENCES borrowing.titles (book_id),
    home_branch     text NOT NULL REFERENCES borrowing.branches (code),
    current_branch  text NOT NULL REFERENCES borrowing.branches (code),
    item_type       text NOT NULL REFERENCES borrowing.item_types (code),
    part            text CHECK (char_length(part) BETWEEN 1 AND 100),
    call_number     text CHECK (char_length(call_number) <= 200),
    location        text CHECK (char_length(location) <= 200),
    price_minor     bigint CHECK (price_minor >= 0),
    price_currency  text CHECK (price_currency ~ '^[A-Z]{3}$'),
    loanable        boolean NOT NULL DEFAULT true,
    status          text NOT NULL CHECK (status IN ('available', 'checked_out', 'on_hold_shelf', 'in_transit', 'on_order',
                        'in_process', 'missing', 'lost', 'claimed_returned', 'damaged', 'withdrawn')),
    transit_to      text REFERENCES borrowing.branches (code),
    created_at      timestamptz NOT NULL,
    version         integer NOT NULL DEFAULT 1,
    CHECK ((status = 'in_transit') = (transit_to IS NOT NULL)),
    CHECK ((price_minor IS NULL) = (price_currency IS NULL))
);
CREATE INDEX items_of_title ON borrowing.items (book_id, id);

-- One row a member who ever borrowed: the lock under which limits are counted, and the member's standing as last heard from
-- the members module, by which holds of others are found eligible without asking it.
CREATE TABLE borrowing.accounts (
    member_id   bigint PRIMARY KEY,
    category    text NOT NULL DEFAULT '',
    expires_on  date,
    blocked     boolean NOT NULL DEFAULT false
);

-- Who stands behind the random borrower_ref of a loan or hold. This is the only link from the ledger to a person; deleting
-- the row cuts it everywhere (the foreign keys of loans and holds null their copy).
CREATE TABLE borrowing.borrower_refs (
    borrower_ref  uuid NOT NULL,
    member_id     bigint NOT NULL,
    PRIMARY KEY (borrower_ref, member_id)
);

CREATE TABLE borrowing.loans (
    id            bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    borrower_ref  uuid NOT NULL,
    member_id     bigint,                             -- NULL once the mapping was purged
    item_id       bigint NOT NULL REFERENCES borrowing.items (id),
    book_id       bigint NOT NULL,
    item_type     text NOT NULL,                      -- when it was lent: limits count by it
    branch        text NOT NULL REFERENCES borrowing.branches (code),
    channel       text NOT NULL CHECK (channel IN ('desk', 'web')),
    status        text NOT NULL CHECK (status IN ('open', 'closed')),
    opened_at     timestamptz NOT NULL,
    due_on        date NOT NULL,
    due_at        timestamptz NOT NULL,
    renewals      integer NOT NULL DEFAULT 0 CHECK (renewals >= 0),
    closed_at     timestamptz,                        -- when it was checked in
    returned_on   date,                               -- when it came back: earlier, out of the book drop
    closed_by     text CHECK (closed_by IN ('check_in', 'reversal')),
    terms         jsonb NOT NULL,                     -- of the rule, frozen
    explanation   jsonb NOT NULL,                     -- the value of each input of the due date, and what opening changed
    version       integer NOT NULL DEFAULT 1,
    CHECK ((status = 'closed') = (closed_at IS NOT NULL)),
    CHECK (status = 'closed' OR member_id IS NOT NULL),
    FOREIGN KEY (borrower_ref, member_id) REFERENCES borrowing.borrower_refs (borrower_ref, member_id)
        ON UPDATE CASCADE ON DELETE SET NULL (member_id)
);
CREATE UNIQUE INDEX loans_one_open_an_item ON borrowing.loans (item_id) WHERE status = 'open';
CREATE INDEX loans_open_of_member ON borrowing.loans (member_id, item_type) WHERE status = 'open';
CREATE INDEX loans_of_member ON borrowing.loans (member_id, id);
CREATE INDEX loans_of_ref    ON borrowing.loans (borrower_ref);
CREATE INDEX loans_open      ON borrowing.loans (id) WHERE status = 'open';

CREATE SEQUENCE borrowing.hold_places;

CREATE TABLE borrowing.holds (
    id               bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    borrower_ref     uuid NOT NULL,
    member_id        bigint,
    book_id          bigint NOT NULL REFERENCES borrowing.titles (book_id),
    part             text,                            -- NULL: any part will do
    item_id          bigint REFERENCES borrowing.items (id), -- NULL: any copy will do
    pickup_branch    text NOT NULL REFERENCES borrowing.branches (code),
    status           text NOT NULL CHECK (status IN ('waiting', 'in_transit', 'ready', 'filled', 'cancelled', 'expired')),
    place            bigint NOT NULL DEFAULT nextval('borrowing.hold_places'), -- first come, first served; kept when it waits again
    captured_item    bigint REFERENCES borrowing.items (id),
    suspended_until  date,
    placed_at        timestamptz NOT NULL,
    expires_on       date,                            -- last day on the shelf
    closed_at        timestamptz,
    version          integer NOT NULL DEFAULT 1,
    CHECK ((status IN ('in_transit', 'ready')) = (captured_item IS NOT NULL)),
    CHECK ((status IN ('filled', 'cancelled', 'expired')) = (closed_at IS NOT NULL)),
    CHECK (closed_at IS NOT NULL OR member_id IS NOT NULL),
    FOREIGN KEY (borrower_ref, member_id) REFERENCES borrowing.borrower_refs (borrower_ref, member_id)
        ON UPDATE CASCADE ON DELETE SET NULL (member_id)
);
CREATE UNIQUE INDEX holds_one_capture_an_item ON borrowing.holds (captured_item) WHERE status IN ('in_transit', 'ready');
CREATE UNIQUE INDEX holds_one_live_a_member ON borrowing.holds (member_id, book_id, part) NULLS NOT DISTINCT WHERE status IN ('waiting', 'in_transit', 'ready');
CREATE UNIQUE INDEX holds_queue ON borrowing.holds (book_id, place) WHERE status IN ('waiting', 'in_transit', 'ready');
CREATE INDEX holds_of_member ON borrowing.holds (member_id, id);
CREATE INDEX holds_of_ref ON borrowing.holds (borrower_ref);

-- ------------------------------------------------------------------ what happened

-- The ledger. It holds no member of the public: borrower_ref stands for them.
CREATE TABLE borrowing.events (
    position    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream      text NOT NULL,                        -- loan/17, hold/4, item/9
    version     integer NOT NULL CHECK (version > 0), -- 1, 2, 3 … in its stream
    type        text NOT NULL,
    data        jsonb NOT NULL,
    actor       text NOT NULL,                        -- staff/<member id>, borrower, or system
    at          timestamptz NOT NULL,
    reason      text NOT NULL DEFAULT '',
    request_id  text NOT NULL DEFAULT '',
    hash        bytea,                                -- of this event and the one before it in its stream
    UNIQUE (stream, version)
);

-- +goose StatementBegin
CREATE FUNCTION borrowing.events_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'borrowing.events is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
-- +goose StatementEnd
CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON borrowing.events FOR EACH ROW EXECUTE FUNCTION borrowing.events_are_append_only();
CREATE TRIGGER append_only_table BEFORE TRUNCATE ON borrowing.events FOR EACH STATEMENT EXECUTE FUNCTION borrowing.events_are_append_only();

-- What others have to hear of, written with its cause and read by (horizon, id) below the oldest transaction that still runs.
-- The horizon is no smaller than this transaction's id, so nothing is committed behind a reader; and it is taken when the row is
-- written, under the locks of the stream, so that the order holds within each stream (platform/ledger/outbox.go).
CREATE TABLE borrowing.outbox (
    id          bigint GENERATED ALWAYS AS IDENTITY,
    horizon     xid8 NOT NULL DEFAULT greatest(pg_current_xact_id(), pg_snapshot_xmax(pg_current_snapshot())),
    topic       text NOT NULL,
    key         text NOT NULL,
    data        jsonb NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (horizon, id)
);

-- How far each consumer has read. The row is locked while it reads, so that one process at a time does.
CREATE TABLE borrowing.outbox_cursors (
    consumer    text PRIMARY KEY,
    horizon     xid8 NOT NULL DEFAULT '0',
    id          bigint NOT NULL DEFAULT 0
);

-- The answer of a command that carried an Idempotency-Key, written in the transaction of its effect.
CREATE TABLE borrowing.idempotency_keys (
    caller        text NOT NULL,
    route         text NOT NULL,
    key           text NOT NULL,
    body_hash     bytea NOT NULL,
    status        integer NOT NULL,
    answer        bytea NOT NULL,
    borrower_ref  uuid,                               -- whose answer it is: purged with the mapping
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (caller, route, key)
);
CREATE INDEX idempotency_keys_by_age ON borrowing.idempotency_keys (created_at);

-- +goose Down
DROP SCHEMA borrowing CASCADE;
