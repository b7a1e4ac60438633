-- migrate:up
-- A sensor's quarter of an hour, written by the roll-up job (rollup.py) in monthly partitions. See common/0010_rollup.sql.
CREATE TABLE reading_15m (
    sensor_id int NOT NULL,
    at timestamptz NOT NULL,            -- the quarter's start
    readings int NOT NULL,              -- how many were taken, "asked, no answer" included
    good int NOT NULL,                  -- with a value of quality 0
    usable int NOT NULL,                -- with a value of quality 0 or 1: what low, high and total are made of
    low double precision,
    high double precision,
    total double precision,
    PRIMARY KEY (sensor_id, at)
) PARTITION BY RANGE (at);
CREATE TABLE reading_15m_default PARTITION OF reading_15m DEFAULT;

-- migrate:down
