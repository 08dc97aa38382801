-- What the library has to tell a member about a loan or a hold, and what became of the telling. A row is written with its cause, in
-- the same transaction; it names the member only as loans and holds do, so that what forgets a borrower_ref forgets this too.

-- +goose Up
CREATE TABLE borrowing.notices (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind             text NOT NULL CHECK (kind IN ('due_soon', 'overdue', 'hold_ready', 'hold_expiring')),
    borrower_ref     uuid NOT NULL,
    member_id        bigint,                          -- NULL once the mapping was purged
    loan_id          bigint REFERENCES borrowing.loans (id) ON DELETE CASCADE,
    hold_id          bigint REFERENCES borrowing.holds (id) ON DELETE CASCADE,
    about_on         date NOT NULL,                   -- the due date, or the last day on the shelf, as it was when it was written
    occasion         integer NOT NULL,                -- overdue: the first, the second …; hold_ready: the hold's version then; else 0
    status           text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'sent', 'failed', 'cancelled', 'told')),
    created_at       timestamptz NOT NULL,
    attempts         integer NOT NULL DEFAULT 0,      -- refused or put off by the mail server
    next_attempt_at  timestamptz NOT NULL,            -- not before; while it is being sent, the end of the lease
    letter           uuid,                            -- the letter it goes in, from the first attempt on: several go in one
    settled_at       timestamptz,                     -- when it was sent, told, given up or no longer true
    failure          text CHECK (char_length(failure) <= 500), -- why the last attempt failed, without the address
    CHECK ((loan_id IS NULL) <> (hold_id IS NULL)),
    CHECK ((status = 'waiting') = (settled_at IS NULL)),
    -- One cause makes one notice, ever, however often and late and in how many processes it is looked for.
    UNIQUE NULLS NOT DISTINCT (kind, loan_id, hold_id, about_on, occasion),
    FOREIGN KEY (borrower_ref, member_id) REFERENCES borrowing.borrower_refs (borrower_ref, member_id)
        ON UPDATE CASCADE ON DELETE SET NULL (member_id)
);
CREATE INDEX notices_to_send   ON borrowing.notices (next_attempt_at, id) WHERE status = 'waiting';
CREATE INDEX notices_open      ON borrowing.notices (id) WHERE status IN ('waiting', 'failed');
CREATE INDEX notices_of_member ON borrowing.notices (member_id, id);
CREATE INDEX notices_of_ref    ON borrowing.notices (borrower_ref);
CREATE INDEX notices_of_loan   ON borrowing.notices (loan_id) WHERE loan_id IS NOT NULL;
CREATE INDEX notices_of_hold   ON borrowing.notices (hold_id) WHERE hold_id IS NOT NULL;

-- Which shelves are nearly over is looked for every minute, as what is due is (loans_open_by_due).
CREATE INDEX holds_ready_by_day ON borrowing.holds (expires_on) WHERE status = 'ready';

-- +goose Down
DROP INDEX borrowing.holds_ready_by_day;
DROP TABLE borrowing.notices;
