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

-- Commands from the cloud; the row is committed before the act (wire.md, "Commands").
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

_OUTBOX_1, _OUTBOX_2 = OUTBOX_VERSIONS
# Of the whole file, in order: only ever appended to.
FILE_VERSIONS: Sequence[str] = (_OUTBOX_1, _STATION_1, _OUTBOX_2, _STATION_2)
