-- migrate:up
-- A sensor's quarter of an hour, written by the roll-up job (rollup.py): this edition has no continuous aggregates.
-- See common/0010_rollup.sql; the columns are those of plain/0004_rollup.sql.
CREATE TABLE reading_15m (
    sensor_id int NOT NULL,
    at timestamptz NOT NULL,
    readings int NOT NULL,
    good int NOT NULL,
    usable int NOT NULL,
    low double precision,
    high double precision,
    total double precision,
    PRIMARY KEY (sensor_id, at)
);
SELECT create_hypertable('reading_15m', by_range('at', INTERVAL '30 days'), create_default_indexes => false);

-- migrate:down
