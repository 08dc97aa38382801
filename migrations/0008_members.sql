-- Members, further: the choice to keep a history, categories that the library edits, who set a block, and what is left of a member
-- who was merged or deleted. Borrowing's row of a member can be closed, so that no loan comes in while its member goes.

-- +goose Up
-- The member's own choice. Without it the link between a person and what they read is cut some days after the return.
ALTER TABLE members.members ADD COLUMN keep_history boolean NOT NULL DEFAULT false;

-- One category is given to members for whom none is named.
ALTER TABLE members.categories ADD CHECK (char_length(name) BETWEEN 1 AND 100);
ALTER TABLE members.categories ADD COLUMN is_default boolean NOT NULL DEFAULT false;
UPDATE members.categories SET is_default = true WHERE code = 'adult';
CREATE UNIQUE INDEX categories_one_default ON members.categories (is_default) WHERE is_default;
CREATE INDEX members_of_category ON members.members (category);

-- Which member of staff set it; NULL: a command on the server's own machine.
ALTER TABLE members.blocks ADD COLUMN set_by bigint;

-- Ids that were a member. They are never given to somebody else; one that was merged says into whom.
CREATE TABLE members.tombstones (
    member_id    bigint PRIMARY KEY,
    merged_into  bigint,                              -- NULL: deleted
    at           timestamptz NOT NULL,
    CHECK (merged_into <> member_id)
);
CREATE INDEX tombstones_of_survivor ON members.tombstones (merged_into) WHERE merged_into IS NOT NULL;

-- The answer of a command that carried an Idempotency-Key, written in the transaction of its effect. It takes the place of the table that
-- remembered which member a creation made: an answer is given again as it was.
CREATE TABLE members.idempotency_keys (
    actor_id    bigint NOT NULL,
    route       text NOT NULL,
    key         text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 200),
    request     bytea NOT NULL CHECK (octet_length(request) = 32),
    answer      bytea,                                -- NULL: forgotten with whom it was about; the key stays used
    subject_id  bigint,                               -- whom the answer is about
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (actor_id, route, key)
);
CREATE INDEX idempotency_keys_by_age ON members.idempotency_keys (created_at);
CREATE INDEX idempotency_keys_of_subject ON members.idempotency_keys (subject_id) WHERE subject_id IS NOT NULL;
DROP TABLE members.creations;

CREATE INDEX audit_of_actor ON members.audit (actor_id, id);

ALTER TABLE borrowing.accounts ADD COLUMN closed boolean NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE borrowing.accounts DROP COLUMN closed;
DROP INDEX members.audit_of_actor;
CREATE TABLE members.creations (
    actor_id    bigint NOT NULL,
    key         text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 200),
    request     bytea NOT NULL CHECK (octet_length(request) = 32),
    member_id   bigint NOT NULL REFERENCES members.members (id) ON DELETE CASCADE,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (actor_id, key)
);
CREATE INDEX creations_by_time ON members.creations (created_at);
CREATE INDEX creations_of_member ON members.creations (member_id);
DROP TABLE members.idempotency_keys;
DROP TABLE members.tombstones;
ALTER TABLE members.blocks DROP COLUMN set_by;
DROP INDEX members.members_of_category;
DROP INDEX members.categories_one_default;
ALTER TABLE members.categories DROP COLUMN is_default;
ALTER TABLE members.categories DROP CONSTRAINT categories_name_check;
ALTER TABLE members.members DROP COLUMN keep_history;
