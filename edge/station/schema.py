"""The station's tables in the site's file, and the list of all versions of that file."""

from collections.abc import Sequence

from edge.outbox import OUTBOX_VERSIONS

_STATION_1 = """
-- What was booked here. A parcel's state is its last booking that was not undone.
CREATE TABLE booking (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    parcel TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('received', 'shelved', 'released')),
    slot TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    device TEXT NOT NULL,
    actor TEXT NOT NULL,
    epoch INTEGER NOT NULL REFERENCES epoch (id),  -- with n: its event, as first recorded
    n INTEGER NOT NULL,
    undone INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX booking_parcel ON booking (parcel, id);

-- Business rules in force: from the cloud, or from staff after it.
CREATE TABLE rule_in_force (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    mode TEXT NOT NULL,
    version INTEGER NOT NULL,       -- of the last desired that was applied
    manifest_sha256 TEXT NOT NULL
) STRICT;
INSERT INTO rule_in_force VALUES (1, 'receive', 0, '');

-- Commands from the cloud; the row is committed before the act.
CREATE TABLE command (
    id TEXT PRIMARY KEY,
    action TEXT NOT NULL,
    received_at_ms INTEGER NOT NULL,
    outcome TEXT,                   -- null: begun, result not known
    detail TEXT NOT NULL DEFAULT ''
) STRICT;
"""

# scan_n: the number of the first event of the same scan; null where an earlier release booked it.
_STATION_2 = """
ALTER TABLE booking ADD COLUMN scan_n INTEGER;
"""

# Every fact about a parcel, a container or goods is booked, as it was recorded; what stands is a fold over them.
# thing: a parcel's or container's label, or a SKU. container, token: of a fact that names one, to be found by.
_STATION_3 = """
CREATE TABLE booking_3 (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    thing TEXT NOT NULL,
    kind TEXT NOT NULL,
    fact TEXT NOT NULL,             -- JSON, as it went to the cloud
    container TEXT,
    token TEXT,
    at_ms INTEGER NOT NULL,
    device TEXT NOT NULL,
    actor TEXT NOT NULL,
    epoch INTEGER NOT NULL REFERENCES epoch (id),  -- with n: its event, as first recorded
    n INTEGER NOT NULL,
    scan_n INTEGER,                 -- the number of the act's first event; null where an early release booked it
    undone INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO booking_3 (id, thing, kind, fact, at_ms, device, actor, epoch, n, scan_n, undone)
SELECT id, parcel, 'parcel_' || kind,
    CASE kind WHEN 'shelved' THEN json_object('kind', 'parcel_shelved', 'parcel', parcel, 'slot', slot)
              ELSE json_object('kind', 'parcel_' || kind, 'parcel', parcel) END,
    at_ms, device, actor, epoch, n, scan_n, undone
FROM booking ORDER BY id;
DROP TABLE booking;
ALTER TABLE booking_3 RENAME TO booking;
CREATE INDEX booking_thing ON booking (thing, id);
CREATE INDEX booking_container ON booking (container) WHERE container IS NOT NULL;
CREATE INDEX booking_token ON booking (token) WHERE token IS NOT NULL;

-- What the cloud told us to expect, as it came; one row once there is one.
CREATE TABLE manifest (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    body BLOB NOT NULL,
    applied_at_ms INTEGER NOT NULL
) STRICT;

-- Wrong guesses, a place each: the counter, the log-in, each cabinet.
CREATE TABLE attempt (
    place TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    level INTEGER NOT NULL,
    locked INTEGER NOT NULL
) STRICT;

-- Who works at which device.
CREATE TABLE session (
    device TEXT PRIMARY KEY,
    staff TEXT NOT NULL,
    since_ms INTEGER NOT NULL
) STRICT;

-- The stock-take that is going on; no row: none.
CREATE TABLE stock_take (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    scope TEXT NOT NULL,
    after_row INTEGER NOT NULL,     -- bookings after this one are its
    began_at_ms INTEGER NOT NULL
) STRICT;
"""

# Cells: what else is known of one besides the parcel that is booked in it; and every wish to open one, committed before the pulse.
_STATION_4 = """
CREATE TABLE cell (
    cell TEXT PRIMARY KEY,
    state TEXT NOT NULL,            -- reserved | open | fault | blocked
    parcel TEXT NOT NULL,           -- that it is reserved for
    since_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE cell_wish (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    cell TEXT NOT NULL,
    purpose TEXT NOT NULL,
    parcel TEXT NOT NULL,
    command TEXT NOT NULL,
    device TEXT NOT NULL,
    actor TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    outcome TEXT                    -- null: begun, and what came of it is not known
) STRICT;
CREATE INDEX cell_wish_open ON cell_wish (cell) WHERE outcome IS NULL;
"""

# Photographs, which lie in a folder beside this file under their SHA-256.
_STATION_5 = """
CREATE TABLE photo (
    sha256 TEXT PRIMARY KEY,
    content_type TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    kept_at_ms INTEGER NOT NULL,
    sent_at_ms INTEGER              -- null: the cloud does not have it
) STRICT;
CREATE INDEX photo_waiting ON photo (kept_at_ms) WHERE sent_at_ms IS NULL;
"""

# Why a cell is as it is: open_failed, door_left_open, cell_mismatch, staff; empty: reserved, or of a release before this.
_STATION_6 = "ALTER TABLE cell ADD COLUMN cause TEXT NOT NULL DEFAULT '';"

# The vans that come, as the cloud said last (edge.station.coming), JSON.
_STATION_7 = "CREATE TABLE coming (one INTEGER PRIMARY KEY CHECK (one = 1), body BLOB NOT NULL) STRICT;"

# What edge.cold_chain keeps: every alarm with its life, and what its rules remember.
_ALARMS_1 = """
CREATE TABLE alarm (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    subject TEXT NOT NULL,          -- a sensor's id
    rule TEXT NOT NULL,
    severity TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    raised_ms INTEGER NOT NULL,     -- or became more severe
    value REAL,
    bound REAL,
    explained TEXT NOT NULL,
    detail TEXT NOT NULL,
    acknowledged_ms INTEGER,        -- null: nobody has seen it as severe as it is
    acknowledged_by TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    cleared_ms INTEGER,
    cleared_value REAL,
    closed_ms INTEGER,
    closed_by TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX alarm_open ON alarm (n) WHERE cleared_ms IS NULL OR acknowledged_ms IS NULL;
CREATE TABLE alarm_memory (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    watched BLOB,                   -- edge.rules.alarm_state; null: nothing yet
    limits BLOB NOT NULL            -- as the cloud wants them, JSON
) STRICT;
INSERT INTO alarm_memory VALUES (1, NULL, CAST('{}' AS BLOB));
"""

# A dock's places: the shared one, named "", and those of scanners that do something else (edge.dock.places).
_DOCK_1 = """
CREATE TABLE dock_place (
    device TEXT PRIMARY KEY,
    mode TEXT NOT NULL,
    container TEXT NOT NULL,        -- that is packed into
    load TEXT NOT NULL,             -- that the next container takes
    run TEXT NOT NULL               -- that is loaded
) STRICT;
"""

_OUTBOX_1, _OUTBOX_2, _OUTBOX_3 = OUTBOX_VERSIONS
# Of the whole file, in order: only ever appended to.
FILE_VERSIONS: Sequence[str] = (
    _OUTBOX_1, _STATION_1, _OUTBOX_2, _STATION_2, _STATION_3, _STATION_4, _STATION_5, _ALARMS_1, _OUTBOX_3,
    _DOCK_1, _STATION_6, _STATION_7,
)  # fmt: skip
