-- migrate:up
-- Arrivals (cloud/eta). Of a run: where it left from, the driving between its stops, and until when it was looked at.
CREATE TABLE eta_run (
    run_id bigint PRIMARY KEY REFERENCES run ON DELETE CASCADE,
    places jsonb NOT NULL,              -- [[stop, lat, lon], …], its start as stop 0: what the legs are of
    legs jsonb NOT NULL,                -- [[seconds, …], …] from each place to each
    is_estimate boolean NOT NULL,       -- straight lines, not roads
    said_at timestamptz,                -- when what was said was noted last
    is_told boolean NOT NULL DEFAULT false, -- its windows stand in its operator's room
    learned_at timestamptz              -- null: its lessons are still to be learned
);
CREATE INDEX eta_run_to_learn ON eta_run (run_id) WHERE learned_at IS NULL;

-- What is shown of a stop; once the van was there, what was shown last. missed_*: how much of what was said of it was wrong, to that side.
CREATE TABLE eta_stop (
    run_id bigint NOT NULL,
    stop int NOT NULL,
    stops_before int NOT NULL,
    early timestamptz NOT NULL,
    expected timestamptz NOT NULL,
    late timestamptz NOT NULL,
    as_of timestamptz NOT NULL,         -- of the newest fact it rests on
    missed_early real,
    missed_late real,
    PRIMARY KEY (run_id, stop),
    FOREIGN KEY (run_id, stop) REFERENCES run_stop ON DELETE CASCADE
) WITH (fillfactor = 50);

-- What was said, every five minutes; gone once the run's lessons are learned.
CREATE TABLE eta_said (
    run_id bigint NOT NULL REFERENCES run ON DELETE CASCADE,
    at timestamptz NOT NULL,
    said jsonb NOT NULL,                -- cloud/eta/outcomes.py
    PRIMARY KEY (run_id, at)
);

-- What an operator's runs have taught (cloud/eta/experience.py, errors.py).
CREATE TABLE eta_experience (
    operator_id text PRIMARY KEY REFERENCES operator,
    experience jsonb NOT NULL,
    errors jsonb NOT NULL,
    runs bigint NOT NULL DEFAULT 0,
    learned_at timestamptz NOT NULL
);

-- How true it was, by day, route and how many stops came before. Sums, so that they can be added up; seconds.
CREATE TABLE eta_accuracy (
    operator_id text NOT NULL REFERENCES operator,
    service_date date NOT NULL,
    route text NOT NULL,
    stops_before int NOT NULL,          -- the least of its group
    said bigint NOT NULL,
    covered bigint NOT NULL,
    off_s double precision NOT NULL,
    width_s double precision NOT NULL,
    planned bigint NOT NULL,            -- those of which the plan said a time
    schedule_off_s double precision NOT NULL,
    delay_off_s double precision NOT NULL, -- of the plan's time and the delay of the moment
    PRIMARY KEY (operator_id, service_date, route, stops_before)
);

-- migrate:down
