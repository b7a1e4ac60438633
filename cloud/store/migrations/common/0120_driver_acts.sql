-- migrate:up
-- Counts the links of a run that were taken back: those made before are good no more.
ALTER TABLE run ADD COLUMN driver_link_version int NOT NULL DEFAULT 1;

-- What a driver must know to get in; as somebody who plans wrote it.
ALTER TABLE site ADD COLUMN gate_note text NOT NULL DEFAULT '';

-- What a driver's phone said, once each by the phone's own key. A refused one is kept with why, and judged again when it comes again.
CREATE TABLE driver_act (
    run_id bigint NOT NULL REFERENCES run ON DELETE CASCADE,
    key text NOT NULL,
    kind text NOT NULL,
    stop int NOT NULL,                  -- as the phone had it; site_id decides
    site_id text NOT NULL,
    at timestamptz NOT NULL,            -- when it happened, as far as is believed
    received_at timestamptz NOT NULL,
    reason text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    containers text[] NOT NULL DEFAULT '{}',
    refusal text NOT NULL DEFAULT '',   -- '': it counts
    PRIMARY KEY (run_id, key)
);

-- migrate:down
