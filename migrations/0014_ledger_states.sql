-- Long streams of the ledger are read from their last state (platform/ledger, ReadAt).

-- +goose Up
-- Every 64th event of a copy's stream carries its whole state, so that the past of one that has been here for long is made from there: few
-- rows, and found at once.
CREATE INDEX events_with_state ON borrowing.events (stream, version) WHERE version % 64 = 0;

-- +goose Down
DROP INDEX borrowing.events_with_state;
