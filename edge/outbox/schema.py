"""The site's SQLite file: how it is opened, and the tables the outbox owns in it.

What a site books (parcels, commands) are the station's tables; they live in the same file, so that one commit holds both.
"""

from collections.abc import Sequence
from pathlib import Path

import apsw

BUSY_MS = 5_000  # `python -m edge status` reads beside the agent; it never holds a lock for long
CACHE_KIB = 16_000  # the two months of bookings a scan looks itself up in, and the day's batches
# A WAL of 1,000 pages (SQLite's default, 4 MB) is checkpointed inside somebody's commit. Housekeeping does it in quiet
# moments, so this is only the bound for a day without any.
WAL_PAGES = 4_000

# Version 1. Lanes: 1 event, 2 live, 3 backfill. Times are ms since 1970 by the site's clock.
_VERSION_1 = """
CREATE TABLE epoch (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    reason TEXT NOT NULL,           -- created | machine | conflict
    opened_at_ms INTEGER NOT NULL
) STRICT;

-- One row: who this file belongs to, and the counters. They move in the transaction of what they number, so no number is
-- ever given twice within an epoch, as with AUTOINCREMENT, but starting at 1 in every epoch, which the cloud's floors need.
CREATE TABLE state (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    site TEXT NOT NULL,
    machine TEXT NOT NULL,
    epoch INTEGER NOT NULL REFERENCES epoch (id),
    boot INTEGER NOT NULL,
    hlc INTEGER NOT NULL,
    next_event INTEGER NOT NULL,
    next_live INTEGER NOT NULL,
    next_backfill INTEGER NOT NULL,
    last_sync_ms INTEGER            -- of the last acknowledgement
) STRICT;

-- A batch never changes once it is here; only what is known of its fate does. A batch of lane 1 holds one event, whose
-- number is the batch's seq.
CREATE TABLE batch (
    epoch INTEGER NOT NULL REFERENCES epoch (id),
    lane INTEGER NOT NULL CHECK (lane IN (1, 2, 3)),
    seq INTEGER NOT NULL CHECK (seq >= 1),
    payload BLOB NOT NULL,
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
    sealed_at_ms INTEGER NOT NULL,
    settled_at_ms INTEGER,          -- null: the cloud has not said that it has it
    moved_epoch INTEGER,            -- where its content went after a conflict
    moved_seq INTEGER,
    PRIMARY KEY (epoch, lane, seq)
) STRICT, WITHOUT ROWID;

-- Telemetry of an outage, not yet sealed. kind: 1 sensor, 2 position.
CREATE TABLE reading (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind INTEGER NOT NULL,
    sensor TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    boot INTEGER NOT NULL,
    clock TEXT NOT NULL,
    value REAL,
    quality INTEGER NOT NULL,
    lat REAL,
    lon REAL,
    speed_m_s REAL,
    heading_deg REAL,
    thinned INTEGER NOT NULL DEFAULT 0   -- times every second of its neighbours was dropped for want of space
) STRICT;
"""

# Version 2. Batches whose bytes are not those that were sealed: the card has changed them. Never sent, never deleted.
_VERSION_2 = """
CREATE TABLE damaged (
    epoch INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    payload BLOB NOT NULL,
    sha256 BLOB NOT NULL,
    sealed_at_ms INTEGER NOT NULL,
    found_boot INTEGER NOT NULL,
    PRIMARY KEY (epoch, lane, seq)
) STRICT, WITHOUT ROWID;
"""

# Version 3. What nobody can guess of this file's name at the broker (SQLite takes it from the operating system's randomness).
_VERSION_3 = """
CREATE TABLE broker_client (one INTEGER PRIMARY KEY CHECK (one = 1), secret BLOB NOT NULL) STRICT;
INSERT INTO broker_client VALUES (1, randomblob(16));
"""

OUTBOX_VERSIONS: Sequence[str] = (_VERSION_1, _VERSION_2, _VERSION_3)


class FileTooNewError(Exception):
    """The file was written by a newer release; the text says what to do."""


def connect(path: Path, *, vfs: str | None = None) -> apsw.Connection:
    """Open for writing: WAL, every commit on the disk before it returns."""
    connection = apsw.Connection(str(path), vfs=vfs)
    connection.set_busy_timeout(BUSY_MS)
    # Otherwise a statement is planned anew for every value bound to it: 8 µs of a scan's 150.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
    return connection


def connect_to_read(path: Path) -> apsw.Connection:
    """Open beside a running agent, or without one; nothing can be changed through it. apsw.CantOpenError if there is no file."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)  # a WAL is only readable with its -shm
    connection.set_busy_timeout(BUSY_MS)
    connection.execute("PRAGMA query_only = ON")
    return connection


def migrate(connection: apsw.Connection, versions: Sequence[str]) -> None:
    """Bring the file up to ``versions``, each in a transaction of its own. FileTooNewError if it is beyond them."""
    found = connection.pragma("user_version")
    if found > len(versions):
        raise FileTooNewError(
            f"{connection.filename}: written by a newer release (version {found}, known {len(versions)}); upgrade the agent"
        )
    for version in range(found, len(versions)):
        with connection:
            connection.execute(versions[version])
            connection.execute(f"PRAGMA user_version = {version + 1}")
