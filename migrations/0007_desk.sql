-- The desk: what was done offline, and titles that are made once however often they are sent.

-- +goose Up
-- Loans that were made, or renewed, at a desk that was offline against what policy says. They are few, and looked for.
CREATE INDEX loans_with_exceptions ON borrowing.loans (id) WHERE explanation -> 'exceptions' IS NOT NULL;

-- The title that a creation with an Idempotency-Key made, as it was answered, written in the transaction that made it.
CREATE TABLE catalog.creations (
    actor_id    bigint NOT NULL,
    key         text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 200),
    request     bytea NOT NULL CHECK (octet_length(request) = 32), -- a hash of what was asked
    answer      jsonb NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (actor_id, key)
);
CREATE INDEX creations_by_age ON catalog.creations (created_at);

-- +goose Down
DROP TABLE catalog.creations;
DROP INDEX borrowing.loans_with_exceptions;
