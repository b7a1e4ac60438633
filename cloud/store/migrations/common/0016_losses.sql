-- migrate:up
-- What the bounds of quarantine have taken (quarantine_limit.py), by whether somebody still has it. One row, or none yet.
CREATE TABLE quarantine_dropped (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    settled bigint NOT NULL DEFAULT 0,  -- replayed or discarded before
    at_site bigint NOT NULL DEFAULT 0,  -- never acknowledged: the site has it and sends it again
    lost bigint NOT NULL DEFAULT 0,     -- acknowledged and not yet replayed: gone for good
    last_at timestamptz
);

-- Who has looked at what is gone for good (losses.py): up to this number it is no longer a reason to worry. Numbers only grow.
CREATE TABLE loss_acknowledged (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('batches', 'quarantine')),
    total bigint NOT NULL,
    at timestamptz NOT NULL,
    account_id bigint REFERENCES account,  -- null: from the command line
    name text NOT NULL,
    note text NOT NULL DEFAULT ''
);

-- How far an ingest process was behind when it last said that it lives, seconds; null where that means nothing.
ALTER TABLE heartbeat ADD COLUMN lag_s double precision;

-- migrate:down
