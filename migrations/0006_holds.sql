-- Holds in full: the shelf, the lists that a desk works by, web loans that were not fetched, and titles that become one.

-- +goose Up
-- When the member was given the copy. NULL: a web loan that lies in the pull list, and is reversed when nobody comes for it.
ALTER TABLE borrowing.loans ADD COLUMN collected_at timestamptz;
UPDATE borrowing.loans SET collected_at = opened_at;
ALTER TABLE borrowing.loans ADD CONSTRAINT loans_desk_is_collected CHECK (channel = 'web' OR collected_at IS NOT NULL);
CREATE INDEX loans_uncollected ON borrowing.loans (branch, id) WHERE status = 'open' AND collected_at IS NULL;

-- When the copy came to the shelf. expires_on follows from it and the calendar, and is counted anew when the calendar changes.
ALTER TABLE borrowing.holds ADD COLUMN ready_on date;
UPDATE borrowing.holds h SET ready_on = coalesce(
    (SELECT max(e.at) FROM borrowing.events e WHERE e.stream = 'hold/' || h.id AND e.type = 'HoldReady'), h.placed_at)::date
    WHERE h.status = 'ready';
ALTER TABLE borrowing.holds ADD CONSTRAINT holds_ready_since CHECK (status <> 'ready' OR ready_on IS NOT NULL);
CREATE INDEX holds_on_shelf ON borrowing.holds (pickup_branch, ready_on) WHERE status = 'ready';
CREATE INDEX holds_waiting ON borrowing.holds (book_id, place) WHERE status = 'waiting';

-- The hold whose slip a copy on the hold shelf wears, also after that hold is over: by it the copy is found, and fetched late.
ALTER TABLE borrowing.items ADD COLUMN slip_hold bigint REFERENCES borrowing.holds (id) ON DELETE SET NULL;
UPDATE borrowing.items i SET slip_hold = h.id FROM borrowing.holds h WHERE h.captured_item = i.id AND h.status = 'ready';
CREATE INDEX items_with_slip ON borrowing.items (slip_hold) WHERE slip_hold IS NOT NULL;
CREATE INDEX items_on_shelf ON borrowing.items (current_branch, id) WHERE status = 'on_hold_shelf';
CREATE INDEX items_coming ON borrowing.items (transit_to, id) WHERE status = 'in_transit';
CREATE INDEX items_leaving ON borrowing.items (current_branch, id) WHERE status = 'in_transit';

-- A title that was found to be another one: its tombstone names the title that it became.
ALTER TABLE catalog.books ADD COLUMN merged_into bigint CHECK (merged_into IS NULL OR deleted_at IS NOT NULL);
CREATE INDEX books_merged ON catalog.books (merged_into) WHERE merged_into IS NOT NULL;

-- +goose Down
DROP INDEX catalog.books_merged;
ALTER TABLE catalog.books DROP COLUMN merged_into;
DROP INDEX borrowing.items_leaving, borrowing.items_coming, borrowing.items_on_shelf, borrowing.items_with_slip;
ALTER TABLE borrowing.items DROP COLUMN slip_hold;
DROP INDEX borrowing.holds_waiting, borrowing.holds_on_shelf;
ALTER TABLE borrowing.holds DROP COLUMN ready_on;
DROP INDEX borrowing.loans_uncollected;
ALTER TABLE borrowing.loans DROP COLUMN collected_at;
