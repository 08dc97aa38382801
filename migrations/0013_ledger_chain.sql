-- The ledger can be checked: each event carries the hash of itself and of the one before it in its stream, and anchors keep what was
-- there on a day, signed with a key that is not in the database (platform/ledger, docs/adr/0008-ledger-chain.md).

-- +goose Up

-- Version 0 of a stream is what its row said when events began to keep all of it: for streams that are older than that (baseline.go). The next
-- migration reads the events for it, and builds their indexes, while others write.
ALTER TABLE borrowing.events DROP CONSTRAINT events_version_check, ADD CONSTRAINT events_version_check CHECK (version >= 0) NOT VALID;

-- The hash is that of the one before and of the whole row: numbers and lengths first, then contents, so that no two rows have one text.
-- data is in the form that jsonb has, which does not depend on how it was written. platform/ledger/chain.go says the
-- same in Go, and checks it without this function.
-- +goose StatementBegin
CREATE FUNCTION borrowing.chain_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before bytea := '';
    document text := NEW.data::text;
BEGIN
    IF NEW.version > 1 THEN
        SELECT hash INTO before FROM borrowing.events WHERE stream = NEW.stream AND version = NEW.version - 1;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'version % of % has nothing before it', NEW.version, NEW.stream
                USING ERRCODE = 'unique_violation', CONSTRAINT = 'events_stream_version_key', DETAIL = 'a version is missing before it';
        END IF;
    END IF;
    NEW.hash := sha256(before || convert_to(concat(NEW.position, ' ', NEW.version, ' ', (extract(epoch FROM NEW.at) * 1000000)::bigint, ' ',
        octet_length(NEW.stream), ' ', octet_length(NEW.type), ' ', octet_length(document), ' ', octet_length(NEW.actor), ' ',
        octet_length(NEW.reason), ' ', octet_length(NEW.request_id), E'\n',
        NEW.stream, NEW.type, document, NEW.actor, NEW.reason, NEW.request_id), 'UTF8'));
    RETURN NEW; -- a stream that waits for its hashes goes on without: NULL || x is NULL
END $$;
-- +goose StatementEnd

-- An anchor waits until no transaction has events that are not committed, so that none comes in behind it. Writers share this lock.
-- +goose StatementBegin
CREATE FUNCTION borrowing.events_are_coming() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1818584167, TG_RELID::integer);
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- A hash can be given once, to an event that has none. Nothing else of an event ever changes.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION borrowing.events_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'events' THEN
        IF OLD.hash IS NULL AND NEW.hash IS NOT NULL
            AND (NEW.position, NEW.stream, NEW.version, NEW.type, NEW.data, NEW.actor, NEW.at, NEW.reason, NEW.request_id)
              = (OLD.position, OLD.stream, OLD.version, OLD.type, OLD.data, OLD.actor, OLD.at, OLD.reason, OLD.request_id) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '%.% is append-only: % refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
-- +goose StatementEnd
CREATE TRIGGER chain BEFORE INSERT ON borrowing.events FOR EACH ROW EXECUTE FUNCTION borrowing.chain_event();
CREATE TRIGGER coming BEFORE INSERT ON borrowing.events FOR EACH STATEMENT EXECUTE FUNCTION borrowing.events_are_coming();

-- What was there on a day. Each statement also is a file beside the key, and better somewhere else too.
CREATE TABLE borrowing.anchors (
    number     bigint PRIMARY KEY CHECK (number > 0), -- 1, 2, 3 …
    position   bigint NOT NULL UNIQUE,                -- of the last event that it covers; the first is behind the anchor before
    events     bigint NOT NULL CHECK (events > 0),    -- that it covers
    at         timestamptz NOT NULL,
    statement  text NOT NULL,                         -- what was signed
    signature  bytea NOT NULL CHECK (octet_length(signature) = 64)
);
CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON borrowing.anchors FOR EACH ROW EXECUTE FUNCTION borrowing.events_are_append_only();
CREATE TRIGGER append_only_table BEFORE TRUNCATE ON borrowing.anchors FOR EACH STATEMENT EXECUTE FUNCTION borrowing.events_are_append_only();

-- +goose Down
DROP TABLE borrowing.anchors;
DROP TRIGGER chain ON borrowing.events;
DROP TRIGGER coming ON borrowing.events;
DROP FUNCTION borrowing.chain_event, borrowing.events_are_coming;
ALTER TABLE borrowing.events DISABLE TRIGGER append_only_rows;
DELETE FROM borrowing.events WHERE version = 0;
UPDATE borrowing.events SET hash = NULL WHERE hash IS NOT NULL;
ALTER TABLE borrowing.events ENABLE TRIGGER append_only_rows;
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION borrowing.events_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'borrowing.events is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
-- +goose StatementEnd
DROP INDEX borrowing.events_unchained, borrowing.events_by_time;
ALTER TABLE borrowing.events DROP CONSTRAINT events_version_check, ADD CONSTRAINT events_version_check CHECK (version > 0);
