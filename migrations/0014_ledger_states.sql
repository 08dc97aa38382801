-- Indexes of the ledger. They are built beside readers and writers, outside of a transaction: a step that was broken off is done again whole.

-- +goose NO TRANSACTION
-- +goose Up
ALTER TABLE borrowing.events VALIDATE CONSTRAINT events_version_check;

-- Whoever reads the audit trail asks for a time; events come in its order, so this index grows at its end only.
DROP INDEX CONCURRENTLY IF EXISTS borrowing.events_by_time;
CREATE INDEX CONCURRENTLY events_by_time ON borrowing.events (at, position);

-- What was written before there were hashes. They are given theirs by housekeeping, in batches, while the desk is open; then it is empty.
DROP INDEX CONCURRENTLY IF EXISTS borrowing.events_unchained;
CREATE INDEX CONCURRENTLY events_unchained ON borrowing.events (stream, version) WHERE hash IS NULL;

-- Long streams of the ledger are read from their last state (platform/ledger, ReadAt). Every 64th event of a copy's stream carries its whole
-- state, so that the past of one that has been here for long is made from there: few rows, and found at once.
DROP INDEX CONCURRENTLY IF EXISTS borrowing.events_with_state;
CREATE INDEX CONCURRENTLY events_with_state ON borrowing.events (stream, version) WHERE version % 64 = 0;

-- +goose Down
DROP INDEX borrowing.events_by_time, borrowing.events_unchained, borrowing.events_with_state;
