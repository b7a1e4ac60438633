-- migrate:up
-- Telemetry on plain PostgreSQL: daily partitions, made ahead and dropped by jobs (partitions.py). `at` is the time believed;
-- measured_at only where the device's clock said otherwise. What has no partition yet lies in the default one until a job
-- moves it: no row is refused because a job is late.
CREATE TABLE reading (
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    sensor_id int NOT NULL,
    quality smallint NOT NULL,
    value double precision,
    measured_at timestamptz
) PARTITION BY RANGE (at);
CREATE TABLE reading_default PARTITION OF reading DEFAULT;
CREATE INDEX reading_sensor ON reading (sensor_id, at);

CREATE TABLE position (
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    site_id text NOT NULL,
    lat double precision NOT NULL,
    lon double precision NOT NULL,
    speed_m_s real,
    heading_deg real,
    measured_at timestamptz
) PARTITION BY RANGE (at);
CREATE TABLE position_default PARTITION OF position DEFAULT;
CREATE INDEX position_site ON position (site_id, at);

-- migrate:down
