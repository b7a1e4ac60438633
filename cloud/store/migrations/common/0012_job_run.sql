-- migrate:up
-- When each job last ran and how it went, in real time, for GET /health (job_health.py).
CREATE TABLE job_run (
    task text PRIMARY KEY,
    period_s int NOT NULL,              -- how often it is due
    registered_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    succeeded_at timestamptz,
    failed_at timestamptz,
    error text NOT NULL DEFAULT '',     -- of failed_at
    detail jsonb NOT NULL DEFAULT '{}'  -- what the last successful run did
);

-- migrate:down
