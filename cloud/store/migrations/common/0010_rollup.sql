-- migrate:up
-- How far the readings are rolled up into reading_15m (rollup.py). Hours before closed_to are closed: what arrives for them is
-- noted in reading_late, in the transaction that brings it. Hours before rolled_to are in reading_15m, except the noted ones.
-- Readings older than raw_from are dropped, so that what lies there can no longer be rolled up again.
CREATE TABLE reading_rolled (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    closed_to timestamptz,
    rolled_to timestamptz,
    raw_from timestamptz,
    CHECK (rolled_to <= closed_to)
);
INSERT INTO reading_rolled DEFAULT VALUES;

-- Written without an index to wait on; read whole by the job, which leaves it empty.
CREATE TABLE reading_late (
    id bigint GENERATED ALWAYS AS IDENTITY,
    sensor_id int NOT NULL,
    hour timestamptz NOT NULL
);

-- migrate:down
