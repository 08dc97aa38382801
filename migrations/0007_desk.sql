-- The desk: loans that were made, or renewed, at a desk that was offline against what policy says. They are few, and looked for.

-- +goose Up
CREATE INDEX loans_with_exceptions ON borrowing.loans (id) WHERE explanation -> 'exceptions' IS NOT NULL;

-- +goose Down
DROP INDEX borrowing.loans_with_exceptions;
