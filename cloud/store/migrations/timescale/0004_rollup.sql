-- migrate:up
-- A sensor's quarter of an hour as a continuous aggregate; the columns are those of plain/0004_rollup.sql. time_bucket on this
-- origin gives the same quarters as date_bin, which an aggregate's definition may not use. materialized_only: what is not
-- refreshed yet is read from the readings themselves (telemetry.py), which also sees late ones.
CREATE MATERIALIZED VIEW reading_15m WITH (timescaledb.continuous, timescaledb.materialized_only = true) AS
SELECT
    sensor_id,
    time_bucket('15 minutes', at, origin => timestamptz '2000-01-01 00:00:00+00') AS at,
    count(*)::int AS readings,
    (count(value) FILTER (WHERE quality = 0))::int AS good,
    (count(value) FILTER (WHERE quality < 2))::int AS usable,
    min(value) FILTER (WHERE quality < 2) AS low,
    max(value) FILTER (WHERE quality < 2) AS high,
    sum(value) FILTER (WHERE quality < 2) AS total
FROM reading
GROUP BY 1, 2
WITH NO DATA;

-- No policies: TimescaleDB's scheduler knows only the wall clock, and a town's readings lie at its own time (ARCHITECTURE, decision 13).
-- Refresh, conversion to the columnstore and retention are jobs of ours.
ALTER TABLE reading SET (timescaledb.enable_columnstore, timescaledb.segmentby = 'sensor_id', timescaledb.orderby = 'at DESC');
ALTER TABLE position SET (timescaledb.enable_columnstore, timescaledb.segmentby = 'site_id', timescaledb.orderby = 'at DESC');

-- migrate:down
