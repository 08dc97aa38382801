-- Loans of copies that their members claim to have returned, to be looked for on the shelves. They are few.

-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS borrowing.loans_claimed; -- what was left of a try that was broken off
CREATE INDEX CONCURRENTLY loans_claimed ON borrowing.loans (id) WHERE status = 'open' AND claimed_on IS NOT NULL;

-- +goose Down
DROP INDEX borrowing.loans_claimed;
