-- Which version of a member borrowing has heard of, so that nobody decides by an older one, and none takes the place of a later one.

-- +goose Up
ALTER TABLE borrowing.accounts ADD COLUMN member_version integer NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE borrowing.accounts DROP COLUMN member_version;
