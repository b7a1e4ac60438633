-- migrate:up
-- What a station is told (edge/wire/manifest.py), and what it is told with.

-- By which a site fetches its manifest: HTTP Basic, the site's id and a key of which only the SHA-256 is kept.
CREATE TABLE site_credential (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id text NOT NULL REFERENCES site,
    key_sha256 bytea NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX site_credential_site ON site_credential (site_id) WHERE revoked_at IS NULL;

CREATE TABLE station (
    site_id text PRIMARY KEY REFERENCES site,
    staff_salt bytea NOT NULL,
    code_cost int NOT NULL DEFAULT 16384, -- scrypt's n
    rules jsonb NOT NULL DEFAULT '{}',    -- StationRules
    changes int NOT NULL DEFAULT 0        -- counts what people change of its set-up and of its codes
);

CREATE TABLE station_day (
    site_id text NOT NULL REFERENCES site,
    day date NOT NULL,
    code_salt bytea NOT NULL,
    PRIMARY KEY (site_id, day)
);

CREATE TABLE staff_member (
    site_id text NOT NULL REFERENCES site,
    staff text NOT NULL,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('staff', 'leader')),
    pin_key bytea,
    badge_key bytea,
    disabled_at timestamptz,
    PRIMARY KEY (site_id, staff)
);
CREATE UNIQUE INDEX staff_member_pin ON staff_member (site_id, pin_key) WHERE disabled_at IS NULL;

CREATE TABLE shelf (
    site_id text NOT NULL REFERENCES site,
    slot text NOT NULL,
    zone text NOT NULL,
    capacity int NOT NULL,
    place int NOT NULL,                 -- in the order in which slots are to be filled
    PRIMARY KEY (site_id, slot)
);

CREATE TABLE locker_cell (
    site_id text NOT NULL REFERENCES site,
    cell text NOT NULL,
    zone text NOT NULL,
    size text NOT NULL,
    PRIMARY KEY (site_id, cell)
);

CREATE TABLE article (
    operator_id text NOT NULL REFERENCES operator,
    sku text NOT NULL,
    name text NOT NULL,
    eans text[] NOT NULL DEFAULT '{}',
    weight_g int,
    PRIMARY KEY (operator_id, sku)
);

-- A claim is a resident's parcels of one operator at one station: operator/r/resident, or operator/o/number where no resident is
-- known. Its code releases all of them; the code of a proxy names its token and works once. Sealed, with a keyed hash that keeps
-- two alike apart.
CREATE TABLE pickup_code (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id text NOT NULL REFERENCES site,
    claim text NOT NULL,
    token text NOT NULL DEFAULT '',
    sealed bytea NOT NULL,
    lookup bytea NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    UNIQUE (site_id, lookup)
);
CREATE UNIQUE INDEX pickup_code_claim ON pickup_code (site_id, claim) WHERE revoked_at IS NULL AND token = '';

-- A code's key under a day's salt: derived once, for it costs a core a tenth of a second.
CREATE TABLE pickup_code_key (
    site_id text NOT NULL,
    day date NOT NULL,
    code_id bigint NOT NULL REFERENCES pickup_code ON DELETE CASCADE,
    cost int NOT NULL,
    key bytea NOT NULL,
    PRIMARY KEY (site_id, day, code_id)
);

CREATE TABLE pickup_token (
    token text PRIMARY KEY,
    site_id text NOT NULL REFERENCES site,
    claim text NOT NULL,
    is_proxy boolean NOT NULL,
    orders text[] NOT NULL,
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX pickup_token_claim ON pickup_token (site_id, claim);

CREATE TABLE manifest (
    site_id text NOT NULL REFERENCES site,
    sha256 text NOT NULL,
    version int NOT NULL,
    day date NOT NULL,
    content_sha256 text NOT NULL,       -- without version and time: what tells whether anything is new
    body bytea NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (site_id, sha256)
);

-- What a site is to follow; published, retained, whenever version is above published.
CREATE TABLE desired (
    site_id text PRIMARY KEY REFERENCES site,
    version int NOT NULL,
    manifest_sha256 text NOT NULL DEFAULT '',
    changed_at timestamptz NOT NULL,
    published int NOT NULL DEFAULT 0,
    published_as text NOT NULL DEFAULT '' -- the operator under whose name the site listens
);

-- Commands to sites. Whoever asked has to say why; what came of it is the site's event.
CREATE TABLE command (
    id text PRIMARY KEY,
    site_id text NOT NULL REFERENCES site,
    action text NOT NULL,
    cell text NOT NULL DEFAULT '',
    account_id bigint NOT NULL REFERENCES account,
    reason text NOT NULL,
    asked_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,    -- real time: not sent after it
    ttl_s real NOT NULL,
    sent_at timestamptz
);
CREATE INDEX command_unsent ON command (asked_at) WHERE sent_at IS NULL;
CREATE INDEX event_command ON event ((fact->>'command')) WHERE kind IN ('command_finished', 'cell_opened');

-- migrate:down
