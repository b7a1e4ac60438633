-- migrate:up
-- Who brings what where: a run (a waybill) and its stops. `name` is what containers, docks and people call it ("R1128-1"): unique for
-- an operator and a day. What a plan adds: the order of the stops, planned times, load, and the way.
CREATE TABLE run (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator_id text NOT NULL REFERENCES operator,
    service_date date NOT NULL,
    name text NOT NULL,
    vehicle_id text REFERENCES site,    -- a site of kind van; null: planned, no vehicle yet
    state text NOT NULL DEFAULT 'planned' CHECK (state IN
        ('planned', 'assigned', 'loading', 'departed', 'paused', 'completed', 'aborted')),
    state_at timestamptz NOT NULL,
    planned_start timestamptz,
    planned_end timestamptz,
    departed_at timestamptz,
    ended_at timestamptz,
    load jsonb NOT NULL DEFAULT '{}',   -- as planned, by zone; its form is the plan's
    path jsonb,                         -- the planned way, [[lat, lon], …]; null: not known, and nobody is off it
    -- What its vehicle's fixes say so far (cloud/domain/visits.py): all of them up to followed_to. is_stale: one came late, fold again.
    progress jsonb,
    followed_to timestamptz,
    is_stale boolean NOT NULL DEFAULT false,
    UNIQUE (operator_id, service_date, name)
);
-- Underway: its vehicle is followed, and a courier's phone is heard.
CREATE INDEX run_underway ON run (vehicle_id) WHERE state IN ('loading', 'departed', 'paused');

CREATE TABLE run_stop (
    run_id bigint NOT NULL REFERENCES run ON DELETE CASCADE,
    stop int NOT NULL CHECK (stop > 0), -- 1 is the first
    site_id text NOT NULL REFERENCES site,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN
        ('pending', 'approaching', 'at_stop', 'unloading', 'signed', 'signed_with_variance', 'dropped', 'skipped', 'failed')),
    planned_arrival timestamptz,
    planned_departure timestamptz,
    load jsonb NOT NULL DEFAULT '{}',   -- dropped here, by zone
    arrived_at timestamptz,             -- by geofence
    departed_at timestamptz,
    PRIMARY KEY (run_id, stop)
);
CREATE INDEX run_stop_site ON run_stop (site_id);

-- Devices that are not ours and tell where a vehicle is: a courier's phone, a tracker in a van.
CREATE TABLE tracker (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator_id text NOT NULL REFERENCES operator,
    site_id text NOT NULL REFERENCES site, -- the vehicle
    protocol text NOT NULL CHECK (protocol IN ('osmand', 'owntracks', 'jt808')),
    name text NOT NULL,
    is_personal boolean NOT NULL,       -- a person carries it: heard only while a run of the vehicle is underway
    token_sha256 bytea UNIQUE,          -- of what a phone says to be itself
    terminal text,                      -- of a JT/T 808 terminal: its number without zeros in front
    device text NOT NULL DEFAULT '',    -- maker and id it first registered with; another one is refused
    broker_hash text NOT NULL DEFAULT '', -- of an OwnTracks phone: its password as Mosquitto's password file has it
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CHECK ((protocol = 'jt808') = (token_sha256 IS NULL) AND (protocol = 'jt808') = (terminal IS NOT NULL))
);
CREATE UNIQUE INDEX tracker_terminal ON tracker (terminal) WHERE revoked_at IS NULL;
CREATE INDEX tracker_site ON tracker (site_id);

-- What was last heard of a tracker, apart from it: written with every flush.
CREATE TABLE tracker_heard (
    tracker_id bigint PRIMARY KEY REFERENCES tracker ON DELETE CASCADE,
    heard_at timestamptz NOT NULL,
    fix_at timestamptz,                 -- of its newest position
    battery real,
    fixes bigint NOT NULL DEFAULT 0,    -- kept
    repeated bigint NOT NULL DEFAULT 0, -- sent again, kept once
    unheard bigint NOT NULL DEFAULT 0,  -- of a person whose vehicle had no run underway: not kept
    refused bigint NOT NULL DEFAULT 0,
    refusal text NOT NULL DEFAULT '',   -- why, the last time
    refused_at timestamptz
) WITH (fillfactor = 50);

-- What the map's newest place was decided from (cloud/domain/whereabouts.py); null: as it came.
ALTER TABLE position_current ADD COLUMN following jsonb;

-- Tracks of days whose raw fixes are about to go, with as few points as it takes; none of who carried a phone of their own.
CREATE TABLE track_day (
    site_id text NOT NULL,
    day date NOT NULL,                  -- UTC
    points jsonb NOT NULL,              -- [[ms since 1970, lat, lon, m/s or null], …], cut into pieces by gaps: [[…], […]]
    fixes int NOT NULL,                 -- how many there were
    PRIMARY KEY (site_id, day)
);

-- migrate:down
