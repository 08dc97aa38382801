-- Loans of copies that their members claim to have returned, to be looked for on the shelves. They are few.

-- +goose Up
CREATE INDEX loans_claimed ON borrowing.loans (id) WHERE status = 'open' AND claimed_on IS NOT NULL;

-- +goose Down
DROP INDEX borrowing.loans_claimed;
