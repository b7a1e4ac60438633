-- migrate:up
-- A day's routes as asked for, searched and decided on (排线). What is asked, and what comes out, are cloud/routing's to read.
CREATE TABLE plan (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator_id text NOT NULL REFERENCES operator,
    service_date date NOT NULL,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN
        ('queued', 'solving', 'done', 'failed', 'stopped', 'committed', 'discarded')), -- stopped: somebody had enough; it has routes
    asked_by bigint REFERENCES account,
    asked_at timestamptz NOT NULL,
    day jsonb NOT NULL,                 -- depot, vans, stations with their loads, how long to search
    result jsonb,                       -- routes, who gets nothing and why, what it comes to
    progress jsonb NOT NULL DEFAULT '[]', -- [[seconds, fen], …]: the best so far; null: nothing yet that serves all
    is_estimate boolean,                -- made without roads; null: not known yet
    stop_asked boolean NOT NULL DEFAULT false,
    trouble text NOT NULL DEFAULT '',   -- of one that failed: a code
    attempts int NOT NULL DEFAULT 0,
    heard_at timestamptz,               -- real time: when its solver last said something
    ended_at timestamptz,
    decided_by bigint REFERENCES account, -- who committed or discarded it
    decided_at timestamptz,
    runs text[] NOT NULL DEFAULT '{}'   -- names of the runs it became
);
CREATE INDEX plan_day ON plan (operator_id, service_date, id);
CREATE INDEX plan_waiting ON plan (id) WHERE state IN ('queued', 'solving');

-- migrate:down
