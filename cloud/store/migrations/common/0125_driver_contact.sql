-- migrate:up
-- When the run's page was first opened by a driver's link; once more on the service day itself, which is the driver's check-in.
ALTER TABLE run ADD COLUMN driver_opened_at timestamptz;

-- Whom to call about a vehicle, as a planner wrote it down; sealed for the operator, who alone sees it.
CREATE TABLE driver_phone (
    operator_id text NOT NULL REFERENCES operator,
    site_id text NOT NULL REFERENCES site,
    encrypted bytea NOT NULL,
    set_by bigint REFERENCES account,
    set_at timestamptz NOT NULL,
    PRIMARY KEY (operator_id, site_id)
);

-- migrate:down
