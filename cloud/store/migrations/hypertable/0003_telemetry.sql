-- migrate:up
-- Telemetry on TimescaleDB, either edition: daily chunks that make themselves. `at` is the time believed; measured_at only
-- where the device's clock said otherwise. create_hypertable and not CREATE TABLE … WITH: that adds a policy of its own.
CREATE TABLE reading (
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    sensor_id int NOT NULL,
    quality smallint NOT NULL,
    value double precision,
    measured_at timestamptz
);
SELECT create_hypertable('reading', by_range('at', INTERVAL '1 day'), create_default_indexes => false);
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
);
SELECT create_hypertable('position', by_range('at', INTERVAL '1 day'), create_default_indexes => false);
CREATE INDEX position_site ON position (site_id, at);

-- migrate:down
