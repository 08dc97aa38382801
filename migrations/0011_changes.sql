-- What transactions changed, for caches of other processes (platform/database/feed.go). Each row is written in the transaction that
-- it tells of, and read by every process that is not yet shown it, by the difference of two snapshots.

-- +goose Up
CREATE SCHEMA changes;

-- Unlogged: what a crash of the server would lose is of no use after it, since every process then takes all its copies for old.
CREATE UNLOGGED TABLE changes.log (
    xid    xid8   NOT NULL DEFAULT pg_current_xact_id(),
    origin bigint NOT NULL, -- the process that wrote
    number bigint NOT NULL, -- of the transaction in that process
    topic  text   NOT NULL, -- what kind of thing: 'titles' …
    keys   bigint[]         -- which ones; NULL: all
);
CREATE INDEX log_xid ON changes.log (xid);

-- Whoever changes the library's order, with BookVault or without, notes it.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION borrowing.policy_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE borrowing.policy_version SET version = version + 1;
    INSERT INTO changes.log (origin, number, topic) VALUES (0, 0, 'order');
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION borrowing.policy_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE borrowing.policy_version SET version = version + 1;
    RETURN NULL;
END $$;
-- +goose StatementEnd
DROP SCHEMA changes CASCADE;
