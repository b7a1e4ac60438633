-- migrate:up
-- What came in over MQTT. lane: 1 event, 2 live, 3 backfill.

-- One row a batch, written in the transaction of its rows: this row is what makes a repeat a duplicate (ARCHITECTURE, decision 2).
CREATE TABLE batch (
    site_id text NOT NULL,
    epoch uuid NOT NULL,
    lane smallint NOT NULL,
    seq bigint NOT NULL,
    sha256 bytea NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (site_id, epoch, lane, seq)
);

-- Telemetry's keys below floor are deleted, and a seq below it is a duplicate there. Events' keys are never deleted: a cloned card's
-- or an old image's other content is told apart, and a seq without a key is new. The floor only moves over keys that are all there:
-- where some are missing the database was restored, and the site is asked to send again (ARCHITECTURE, decision 4).
CREATE TABLE lane_floor (
    site_id text NOT NULL,
    epoch uuid NOT NULL,
    lane smallint NOT NULL,
    floor bigint NOT NULL DEFAULT 1,
    claimed bigint NOT NULL DEFAULT 1,  -- the highest floor the site has named
    kept bigint NOT NULL DEFAULT 1,     -- the lowest seq the site could still send
    lost bigint NOT NULL DEFAULT 0,     -- batches gone for good: neither here nor there
    PRIMARY KEY (site_id, epoch, lane)
);

CREATE TABLE event (
    site_id text NOT NULL,
    epoch uuid NOT NULL,
    n bigint NOT NULL,
    hlc bigint NOT NULL,
    boot int NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL,
    measured_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    clock text NOT NULL,
    operator_id text NOT NULL,
    device text NOT NULL,
    actor text NOT NULL,
    fact jsonb NOT NULL,
    PRIMARY KEY (site_id, epoch, n)
);
CREATE INDEX event_received ON event (received_at);
CREATE INDEX event_boot ON event (site_id, epoch, boot);

-- Which entities an event is about; an undo is about what its target is about.
CREATE TABLE event_subject (
    entity text NOT NULL CHECK (entity IN ('parcel', 'container')),
    entity_id text NOT NULL,
    site_id text NOT NULL,
    epoch uuid NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (entity, entity_id, site_id, epoch, n)
);

-- Which events undo which, kept besides event_subject because an undo may come before what it undoes.
CREATE TABLE event_undo (
    target_site_id text NOT NULL,
    target_epoch uuid NOT NULL,
    target_n bigint NOT NULL,
    site_id text NOT NULL,
    epoch uuid NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (target_site_id, target_epoch, target_n, site_id, epoch, n)
);
CREATE INDEX event_subject_event ON event_subject (site_id, epoch, n);

-- Clock events: every event of this boot that was not stamped with the cloud's time is ordered and timed offset_ms later.
CREATE TABLE clock_correction (
    site_id text NOT NULL,
    epoch uuid NOT NULL,
    boot int NOT NULL,
    offset_ms bigint NOT NULL,
    hlc bigint NOT NULL,                -- of the event that said so: the latest wins
    PRIMARY KEY (site_id, epoch, boot)
);

CREATE TABLE sensor (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id text NOT NULL,
    name text NOT NULL,
    operator_id text NOT NULL,
    UNIQUE (site_id, name)
);

-- What a site last said of itself; fenced by (boot, connect).
CREATE TABLE site_status (
    site_id text PRIMARY KEY,
    operator_id text NOT NULL,
    boot int NOT NULL,
    connect int NOT NULL,
    online boolean NOT NULL,
    nonce text NOT NULL DEFAULT '',
    epoch text NOT NULL DEFAULT '',
    said jsonb NOT NULL DEFAULT '{}',
    reported jsonb NOT NULL DEFAULT '{}',
    heard_at timestamptz NOT NULL
);

-- The newest position of a site, by measured time.
CREATE TABLE position_current (
    site_id text PRIMARY KEY,
    operator_id text NOT NULL,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    lat double precision NOT NULL,
    lon double precision NOT NULL,
    speed_m_s real,
    heading_deg real,
    version bigint NOT NULL DEFAULT 1
);

-- What could not be applied, with its bytes; the same bytes on the same topic are one row, seen again.
CREATE TABLE quarantine (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    seen int NOT NULL DEFAULT 1,
    topic text NOT NULL,
    site_id text,
    properties jsonb NOT NULL,
    content_type text NOT NULL,
    payload bytea NOT NULL,
    payload_sha256 bytea NOT NULL,
    payload_bytes bigint NOT NULL,      -- the true length; payload itself is cut at 1 MiB
    reason text NOT NULL CHECK (reason IN
        ('topic', 'properties', 'schema', 'payload', 'hash', 'size', 'conflict', 'database')),
    detail text NOT NULL,
    batch_key text NOT NULL DEFAULT '',  -- epoch/lane/seq where the properties could be read
    -- requested: a person asked for a replay; ingest answers within seconds with replayed, or kept again and why in outcome.
    state text NOT NULL DEFAULT 'kept' CHECK (state IN ('kept', 'requested', 'replayed', 'discarded')),
    state_at timestamptz,
    outcome text NOT NULL DEFAULT '',
    UNIQUE (topic, payload_sha256, reason, batch_key)
);
CREATE INDEX quarantine_requested ON quarantine (id) WHERE state = 'requested';

-- Live rooms (ARCHITECTURE, decision 5). A room is a map from key to the newest state of one thing; its version is the cursor, counted in the
-- transaction that changes an entry. What a client missed is "entries with a version above my cursor"; a snapshot is cursor 0.
CREATE TABLE room (
    name text PRIMARY KEY,
    version bigint NOT NULL DEFAULT 0,
    changed_at timestamptz NOT NULL
);
CREATE TABLE room_entry (
    room text NOT NULL,
    key text NOT NULL,
    version bigint NOT NULL,            -- the room's, when this entry last changed
    at timestamptz NOT NULL,
    body jsonb,                         -- null: the thing left the room
    PRIMARY KEY (room, key)
);
CREATE INDEX room_entry_version ON room_entry (room, version);

-- migrate:down
