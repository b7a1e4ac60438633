-- migrate:up
-- Containers (周转筐, 冷链箱) go round: each row is what a container's events fold to.
CREATE TABLE container (
    id text PRIMARY KEY,                -- its label
    operator_id text,                   -- whose goods it carries, as registered, planned or first heard
    zone text CHECK (zone IN ('ambient', 'chilled', 'frozen')),
    site_id text,                       -- the station it is planned or bound for, as somebody said
    run text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'empty',
    is_signed boolean NOT NULL DEFAULT false,
    is_counted boolean NOT NULL DEFAULT false,
    problems text[] NOT NULL DEFAULT '{}',
    at_site_id text,                    -- where it was last seen
    state_at timestamptz,
    brief json,                         -- what orders need to know of it, as its last fold wrote it
    created_at timestamptz NOT NULL
);
CREATE INDEX container_at_site ON container (at_site_id, state);
CREATE INDEX container_site ON container (site_id, state);
CREATE SEQUENCE container_serial AS bigint MINVALUE 0 START 0;

-- container_id: what events say; planned_container_id: what the packing plan says, until somebody scans it.
ALTER TABLE parcel ADD COLUMN container_id text;
ALTER TABLE parcel ADD COLUMN planned_container_id text;
-- Pairs of event ids of which a person believes one: kept, disputed, kept, disputed, …
ALTER TABLE parcel ADD COLUMN dispute text[] NOT NULL DEFAULT '{}';
-- Of those that have not left: a container carries others every day.
CREATE INDEX parcel_container ON parcel (container_id)
    WHERE container_id IS NOT NULL AND state NOT IN ('released', 'returned', 'disposed');
CREATE INDEX parcel_planned_container ON parcel (planned_container_id)
    WHERE planned_container_id IS NOT NULL AND state NOT IN ('released', 'returned', 'disposed');
CREATE INDEX parcel_dispute ON parcel (id) WHERE dispute <> '{}';

-- The cut-off freezes an order; then its lines are allocated, and what cannot be had is short.
ALTER TABLE customer_order ADD COLUMN locked_at timestamptz;
ALTER TABLE customer_order ADD COLUMN allocated_at timestamptz;
ALTER TABLE order_line ADD COLUMN short int NOT NULL DEFAULT 0 CHECK (short BETWEEN 0 AND quantity);

-- migrate:down
