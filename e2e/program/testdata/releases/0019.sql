-- A library as the program left it whose newest migration was 0019 (release_test.go). It is never changed.
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
CREATE SCHEMA borrowing;
CREATE SCHEMA catalog;
CREATE SCHEMA changes;
CREATE SCHEMA members;
CREATE SCHEMA queue;
CREATE SCHEMA reports;
CREATE FUNCTION borrowing.account_is_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'member_id' = to_jsonb(OLD) - 'member_id' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'borrowing.account_entries is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE FUNCTION borrowing.chain_event() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    before bytea := '';
    document text := NEW.data::text;
BEGIN
    IF NEW.version > 1 THEN
        SELECT hash INTO before FROM borrowing.events WHERE stream = NEW.stream AND version = NEW.version - 1;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'version % of % has nothing before it', NEW.version, NEW.stream
                USING ERRCODE = 'unique_violation', CONSTRAINT = 'events_stream_version_key', DETAIL = 'a version is missing before it';
        END IF;
    END IF;
    NEW.hash := sha256(before || convert_to(concat(NEW.position, ' ', NEW.version, ' ', (extract(epoch FROM NEW.at) * 1000000)::bigint, ' ',
        octet_length(NEW.stream), ' ', octet_length(NEW.type), ' ', octet_length(document), ' ', octet_length(NEW.actor), ' ',
        octet_length(NEW.reason), ' ', octet_length(NEW.request_id), E'\n',
        NEW.stream, NEW.type, document, NEW.actor, NEW.reason, NEW.request_id), 'UTF8'));
    RETURN NEW; -- a stream that waits for its hashes goes on without: NULL || x is NULL
END $$;
CREATE FUNCTION borrowing.events_are_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'events' THEN
        IF OLD.hash IS NULL AND NEW.hash IS NOT NULL
            AND (NEW.position, NEW.stream, NEW.version, NEW.type, NEW.data, NEW.actor, NEW.at, NEW.reason, NEW.request_id)
              = (OLD.position, OLD.stream, OLD.version, OLD.type, OLD.data, OLD.actor, OLD.at, OLD.reason, OLD.request_id) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '%.% is append-only: % refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE FUNCTION borrowing.events_are_coming() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1818584167, TG_RELID::integer);
    RETURN NULL;
END $$;
CREATE FUNCTION borrowing.keep_open_charges() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        UPDATE borrowing.open_charges SET member_id = NEW.member_id WHERE charge_id = NEW.id;
    ELSIF NEW.kind = 'charge' THEN
        INSERT INTO borrowing.open_charges (charge_id, member_id, currency, outstanding) VALUES (NEW.id, NEW.member_id, NEW.currency, NEW.amount);
    ELSIF NEW.kind = 'refund' THEN
        IF (SELECT sum(CASE kind WHEN 'payment' THEN amount WHEN 'refund' THEN -amount ELSE 0 END) FROM borrowing.account_entries WHERE charge_id = NEW.charge_id) < 0 THEN
            RAISE EXCEPTION 'more would be given back for charge % than was paid', NEW.charge_id USING ERRCODE = 'check_violation';
        END IF;
    ELSE
        UPDATE borrowing.open_charges SET outstanding = outstanding - NEW.amount WHERE charge_id = NEW.charge_id AND member_id = NEW.member_id AND currency = NEW.currency;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'charge % is settled, another member''s, or in another currency', NEW.charge_id USING ERRCODE = 'check_violation';
        END IF;
        DELETE FROM borrowing.open_charges WHERE charge_id = NEW.charge_id AND outstanding = 0;
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION borrowing.policy_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE borrowing.policy_version SET version = version + 1;
    INSERT INTO changes.log (origin, number, topic) VALUES (0, 0, 'order');
    RETURN NULL;
END $$;
CREATE FUNCTION catalog.ratings_added() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO catalog.rating_totals AS have (shard, book_id, ratings, stars)
    SELECT shard, book_id, count(stars), sum(stars) FROM added WHERE stars IS NOT NULL GROUP BY shard, book_id ORDER BY shard, book_id
    ON CONFLICT (shard, book_id) DO UPDATE SET ratings = have.ratings + excluded.ratings, stars = have.stars + excluded.stars;
    RETURN NULL;
END $$;
CREATE FUNCTION catalog.ratings_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO catalog.rating_totals AS have (shard, book_id, ratings, stars)
    SELECT shard, book_id, sum(n), sum(s) FROM (
        SELECT shard, book_id, 1 AS n, stars AS s FROM new_rows WHERE stars IS NOT NULL
        UNION ALL
        SELECT shard, book_id, -1, -stars FROM old_rows WHERE stars IS NOT NULL) d
    GROUP BY shard, book_id HAVING sum(n) <> 0 OR sum(s) <> 0 ORDER BY shard, book_id
    ON CONFLICT (shard, book_id) DO UPDATE SET ratings = have.ratings + excluded.ratings, stars = have.stars + excluded.stars;
    RETURN NULL;
END $$;
CREATE TABLE borrowing.account_entries (
    id bigint NOT NULL,
    member_id bigint NOT NULL,
    charge_id bigint NOT NULL,
    kind text NOT NULL,
    charge_kind text,
    amount bigint NOT NULL,
    currency text NOT NULL,
    method text DEFAULT ''::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    actor text NOT NULL,
    day date NOT NULL,
    CONSTRAINT account_entries_amount_check CHECK (((amount >= 1) AND (amount <= '1000000000000'::bigint))),
    CONSTRAINT account_entries_charge_kind_check CHECK ((charge_kind = ANY (ARRAY['overdue'::text, 'lost'::text, 'processing'::text, 'manual'::text]))),
    CONSTRAINT account_entries_check CHECK (((kind = 'charge'::text) = (charge_id = id))),
    CONSTRAINT account_entries_check1 CHECK (((kind = 'charge'::text) = (charge_kind IS NOT NULL))),
    CONSTRAINT account_entries_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT account_entries_kind_check CHECK ((kind = ANY (ARRAY['charge'::text, 'payment'::text, 'waiver'::text, 'void'::text, 'refund'::text]))),
    CONSTRAINT account_entries_method_check CHECK ((char_length(method) <= 32)),
    CONSTRAINT account_entries_reason_check CHECK ((char_length(reason) <= 500))
);
ALTER TABLE borrowing.account_entries ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME borrowing.account_entries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE borrowing.accounts (
    member_id bigint NOT NULL,
    category text DEFAULT ''::text NOT NULL,
    expires_on date,
    blocked boolean DEFAULT false NOT NULL,
    closed boolean DEFAULT false NOT NULL,
    keeps_history boolean DEFAULT false NOT NULL
);
CREATE TABLE borrowing.anchors (
    number bigint NOT NULL,
    "position" bigint NOT NULL,
    events bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    statement text NOT NULL,
    signature bytea NOT NULL,
    CONSTRAINT anchors_events_check CHECK ((events > 0)),
    CONSTRAINT anchors_number_check CHECK ((number > 0)),
    CONSTRAINT anchors_signature_check CHECK ((octet_length(signature) = 64))
);
CREATE TABLE borrowing.borrower_refs (
    borrower_ref uuid NOT NULL,
    member_id bigint NOT NULL
);
CREATE TABLE borrowing.branches (
    code text NOT NULL,
    name text NOT NULL,
    sort integer DEFAULT 0 NOT NULL,
    CONSTRAINT branches_code_check CHECK ((code ~ '^[a-z0-9][a-z0-9_-]{0,31}$'::text)),
    CONSTRAINT branches_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200)))
);
CREATE TABLE borrowing.category_limits (
    category text NOT NULL,
    loan_total integer DEFAULT 0 NOT NULL,
    hold_total integer DEFAULT 0 NOT NULL,
    charges_limit bigint DEFAULT 0 NOT NULL,
    CONSTRAINT category_limits_category_check CHECK ((category ~ '^[a-z0-9][a-z0-9_-]{0,31}$'::text)),
    CONSTRAINT category_limits_charges_limit_check CHECK (((charges_limit >= 0) AND (charges_limit <= '1000000000000'::bigint))),
    CONSTRAINT category_limits_hold_total_check CHECK (((hold_total >= 0) AND (hold_total <= 100000))),
    CONSTRAINT category_limits_loan_total_check CHECK (((loan_total >= 0) AND (loan_total <= 100000)))
);
CREATE TABLE borrowing.charge_subjects (
    charge_id bigint NOT NULL,
    charge_ref uuid NOT NULL,
    loan_id bigint,
    item_id bigint,
    book_id bigint,
    borrower_ref uuid
);
CREATE TABLE borrowing.closures (
    id bigint NOT NULL,
    branch text,
    first_day date NOT NULL,
    last_day date NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    CONSTRAINT closures_check CHECK ((first_day <= last_day)),
    CONSTRAINT closures_reason_check CHECK ((char_length(reason) <= 200))
);
ALTER TABLE borrowing.closures ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME borrowing.closures_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE borrowing.loans (
    id bigint NOT NULL,
    borrower_ref uuid NOT NULL,
    member_id bigint,
    item_id bigint NOT NULL,
    book_id bigint NOT NULL,
    item_type text NOT NULL,
    branch text NOT NULL,
    channel text NOT NULL,
    status text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    due_on date NOT NULL,
    due_at timestamp with time zone NOT NULL,
    renewals integer DEFAULT 0 NOT NULL,
    closed_at timestamp with time zone,
    returned_on date,
    closed_by text,
    terms jsonb NOT NULL,
    explanation jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    fined_minor bigint DEFAULT 0 NOT NULL,
    fined_through date,
    lost_on date,
    claimed_on date,
    collected_at timestamp with time zone,
    CONSTRAINT loans_channel_check CHECK ((channel = ANY (ARRAY['desk'::text, 'web'::text]))),
    CONSTRAINT loans_check CHECK (((status = 'closed'::text) = (closed_at IS NOT NULL))),
    CONSTRAINT loans_check1 CHECK (((status = 'closed'::text) OR (member_id IS NOT NULL))),
    CONSTRAINT loans_closed_by_check CHECK ((closed_by = ANY (ARRAY['check_in'::text, 'reversal'::text, 'settled'::text]))),
    CONSTRAINT loans_desk_is_collected CHECK (((channel = 'web'::text) OR (collected_at IS NOT NULL))),
    CONSTRAINT loans_fined_minor_check CHECK ((fined_minor >= 0)),
    CONSTRAINT loans_renewals_check CHECK ((renewals >= 0)),
    CONSTRAINT loans_status_check CHECK ((status = ANY (ARRAY['open'::text, 'closed'::text])))
);
CREATE VIEW borrowing.daily_circulation_live AS
 SELECT c.day,
    c.branch,
    c.category,
    sum(c.check_outs) AS check_outs,
    sum(c.check_ins) AS check_ins
   FROM ( SELECT ((l.opened_at AT TIME ZONE COALESCE((l.explanation #>> '{due,time_zone}'::text[]), 'UTC'::text)))::date AS day,
            l.branch,
            COALESCE((l.explanation #>> '{due,inputs,category}'::text[]), ''::text) AS category,
            1 AS check_outs,
            0 AS check_ins
           FROM borrowing.loans l
          WHERE ((l.closed_by IS DISTINCT FROM 'reversal'::text) AND (l.opened_at > (now() - '400 days'::interval)))
        UNION ALL
         SELECT l.returned_on,
            l.branch,
            COALESCE((l.explanation #>> '{due,inputs,category}'::text[]), ''::text) AS "coalesce",
            0,
            1
           FROM borrowing.loans l
          WHERE ((l.returned_on > (CURRENT_DATE - 400)) AND (l.closed_by IS DISTINCT FROM 'reversal'::text))) c
  GROUP BY c.day, c.branch, c.category;
CREATE MATERIALIZED VIEW borrowing.daily_circulation AS
 SELECT daily_circulation_live.day,
    daily_circulation_live.branch,
    daily_circulation_live.category,
    daily_circulation_live.check_outs,
    daily_circulation_live.check_ins
   FROM borrowing.daily_circulation_live
  WITH NO DATA;
CREATE TABLE borrowing.events (
    "position" bigint NOT NULL,
    stream text NOT NULL,
    version integer NOT NULL,
    type text NOT NULL,
    data jsonb NOT NULL,
    actor text NOT NULL,
    at timestamp with time zone NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    request_id text DEFAULT ''::text NOT NULL,
    hash bytea,
    CONSTRAINT events_version_check CHECK ((version >= 0))
);
ALTER TABLE borrowing.events ALTER COLUMN "position" ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME borrowing.events_position_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE SEQUENCE borrowing.hold_places
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE borrowing.holds (
    id bigint NOT NULL,
    borrower_ref uuid NOT NULL,
    member_id bigint,
    book_id bigint NOT NULL,
    part text,
    item_id bigint,
    pickup_branch text NOT NULL,
    status text NOT NULL,
    place bigint DEFAULT nextval('borrowing.hold_places'::regclass) NOT NULL,
    captured_item bigint,
    suspended_until date,
    placed_at timestamp with time zone NOT NULL,
    expires_on date,
    closed_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    ready_on date,
    CONSTRAINT holds_check CHECK (((status = ANY (ARRAY['in_transit'::text, 'ready'::text])) = (captured_item IS NOT NULL))),
    CONSTRAINT holds_check1 CHECK (((status = ANY (ARRAY['filled'::text, 'cancelled'::text, 'expired'::text])) = (closed_at IS NOT NULL))),
    CONSTRAINT holds_check2 CHECK (((closed_at IS NOT NULL) OR (member_id IS NOT NULL))),
    CONSTRAINT holds_ready_since CHECK (((status <> 'ready'::text) OR (ready_on IS NOT NULL))),
    CONSTRAINT holds_status_check CHECK ((status = ANY (ARRAY['waiting'::text, 'in_transit'::text, 'ready'::text, 'filled'::text, 'cancelled'::text, 'expired'::text])))
);
ALTER TABLE borrowing.holds ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME borrowing.holds_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE borrowing.idempotency_keys (
    body_hash bytea NOT NULL,
    status integer NOT NULL,
    answer bytea,
    created_at timestamp with time zone NOT NULL,
    name bytea NOT NULL,
    borrower_refs uuid[] DEFAULT '{}'::uuid[] NOT NULL
);
CREATE TABLE borrowing.item_types (
    code text NOT NULL,
    name text NOT NULL,
    sort integer DEFAULT 0 NOT NULL,
    CONSTRAINT item_types_code_check CHECK ((code ~ '^[a-z0-9][a-z0-9_-]{0,31}$'::text)),
    CONSTRAINT item_types_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200)))
);
CREATE TABLE borrowing.items (
    id bigint NOT NULL,
    barcode text NOT NULL,
    book_id bigint NOT NULL,
    home_branch text NOT NULL,
    current_branch text NOT NULL,
    item_type text NOT NULL,
    part text,
    call_number text,
    location text,
    price_minor bigint,
    price_currency text,
    loanable boolean DEFAULT true NOT NULL,
    status text NOT NULL,
    transit_to text,
    created_at timestamp with time zone NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    slip_hold bigint,
    CONSTRAINT items_barcode_check CHECK (((char_length(barcode) >= 1) AND (char_length(barcode) <= 64))),
    CONSTRAINT items_call_number_check CHECK ((char_length(call_number) <= 200)),
    CONSTRAINT items_check CHECK (((status = 'in_transit'::text) = (transit_to IS NOT NULL))),
    CONSTRAINT items_check1 CHECK (((price_minor IS NULL) = (price_currency IS NULL))),
    CONSTRAINT items_location_check CHECK ((char_length(location) <= 200)),
    CONSTRAINT items_part_check CHECK (((char_length(part) >= 1) AND (char_length(part) <= 100))),
    CONSTRAINT items_price_currency_check CHECK ((price_currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT items_price_minor_check CHECK ((price_minor >= 0)),
    CONSTRAINT items_status_check CHECK ((status = ANY (ARRAY['available'::text, 'checked_out'::text, 'on_hold_shelf'::text, 'in_transit'::text, 'on_order'::text, 'in_process'::text, 'missing'::text, 'lost'::text, 'claimed_returned'::text, 'damaged'::text, 'withdrawn'::text])))
);
ALTER TABLE borrowing.items ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME borrowing.items_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE borrowing.loans ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME borrowing.loans_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE VIEW borrowing.most_borrowed_live AS
 SELECT r.period,
    r.place,
    r.book_id,
    r.loans
   FROM ( SELECT p.period,
            l.book_id,
            count(*) AS loans,
            row_number() OVER (PARTITION BY p.period ORDER BY (count(*)) DESC, l.book_id DESC) AS place
           FROM (( VALUES ('week'::text,(now() - '7 days'::interval)), ('month'::text,(now() - '30 days'::interval)), ('year'::text,(now() - '365 days'::interval)), ('ever'::text,'-infinity'::timestamp with time zone)) p(period, since)
             JOIN borrowing.loans l ON ((l.opened_at > p.since)))
          WHERE (l.closed_by IS DISTINCT FROM 'reversal'::text)
          GROUP BY p.period, l.book_id) r
  WHERE (r.place <= 1000);
CREATE MATERIALIZED VIEW borrowing.most_borrowed AS
 SELECT most_borrowed_live.period,
    most_borrowed_live.place,
    most_borrowed_live.book_id,
    most_borrowed_live.loans
   FROM borrowing.most_borrowed_live
  WITH NO DATA;
CREATE TABLE borrowing.notices (
    id bigint NOT NULL,
    kind text NOT NULL,
    borrower_ref uuid NOT NULL,
    member_id bigint,
    loan_id bigint,
    hold_id bigint,
    about_on date NOT NULL,
    occasion integer NOT NULL,
    status text DEFAULT 'waiting'::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    letter uuid,
    settled_at timestamp with time zone,
    failure text,
    CONSTRAINT notices_check CHECK (((loan_id IS NULL) <> (hold_id IS NULL))),
    CONSTRAINT notices_check1 CHECK (((status = 'waiting'::text) = (settled_at IS NULL))),
    CONSTRAINT notices_failure_check CHECK ((char_length(failure) <= 500)),
    CONSTRAINT notices_kind_check CHECK ((kind = ANY (ARRAY['due_soon'::text, 'overdue'::text, 'hold_ready'::text, 'hold_expiring'::text]))),
    CONSTRAINT notices_status_check CHECK ((status = ANY (ARRAY['waiting'::text, 'sent'::text, 'failed'::text, 'cancelled'::text, 'told'::text])))
);
ALTER TABLE borrowing.notices ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME borrowing.notices_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE borrowing.open_charges (
    charge_id bigint NOT NULL,
    member_id bigint NOT NULL,
    currency text NOT NULL,
    outstanding bigint NOT NULL,
    CONSTRAINT open_charges_outstanding_check CHECK ((outstanding >= 0))
);
CREATE TABLE borrowing.opening_hours (
    branch text NOT NULL,
    weekday smallint NOT NULL,
    opens time without time zone NOT NULL,
    closes time without time zone NOT NULL,
    CONSTRAINT opening_hours_check CHECK ((opens < closes)),
    CONSTRAINT opening_hours_weekday_check CHECK (((weekday >= 0) AND (weekday <= 6)))
);
CREATE TABLE borrowing.outbox (
    id bigint NOT NULL,
    horizon xid8 DEFAULT GREATEST(pg_current_xact_id(), pg_snapshot_xmax(pg_current_snapshot())) NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    data jsonb NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE borrowing.outbox_cursors (
    consumer text NOT NULL,
    horizon xid8 DEFAULT '0'::xid8 NOT NULL,
    id bigint DEFAULT 0 NOT NULL
);
ALTER TABLE borrowing.outbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME borrowing.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE VIEW borrowing.overdue_live AS
 SELECT l.branch,
        CASE
            WHEN (l.due_at > (now() - '7 days'::interval)) THEN '1'::text
            WHEN (l.due_at > (now() - '28 days'::interval)) THEN '2-4'::text
            ELSE '5+'::text
        END AS weeks,
    count(*) AS loans,
    min(l.due_on) AS oldest_due
   FROM borrowing.loans l
  WHERE ((l.status = 'open'::text) AND (l.due_at < now()) AND (l.due_on <= (CURRENT_DATE + 1)))
  GROUP BY l.branch,
        CASE
            WHEN (l.due_at > (now() - '7 days'::interval)) THEN '1'::text
            WHEN (l.due_at > (now() - '28 days'::interval)) THEN '2-4'::text
            ELSE '5+'::text
        END;
CREATE MATERIALIZED VIEW borrowing.overdue AS
 SELECT overdue_live.branch,
    overdue_live.weeks,
    overdue_live.loans,
    overdue_live.oldest_due
   FROM borrowing.overdue_live
  WITH NO DATA;
CREATE TABLE borrowing.policy_version (
    one boolean DEFAULT true NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT policy_version_one_check CHECK (one)
);
CREATE TABLE borrowing.rules (
    id bigint NOT NULL,
    branch text,
    category text,
    item_type text,
    loan_days integer NOT NULL,
    renewals integer NOT NULL,
    loan_limit integer NOT NULL,
    renew_from text DEFAULT 'due_date'::text NOT NULL,
    hold_limit integer DEFAULT 10 NOT NULL,
    fine_per_day bigint DEFAULT 0 NOT NULL,
    grace_days integer DEFAULT 0 NOT NULL,
    fine_cap bigint DEFAULT 0 NOT NULL,
    lost_fee bigint DEFAULT 0 NOT NULL,
    CONSTRAINT rules_category_check CHECK ((category ~ '^[a-z0-9][a-z0-9_-]{0,31}$'::text)),
    CONSTRAINT rules_fine_cap_check CHECK (((fine_cap >= 0) AND (fine_cap <= '1000000000000'::bigint))),
    CONSTRAINT rules_fine_per_day_check CHECK (((fine_per_day >= 0) AND (fine_per_day <= '1000000000000'::bigint))),
    CONSTRAINT rules_grace_days_check CHECK (((grace_days >= 0) AND (grace_days <= 3650))),
    CONSTRAINT rules_hold_limit_check CHECK (((hold_limit >= 0) AND (hold_limit <= 100000))),
    CONSTRAINT rules_loan_days_check CHECK (((loan_days >= 1) AND (loan_days <= 3650))),
    CONSTRAINT rules_loan_limit_check CHECK (((loan_limit >= 0) AND (loan_limit <= 100000))),
    CONSTRAINT rules_lost_fee_check CHECK (((lost_fee >= 0) AND (lost_fee <= '1000000000000'::bigint))),
    CONSTRAINT rules_renew_from_check CHECK ((renew_from = ANY (ARRAY['due_date'::text, 'today'::text]))),
    CONSTRAINT rules_renewals_check CHECK (((renewals >= 0) AND (renewals <= 1000)))
);
ALTER TABLE borrowing.rules ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME borrowing.rules_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE borrowing.titles (
    book_id bigint NOT NULL,
    items integer DEFAULT 0 NOT NULL,
    available integer DEFAULT 0 NOT NULL,
    holds integer DEFAULT 0 NOT NULL,
    closed boolean DEFAULT false NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    CONSTRAINT titles_check CHECK (((available >= 0) AND (available <= items))),
    CONSTRAINT titles_check1 CHECK (((NOT closed) OR ((items = 0) AND (holds = 0)))),
    CONSTRAINT titles_holds_check CHECK ((holds >= 0)),
    CONSTRAINT titles_items_check CHECK ((items >= 0))
);
CREATE SEQUENCE catalog.author_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE catalog.availability (
    book_id bigint NOT NULL,
    shard smallint NOT NULL,
    items integer NOT NULL,
    available_items integer NOT NULL,
    holds integer NOT NULL,
    "position" bigint NOT NULL,
    CONSTRAINT availability_check CHECK ((shard = (book_id & (1023)::bigint)))
)
WITH (fillfactor='80');
CREATE TABLE catalog.books (
    id bigint NOT NULL,
    shard smallint NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    title text NOT NULL,
    subtitle text DEFAULT ''::text NOT NULL,
    authors jsonb NOT NULL,
    genres jsonb DEFAULT '[]'::jsonb NOT NULL,
    subjects jsonb DEFAULT '[]'::jsonb NOT NULL,
    language text DEFAULT ''::text NOT NULL,
    publisher text DEFAULT ''::text NOT NULL,
    published_year integer,
    isbn13 text,
    series text DEFAULT ''::text NOT NULL,
    series_position text DEFAULT ''::text NOT NULL,
    pages integer,
    description text DEFAULT ''::text NOT NULL,
    cover_version integer DEFAULT 0 NOT NULL,
    sort_title text NOT NULL,
    title_key text NOT NULL COLLATE pg_catalog."C",
    doc tsvector NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    merged_into bigint,
    CONSTRAINT books_check CHECK ((shard = (id & (1023)::bigint))),
    CONSTRAINT books_check1 CHECK (((merged_into IS NULL) OR (deleted_at IS NOT NULL)))
);
CREATE VIEW catalog.author_pages_live AS
 SELECT a.id AS author_id,
    count(*) AS titles,
    COALESCE(sum(v.items), (0)::bigint) AS total_quantity,
    COALESCE(sum(v.available_items), (0)::bigint) AS available_quantity,
    min(b.published_year) AS first_year,
    max(b.published_year) AS last_year
   FROM ((catalog.books b
     CROSS JOIN LATERAL ( SELECT DISTINCT ((e.author ->> 'id'::text))::bigint AS id
           FROM jsonb_array_elements(b.authors) e(author)) a)
     LEFT JOIN catalog.availability v ON (((v.shard = b.shard) AND (v.book_id = b.id))))
  WHERE (b.deleted_at IS NULL)
  GROUP BY a.id;
CREATE MATERIALIZED VIEW catalog.author_pages AS
 SELECT author_pages_live.author_id,
    author_pages_live.titles,
    author_pages_live.total_quantity,
    author_pages_live.available_quantity,
    author_pages_live.first_year,
    author_pages_live.last_year
   FROM catalog.author_pages_live
  WITH NO DATA;
CREATE TABLE catalog.authors (
    id bigint NOT NULL,
    shard smallint NOT NULL,
    name text NOT NULL,
    sort_name text NOT NULL,
    name_key text NOT NULL COLLATE pg_catalog."C",
    sort_key text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT authors_check CHECK ((shard = (id & (1023)::bigint)))
);
CREATE SEQUENCE catalog.book_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE VIEW catalog.book_statistics_live AS
 WITH titles AS (
         SELECT b.genres,
            COALESCE(a.items, 0) AS items,
            COALESCE(a.available_items, 0) AS available
           FROM (catalog.books b
             LEFT JOIN catalog.availability a ON (((a.shard = b.shard) AND (a.book_id = b.id))))
          WHERE (b.deleted_at IS NULL)
        )
 SELECT ''::text AS genre,
    count(*) AS titles,
    count(*) FILTER (WHERE (titles.items > 0)) AS titles_with_copies,
    COALESCE(sum(titles.items), (0)::bigint) AS total_quantity,
    COALESCE(sum(titles.available), (0)::bigint) AS available_quantity
   FROM titles
UNION ALL
 SELECT g.genre,
    count(*) AS titles,
    count(*) FILTER (WHERE (t.items > 0)) AS titles_with_copies,
    sum(t.items) AS total_quantity,
    sum(t.available) AS available_quantity
   FROM (titles t
     CROSS JOIN LATERAL ( SELECT DISTINCT e.genre
           FROM jsonb_array_elements_text(t.genres) e(genre)
          WHERE (e.genre <> ''::text)) g)
  GROUP BY g.genre;
CREATE MATERIALIZED VIEW catalog.book_statistics AS
 SELECT book_statistics_live.genre,
    book_statistics_live.titles,
    book_statistics_live.titles_with_copies,
    book_statistics_live.total_quantity,
    book_statistics_live.available_quantity
   FROM catalog.book_statistics_live
  WITH NO DATA;
CREATE TABLE catalog.covers (
    book_id bigint NOT NULL,
    shard smallint NOT NULL,
    size text NOT NULL,
    version integer NOT NULL,
    content_type text NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    image bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT covers_check CHECK ((shard = (book_id & (1023)::bigint)))
);
CREATE TABLE catalog.creations (
    actor_id bigint NOT NULL,
    key text NOT NULL,
    request bytea NOT NULL,
    answer jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT creations_key_check CHECK (((char_length(key) >= 1) AND (char_length(key) <= 200))),
    CONSTRAINT creations_request_check CHECK ((octet_length(request) = 32))
);
CREATE TABLE catalog.departed (
    member_id bigint NOT NULL,
    into_id bigint
);
CREATE TABLE catalog.genres (
    key text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL
);
CREATE TABLE catalog.import_findings (
    import_id bigint NOT NULL,
    number bigint NOT NULL,
    line bigint NOT NULL,
    field text NOT NULL,
    reason text NOT NULL,
    value text NOT NULL,
    refused boolean NOT NULL
);
ALTER TABLE catalog.import_findings ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME catalog.import_findings_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE catalog.import_keys (
    source text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    book_id bigint NOT NULL,
    facts bytea NOT NULL,
    version integer NOT NULL,
    import_id bigint NOT NULL,
    line bigint NOT NULL
)
WITH (fillfactor='80');
CREATE TABLE catalog.imports (
    id bigint NOT NULL,
    state text NOT NULL,
    file_name text NOT NULL,
    spool text DEFAULT ''::text NOT NULL,
    place text DEFAULT ''::text NOT NULL,
    options jsonb DEFAULT '{}'::jsonb NOT NULL,
    source text DEFAULT ''::text NOT NULL,
    bytes_total bigint DEFAULT 0 NOT NULL,
    bytes_read bigint DEFAULT 0 NOT NULL,
    rows_read bigint DEFAULT 0 NOT NULL,
    line bigint DEFAULT 0 NOT NULL,
    created bigint DEFAULT 0 NOT NULL,
    changed bigint DEFAULT 0 NOT NULL,
    unchanged bigint DEFAULT 0 NOT NULL,
    refused bigint DEFAULT 0 NOT NULL,
    failure text DEFAULT ''::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    deaths integer DEFAULT 0 NOT NULL,
    created_by bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    heartbeat timestamp with time zone,
    finished_at timestamp with time zone,
    CONSTRAINT imports_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'done'::text, 'failed'::text])))
);
ALTER TABLE catalog.imports ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME catalog.imports_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE catalog.indexes_down (
    name text NOT NULL,
    definition text NOT NULL
);
CREATE TABLE catalog.lexemes (
    word text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE catalog.rating_totals (
    shard smallint NOT NULL,
    book_id bigint NOT NULL,
    ratings bigint NOT NULL,
    stars bigint NOT NULL,
    CONSTRAINT rating_totals_check CHECK ((shard = (book_id & (1023)::bigint)))
)
WITH (fillfactor='70');
CREATE TABLE catalog.ratings (
    shard smallint NOT NULL,
    book_id bigint NOT NULL,
    member_id bigint NOT NULL,
    stars smallint,
    tick bigint NOT NULL,
    node bigint NOT NULL,
    CONSTRAINT ratings_check CHECK ((shard = (book_id & (1023)::bigint))),
    CONSTRAINT ratings_stars_check CHECK (((stars >= 1) AND (stars <= 5)))
)
WITH (fillfactor='85');
CREATE TABLE catalog.search_terms (
    term text NOT NULL COLLATE pg_catalog."C",
    text text NOT NULL,
    seen bigint NOT NULL,
    last_seen date NOT NULL
);
CREATE TABLE catalog.tallies (
    tick bigint NOT NULL,
    node bigint NOT NULL,
    added_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE catalog.title_views (
    shard smallint NOT NULL,
    book_id bigint NOT NULL,
    views bigint NOT NULL,
    heat double precision NOT NULL,
    CONSTRAINT title_views_check CHECK ((shard = (book_id & (1023)::bigint)))
)
WITH (fillfactor='70');
CREATE VIEW catalog.word_counts_live AS
 WITH part AS (
         SELECT LEAST(100.0, ((((5000)::numeric * 100.0) * ((current_setting('block_size'::text))::integer)::numeric) / (GREATEST(pg_relation_size('catalog.books'::regclass), (1)::bigint))::numeric)) AS percent
        ), sample AS MATERIALIZED (
         SELECT b.doc
           FROM catalog.books b TABLESAMPLE system (LEAST(100.0, ((((5000)::numeric * 100.0) * ((current_setting('block_size'::text))::integer)::numeric) / (GREATEST(pg_relation_size('catalog.books'::regclass), (1)::bigint))::numeric))) REPEATABLE (1)
          WHERE (b.deleted_at IS NULL)
        )
 SELECT (''::text COLLATE "C") AS word,
    (round((((( SELECT count(*) AS count
           FROM sample) * 100))::numeric / part.percent)))::bigint AS titles
   FROM part
UNION ALL
 SELECT w.word,
    (round((((count(*) * 100))::numeric / part.percent)))::bigint AS titles
   FROM ((sample s
     CROSS JOIN LATERAL unnest(tsvector_to_array(s.doc)) w(word))
     CROSS JOIN part)
  WHERE ("left"(w.word, 2) <> ALL (ARRAY['=e'::text, '=i'::text, '=n'::text]))
  GROUP BY w.word, part.percent
 HAVING (count(*) >= 5);
CREATE MATERIALIZED VIEW catalog.word_counts AS
 SELECT word_counts_live.word,
    word_counts_live.titles
   FROM catalog.word_counts_live
  WITH NO DATA;
CREATE UNLOGGED TABLE changes.log (
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    origin bigint NOT NULL,
    number bigint NOT NULL,
    topic text NOT NULL,
    keys bigint[]
);
CREATE TABLE members.api_tokens (
    id bigint NOT NULL,
    token_hash bytea NOT NULL,
    member_id bigint NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    created_by bigint,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    last_used_on date,
    CONSTRAINT api_tokens_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100))),
    CONSTRAINT api_tokens_role_check CHECK ((role = ANY (ARRAY['patron'::text, 'desk'::text, 'librarian'::text, 'administrator'::text]))),
    CONSTRAINT api_tokens_token_hash_check CHECK ((octet_length(token_hash) = 32))
);
ALTER TABLE members.api_tokens ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME members.api_tokens_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE members.audit (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor_id bigint,
    actor_role text NOT NULL,
    via text NOT NULL,
    action text NOT NULL,
    subject_id bigint,
    detail text DEFAULT ''::text NOT NULL
);
ALTER TABLE members.audit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME members.audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE members.blocks (
    member_id bigint NOT NULL,
    code text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    since timestamp with time zone NOT NULL,
    set_by bigint,
    CONSTRAINT blocks_code_check CHECK ((code ~ '^[a-z][a-z0-9_]{0,31}$'::text)),
    CONSTRAINT blocks_note_check CHECK ((char_length(note) <= 500))
);
CREATE SEQUENCE members.card_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    MAXVALUE 99999999
    CACHE 1;
CREATE TABLE members.cards (
    card_key text NOT NULL COLLATE pg_catalog."C",
    card text NOT NULL,
    member_id bigint NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    replaced_at timestamp with time zone,
    CONSTRAINT cards_card_key_check CHECK ((card_key ~ '^[0-9A-Z]{1,32}$'::text))
);
CREATE TABLE members.categories (
    code text NOT NULL,
    name text NOT NULL,
    months_valid integer,
    is_default boolean DEFAULT false NOT NULL,
    CONSTRAINT categories_code_check CHECK ((code ~ '^[a-z][a-z0-9_]{0,31}$'::text)),
    CONSTRAINT categories_months_valid_check CHECK (((months_valid >= 1) AND (months_valid <= 1200))),
    CONSTRAINT categories_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100)))
);
CREATE TABLE members.credentials (
    member_id bigint NOT NULL,
    password_hash text NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT credentials_password_hash_check CHECK ((password_hash ~~ '$argon2id$%'::text))
);
CREATE TABLE members.idempotency_keys (
    actor_id bigint NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    request bytea NOT NULL,
    answer bytea,
    subject_id bigint,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT idempotency_keys_key_check CHECK (((char_length(key) >= 1) AND (char_length(key) <= 200))),
    CONSTRAINT idempotency_keys_request_check CHECK ((octet_length(request) = 32))
);
CREATE TABLE members.list_items (
    member_id bigint NOT NULL,
    list_id bigint NOT NULL,
    book_id bigint NOT NULL,
    present boolean NOT NULL,
    tick bigint NOT NULL,
    node bigint NOT NULL
);
CREATE TABLE members.lists (
    member_id bigint NOT NULL,
    id bigint NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    deleted boolean NOT NULL,
    tick bigint NOT NULL,
    node bigint NOT NULL,
    CONSTRAINT lists_name_check CHECK ((char_length(name) <= 100))
);
CREATE TABLE members.members (
    id bigint NOT NULL,
    name text NOT NULL,
    folded_name text NOT NULL COLLATE pg_catalog."C",
    name_words tsvector GENERATED ALWAYS AS (array_to_tsvector(string_to_array(folded_name, ' '::text))) STORED,
    email text,
    folded_email text COLLATE pg_catalog."C",
    email_since timestamp with time zone,
    category text NOT NULL,
    expires_on date,
    language text,
    role text DEFAULT 'patron'::text NOT NULL,
    kind text DEFAULT 'person'::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    keep_history boolean DEFAULT false NOT NULL,
    CONSTRAINT members_check CHECK ((((email IS NULL) = (folded_email IS NULL)) AND ((email IS NULL) = (email_since IS NULL)))),
    CONSTRAINT members_email_check CHECK ((char_length(email) <= 254)),
    CONSTRAINT members_kind_check CHECK ((kind = ANY (ARRAY['person'::text, 'demonstration'::text, 'service'::text]))),
    CONSTRAINT members_language_check CHECK ((language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'::text)),
    CONSTRAINT members_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200))),
    CONSTRAINT members_role_check CHECK ((role = ANY (ARRAY['patron'::text, 'desk'::text, 'librarian'::text, 'administrator'::text])))
);
ALTER TABLE members.members ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME members.members_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE members.sessions (
    id bigint NOT NULL,
    token_hash bytea NOT NULL,
    member_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    agent_family text DEFAULT ''::text NOT NULL,
    CONSTRAINT sessions_token_hash_check CHECK ((octet_length(token_hash) = 32))
);
ALTER TABLE members.sessions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME members.sessions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE UNLOGGED TABLE members.sign_in_throttle (
    scope text NOT NULL,
    bucket integer NOT NULL,
    attempts integer NOT NULL,
    resets_at timestamp with time zone NOT NULL,
    CONSTRAINT sign_in_throttle_bucket_check CHECK (((bucket >= 0) AND (bucket <= 1048575))),
    CONSTRAINT sign_in_throttle_scope_check CHECK ((scope = ANY (ARRAY['account'::text, 'address'::text])))
);
CREATE TABLE members.tombstones (
    member_id bigint NOT NULL,
    merged_into bigint,
    at timestamp with time zone NOT NULL,
    CONSTRAINT tombstones_check CHECK ((merged_into <> member_id))
);
CREATE TABLE public.goose_db_version (
    id integer NOT NULL,
    version_id bigint NOT NULL,
    is_applied boolean NOT NULL,
    tstamp timestamp without time zone DEFAULT now() NOT NULL
);
ALTER TABLE public.goose_db_version ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.goose_db_version_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE queue.aside (
    id bigint NOT NULL,
    topic text NOT NULL,
    key bigint NOT NULL,
    subject bigint NOT NULL,
    body bytea NOT NULL,
    reason text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    tries integer DEFAULT 0 NOT NULL
);
ALTER TABLE queue.aside ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME queue.aside_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE VIEW reports.genre_circulation_live AS
 SELECT p.period,
    g.genre,
    (sum(l.loans))::bigint AS check_outs
   FROM (((( VALUES ('week'::text,(now() - '7 days'::interval)), ('month'::text,(now() - '30 days'::interval)), ('year'::text,(now() - '365 days'::interval))) p(period, since)
     CROSS JOIN LATERAL ( SELECT o.book_id,
            count(*) AS loans
           FROM borrowing.loans o
          WHERE ((o.opened_at > p.since) AND (o.closed_by IS DISTINCT FROM 'reversal'::text))
          GROUP BY o.book_id) l)
     JOIN catalog.books b ON ((b.id = l.book_id)))
     CROSS JOIN LATERAL ( SELECT DISTINCT e.genre
           FROM jsonb_array_elements_text(b.genres) e(genre)
          WHERE (e.genre <> ''::text)) g)
  GROUP BY p.period, g.genre;
CREATE MATERIALIZED VIEW reports.genre_circulation AS
 SELECT genre_circulation_live.period,
    genre_circulation_live.genre,
    genre_circulation_live.check_outs
   FROM reports.genre_circulation_live
  WITH NO DATA;
CREATE VIEW reports.popularity_live AS
 SELECT l.book_id,
    count(*) AS loans
   FROM borrowing.loans l
  WHERE ((l.opened_at > (now() - '365 days'::interval)) AND (l.closed_by IS DISTINCT FROM 'reversal'::text))
  GROUP BY l.book_id;
CREATE MATERIALIZED VIEW reports.popularity AS
 SELECT popularity_live.book_id,
    popularity_live.loans
   FROM reports.popularity_live
  WITH NO DATA;
CREATE TABLE reports.views (
    name text NOT NULL,
    as_of timestamp with time zone,
    took interval,
    wanted_at timestamp with time zone DEFAULT now() NOT NULL,
    failed_at timestamp with time zone,
    failure text DEFAULT ''::text NOT NULL
);
INSERT INTO borrowing.account_entries VALUES
	(7, 3, 7, 'charge', 'lost', 90000, 'VND', '', '', 'staff/1', '2026-11-26'),
	(10, 3, 7, 'payment', NULL, 40000, 'VND', 'cash', '', 'staff/1', '2026-11-26'),
	(15, 2, 15, 'charge', 'manual', 15000, 'VND', '', 'a new card', 'staff/1', '2026-11-26'),
	(16, 2, 15, 'waiver', NULL, 5000, 'VND', '', 'goodwill', 'staff/1', '2026-11-26');
INSERT INTO borrowing.accounts VALUES
	(2, 'adult', '2028-11-26', false, false, false),
	(3, 'adult', '2028-11-26', false, false, false),
	(4, 'adult', '2028-11-26', false, false, false),
	(6, 'adult', '2028-11-26', false, false, false);
INSERT INTO borrowing.borrower_refs VALUES
	('ea2ef974-2d6d-47fa-9941-808062b813a9', 2),
	('6848ff9d-bdf7-4538-a68a-65421e7b40fe', 2),
	('cfc36206-d44b-49f7-b194-28e7072f79ba', 3),
	('754895d1-c22f-4e0d-a9d9-9f193a94f993', 3),
	('7198fe8f-d780-46dc-9710-a3e3197b193f', 4),
	('0be8cac1-6a3d-4890-a8e2-619f3c3112d8', 2),
	('d737a83a-83b0-4f42-9723-c87990512e1c', 3),
	('6feebd1f-bfa7-4650-b434-a3eca2af7fa8', 4),
	('3ee958f5-42fa-4513-93b3-1af40f3ecc3b', 6);
INSERT INTO borrowing.branches VALUES
	('main', 'Main library', 0);
INSERT INTO borrowing.charge_subjects VALUES
	(7, '291c9eff-d7fa-4f33-96ec-6d68c909c218', 4, 4, 1191, '754895d1-c22f-4e0d-a9d9-9f193a94f993'),
	(15, '0a03524a-6348-4638-bc9a-8bf879c4c4a7', NULL, NULL, NULL, NULL);
INSERT INTO borrowing.events OVERRIDING SYSTEM VALUE VALUES
	(1, 'item/1', 1, 'ItemAdded', '{"branch": "main", "status": "available", "barcode": "B1", "book_id": 2844, "loanable": true, "item_type": "book"}', 'staff/1', '2026-11-26 09:56:05.295407+00', '', 'GOOTC7DMRM-5', '\x4ee6482cb1b9d74766c82de16e423e9db328e157e497192d975a8f2115327dbf'),
	(2, 'item/2', 1, 'ItemAdded', '{"branch": "main", "status": "available", "barcode": "B2", "book_id": 1191, "loanable": true, "item_type": "book"}', 'staff/1', '2026-11-26 09:56:05.310051+00', '', 'GOOTC7DMRM-6', '\xa530165dcaf70458d3b7a088fe419cf4fdc4177b7145687ff39718aeec14d966'),
	(3, 'item/3', 1, 'ItemAdded', '{"branch": "main", "status": "available", "barcode": "B3", "book_id": 2844, "loanable": true, "item_type": "book"}', 'staff/1', '2026-11-26 09:56:05.322538+00', '', 'GOOTC7DMRM-7', '\xa66e8b3c5311cb8ca3fb201a128bdbb720706eb3c128d15615a1cc47071f3d10'),
	(4, 'item/4', 1, 'ItemAdded', '{"branch": "main", "status": "available", "barcode": "B4", "book_id": 1191, "loanable": true, "item_type": "book"}', 'staff/1', '2026-11-26 09:56:05.326412+00', '', 'GOOTC7DMRM-8', '\x1227e220de6803bada2551b522029edeb84869281ea174f8056bf63a727a4a15'),
	(5, 'item/5', 1, 'ItemAdded', '{"branch": "main", "status": "available", "barcode": "B5", "book_id": 2844, "loanable": true, "item_type": "book"}', 'staff/1', '2026-11-26 09:56:05.343845+00', '', 'GOOTC7DMRM-9', '\x6556bbffee01dce90cfcbb3fef5c3b2e3b54c485a81f0624276bef26e35af0d8'),
	(6, 'item/6', 1, 'ItemAdded', '{"branch": "main", "status": "available", "barcode": "B6", "book_id": 1191, "loanable": true, "item_type": "book"}', 'staff/1', '2026-11-26 09:56:05.347197+00', '', 'GOOTC7DMRM-a', '\x468ffdb50e3f0f58ed7e6737851ecedf746a0fbb8973bb6f1d5816d9e92de9f8'),
	(7, 'item/7', 1, 'ItemAdded', '{"branch": "main", "status": "available", "barcode": "B7", "book_id": 2844, "loanable": true, "item_type": "book"}', 'staff/1', '2026-11-26 09:56:05.361313+00', '', 'GOOTC7DMRM-b', '\x68dbdc3924e50cc94b04de4216ba071a9247bb64b329f5ce6f5bd02cacbb4044'),
	(8, 'item/8', 1, 'ItemAdded', '{"branch": "main", "status": "available", "barcode": "B8", "book_id": 1191, "loanable": true, "item_type": "book"}', 'staff/1', '2026-11-26 09:56:05.364276+00', '', 'GOOTC7DMRM-c', '\xd4213da15ed1b1a1612cdcbfb3851bbbb37a6cc34c5261a722fd6a0a9ab5b8f0'),
	(9, 'item/9', 1, 'ItemAdded', '{"branch": "main", "status": "available", "barcode": "B9", "book_id": 3881, "loanable": true, "item_type": "book"}', 'staff/1', '2026-11-26 09:56:05.368357+00', '', 'GOOTC7DMRM-d', '\xfb4fb46f7b39c04c0132f84c0f80049ec65d1502cd8e473f656d189ce94b7750'),
	(10, 'item/1', 2, 'ItemMoved', '{"to": "checked_out", "from": "available", "branch": "main", "barcode": "B1", "because": "loan/1", "book_id": 2844}', 'staff/1', '2026-11-26 09:56:05.400896+00', '', 'GOOTC7DMRM-j', '\x1949e99aa907ac4cfd440579526f52fe3aa815f0fdda9cb149a3ffdc04a90d25'),
	(11, 'loan/1', 1, 'LoanOpened', '{"terms": {"currency": "VND", "fine_cap": 0, "lost_fee": 0, "renewals": 2, "loan_days": 21, "grace_days": 0, "hold_limit": 10, "loan_limit": 10, "renew_from": "due_date", "fine_per_day": 0}, "branch": "main", "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "barcode": "B1", "book_id": 2844, "channel": "desk", "item_id": 1, "item_type": "book", "explanation": {"due": {"days": 21, "rule": {}, "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "inputs": {"branch": "main", "category": "adult", "item_type": "book"}, "reached": "2026-12-17", "rule_id": 1, "time_zone": "Asia/Ho_Chi_Minh", "counted_from": "2026-11-26", "rules_version": 1}, "before": {"branch": "main", "status": "available", "item_version": 2}}, "borrower_ref": "ea2ef974-2d6d-47fa-9941-808062b813a9"}', 'staff/1', '2026-11-26 09:56:05.400896+00', '', 'GOOTC7DMRM-j', '\xf9985eb20326646396bbc8282bb683fbcc7f7d7a24d439e4915927725d130222'),
	(12, 'item/2', 2, 'ItemMoved', '{"to": "checked_out", "from": "available", "branch": "main", "barcode": "B2", "because": "loan/2", "book_id": 1191}', 'staff/1', '2026-11-26 09:56:05.418603+00', '', 'GOOTC7DMRM-k', '\xaca7a17f90ada5c965236db8e1b17f05bf6a8734585a957270dd378cea0252fc'),
	(13, 'loan/2', 1, 'LoanOpened', '{"terms": {"currency": "VND", "fine_cap": 0, "lost_fee": 0, "renewals": 2, "loan_days": 21, "grace_days": 0, "hold_limit": 10, "loan_limit": 10, "renew_from": "due_date", "fine_per_day": 0}, "branch": "main", "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "barcode": "B2", "book_id": 1191, "channel": "desk", "item_id": 2, "item_type": "book", "explanation": {"due": {"days": 21, "rule": {}, "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "inputs": {"branch": "main", "category": "adult", "item_type": "book"}, "reached": "2026-12-17", "rule_id": 1, "time_zone": "Asia/Ho_Chi_Minh", "counted_from": "2026-11-26", "rules_version": 1}, "before": {"branch": "main", "status": "available", "item_version": 2}}, "borrower_ref": "6848ff9d-bdf7-4538-a68a-65421e7b40fe"}', 'staff/1', '2026-11-26 09:56:05.418603+00', '', 'GOOTC7DMRM-k', '\xfdb2b57c435f73cfb685cc3a067db44678675bbc3a5533a441e6d97b58e8f8ee'),
	(14, 'loan/2', 2, 'LoanRenewed', '{"from": "2026-12-17", "due_at": "2027-01-07T16:59:59Z", "due_on": "2027-01-07", "book_id": 1191, "renewals": 1, "explanation": {"days": 21, "rule": {}, "due_at": "2027-01-07T16:59:59Z", "due_on": "2027-01-07", "inputs": {"branch": "main", "category": "adult", "item_type": "book"}, "reached": "2027-01-07", "rule_id": 1, "time_zone": "Asia/Ho_Chi_Minh", "counted_from": "2026-12-17", "rules_version": 1}}', 'staff/1', '2026-11-26 09:56:05.426854+00', '', 'GOOTC7DMRM-l', '\x61a7624193de1c839a32ab7b374c804f9c5bd88b0384fbd07d3620359fc34767'),
	(15, 'item/3', 2, 'ItemMoved', '{"to": "checked_out", "from": "available", "branch": "main", "barcode": "B3", "because": "loan/3", "book_id": 2844}', 'staff/1', '2026-11-26 09:56:05.434087+00', '', 'GOOTC7DMRM-m', '\x39f95358d150d1c1522d348c32f0d9682def2a27af5e87a6a28ceb9677486375'),
	(16, 'loan/3', 1, 'LoanOpened', '{"terms": {"currency": "VND", "fine_cap": 0, "lost_fee": 0, "renewals": 2, "loan_days": 21, "grace_days": 0, "hold_limit": 10, "loan_limit": 10, "renew_from": "due_date", "fine_per_day": 0}, "branch": "main", "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "barcode": "B3", "book_id": 2844, "channel": "desk", "item_id": 3, "item_type": "book", "explanation": {"due": {"days": 21, "rule": {}, "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "inputs": {"branch": "main", "category": "adult", "item_type": "book"}, "reached": "2026-12-17", "rule_id": 1, "time_zone": "Asia/Ho_Chi_Minh", "counted_from": "2026-11-26", "rules_version": 1}, "before": {"branch": "main", "status": "available", "item_version": 2}}, "borrower_ref": "cfc36206-d44b-49f7-b194-28e7072f79ba"}', 'staff/1', '2026-11-26 09:56:05.434087+00', '', 'GOOTC7DMRM-m', '\xb7ceba1d6c2013275656f050cdd8623471d82bb7179874d00a8c85c47c2f00d4'),
	(17, 'loan/3', 2, 'LoanClosed', '{"branch": "main", "book_id": 2844, "item_id": 3, "returned_on": "2026-11-26"}', 'staff/1', '2026-11-26 09:56:05.453815+00', '', 'GOOTC7DMRM-n', '\x42337c66b1fd76b2b5e78207ff6b5e272e3dc37cf54c4a96940266bd12fb0804'),
	(18, 'item/3', 3, 'ItemMoved', '{"to": "available", "from": "checked_out", "branch": "main", "barcode": "B3", "because": "loan/3", "book_id": 2844}', 'staff/1', '2026-11-26 09:56:05.453815+00', '', 'GOOTC7DMRM-n', '\x4f9ca0fdc9e0773a6ee96d9abeb05c63989955b35ad4d2d6d4854467d1c931a3'),
	(19, 'item/4', 2, 'ItemMoved', '{"to": "checked_out", "from": "available", "branch": "main", "barcode": "B4", "because": "loan/4", "book_id": 1191}', 'staff/1', '2026-11-26 09:56:05.48093+00', '', 'GOOTC7DMRM-o', '\x382a1b3fae6508fff8b4feba4b74df33f3d992160e85060b3b80b99ec70e3a34'),
	(21, 'item/4', 3, 'ItemMoved', '{"to": "lost", "from": "checked_out", "branch": "main", "barcode": "B4", "because": "loan/4", "book_id": 1191}', 'staff/1', '2026-11-26 09:56:05.491609+00', '', 'GOOTC7DMRM-p', '\x33a064be53fa171088ced35dda9c1b6953f83982f504ae2b53d0ff75b228280f'),
	(22, 'loan/4', 2, 'ItemDeclaredLost', '{"on": "2026-11-26", "book_id": 1191, "item_id": 4}', 'staff/1', '2026-11-26 09:56:05.491609+00', 'left in a taxi', 'GOOTC7DMRM-p', '\xd8e1ba99cd290d36f5c3a7a7b23e641854c3cbb589ee2097d558b8bb11b11fa6'),
	(20, 'loan/4', 1, 'LoanOpened', '{"terms": {"currency": "VND", "fine_cap": 0, "lost_fee": 0, "renewals": 2, "loan_days": 21, "grace_days": 0, "hold_limit": 10, "loan_limit": 10, "renew_from": "due_date", "fine_per_day": 0}, "branch": "main", "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "barcode": "B4", "book_id": 1191, "channel": "desk", "item_id": 4, "item_type": "book", "explanation": {"due": {"days": 21, "rule": {}, "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "inputs": {"branch": "main", "category": "adult", "item_type": "book"}, "reached": "2026-12-17", "rule_id": 1, "time_zone": "Asia/Ho_Chi_Minh", "counted_from": "2026-11-26", "rules_version": 1}, "before": {"branch": "main", "status": "available", "item_version": 2}}, "borrower_ref": "754895d1-c22f-4e0d-a9d9-9f193a94f993"}', 'staff/1', '2026-11-26 09:56:05.48093+00', '', 'GOOTC7DMRM-o', '\xdb16ef630704926038156ee889a3d399591a52fe1f6d0b18f7841e1ec5c6feb4'),
	(30, 'charge/0a03524a-6348-4638-bc9a-8bf879c4c4a7', 2, 'ChargeWaived', '{"minor": 5000, "currency": "VND"}', 'staff/1', '2026-11-26 09:56:05.545399+00', 'goodwill', 'GOOTC7DMRM-u', '\x42cbdd97addd561bebafa8a4e565dc29cdf5ce87712148c496b5a3aaaad3255f'),
	(33, 'hold/1', 1, 'HoldPlaced', '{"place": 1, "book_id": 3881, "borrower_ref": "d737a83a-83b0-4f42-9723-c87990512e1c", "pickup_branch": "main"}', 'staff/1', '2026-11-26 09:56:05.56385+00', '', 'GOOTC7DMRM-w', '\x5139d29d3f73d32880e8ecd2c08704b8a21eaeb9e69d3dd660bf4b36d678e812'),
	(36, 'hold/3', 2, 'HoldCancelled', '{"status": "cancelled", "book_id": 3881, "borrower_ref": "3ee958f5-42fa-4513-93b3-1af40f3ecc3b", "pickup_branch": "main"}', 'staff/1', '2026-11-26 09:56:05.595791+00', '', 'GOOTC7DMRM-z', '\x177831b810628d6e9b94ffbf3c6ad4763bd36ac361488937cab292e654832635'),
	(23, 'charge/291c9eff-d7fa-4f33-96ec-6d68c909c218', 1, 'ChargeMade', '{"minor": 90000, "charge": "lost", "currency": "VND"}', 'staff/1', '2026-11-26 09:56:05.491609+00', '', 'GOOTC7DMRM-p', '\x5d579da2e0ea0ed063cb596dff74be67b2e0f9be7cf523181d7c5768d679f376'),
	(25, 'item/5', 2, 'ItemMoved', '{"to": "checked_out", "from": "available", "branch": "main", "barcode": "B5", "because": "loan/5", "book_id": 2844}', 'staff/1', '2026-11-26 09:56:05.515083+00', '', 'GOOTC7DMRM-r', '\x0d1aa4e36d63797446092d199bea2a18a7aa6000e2bc6488213909764e54ff21'),
	(26, 'loan/5', 1, 'LoanOpened', '{"terms": {"currency": "VND", "fine_cap": 0, "lost_fee": 0, "renewals": 2, "loan_days": 21, "grace_days": 0, "hold_limit": 10, "loan_limit": 10, "renew_from": "due_date", "fine_per_day": 0}, "branch": "main", "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "barcode": "B5", "book_id": 2844, "channel": "desk", "item_id": 5, "item_type": "book", "explanation": {"due": {"days": 21, "rule": {}, "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "inputs": {"branch": "main", "category": "adult", "item_type": "book"}, "reached": "2026-12-17", "rule_id": 1, "time_zone": "Asia/Ho_Chi_Minh", "counted_from": "2026-11-26", "rules_version": 1}, "before": {"branch": "main", "status": "available", "item_version": 2}}, "borrower_ref": "7198fe8f-d780-46dc-9710-a3e3197b193f"}', 'staff/1', '2026-11-26 09:56:05.515083+00', '', 'GOOTC7DMRM-r', '\xf1047cc2e8b22bce3fb387c1dfef755c18eab9639ef51e3837de77373c1ec750'),
	(29, 'charge/0a03524a-6348-4638-bc9a-8bf879c4c4a7', 1, 'ChargeMade', '{"minor": 15000, "charge": "manual", "currency": "VND"}', 'staff/1', '2026-11-26 09:56:05.540132+00', 'a new card', 'GOOTC7DMRM-t', '\x2baaf83bfda1f9b11c51f5042d3009b8a54f88bb7cb7add67524c0945d6ff7fe'),
	(31, 'item/9', 2, 'ItemMoved', '{"to": "checked_out", "from": "available", "branch": "main", "barcode": "B9", "because": "loan/6", "book_id": 3881}', 'staff/1', '2026-11-26 09:56:05.556347+00', '', 'GOOTC7DMRM-v', '\x59ce77a8ebbff8b27857d191348aa7eb89afd99568a1ceb84c08184e3747e7b8'),
	(32, 'loan/6', 1, 'LoanOpened', '{"terms": {"currency": "VND", "fine_cap": 0, "lost_fee": 0, "renewals": 2, "loan_days": 21, "grace_days": 0, "hold_limit": 10, "loan_limit": 10, "renew_from": "due_date", "fine_per_day": 0}, "branch": "main", "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "barcode": "B9", "book_id": 3881, "channel": "desk", "item_id": 9, "item_type": "book", "explanation": {"due": {"days": 21, "rule": {}, "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "inputs": {"branch": "main", "category": "adult", "item_type": "book"}, "reached": "2026-12-17", "rule_id": 1, "time_zone": "Asia/Ho_Chi_Minh", "counted_from": "2026-11-26", "rules_version": 1}, "before": {"branch": "main", "status": "available", "item_version": 2}}, "borrower_ref": "0be8cac1-6a3d-4890-a8e2-619f3c3112d8"}', 'staff/1', '2026-11-26 09:56:05.556347+00', '', 'GOOTC7DMRM-v', '\x60ee9facb307b93dfe0363cf03627f6a6a6f527ac4a13fa7b003710f882173a8'),
	(34, 'hold/2', 1, 'HoldPlaced', '{"place": 2, "book_id": 3881, "borrower_ref": "6feebd1f-bfa7-4650-b434-a3eca2af7fa8", "pickup_branch": "main"}', 'staff/1', '2026-11-26 09:56:05.57385+00', '', 'GOOTC7DMRM-x', '\xbac7f76a66b54ab3210a1b06af6617b7f6b829b6b257d31de0f26fc42c38379c'),
	(37, 'loan/6', 2, 'LoanClosed', '{"branch": "main", "book_id": 3881, "item_id": 9, "returned_on": "2026-11-26"}', 'staff/1', '2026-11-26 09:56:05.604936+00', '', 'GOOTC7DMRM-10', '\x8685ce491a8ba7c03062fd0f2e72850bfa9cda016cd3f716a5e47b535a9aa250'),
	(38, 'hold/1', 2, 'HoldReady', '{"status": "ready", "because": "item/9", "book_id": 3881, "item_id": 9, "ready_on": "2026-11-26", "expires_on": "2026-12-03", "borrower_ref": "d737a83a-83b0-4f42-9723-c87990512e1c", "pickup_branch": "main"}', 'staff/1', '2026-11-26 09:56:05.604936+00', '', 'GOOTC7DMRM-10', '\xcd3e7c44e207a822cf41e798c2942cca683c5d2d4d32240e497721a3fe99ec93'),
	(39, 'item/9', 3, 'ItemMoved', '{"to": "on_hold_shelf", "from": "checked_out", "branch": "main", "barcode": "B9", "because": "loan/6", "book_id": 3881, "slip_hold": 1}', 'staff/1', '2026-11-26 09:56:05.604936+00', '', 'GOOTC7DMRM-10', '\x1404e7d461fe7fa53975f62d4580ba5b873b5efaef9fba9d4b167d2ace7034ea'),
	(24, 'charge/291c9eff-d7fa-4f33-96ec-6d68c909c218', 2, 'PaymentTaken', '{"minor": 40000, "method": "cash", "currency": "VND"}', 'staff/1', '2026-11-26 09:56:05.504416+00', '', 'GOOTC7DMRM-q', '\xa097d7ea52d4fe4a158f33b3a302d387eb04c7b3df4d227f6d76911a0ba1f49d'),
	(35, 'hold/3', 1, 'HoldPlaced', '{"place": 3, "book_id": 3881, "borrower_ref": "3ee958f5-42fa-4513-93b3-1af40f3ecc3b", "pickup_branch": "main"}', 'staff/1', '2026-11-26 09:56:05.583682+00', '', 'GOOTC7DMRM-y', '\x0f3027663551990c9a89a20bf01b52ee332e7c8bd507051ccb3e7f063e99c649'),
	(27, 'item/5', 3, 'ItemMoved', '{"to": "claimed_returned", "from": "checked_out", "branch": "main", "barcode": "B5", "because": "loan/5", "book_id": 2844}', 'staff/1', '2026-11-26 09:56:05.525493+00', '', 'GOOTC7DMRM-s', '\xf1473bc09350689e53acec15350876d8fe6a8fe3bc7ed546a7b8d3278435a1b5'),
	(28, 'loan/5', 2, 'ItemClaimedReturned', '{"on": "2026-11-26", "book_id": 2844, "item_id": 5}', 'staff/1', '2026-11-26 09:56:05.525493+00', 'says so', 'GOOTC7DMRM-s', '\x2da460d79ac0939a7d77c1452e741f5d51a32b1e10b6430a43e8acee57d6049a'),
	(40, 'item/6', 2, 'ItemMoved', '{"to": "damaged", "from": "available", "branch": "main", "barcode": "B6", "book_id": 1191}', 'staff/1', '2026-11-26 09:56:05.614439+00', '', 'GOOTC7DMRM-11', '\xfd31d8568985cdd3c41096b0486fb4ff4b0ad2f3816cb0380ffdf9db5c45924d');
INSERT INTO borrowing.holds VALUES
	(2, '6feebd1f-bfa7-4650-b434-a3eca2af7fa8', 4, 3881, NULL, NULL, 'main', 'waiting', 2, NULL, NULL, '2026-11-26 09:56:05.57385+00', NULL, NULL, 1, NULL),
	(3, '3ee958f5-42fa-4513-93b3-1af40f3ecc3b', 6, 3881, NULL, NULL, 'main', 'cancelled', 3, NULL, NULL, '2026-11-26 09:56:05.583682+00', NULL, '2026-11-26 09:56:05.595791+00', 2, NULL),
	(1, 'd737a83a-83b0-4f42-9723-c87990512e1c', 3, 3881, NULL, NULL, 'main', 'ready', 1, 9, NULL, '2026-11-26 09:56:05.56385+00', '2026-12-03', NULL, 2, '2026-11-26');
INSERT INTO borrowing.item_types VALUES
	('book', 'Book', 0);
INSERT INTO borrowing.items VALUES
	(7, 'B7', 2844, 'main', 'main', 'book', NULL, NULL, NULL, NULL, NULL, true, 'available', NULL, '2026-11-26 09:56:05.361313+00', 1, NULL),
	(8, 'B8', 1191, 'main', 'main', 'book', NULL, NULL, NULL, NULL, NULL, true, 'available', NULL, '2026-11-26 09:56:05.364276+00', 1, NULL),
	(1, 'B1', 2844, 'main', 'main', 'book', NULL, NULL, NULL, NULL, NULL, true, 'checked_out', NULL, '2026-11-26 09:56:05.295407+00', 2, NULL),
	(2, 'B2', 1191, 'main', 'main', 'book', NULL, NULL, NULL, NULL, NULL, true, 'checked_out', NULL, '2026-11-26 09:56:05.310051+00', 2, NULL),
	(3, 'B3', 2844, 'main', 'main', 'book', NULL, NULL, NULL, NULL, NULL, true, 'available', NULL, '2026-11-26 09:56:05.322538+00', 3, NULL),
	(4, 'B4', 1191, 'main', 'main', 'book', NULL, NULL, NULL, NULL, NULL, true, 'lost', NULL, '2026-11-26 09:56:05.326412+00', 3, NULL),
	(5, 'B5', 2844, 'main', 'main', 'book', NULL, NULL, NULL, NULL, NULL, true, 'claimed_returned', NULL, '2026-11-26 09:56:05.343845+00', 3, NULL),
	(9, 'B9', 3881, 'main', 'main', 'book', NULL, NULL, NULL, NULL, NULL, true, 'on_hold_shelf', NULL, '2026-11-26 09:56:05.368357+00', 3, 1),
	(6, 'B6', 1191, 'main', 'main', 'book', NULL, NULL, NULL, NULL, NULL, true, 'damaged', NULL, '2026-11-26 09:56:05.347197+00', 2, NULL);
INSERT INTO borrowing.loans VALUES
	(1, 'ea2ef974-2d6d-47fa-9941-808062b813a9', 2, 1, 2844, 'book', 'main', 'desk', 'open', '2026-11-26 09:56:05.400896+00', '2026-12-17', '2026-12-17 16:59:59+00', 0, NULL, NULL, NULL, '{"currency": "VND", "fine_cap": 0, "lost_fee": 0, "renewals": 2, "loan_days": 21, "grace_days": 0, "hold_limit": 10, "loan_limit": 10, "renew_from": "due_date", "fine_per_day": 0}', '{"due": {"days": 21, "rule": {}, "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "inputs": {"branch": "main", "category": "adult", "item_type": "book"}, "reached": "2026-12-17", "rule_id": 1, "time_zone": "Asia/Ho_Chi_Minh", "counted_from": "2026-11-26", "rules_version": 1}, "before": {"branch": "main", "status": "available", "item_version": 2}}', 1, 0, NULL, NULL, NULL, '2026-11-26 09:56:05.400896+00'),
	(2, '6848ff9d-bdf7-4538-a68a-65421e7b40fe', 2, 2, 1191, 'book', 'main', 'desk', 'open', '2026-11-26 09:56:05.418603+00', '2027-01-07', '2027-01-07 16:59:59+00', 1, NULL, NULL, NULL, '{"currency": "VND", "fine_cap": 0, "lost_fee": 0, "renewals": 2, "loan_days": 21, "grace_days": 0, "hold_limit": 10, "loan_limit": 10, "renew_from": "due_date", "fine_per_day": 0}', '{"due": {"days": 21, "rule": {}, "due_at": "2027-01-07T16:59:59Z", "due_on": "2027-01-07", "inputs": {"branch": "main", "category": "adult", "item_type": "book"}, "reached": "2027-01-07", "rule_id": 1, "time_zone": "Asia/Ho_Chi_Minh", "counted_from": "2026-12-17", "rules_version": 1}, "before": {"branch": "main", "status": "available", "item_version": 2}}', 2, 0, NULL, NULL, NULL, '2026-11-26 09:56:05.418603+00'),
	(3, 'cfc36206-d44b-49f7-b194-28e7072f79ba', 3, 3, 2844, 'book', 'main', 'desk', 'closed', '2026-11-26 09:56:05.434087+00', '2026-12-17', '2026-12-17 16:59:59+00', 0, '2026-11-26 09:56:05.453815+00', '2026-11-26', 'check_in', '{"currency": "VND", "fine_cap": 0, "lost_fee": 0, "renewals": 2, "loan_days": 21, "grace_days": 0, "hold_limit": 10, "loan_limit": 10, "renew_from": "due_date", "fine_per_day": 0}', '{"due": {"days": 21, "rule": {}, "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "inputs": {"branch": "main", "category": "adult", "item_type": "book"}, "reached": "2026-12-17", "rule_id": 1, "time_zone": "Asia/Ho_Chi_Minh", "counted_from": "2026-11-26", "rules_version": 1}, "before": {"branch": "main", "status": "available", "item_version": 2}}', 2, 0, NULL, NULL, NULL, '2026-11-26 09:56:05.434087+00'),
	(4, '754895d1-c22f-4e0d-a9d9-9f193a94f993', 3, 4, 1191, 'book', 'main', 'desk', 'open', '2026-11-26 09:56:05.48093+00', '2026-12-17', '2026-12-17 16:59:59+00', 0, NULL, NULL, NULL, '{"currency": "VND", "fine_cap": 0, "lost_fee": 0, "renewals": 2, "loan_days": 21, "grace_days": 0, "hold_limit": 10, "loan_limit": 10, "renew_from": "due_date", "fine_per_day": 0}', '{"due": {"days": 21, "rule": {}, "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "inputs": {"branch": "main", "category": "adult", "item_type": "book"}, "reached": "2026-12-17", "rule_id": 1, "time_zone": "Asia/Ho_Chi_Minh", "counted_from": "2026-11-26", "rules_version": 1}, "before": {"branch": "main", "status": "available", "item_version": 2}}', 2, 0, NULL, '2026-11-26', NULL, '2026-11-26 09:56:05.48093+00'),
	(5, '7198fe8f-d780-46dc-9710-a3e3197b193f', 4, 5, 2844, 'book', 'main', 'desk', 'open', '2026-11-26 09:56:05.515083+00', '2026-12-17', '2026-12-17 16:59:59+00', 0, NULL, NULL, NULL, '{"currency": "VND", "fine_cap": 0, "lost_fee": 0, "renewals": 2, "loan_days": 21, "grace_days": 0, "hold_limit": 10, "loan_limit": 10, "renew_from": "due_date", "fine_per_day": 0}', '{"due": {"days": 21, "rule": {}, "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "inputs": {"branch": "main", "category": "adult", "item_type": "book"}, "reached": "2026-12-17", "rule_id": 1, "time_zone": "Asia/Ho_Chi_Minh", "counted_from": "2026-11-26", "rules_version": 1}, "before": {"branch": "main", "status": "available", "item_version": 2}}', 2, 0, NULL, NULL, '2026-11-26', '2026-11-26 09:56:05.515083+00'),
	(6, '0be8cac1-6a3d-4890-a8e2-619f3c3112d8', 2, 9, 3881, 'book', 'main', 'desk', 'closed', '2026-11-26 09:56:05.556347+00', '2026-12-17', '2026-12-17 16:59:59+00', 0, '2026-11-26 09:56:05.604936+00', '2026-11-26', 'check_in', '{"currency": "VND", "fine_cap": 0, "lost_fee": 0, "renewals": 2, "loan_days": 21, "grace_days": 0, "hold_limit": 10, "loan_limit": 10, "renew_from": "due_date", "fine_per_day": 0}', '{"due": {"days": 21, "rule": {}, "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "inputs": {"branch": "main", "category": "adult", "item_type": "book"}, "reached": "2026-12-17", "rule_id": 1, "time_zone": "Asia/Ho_Chi_Minh", "counted_from": "2026-11-26", "rules_version": 1}, "before": {"branch": "main", "status": "available", "item_version": 2}}', 2, 0, NULL, NULL, NULL, '2026-11-26 09:56:05.556347+00');
INSERT INTO borrowing.notices OVERRIDING SYSTEM VALUE VALUES
	(1, 'hold_ready', 'd737a83a-83b0-4f42-9723-c87990512e1c', 3, NULL, 1, '2026-12-03', 2, 'waiting', '2026-11-26 09:56:05.604936+00', 0, '2026-11-26 09:56:05.604936+00', NULL, NULL, NULL);
INSERT INTO borrowing.open_charges VALUES
	(7, 3, 'VND', 50000),
	(15, 2, 'VND', 10000);
INSERT INTO borrowing.outbox OVERRIDING SYSTEM VALUE VALUES
	(1, '780', 'ItemAdded', 'item/1', '{"branch": "main", "status": "available", "barcode": "B1", "book_id": 2844, "loanable": true, "item_type": "book"}', '2026-11-26 09:56:05.295407+00'),
	(2, '784', 'ItemAdded', 'item/2', '{"branch": "main", "status": "available", "barcode": "B2", "book_id": 1191, "loanable": true, "item_type": "book"}', '2026-11-26 09:56:05.310051+00'),
	(3, '785', 'ItemAdded', 'item/3', '{"branch": "main", "status": "available", "barcode": "B3", "book_id": 2844, "loanable": true, "item_type": "book"}', '2026-11-26 09:56:05.322538+00'),
	(4, '791', 'ItemAdded', 'item/4', '{"branch": "main", "status": "available", "barcode": "B4", "book_id": 1191, "loanable": true, "item_type": "book"}', '2026-11-26 09:56:05.326412+00'),
	(5, '792', 'ItemAdded', 'item/5', '{"branch": "main", "status": "available", "barcode": "B5", "book_id": 2844, "loanable": true, "item_type": "book"}', '2026-11-26 09:56:05.343845+00'),
	(6, '797', 'ItemAdded', 'item/6', '{"branch": "main", "status": "available", "barcode": "B6", "book_id": 1191, "loanable": true, "item_type": "book"}', '2026-11-26 09:56:05.347197+00'),
	(7, '798', 'ItemAdded', 'item/7', '{"branch": "main", "status": "available", "barcode": "B7", "book_id": 2844, "loanable": true, "item_type": "book"}', '2026-11-26 09:56:05.361313+00'),
	(8, '800', 'ItemAdded', 'item/8', '{"branch": "main", "status": "available", "barcode": "B8", "book_id": 1191, "loanable": true, "item_type": "book"}', '2026-11-26 09:56:05.364276+00'),
	(9, '802', 'ItemAdded', 'item/9', '{"branch": "main", "status": "available", "barcode": "B9", "book_id": 3881, "loanable": true, "item_type": "book"}', '2026-11-26 09:56:05.368357+00'),
	(10, '814', 'ItemMoved', 'item/1', '{"to": "checked_out", "from": "available", "branch": "main", "barcode": "B1", "because": "loan/1", "book_id": 2844}', '2026-11-26 09:56:05.400896+00'),
	(11, '814', 'LoanOpened', 'loan/1', '{"terms": {"currency": "VND", "fine_cap": 0, "lost_fee": 0, "renewals": 2, "loan_days": 21, "grace_days": 0, "hold_limit": 10, "loan_limit": 10, "renew_from": "due_date", "fine_per_day": 0}, "branch": "main", "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "barcode": "B1", "book_id": 2844, "channel": "desk", "item_id": 1, "item_type": "book", "explanation": {"due": {"days": 21, "rule": {}, "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "inputs": {"branch": "main", "category": "adult", "item_type": "book"}, "reached": "2026-12-17", "rule_id": 1, "time_zone": "Asia/Ho_Chi_Minh", "counted_from": "2026-11-26", "rules_version": 1}, "before": {"branch": "main", "status": "available", "item_version": 2}}, "borrower_ref": "ea2ef974-2d6d-47fa-9941-808062b813a9"}', '2026-11-26 09:56:05.400896+00'),
	(12, '818', 'ItemMoved', 'item/2', '{"to": "checked_out", "from": "available", "branch": "main", "barcode": "B2", "because": "loan/2", "book_id": 1191}', '2026-11-26 09:56:05.418603+00'),
	(13, '818', 'LoanOpened', 'loan/2', '{"terms": {"currency": "VND", "fine_cap": 0, "lost_fee": 0, "renewals": 2, "loan_days": 21, "grace_days": 0, "hold_limit": 10, "loan_limit": 10, "renew_from": "due_date", "fine_per_day": 0}, "branch": "main", "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "barcode": "B2", "book_id": 1191, "channel": "desk", "item_id": 2, "item_type": "book", "explanation": {"due": {"days": 21, "rule": {}, "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "inputs": {"branch": "main", "category": "adult", "item_type": "book"}, "reached": "2026-12-17", "rule_id": 1, "time_zone": "Asia/Ho_Chi_Minh", "counted_from": "2026-11-26", "rules_version": 1}, "before": {"branch": "main", "status": "available", "item_version": 2}}, "borrower_ref": "6848ff9d-bdf7-4538-a68a-65421e7b40fe"}', '2026-11-26 09:56:05.418603+00'),
	(14, '822', 'LoanRenewed', 'loan/2', '{"from": "2026-12-17", "due_at": "2027-01-07T16:59:59Z", "due_on": "2027-01-07", "book_id": 1191, "renewals": 1, "explanation": {"days": 21, "rule": {}, "due_at": "2027-01-07T16:59:59Z", "due_on": "2027-01-07", "inputs": {"branch": "main", "category": "adult", "item_type": "book"}, "reached": "2027-01-07", "rule_id": 1, "time_zone": "Asia/Ho_Chi_Minh", "counted_from": "2026-12-17", "rules_version": 1}}', '2026-11-26 09:56:05.426854+00'),
	(15, '826', 'ItemMoved', 'item/3', '{"to": "checked_out", "from": "available", "branch": "main", "barcode": "B3", "because": "loan/3", "book_id": 2844}', '2026-11-26 09:56:05.434087+00'),
	(16, '826', 'LoanOpened', 'loan/3', '{"terms": {"currency": "VND", "fine_cap": 0, "lost_fee": 0, "renewals": 2, "loan_days": 21, "grace_days": 0, "hold_limit": 10, "loan_limit": 10, "renew_from": "due_date", "fine_per_day": 0}, "branch": "main", "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "barcode": "B3", "book_id": 2844, "channel": "desk", "item_id": 3, "item_type": "book", "explanation": {"due": {"days": 21, "rule": {}, "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "inputs": {"branch": "main", "category": "adult", "item_type": "book"}, "reached": "2026-12-17", "rule_id": 1, "time_zone": "Asia/Ho_Chi_Minh", "counted_from": "2026-11-26", "rules_version": 1}, "before": {"branch": "main", "status": "available", "item_version": 2}}, "borrower_ref": "cfc36206-d44b-49f7-b194-28e7072f79ba"}', '2026-11-26 09:56:05.434087+00'),
	(17, '830', 'LoanClosed', 'loan/3', '{"branch": "main", "book_id": 2844, "item_id": 3, "returned_on": "2026-11-26"}', '2026-11-26 09:56:05.453815+00'),
	(18, '830', 'ItemMoved', 'item/3', '{"to": "available", "from": "checked_out", "branch": "main", "barcode": "B3", "because": "loan/3", "book_id": 2844}', '2026-11-26 09:56:05.453815+00'),
	(19, '835', 'ItemMoved', 'item/4', '{"to": "checked_out", "from": "available", "branch": "main", "barcode": "B4", "because": "loan/4", "book_id": 1191}', '2026-11-26 09:56:05.48093+00'),
	(20, '835', 'LoanOpened', 'loan/4', '{"terms": {"currency": "VND", "fine_cap": 0, "lost_fee": 0, "renewals": 2, "loan_days": 21, "grace_days": 0, "hold_limit": 10, "loan_limit": 10, "renew_from": "due_date", "fine_per_day": 0}, "branch": "main", "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "barcode": "B4", "book_id": 1191, "channel": "desk", "item_id": 4, "item_type": "book", "explanation": {"due": {"days": 21, "rule": {}, "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "inputs": {"branch": "main", "category": "adult", "item_type": "book"}, "reached": "2026-12-17", "rule_id": 1, "time_zone": "Asia/Ho_Chi_Minh", "counted_from": "2026-11-26", "rules_version": 1}, "before": {"branch": "main", "status": "available", "item_version": 2}}, "borrower_ref": "754895d1-c22f-4e0d-a9d9-9f193a94f993"}', '2026-11-26 09:56:05.48093+00'),
	(21, '836', 'ItemMoved', 'item/4', '{"to": "lost", "from": "checked_out", "branch": "main", "barcode": "B4", "because": "loan/4", "book_id": 1191}', '2026-11-26 09:56:05.491609+00'),
	(22, '836', 'ItemDeclaredLost', 'loan/4', '{"on": "2026-11-26", "book_id": 1191, "item_id": 4}', '2026-11-26 09:56:05.491609+00'),
	(23, '836', 'ChargeMade', 'charge/291c9eff-d7fa-4f33-96ec-6d68c909c218', '{"minor": 90000, "charge": "lost", "currency": "VND"}', '2026-11-26 09:56:05.491609+00'),
	(25, '843', 'ItemMoved', 'item/5', '{"to": "checked_out", "from": "available", "branch": "main", "barcode": "B5", "because": "loan/5", "book_id": 2844}', '2026-11-26 09:56:05.515083+00'),
	(26, '843', 'LoanOpened', 'loan/5', '{"terms": {"currency": "VND", "fine_cap": 0, "lost_fee": 0, "renewals": 2, "loan_days": 21, "grace_days": 0, "hold_limit": 10, "loan_limit": 10, "renew_from": "due_date", "fine_per_day": 0}, "branch": "main", "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "barcode": "B5", "book_id": 2844, "channel": "desk", "item_id": 5, "item_type": "book", "explanation": {"due": {"days": 21, "rule": {}, "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "inputs": {"branch": "main", "category": "adult", "item_type": "book"}, "reached": "2026-12-17", "rule_id": 1, "time_zone": "Asia/Ho_Chi_Minh", "counted_from": "2026-11-26", "rules_version": 1}, "before": {"branch": "main", "status": "available", "item_version": 2}}, "borrower_ref": "7198fe8f-d780-46dc-9710-a3e3197b193f"}', '2026-11-26 09:56:05.515083+00'),
	(29, '851', 'ChargeMade', 'charge/0a03524a-6348-4638-bc9a-8bf879c4c4a7', '{"minor": 15000, "charge": "manual", "currency": "VND"}', '2026-11-26 09:56:05.540132+00'),
	(31, '857', 'ItemMoved', 'item/9', '{"to": "checked_out", "from": "available", "branch": "main", "barcode": "B9", "because": "loan/6", "book_id": 3881}', '2026-11-26 09:56:05.556347+00'),
	(32, '857', 'LoanOpened', 'loan/6', '{"terms": {"currency": "VND", "fine_cap": 0, "lost_fee": 0, "renewals": 2, "loan_days": 21, "grace_days": 0, "hold_limit": 10, "loan_limit": 10, "renew_from": "due_date", "fine_per_day": 0}, "branch": "main", "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "barcode": "B9", "book_id": 3881, "channel": "desk", "item_id": 9, "item_type": "book", "explanation": {"due": {"days": 21, "rule": {}, "due_at": "2026-12-17T16:59:59Z", "due_on": "2026-12-17", "inputs": {"branch": "main", "category": "adult", "item_type": "book"}, "reached": "2026-12-17", "rule_id": 1, "time_zone": "Asia/Ho_Chi_Minh", "counted_from": "2026-11-26", "rules_version": 1}, "before": {"branch": "main", "status": "available", "item_version": 2}}, "borrower_ref": "0be8cac1-6a3d-4890-a8e2-619f3c3112d8"}', '2026-11-26 09:56:05.556347+00'),
	(34, '866', 'HoldPlaced', 'hold/2', '{"place": 2, "book_id": 3881, "borrower_ref": "6feebd1f-bfa7-4650-b434-a3eca2af7fa8", "pickup_branch": "main"}', '2026-11-26 09:56:05.57385+00'),
	(37, '876', 'LoanClosed', 'loan/6', '{"branch": "main", "book_id": 3881, "item_id": 9, "returned_on": "2026-11-26"}', '2026-11-26 09:56:05.604936+00'),
	(38, '876', 'HoldReady', 'hold/1', '{"status": "ready", "because": "item/9", "book_id": 3881, "item_id": 9, "ready_on": "2026-11-26", "expires_on": "2026-12-03", "borrower_ref": "d737a83a-83b0-4f42-9723-c87990512e1c", "pickup_branch": "main"}', '2026-11-26 09:56:05.604936+00'),
	(39, '876', 'ItemMoved', 'item/9', '{"to": "on_hold_shelf", "from": "checked_out", "branch": "main", "barcode": "B9", "because": "loan/6", "book_id": 3881, "slip_hold": 1}', '2026-11-26 09:56:05.604936+00'),
	(24, '842', 'PaymentTaken', 'charge/291c9eff-d7fa-4f33-96ec-6d68c909c218', '{"minor": 40000, "method": "cash", "currency": "VND"}', '2026-11-26 09:56:05.504416+00'),
	(35, '867', 'HoldPlaced', 'hold/3', '{"place": 3, "book_id": 3881, "borrower_ref": "3ee958f5-42fa-4513-93b3-1af40f3ecc3b", "pickup_branch": "main"}', '2026-11-26 09:56:05.583682+00'),
	(27, '847', 'ItemMoved', 'item/5', '{"to": "claimed_returned", "from": "checked_out", "branch": "main", "barcode": "B5", "because": "loan/5", "book_id": 2844}', '2026-11-26 09:56:05.525493+00'),
	(28, '847', 'ItemClaimedReturned', 'loan/5', '{"on": "2026-11-26", "book_id": 2844, "item_id": 5}', '2026-11-26 09:56:05.525493+00'),
	(40, '877', 'ItemMoved', 'item/6', '{"to": "damaged", "from": "available", "branch": "main", "barcode": "B6", "book_id": 1191}', '2026-11-26 09:56:05.614439+00'),
	(30, '854', 'ChargeWaived', 'charge/0a03524a-6348-4638-bc9a-8bf879c4c4a7', '{"minor": 5000, "currency": "VND"}', '2026-11-26 09:56:05.545399+00'),
	(33, '861', 'HoldPlaced', 'hold/1', '{"place": 1, "book_id": 3881, "borrower_ref": "d737a83a-83b0-4f42-9723-c87990512e1c", "pickup_branch": "main"}', '2026-11-26 09:56:05.56385+00'),
	(36, '871', 'HoldCancelled', 'hold/3', '{"status": "cancelled", "book_id": 3881, "borrower_ref": "3ee958f5-42fa-4513-93b3-1af40f3ecc3b", "pickup_branch": "main"}', '2026-11-26 09:56:05.595791+00');
INSERT INTO borrowing.outbox_cursors VALUES
	('catalogue', '877', 40);
INSERT INTO borrowing.policy_version VALUES
	(true, 4);
INSERT INTO borrowing.rules OVERRIDING SYSTEM VALUE VALUES
	(1, NULL, NULL, NULL, 21, 2, 10, 'due_date', 10, 0, 0, 0, 0);
INSERT INTO borrowing.titles VALUES
	(2844, 4, 2, 0, false, 9),
	(3881, 1, 0, 2, false, 7),
	(1191, 4, 1, 0, false, 8);
INSERT INTO catalog.authors VALUES
	(1191, 167, 'Nguyễn Du', 'Du, Nguyễn', 'nguyen du', 'du nguyen', '2026-11-26 09:56:05.274725+00'),
	(2844, 796, 'Leo Tolstoy', 'Tolstoy, Leo', 'leo tolstoy', 'tolstoy leo', '2026-11-26 09:56:05.286326+00'),
	(3881, 809, 'Jane Austen', 'Austen, Jane', 'jane austen', 'austen jane', '2026-11-26 09:56:05.291011+00');
INSERT INTO catalog.availability VALUES
	(2844, 796, 4, 2, 0, 9),
	(3881, 809, 1, 0, 2, 7),
	(1191, 167, 4, 1, 0, 8);
INSERT INTO catalog.books VALUES
	(1191, 167, 1, 'Truyện Kiều', '', '[{"id": 1191, "name": "Nguyễn Du"}]', '["Poetry"]', '[]', 'vi', '', 1820, NULL, '', '', NULL, '', 0, 'Truyện Kiều', 'truyen kieu', '''=a1191'' ''=d1820'' ''=e0'' ''=gpoetry'' ''=lvi'' ''=ndu nguyen'' ''du'':20B ''kieu'':2A ''nguyen'':19B ''poetry'':37C ''truyen'':1A', '2026-11-26 09:56:05.280323+00', '2026-11-26 09:56:05.280323+00', NULL, NULL),
	(2844, 796, 1, 'War and Peace', '', '[{"id": 2844, "name": "Leo Tolstoy"}]', '["Fiction"]', '[]', '', '', NULL, '9780140447934', '', '', NULL, '', 0, 'War and Peace', 'war and peace', '''=a2844'' ''=e0'' ''=gfiction'' ''=i9780140447934'' ''=nleo tolstoy'' ''and'':2A ''fiction'':38C ''leo'':20B ''peace'':3A ''tolstoy'':21B ''war'':1A', '2026-11-26 09:56:05.287458+00', '2026-11-26 09:56:05.287458+00', NULL, NULL),
	(3881, 809, 1, 'Emma', '', '[{"id": 3881, "name": "Jane Austen"}]', '[]', '[]', '', '', NULL, NULL, '', '', NULL, '', 0, 'Emma', 'emma', '''=a3881'' ''=e0'' ''=nausten jane'' ''austen'':19B ''emma'':1A ''jane'':18B', '2026-11-26 09:56:05.291926+00', '2026-11-26 09:56:05.291926+00', NULL, NULL);
INSERT INTO catalog.genres VALUES
	('poetry', 'Poetry'),
	('fiction', 'Fiction');
INSERT INTO catalog.lexemes VALUES
	('kieu'),
	('nguyen'),
	('poetry'),
	('truyen'),
	('and'),
	('fiction'),
	('leo'),
	('peace'),
	('tolstoy'),
	('war'),
	('austen'),
	('emma'),
	('jane');
INSERT INTO catalog.rating_totals VALUES
	(167, 1191, 1, 5);
INSERT INTO catalog.ratings VALUES
	(167, 1191, 2, 5, 117682140978872320, 146631360266911696);
INSERT INTO members.api_tokens OVERRIDING SYSTEM VALUE VALUES
	(1, '\x9cb3faa60726398083711f138897225511aa21587971cb3158694acc886c7503', 1, 'command line', 'librarian', NULL, '2026-11-26 09:56:05.026927+00', '2027-02-24 09:56:05.026927+00', '2026-11-26'),
	(2, '\x2e73c0cd18a261151a7ebe92dbfc891c1b5b20d480a5a5ace208984e218798fe', 2, 'command line', 'patron', NULL, '2026-11-26 09:56:05.257794+00', '2027-02-24 09:56:05.257794+00', '2026-11-26');
INSERT INTO members.audit OVERRIDING SYSTEM VALUE VALUES
	(1, '2026-11-26 09:56:05.019176+00', NULL, 'administrator', 'command', 'account_created', 1, 'librarian'),
	(2, '2026-11-26 09:56:05.026927+00', NULL, 'administrator', 'command', 'token_created', 1, 'librarian'),
	(3, '2026-11-26 09:56:05.048928+00', 1, 'librarian', 'token', 'account_created', 2, 'patron'),
	(4, '2026-11-26 09:56:05.257794+00', NULL, 'administrator', 'command', 'token_created', 2, 'patron'),
	(5, '2026-11-26 09:56:05.372444+00', 1, 'librarian', 'token', 'account_created', 3, 'patron'),
	(6, '2026-11-26 09:56:05.378132+00', 1, 'librarian', 'token', 'account_created', 4, 'patron'),
	(7, '2026-11-26 09:56:05.382658+00', 1, 'librarian', 'token', 'account_created', 5, 'patron'),
	(8, '2026-11-26 09:56:05.385858+00', 1, 'librarian', 'token', 'account_created', 6, 'patron'),
	(9, '2026-11-26 09:56:05.388177+00', 1, 'librarian', 'token', 'block_added', 5, 'lost_card');
INSERT INTO members.blocks VALUES
	(5, 'lost_card', 'wallet', '2026-11-26 09:56:05.388177+00', 1);
INSERT INTO members.cards VALUES
	('SERVICELIBRARIAN', 'SERVICE-librarian', 1, '2026-11-26 09:56:05.019176+00', NULL),
	('K1', 'K1', 2, '2026-11-26 09:56:05.048928+00', NULL),
	('K2', 'K2', 3, '2026-11-26 09:56:05.372444+00', NULL),
	('K3', 'K3', 4, '2026-11-26 09:56:05.378132+00', NULL),
	('K4', 'K4', 5, '2026-11-26 09:56:05.382658+00', NULL),
	('K5', 'K5', 6, '2026-11-26 09:56:05.385858+00', NULL);
INSERT INTO members.categories VALUES
	('child', 'Child', 24, false),
	('student', 'Student', 12, false),
	('senior', 'Senior', 24, false),
	('staff', 'Member of staff', NULL, false),
	('institution', 'Institution', 12, false),
	('adult', 'Adult', 24, true);
INSERT INTO members.credentials VALUES
	(2, '$argon2id$v=19$m=19456,t=2,p=1$8FLnEHxhp50Rxcud0esl4g$RAQ2TiBek/NvpI5mq2jbmm96CvlXHd3wd+8YPCHzoQk', '2026-11-26 09:56:05.048928+00');
INSERT INTO members.list_items VALUES
	(2, 450377662658458, 2844, true, 117682140979331072, 146631360266911696);
INSERT INTO members.lists VALUES
	(2, 450377662658458, 'For the winter', '2026-11-26 09:56:05.625248+00', false, 117682140979200000, 146631360266911696);
INSERT INTO members.members VALUES
	(1, 'Service (librarian)', 'service librarian', DEFAULT, NULL, NULL, NULL, 'staff', NULL, NULL, 'librarian', 'service', '2026-11-26 09:56:05.019176+00', '2026-11-26 09:56:05.019176+00', 1, false),
	(2, 'Reader 1', 'reader 1', DEFAULT, 'one@readers.test', 'one@readers.test', '2026-11-26 09:56:05.048928+00', 'adult', '2028-11-26', NULL, 'patron', 'person', '2026-11-26 09:56:05.048928+00', '2026-11-26 09:56:05.048928+00', 1, false),
	(3, 'Reader 2', 'reader 2', DEFAULT, NULL, NULL, NULL, 'adult', '2028-11-26', NULL, 'patron', 'person', '2026-11-26 09:56:05.372444+00', '2026-11-26 09:56:05.372444+00', 1, false),
	(4, 'Reader 3', 'reader 3', DEFAULT, NULL, NULL, NULL, 'adult', '2028-11-26', NULL, 'patron', 'person', '2026-11-26 09:56:05.378132+00', '2026-11-26 09:56:05.378132+00', 1, false),
	(6, 'Reader 5', 'reader 5', DEFAULT, NULL, NULL, NULL, 'adult', '2028-11-26', NULL, 'patron', 'person', '2026-11-26 09:56:05.385858+00', '2026-11-26 09:56:05.385858+00', 1, false),
	(5, 'Reader 4', 'reader 4', DEFAULT, NULL, NULL, NULL, 'adult', '2028-11-26', NULL, 'patron', 'person', '2026-11-26 09:56:05.382658+00', '2026-11-26 09:56:05.388177+00', 2, false);
INSERT INTO public.goose_db_version VALUES
	(1, 0, true, '2026-11-26 09:56:03.961799'),
	(2, 1, true, '2026-11-26 09:56:03.973723'),
	(3, 2, true, '2026-11-26 09:56:04.059442'),
	(4, 3, true, '2026-11-26 09:56:04.169283'),
	(5, 4, true, '2026-11-26 09:56:04.315882'),
	(6, 5, true, '2026-11-26 09:56:04.326598'),
	(7, 6, true, '2026-11-26 09:56:04.363648'),
	(8, 7, true, '2026-11-26 09:56:04.385306'),
	(9, 8, true, '2026-11-26 09:56:04.396308'),
	(10, 9, true, '2026-11-26 09:56:04.420146'),
	(11, 10, true, '2026-11-26 09:56:04.442887'),
	(12, 11, true, '2026-11-26 09:56:04.457073'),
	(13, 13, true, '2026-11-26 09:56:04.469291'),
	(14, 14, true, '2026-11-26 09:56:04.484388'),
	(15, 15, true, '2026-11-26 09:56:04.486827'),
	(16, 18, true, '2026-11-26 09:56:04.541569'),
	(17, 19, true, '2026-11-26 09:56:04.597753');
INSERT INTO reports.views VALUES
	('catalog.book_statistics', '2026-11-26 09:56:04.782476+00', '00:00:00.026363', '2026-11-26 09:56:04.541569+00', NULL, ''),
	('catalog.author_pages', '2026-11-26 09:56:04.818629+00', '00:00:00.012236', '2026-11-26 09:56:04.541569+00', NULL, ''),
	('borrowing.most_borrowed', '2026-11-26 09:56:04.838624+00', '00:00:00.045938', '2026-11-26 09:56:04.541569+00', NULL, ''),
	('borrowing.daily_circulation', '2026-11-26 09:56:04.896723+00', '00:00:00.017122', '2026-11-26 09:56:04.541569+00', NULL, ''),
	('borrowing.overdue', '2026-11-26 09:56:04.916527+00', '00:00:00.009828', '2026-11-26 09:56:04.541569+00', NULL, ''),
	('reports.popularity', '2026-11-26 09:56:04.932367+00', '00:00:00.0131', '2026-11-26 09:56:04.541569+00', NULL, ''),
	('reports.genre_circulation', '2026-11-26 09:56:04.947939+00', '00:00:00.011522', '2026-11-26 09:56:04.541569+00', NULL, ''),
	('catalog.word_counts', '2026-11-26 09:56:04.965409+00', '00:00:00.012805', '2026-11-26 09:56:04.597753+00', NULL, '');
SELECT pg_catalog.setval('borrowing.account_entries_id_seq', 18, true);
SELECT pg_catalog.setval('borrowing.closures_id_seq', 1, false);
SELECT pg_catalog.setval('borrowing.events_position_seq', 40, true);
SELECT pg_catalog.setval('borrowing.hold_places', 3, true);
SELECT pg_catalog.setval('borrowing.holds_id_seq', 3, true);
SELECT pg_catalog.setval('borrowing.items_id_seq', 9, true);
SELECT pg_catalog.setval('borrowing.loans_id_seq', 6, true);
SELECT pg_catalog.setval('borrowing.notices_id_seq', 1, true);
SELECT pg_catalog.setval('borrowing.outbox_id_seq', 40, true);
SELECT pg_catalog.setval('borrowing.rules_id_seq', 1, true);
SELECT pg_catalog.setval('catalog.author_numbers', 3, true);
SELECT pg_catalog.setval('catalog.book_numbers', 3, true);
SELECT pg_catalog.setval('catalog.import_findings_number_seq', 1, false);
SELECT pg_catalog.setval('catalog.imports_id_seq', 1, false);
SELECT pg_catalog.setval('members.api_tokens_id_seq', 2, true);
SELECT pg_catalog.setval('members.audit_id_seq', 9, true);
SELECT pg_catalog.setval('members.card_numbers', 1, false);
SELECT pg_catalog.setval('members.members_id_seq', 6, true);
SELECT pg_catalog.setval('members.sessions_id_seq', 1, false);
SELECT pg_catalog.setval('public.goose_db_version_id_seq', 17, true);
SELECT pg_catalog.setval('queue.aside_id_seq', 1, false);
ALTER TABLE ONLY borrowing.account_entries
    ADD CONSTRAINT account_entries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY borrowing.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (member_id);
ALTER TABLE ONLY borrowing.anchors
    ADD CONSTRAINT anchors_pkey PRIMARY KEY (number);
ALTER TABLE ONLY borrowing.anchors
    ADD CONSTRAINT anchors_position_key UNIQUE ("position");
ALTER TABLE ONLY borrowing.borrower_refs
    ADD CONSTRAINT borrower_refs_pkey PRIMARY KEY (borrower_ref, member_id);
ALTER TABLE ONLY borrowing.branches
    ADD CONSTRAINT branches_pkey PRIMARY KEY (code);
ALTER TABLE ONLY borrowing.category_limits
    ADD CONSTRAINT category_limits_pkey PRIMARY KEY (category);
ALTER TABLE ONLY borrowing.charge_subjects
    ADD CONSTRAINT charge_subjects_charge_ref_key UNIQUE (charge_ref);
ALTER TABLE ONLY borrowing.charge_subjects
    ADD CONSTRAINT charge_subjects_pkey PRIMARY KEY (charge_id);
ALTER TABLE ONLY borrowing.closures
    ADD CONSTRAINT closures_pkey PRIMARY KEY (id);
ALTER TABLE ONLY borrowing.events
    ADD CONSTRAINT events_pkey PRIMARY KEY ("position");
ALTER TABLE ONLY borrowing.events
    ADD CONSTRAINT events_stream_version_key UNIQUE (stream, version);
ALTER TABLE ONLY borrowing.holds
    ADD CONSTRAINT holds_pkey PRIMARY KEY (id);
ALTER TABLE ONLY borrowing.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (name);
ALTER TABLE ONLY borrowing.item_types
    ADD CONSTRAINT item_types_pkey PRIMARY KEY (code);
ALTER TABLE ONLY borrowing.items
    ADD CONSTRAINT items_barcode_key UNIQUE (barcode);
ALTER TABLE ONLY borrowing.items
    ADD CONSTRAINT items_pkey PRIMARY KEY (id);
ALTER TABLE ONLY borrowing.loans
    ADD CONSTRAINT loans_pkey PRIMARY KEY (id);
ALTER TABLE ONLY borrowing.notices
    ADD CONSTRAINT notices_kind_loan_id_hold_id_about_on_occasion_key UNIQUE NULLS NOT DISTINCT (kind, loan_id, hold_id, about_on, occasion);
ALTER TABLE ONLY borrowing.notices
    ADD CONSTRAINT notices_pkey PRIMARY KEY (id);
ALTER TABLE ONLY borrowing.open_charges
    ADD CONSTRAINT open_charges_pkey PRIMARY KEY (charge_id);
ALTER TABLE ONLY borrowing.opening_hours
    ADD CONSTRAINT opening_hours_pkey PRIMARY KEY (branch, weekday);
ALTER TABLE ONLY borrowing.outbox_cursors
    ADD CONSTRAINT outbox_cursors_pkey PRIMARY KEY (consumer);
ALTER TABLE ONLY borrowing.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (horizon, id);
ALTER TABLE ONLY borrowing.policy_version
    ADD CONSTRAINT policy_version_pkey PRIMARY KEY (one);
ALTER TABLE ONLY borrowing.rules
    ADD CONSTRAINT rules_branch_category_item_type_key UNIQUE NULLS NOT DISTINCT (branch, category, item_type);
ALTER TABLE ONLY borrowing.rules
    ADD CONSTRAINT rules_pkey PRIMARY KEY (id);
ALTER TABLE ONLY borrowing.titles
    ADD CONSTRAINT titles_pkey PRIMARY KEY (book_id);
ALTER TABLE ONLY catalog.authors
    ADD CONSTRAINT authors_pkey PRIMARY KEY (shard, id);
ALTER TABLE ONLY catalog.authors
    ADD CONSTRAINT authors_shard_name_key UNIQUE (shard, name);
ALTER TABLE ONLY catalog.availability
    ADD CONSTRAINT availability_pkey PRIMARY KEY (shard, book_id);
ALTER TABLE ONLY catalog.books
    ADD CONSTRAINT books_pkey PRIMARY KEY (shard, id);
ALTER TABLE ONLY catalog.covers
    ADD CONSTRAINT covers_pkey PRIMARY KEY (shard, book_id, size);
ALTER TABLE ONLY catalog.creations
    ADD CONSTRAINT creations_pkey PRIMARY KEY (actor_id, key);
ALTER TABLE ONLY catalog.departed
    ADD CONSTRAINT departed_pkey PRIMARY KEY (member_id);
ALTER TABLE ONLY catalog.genres
    ADD CONSTRAINT genres_pkey PRIMARY KEY (key);
ALTER TABLE ONLY catalog.import_findings
    ADD CONSTRAINT import_findings_pkey PRIMARY KEY (import_id, number);
ALTER TABLE ONLY catalog.import_keys
    ADD CONSTRAINT import_keys_pkey PRIMARY KEY (source, key);
ALTER TABLE ONLY catalog.imports
    ADD CONSTRAINT imports_pkey PRIMARY KEY (id);
ALTER TABLE ONLY catalog.indexes_down
    ADD CONSTRAINT indexes_down_pkey PRIMARY KEY (name);
ALTER TABLE ONLY catalog.lexemes
    ADD CONSTRAINT lexemes_pkey PRIMARY KEY (word);
ALTER TABLE ONLY catalog.rating_totals
    ADD CONSTRAINT rating_totals_pkey PRIMARY KEY (shard, book_id);
ALTER TABLE ONLY catalog.ratings
    ADD CONSTRAINT ratings_pkey PRIMARY KEY (shard, book_id, member_id);
ALTER TABLE ONLY catalog.search_terms
    ADD CONSTRAINT search_terms_pkey PRIMARY KEY (term);
ALTER TABLE ONLY catalog.tallies
    ADD CONSTRAINT tallies_pkey PRIMARY KEY (tick, node);
ALTER TABLE ONLY catalog.title_views
    ADD CONSTRAINT title_views_pkey PRIMARY KEY (shard, book_id);
ALTER TABLE ONLY members.api_tokens
    ADD CONSTRAINT api_tokens_pkey PRIMARY KEY (id);
ALTER TABLE ONLY members.api_tokens
    ADD CONSTRAINT api_tokens_token_hash_key UNIQUE (token_hash);
ALTER TABLE ONLY members.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (id);
ALTER TABLE ONLY members.blocks
    ADD CONSTRAINT blocks_pkey PRIMARY KEY (member_id, code);
ALTER TABLE ONLY members.cards
    ADD CONSTRAINT cards_pkey PRIMARY KEY (card_key);
ALTER TABLE ONLY members.categories
    ADD CONSTRAINT categories_pkey PRIMARY KEY (code);
ALTER TABLE ONLY members.credentials
    ADD CONSTRAINT credentials_pkey PRIMARY KEY (member_id);
ALTER TABLE ONLY members.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (actor_id, route, key);
ALTER TABLE ONLY members.list_items
    ADD CONSTRAINT list_items_pkey PRIMARY KEY (member_id, list_id, book_id);
ALTER TABLE ONLY members.lists
    ADD CONSTRAINT lists_pkey PRIMARY KEY (member_id, id);
ALTER TABLE ONLY members.members
    ADD CONSTRAINT members_pkey PRIMARY KEY (id);
ALTER TABLE ONLY members.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY members.sessions
    ADD CONSTRAINT sessions_token_hash_key UNIQUE (token_hash);
ALTER TABLE ONLY members.sign_in_throttle
    ADD CONSTRAINT sign_in_throttle_pkey PRIMARY KEY (scope, bucket);
ALTER TABLE ONLY members.tombstones
    ADD CONSTRAINT tombstones_pkey PRIMARY KEY (member_id);
ALTER TABLE ONLY public.goose_db_version
    ADD CONSTRAINT goose_db_version_pkey PRIMARY KEY (id);
ALTER TABLE ONLY queue.aside
    ADD CONSTRAINT aside_pkey PRIMARY KEY (id);
ALTER TABLE ONLY reports.views
    ADD CONSTRAINT views_pkey PRIMARY KEY (name);
CREATE INDEX account_charges_of_member ON borrowing.account_entries USING btree (member_id, id) WHERE (kind = 'charge'::text);
CREATE INDEX account_entries_of_charge ON borrowing.account_entries USING btree (charge_id, id);
CREATE INDEX accounts_with_history ON borrowing.accounts USING btree (member_id) WHERE keeps_history;
CREATE INDEX charge_subjects_of_book ON borrowing.charge_subjects USING btree (book_id);
CREATE INDEX charge_subjects_of_loan ON borrowing.charge_subjects USING btree (loan_id);
CREATE INDEX charge_subjects_of_ref ON borrowing.charge_subjects USING btree (borrower_ref);
CREATE UNIQUE INDEX daily_circulation_day ON borrowing.daily_circulation USING btree (day, branch, category);
CREATE INDEX events_by_time ON borrowing.events USING btree (at, "position");
CREATE INDEX events_unchained ON borrowing.events USING btree (stream, version) WHERE (hash IS NULL);
CREATE INDEX events_with_state ON borrowing.events USING btree (stream, version) WHERE ((version % 64) = 0);
CREATE INDEX holds_linked ON borrowing.holds USING btree (closed_at, id) WHERE ((closed_at IS NOT NULL) AND (member_id IS NOT NULL));
CREATE INDEX holds_of_member ON borrowing.holds USING btree (member_id, id);
CREATE INDEX holds_of_ref ON borrowing.holds USING btree (borrower_ref);
CREATE INDEX holds_on_shelf ON borrowing.holds USING btree (pickup_branch, ready_on) WHERE (status = 'ready'::text);
CREATE UNIQUE INDEX holds_one_capture_an_item ON borrowing.holds USING btree (captured_item) WHERE (status = ANY (ARRAY['in_transit'::text, 'ready'::text]));
CREATE UNIQUE INDEX holds_one_live_a_member ON borrowing.holds USING btree (member_id, book_id, part) NULLS NOT DISTINCT WHERE (status = ANY (ARRAY['waiting'::text, 'in_transit'::text, 'ready'::text]));
CREATE UNIQUE INDEX holds_queue ON borrowing.holds USING btree (book_id, place) WHERE (status = ANY (ARRAY['waiting'::text, 'in_transit'::text, 'ready'::text]));
CREATE INDEX holds_ready_by_day ON borrowing.holds USING btree (expires_on) WHERE (status = 'ready'::text);
CREATE INDEX holds_waiting ON borrowing.holds USING btree (book_id, place) WHERE (status = 'waiting'::text);
CREATE INDEX idempotency_keys_by_age ON borrowing.idempotency_keys USING btree (created_at);
CREATE INDEX idempotency_keys_of_refs ON borrowing.idempotency_keys USING gin (borrower_refs) WHERE (borrower_refs <> '{}'::uuid[]);
CREATE INDEX items_coming ON borrowing.items USING btree (transit_to, id) WHERE (status = 'in_transit'::text);
CREATE INDEX items_leaving ON borrowing.items USING btree (current_branch, id) WHERE (status = 'in_transit'::text);
CREATE INDEX items_of_title ON borrowing.items USING btree (book_id, id);
CREATE INDEX items_on_shelf ON borrowing.items USING btree (current_branch, id) WHERE (status = 'on_hold_shelf'::text);
CREATE INDEX items_with_slip ON borrowing.items USING btree (slip_hold) WHERE (slip_hold IS NOT NULL);
CREATE INDEX loans_linked ON borrowing.loans USING btree (returned_on, id) WHERE ((status = 'closed'::text) AND (member_id IS NOT NULL));
CREATE INDEX loans_lost_not_returned ON borrowing.loans USING btree (item_id) WHERE ((lost_on IS NOT NULL) AND (returned_on IS NULL));
CREATE INDEX loans_of_filled_hold ON borrowing.loans USING btree ((((explanation #>> '{before,hold_id}'::text[]))::bigint)) WHERE ((explanation #>> '{before,hold_id}'::text[]) IS NOT NULL);
CREATE INDEX loans_of_member ON borrowing.loans USING btree (member_id, id);
CREATE INDEX loans_of_ref ON borrowing.loans USING btree (borrower_ref);
CREATE UNIQUE INDEX loans_one_open_an_item ON borrowing.loans USING btree (item_id) WHERE (status = 'open'::text);
CREATE INDEX loans_open ON borrowing.loans USING btree (id) WHERE (status = 'open'::text);
CREATE INDEX loans_open_by_due ON borrowing.loans USING btree (due_on, id) WHERE (status = 'open'::text);
CREATE INDEX loans_open_of_member ON borrowing.loans USING btree (member_id, item_type) WHERE (status = 'open'::text);
CREATE INDEX loans_uncollected ON borrowing.loans USING btree (branch, id) WHERE ((status = 'open'::text) AND (collected_at IS NULL));
CREATE INDEX loans_with_exceptions ON borrowing.loans USING btree (id) WHERE ((explanation -> 'exceptions'::text) IS NOT NULL);
CREATE UNIQUE INDEX most_borrowed_place ON borrowing.most_borrowed USING btree (period, place);
CREATE INDEX notices_of_hold ON borrowing.notices USING btree (hold_id) WHERE (hold_id IS NOT NULL);
CREATE INDEX notices_of_loan ON borrowing.notices USING btree (loan_id) WHERE (loan_id IS NOT NULL);
CREATE INDEX notices_of_member ON borrowing.notices USING btree (member_id, id);
CREATE INDEX notices_of_ref ON borrowing.notices USING btree (borrower_ref);
CREATE INDEX notices_open ON borrowing.notices USING btree (id) WHERE (status = ANY (ARRAY['waiting'::text, 'failed'::text]));
CREATE INDEX notices_to_send ON borrowing.notices USING btree (next_attempt_at, id) WHERE (status = 'waiting'::text);
CREATE INDEX open_charges_of_member ON borrowing.open_charges USING btree (member_id, charge_id);
CREATE UNIQUE INDEX overdue_branch ON borrowing.overdue USING btree (branch, weeks);
CREATE UNIQUE INDEX author_pages_author ON catalog.author_pages USING btree (author_id);
CREATE UNIQUE INDEX authors_id ON catalog.authors USING btree (id);
CREATE INDEX authors_name_key ON catalog.authors USING btree (name_key);
CREATE INDEX authors_sort_key ON catalog.authors USING btree (sort_key);
CREATE UNIQUE INDEX availability_now ON catalog.availability USING btree (book_id) WHERE (available_items > 0);
CREATE UNIQUE INDEX book_statistics_genre ON catalog.book_statistics USING btree (genre);
CREATE INDEX books_doc ON catalog.books USING gin (doc) WITH (fastupdate=off) WHERE (deleted_at IS NULL);
CREATE UNIQUE INDEX books_id ON catalog.books USING btree (id);
CREATE INDEX books_isbn13 ON catalog.books USING btree (isbn13) WHERE ((isbn13 IS NOT NULL) AND (deleted_at IS NULL));
CREATE INDEX books_merged ON catalog.books USING btree (merged_into) WHERE (merged_into IS NOT NULL);
CREATE INDEX books_title_key ON catalog.books USING btree (title_key, id) WHERE (deleted_at IS NULL);
CREATE INDEX books_title_und ON catalog.books USING btree (sort_title COLLATE "und-x-icu", id) WHERE (deleted_at IS NULL);
CREATE INDEX books_title_vi ON catalog.books USING btree (sort_title COLLATE "vi-x-icu", id) WHERE (deleted_at IS NULL);
CREATE INDEX books_year ON catalog.books USING btree (published_year, id) WHERE (deleted_at IS NULL);
CREATE INDEX creations_by_age ON catalog.creations USING btree (created_at);
CREATE INDEX departed_into ON catalog.departed USING btree (into_id) WHERE (into_id IS NOT NULL);
CREATE INDEX imports_open ON catalog.imports USING btree (id) WHERE (state = ANY (ARRAY['queued'::text, 'running'::text]));
CREATE INDEX ratings_of_member ON catalog.ratings USING btree (member_id);
CREATE INDEX search_terms_known ON catalog.search_terms USING btree (term) WHERE (seen >= 10);
CREATE INDEX search_terms_rare ON catalog.search_terms USING btree (last_seen) WHERE (seen < 10);
CREATE INDEX tallies_by_age ON catalog.tallies USING btree (added_at);
CREATE INDEX title_views_by_heat ON catalog.title_views USING btree (heat DESC, book_id);
CREATE UNIQUE INDEX word_counts_word ON catalog.word_counts USING btree (word);
CREATE INDEX log_xid ON changes.log USING btree (xid);
CREATE INDEX api_tokens_by_end ON members.api_tokens USING btree (expires_at);
CREATE INDEX api_tokens_of_member ON members.api_tokens USING btree (member_id, id);
CREATE INDEX audit_by_time ON members.audit USING btree (at);
CREATE INDEX audit_of_actor ON members.audit USING btree (actor_id, id);
CREATE INDEX audit_of_subject ON members.audit USING btree (subject_id, id);
CREATE INDEX cards_of_member ON members.cards USING btree (member_id);
CREATE UNIQUE INDEX cards_one_current ON members.cards USING btree (member_id) WHERE (replaced_at IS NULL);
CREATE UNIQUE INDEX categories_one_default ON members.categories USING btree (is_default) WHERE is_default;
CREATE INDEX idempotency_keys_by_age ON members.idempotency_keys USING btree (created_at);
CREATE INDEX idempotency_keys_of_subject ON members.idempotency_keys USING btree (subject_id) WHERE (subject_id IS NOT NULL);
CREATE INDEX list_items_gone ON members.list_items USING btree (tick) WHERE (NOT present);
CREATE INDEX lists_deleted ON members.lists USING btree (tick) WHERE deleted;
CREATE INDEX members_by_email ON members.members USING btree (folded_email, email_since) WHERE (folded_email IS NOT NULL);
CREATE INDEX members_by_name ON members.members USING btree (folded_name, id);
CREATE INDEX members_by_words ON members.members USING gin (name_words) WITH (fastupdate=off);
CREATE INDEX members_not_persons ON members.members USING btree (kind, role, id) WHERE (kind <> 'person'::text);
CREATE INDEX members_of_category ON members.members USING btree (category);
CREATE INDEX sessions_by_end ON members.sessions USING btree (expires_at);
CREATE INDEX sessions_of_member ON members.sessions USING btree (member_id, created_at);
CREATE INDEX sign_in_throttle_by_end ON members.sign_in_throttle USING btree (resets_at);
CREATE INDEX tombstones_of_survivor ON members.tombstones USING btree (merged_into) WHERE (merged_into IS NOT NULL);
CREATE INDEX aside_of_subject ON queue.aside USING btree (subject) WHERE (subject <> 0);
CREATE UNIQUE INDEX genre_circulation_genre ON reports.genre_circulation USING btree (period, genre);
CREATE UNIQUE INDEX popularity_book ON reports.popularity USING btree (book_id);
CREATE INDEX popularity_loans ON reports.popularity USING btree (loans DESC, book_id DESC);
CREATE TRIGGER append_only_rows BEFORE DELETE OR UPDATE ON borrowing.account_entries FOR EACH ROW EXECUTE FUNCTION borrowing.account_is_append_only();
CREATE TRIGGER append_only_rows BEFORE DELETE OR UPDATE ON borrowing.anchors FOR EACH ROW EXECUTE FUNCTION borrowing.events_are_append_only();
CREATE TRIGGER append_only_rows BEFORE DELETE OR UPDATE ON borrowing.events FOR EACH ROW EXECUTE FUNCTION borrowing.events_are_append_only();
CREATE TRIGGER append_only_table BEFORE TRUNCATE ON borrowing.account_entries FOR EACH STATEMENT EXECUTE FUNCTION borrowing.account_is_append_only();
CREATE TRIGGER append_only_table BEFORE TRUNCATE ON borrowing.anchors FOR EACH STATEMENT EXECUTE FUNCTION borrowing.events_are_append_only();
CREATE TRIGGER append_only_table BEFORE TRUNCATE ON borrowing.events FOR EACH STATEMENT EXECUTE FUNCTION borrowing.events_are_append_only();
CREATE TRIGGER chain BEFORE INSERT ON borrowing.events FOR EACH ROW EXECUTE FUNCTION borrowing.chain_event();
CREATE TRIGGER coming BEFORE INSERT ON borrowing.events FOR EACH STATEMENT EXECUTE FUNCTION borrowing.events_are_coming();
CREATE TRIGGER open_charges AFTER INSERT OR UPDATE OF member_id ON borrowing.account_entries FOR EACH ROW EXECUTE FUNCTION borrowing.keep_open_charges();
CREATE TRIGGER policy_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON borrowing.branches FOR EACH STATEMENT EXECUTE FUNCTION borrowing.policy_changed();
CREATE TRIGGER policy_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON borrowing.category_limits FOR EACH STATEMENT EXECUTE FUNCTION borrowing.policy_changed();
CREATE TRIGGER policy_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON borrowing.closures FOR EACH STATEMENT EXECUTE FUNCTION borrowing.policy_changed();
CREATE TRIGGER policy_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON borrowing.item_types FOR EACH STATEMENT EXECUTE FUNCTION borrowing.policy_changed();
CREATE TRIGGER policy_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON borrowing.opening_hours FOR EACH STATEMENT EXECUTE FUNCTION borrowing.policy_changed();
CREATE TRIGGER policy_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON borrowing.rules FOR EACH STATEMENT EXECUTE FUNCTION borrowing.policy_changed();
CREATE TRIGGER ratings_added AFTER INSERT ON catalog.ratings REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION catalog.ratings_added();
CREATE TRIGGER ratings_changed AFTER UPDATE ON catalog.ratings REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION catalog.ratings_changed();
ALTER TABLE ONLY borrowing.account_entries
    ADD CONSTRAINT account_entries_charge_id_fkey FOREIGN KEY (charge_id) REFERENCES borrowing.account_entries(id);
ALTER TABLE ONLY borrowing.charge_subjects
    ADD CONSTRAINT charge_subjects_charge_id_fkey FOREIGN KEY (charge_id) REFERENCES borrowing.account_entries(id);
ALTER TABLE ONLY borrowing.closures
    ADD CONSTRAINT closures_branch_fkey FOREIGN KEY (branch) REFERENCES borrowing.branches(code) ON DELETE CASCADE;
ALTER TABLE ONLY borrowing.holds
    ADD CONSTRAINT holds_book_id_fkey FOREIGN KEY (book_id) REFERENCES borrowing.titles(book_id);
ALTER TABLE ONLY borrowing.holds
    ADD CONSTRAINT holds_borrower_ref_member_id_fkey FOREIGN KEY (borrower_ref, member_id) REFERENCES borrowing.borrower_refs(borrower_ref, member_id) ON UPDATE CASCADE ON DELETE SET NULL (member_id);
ALTER TABLE ONLY borrowing.holds
    ADD CONSTRAINT holds_captured_item_fkey FOREIGN KEY (captured_item) REFERENCES borrowing.items(id);
ALTER TABLE ONLY borrowing.holds
    ADD CONSTRAINT holds_item_id_fkey FOREIGN KEY (item_id) REFERENCES borrowing.items(id);
ALTER TABLE ONLY borrowing.holds
    ADD CONSTRAINT holds_pickup_branch_fkey FOREIGN KEY (pickup_branch) REFERENCES borrowing.branches(code);
ALTER TABLE ONLY borrowing.items
    ADD CONSTRAINT items_book_id_fkey FOREIGN KEY (book_id) REFERENCES borrowing.titles(book_id);
ALTER TABLE ONLY borrowing.items
    ADD CONSTRAINT items_current_branch_fkey FOREIGN KEY (current_branch) REFERENCES borrowing.branches(code);
ALTER TABLE ONLY borrowing.items
    ADD CONSTRAINT items_home_branch_fkey FOREIGN KEY (home_branch) REFERENCES borrowing.branches(code);
ALTER TABLE ONLY borrowing.items
    ADD CONSTRAINT items_item_type_fkey FOREIGN KEY (item_type) REFERENCES borrowing.item_types(code);
ALTER TABLE ONLY borrowing.items
    ADD CONSTRAINT items_slip_hold_fkey FOREIGN KEY (slip_hold) REFERENCES borrowing.holds(id) ON DELETE SET NULL;
ALTER TABLE ONLY borrowing.items
    ADD CONSTRAINT items_transit_to_fkey FOREIGN KEY (transit_to) REFERENCES borrowing.branches(code);
ALTER TABLE ONLY borrowing.loans
    ADD CONSTRAINT loans_borrower_ref_member_id_fkey FOREIGN KEY (borrower_ref, member_id) REFERENCES borrowing.borrower_refs(borrower_ref, member_id) ON UPDATE CASCADE ON DELETE SET NULL (member_id);
ALTER TABLE ONLY borrowing.loans
    ADD CONSTRAINT loans_branch_fkey FOREIGN KEY (branch) REFERENCES borrowing.branches(code);
ALTER TABLE ONLY borrowing.loans
    ADD CONSTRAINT loans_item_id_fkey FOREIGN KEY (item_id) REFERENCES borrowing.items(id);
ALTER TABLE ONLY borrowing.notices
    ADD CONSTRAINT notices_borrower_ref_member_id_fkey FOREIGN KEY (borrower_ref, member_id) REFERENCES borrowing.borrower_refs(borrower_ref, member_id) ON UPDATE CASCADE ON DELETE SET NULL (member_id);
ALTER TABLE ONLY borrowing.notices
    ADD CONSTRAINT notices_hold_id_fkey FOREIGN KEY (hold_id) REFERENCES borrowing.holds(id) ON DELETE CASCADE;
ALTER TABLE ONLY borrowing.notices
    ADD CONSTRAINT notices_loan_id_fkey FOREIGN KEY (loan_id) REFERENCES borrowing.loans(id) ON DELETE CASCADE;
ALTER TABLE ONLY borrowing.open_charges
    ADD CONSTRAINT open_charges_charge_id_fkey FOREIGN KEY (charge_id) REFERENCES borrowing.account_entries(id);
ALTER TABLE ONLY borrowing.opening_hours
    ADD CONSTRAINT opening_hours_branch_fkey FOREIGN KEY (branch) REFERENCES borrowing.branches(code) ON DELETE CASCADE;
ALTER TABLE ONLY borrowing.rules
    ADD CONSTRAINT rules_branch_fkey FOREIGN KEY (branch) REFERENCES borrowing.branches(code);
ALTER TABLE ONLY borrowing.rules
    ADD CONSTRAINT rules_item_type_fkey FOREIGN KEY (item_type) REFERENCES borrowing.item_types(code);
ALTER TABLE ONLY catalog.import_findings
    ADD CONSTRAINT import_findings_import_id_fkey FOREIGN KEY (import_id) REFERENCES catalog.imports(id) ON DELETE CASCADE;
ALTER TABLE ONLY members.api_tokens
    ADD CONSTRAINT api_tokens_member_id_fkey FOREIGN KEY (member_id) REFERENCES members.members(id) ON DELETE CASCADE;
ALTER TABLE ONLY members.blocks
    ADD CONSTRAINT blocks_member_id_fkey FOREIGN KEY (member_id) REFERENCES members.members(id) ON DELETE CASCADE;
ALTER TABLE ONLY members.cards
    ADD CONSTRAINT cards_member_id_fkey FOREIGN KEY (member_id) REFERENCES members.members(id) ON DELETE CASCADE;
ALTER TABLE ONLY members.credentials
    ADD CONSTRAINT credentials_member_id_fkey FOREIGN KEY (member_id) REFERENCES members.members(id) ON DELETE CASCADE;
ALTER TABLE ONLY members.list_items
    ADD CONSTRAINT list_items_member_id_fkey FOREIGN KEY (member_id) REFERENCES members.members(id) ON DELETE CASCADE;
ALTER TABLE ONLY members.lists
    ADD CONSTRAINT lists_member_id_fkey FOREIGN KEY (member_id) REFERENCES members.members(id) ON DELETE CASCADE;
ALTER TABLE ONLY members.members
    ADD CONSTRAINT members_category_fkey FOREIGN KEY (category) REFERENCES members.categories(code);
ALTER TABLE ONLY members.sessions
    ADD CONSTRAINT sessions_member_id_fkey FOREIGN KEY (member_id) REFERENCES members.members(id) ON DELETE CASCADE;
REFRESH MATERIALIZED VIEW borrowing.daily_circulation;
REFRESH MATERIALIZED VIEW borrowing.most_borrowed;
REFRESH MATERIALIZED VIEW borrowing.overdue;
REFRESH MATERIALIZED VIEW catalog.author_pages;
REFRESH MATERIALIZED VIEW catalog.book_statistics;
REFRESH MATERIALIZED VIEW catalog.word_counts;
REFRESH MATERIALIZED VIEW reports.genre_circulation;
REFRESH MATERIALIZED VIEW reports.popularity;
