-- migrate:up
-- Who: operators, sites, accounts. Ids are the slugs of the wire (edge/wire/ids.py).
CREATE TABLE operator (
    id text PRIMARY KEY,
    name text NOT NULL,
    time_zone text NOT NULL DEFAULT 'Asia/Shanghai'
);

CREATE TABLE site (
    id text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('station', 'van', 'dock')),
    name text NOT NULL,
    address text NOT NULL DEFAULT '',
    lat double precision CHECK (lat BETWEEN -90 AND 90),
    lon double precision CHECK (lon BETWEEN -180 AND 180),
    created_at timestamptz NOT NULL
);

-- Dated many-to-many relation (ARCHITECTURE, decision 22): a site serves several operators.
CREATE TABLE site_operator (
    site_id text NOT NULL REFERENCES site,
    operator_id text NOT NULL REFERENCES operator,
    valid daterange NOT NULL DEFAULT '[,)',
    PRIMARY KEY (site_id, operator_id)
);

CREATE TABLE account (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login text NOT NULL UNIQUE,
    password_hash text NOT NULL,
    display_name text NOT NULL,
    role text NOT NULL CHECK (role IN ('admin', 'dispatcher', 'leader', 'staff')),
    operator_id text REFERENCES operator,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz,
    CHECK (role = 'admin' OR operator_id IS NOT NULL)
);

-- The stations a leader or a staff member may see; dispatchers see their operator's all.
CREATE TABLE account_site (
    account_id bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    site_id text NOT NULL REFERENCES site,
    PRIMARY KEY (account_id, site_id)
);

-- A log-in; only the token's SHA-256 is kept.
CREATE TABLE session (
    token_sha256 bytea PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

-- Failed log-ins in a window, counted before the password is looked at. Keyed hashes of the log-in and of the address; real time.
CREATE TABLE login_attempt (
    key bytea PRIMARY KEY,
    failures int NOT NULL,
    started_at timestamptz NOT NULL
);

CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    account_id bigint REFERENCES account,
    action text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}'
);

-- What: residents, orders, parcels. Phones are encrypted; the keyed hash is for look-up, the tail for the counter (ARCHITECTURE, decision 17).
CREATE TABLE resident (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator_id text NOT NULL REFERENCES operator,
    name_encrypted bytea NOT NULL,
    phone_encrypted bytea NOT NULL,
    phone_hash bytea NOT NULL,
    phone_tail text NOT NULL CHECK (phone_tail ~ '^[0-9]{4}$'),
    UNIQUE (operator_id, phone_hash)
);

CREATE TABLE customer_order (
    id text PRIMARY KEY,                -- ours: operator/external_id
    operator_id text NOT NULL REFERENCES operator,
    external_id text NOT NULL,          -- the shop system's number
    site_id text NOT NULL REFERENCES site,
    resident_id bigint REFERENCES resident,
    pickup_date date NOT NULL,
    placed_at timestamptz NOT NULL,
    cancelled_at timestamptz,
    state text NOT NULL DEFAULT 'placed',
    state_at timestamptz NOT NULL,
    link_version int NOT NULL DEFAULT 1, -- links made under a lower one are revoked
    UNIQUE (operator_id, external_id)
);
CREATE INDEX customer_order_site ON customer_order (site_id, pickup_date);

-- A parcel may be scanned before its order is known: then a skeleton, order_id null.
CREATE TABLE parcel (
    id text PRIMARY KEY,                -- its label
    operator_id text REFERENCES operator,
    order_id text REFERENCES customer_order,
    site_id text REFERENCES site,       -- the station it is meant for; null in a skeleton
    zone text CHECK (zone IN ('ambient', 'chilled', 'frozen')),
    state text NOT NULL DEFAULT 'expected',
    exceptions text[] NOT NULL DEFAULT '{}',
    slot text NOT NULL DEFAULT '',
    at_site_id text,                    -- where it was last seen
    state_at timestamptz,
    created_at timestamptz NOT NULL
);
CREATE INDEX parcel_order ON parcel (order_id);
CREATE INDEX parcel_site ON parcel (site_id, state);

CREATE TABLE order_line (
    order_id text NOT NULL REFERENCES customer_order ON DELETE CASCADE,
    line int NOT NULL,
    parcel_id text NOT NULL REFERENCES parcel,
    sku text NOT NULL,
    name text NOT NULL,
    quantity int NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (order_id, line)
);

-- The next label number to give out.
CREATE SEQUENCE parcel_serial AS bigint MINVALUE 0 START 0;

-- migrate:down
