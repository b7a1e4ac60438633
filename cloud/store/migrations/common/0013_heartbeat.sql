-- migrate:up
-- Which processes live, in real time, for GET /health (heartbeat.py). A row that grows old is a process that died or hangs.
CREATE TABLE heartbeat (
    process text NOT NULL,              -- ingest, live, …
    instance text NOT NULL,             -- one replica
    started_at timestamptz NOT NULL DEFAULT now(),
    beat_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (process, instance)
);

-- migrate:down
