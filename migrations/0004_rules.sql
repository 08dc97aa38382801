-- Rules say what lateness and loss cost and how many holds a member may have; categories of members have limits in all.

-- +goose Up
-- Amounts are minor units of the library's currency (library.currency). A rule that says nothing charges nothing.
ALTER TABLE borrowing.rules
    ADD COLUMN hold_limit   integer NOT NULL DEFAULT 10 CHECK (hold_limit BETWEEN 0 AND 100000),               -- 0: no holds
    ADD COLUMN fine_per_day bigint  NOT NULL DEFAULT 0  CHECK (fine_per_day BETWEEN 0 AND 1000000000000),
    ADD COLUMN grace_days   integer NOT NULL DEFAULT 0  CHECK (grace_days BETWEEN 0 AND 3650),
    ADD COLUMN fine_cap     bigint  NOT NULL DEFAULT 0  CHECK (fine_cap BETWEEN 0 AND 1000000000000),          -- 0: no cap but the replacement price
    ADD COLUMN lost_fee     bigint  NOT NULL DEFAULT 0  CHECK (lost_fee BETWEEN 0 AND 1000000000000);

-- What members of a category may have in all; 0 sets no limit, and so does a missing row.
CREATE TABLE borrowing.category_limits (
    category       text PRIMARY KEY CHECK (category ~ '^[a-z0-9][a-z0-9_-]{0,31}$'),
    loan_total     integer NOT NULL DEFAULT 0 CHECK (loan_total BETWEEN 0 AND 100000),
    hold_total     integer NOT NULL DEFAULT 0 CHECK (hold_total BETWEEN 0 AND 100000),
    charges_limit  bigint  NOT NULL DEFAULT 0 CHECK (charges_limit BETWEEN 0 AND 1000000000000)
);
CREATE TRIGGER policy_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON borrowing.category_limits FOR EACH STATEMENT EXECUTE FUNCTION borrowing.policy_changed();

-- +goose Down
DROP TABLE borrowing.category_limits;
ALTER TABLE borrowing.rules DROP COLUMN hold_limit, DROP COLUMN fine_per_day, DROP COLUMN grace_days, DROP COLUMN fine_cap, DROP COLUMN lost_fee;
