-- Forgetting who borrowed: what ties a kept answer to the borrowers it speaks of, whether a member keeps a history, and the ways by
-- which housekeeping finds what is old enough (modules/borrowing/forget.go).

-- +goose Up

-- An answer is found again by a hash of its caller, route and key, and its request is told from another one by a hash that the key
-- goes into. So the row itself says neither who asked, nor for whom, nor for what, once its answer was dropped.
ALTER TABLE borrowing.idempotency_keys
    ADD COLUMN name bytea,
    ADD COLUMN borrower_refs uuid[] NOT NULL DEFAULT '{}', -- of the loans and holds that the answer speaks of; empty once it was dropped
    ALTER COLUMN answer DROP NOT NULL;                     -- NULL: the mapping of one of them was deleted, and the answer with it

-- Of older answers nobody wrote down of whom they speak. They are dropped now; their keys stay used.
UPDATE borrowing.idempotency_keys SET answer = NULL,
    name = sha256(convert_to('idempotency' || E'\n' || octet_length(caller) || ' ' || caller || E'\n' || octet_length(route) || ' ' || route || E'\n' || key, 'UTF8')),
    body_hash = sha256(convert_to(key, 'UTF8') || body_hash);

ALTER TABLE borrowing.idempotency_keys
    DROP CONSTRAINT idempotency_keys_pkey,
    DROP COLUMN caller, DROP COLUMN route, DROP COLUMN key, DROP COLUMN borrower_ref,
    ALTER COLUMN name SET NOT NULL,
    ADD PRIMARY KEY (name);
CREATE INDEX idempotency_keys_of_refs ON borrowing.idempotency_keys USING gin (borrower_refs) WHERE borrower_refs <> '{}';

-- The member's choice as last heard from the members module, which owns it.
ALTER TABLE borrowing.accounts ADD COLUMN keeps_history boolean NOT NULL DEFAULT false;
CREATE INDEX accounts_with_history ON borrowing.accounts (member_id) WHERE keeps_history;

-- What is over and still names its member: few rows besides those of members who keep a history.
CREATE INDEX loans_linked ON borrowing.loans (returned_on, id) WHERE status = 'closed' AND member_id IS NOT NULL;
CREATE INDEX holds_linked ON borrowing.holds (closed_at, id) WHERE closed_at IS NOT NULL AND member_id IS NOT NULL;
-- A filled hold is forgotten with the loan that filled it.
CREATE INDEX loans_of_filled_hold ON borrowing.loans (((explanation #>> '{before,hold_id}')::bigint)) WHERE explanation #>> '{before,hold_id}' IS NOT NULL;

-- +goose Down
DROP INDEX borrowing.loans_of_filled_hold, borrowing.holds_linked, borrowing.loans_linked;
ALTER TABLE borrowing.accounts DROP COLUMN keeps_history;
DELETE FROM borrowing.idempotency_keys;
ALTER TABLE borrowing.idempotency_keys
    DROP COLUMN name, DROP COLUMN borrower_refs, ALTER COLUMN answer SET NOT NULL,
    ADD COLUMN caller text NOT NULL, ADD COLUMN route text NOT NULL, ADD COLUMN key text NOT NULL, ADD COLUMN borrower_ref uuid,
    ADD PRIMARY KEY (caller, route, key);
