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

ALTER TABLE borrowing.accounts ADD COLUMN closed boolean NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE borrowing.accounts DROP COLUMN closed;
DROP TABLE members.tombstones;
ALTER TABLE members.blocks DROP COLUMN set_by;
DROP INDEX members.members_of_category;
DROP INDEX members.categories_one_default;
ALTER TABLE members.categories DROP COLUMN is_default;
ALTER TABLE members.categories DROP CONSTRAINT categories_name_check;
ALTER TABLE members.members DROP COLUMN keep_history;
