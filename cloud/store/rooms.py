"""Writes live rooms (ARCHITECTURE, decision 5): the newest state of each thing, and the version that is the cursor.

Called last in a transaction: a room's row is locked until the commit, and busy rooms are shared by many. Leaves reading to live.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from cloud.domain.notices import RoomNotice
from cloud.domain.order import iso
from cloud.store.pool import Connection, Cursor
from edge.wire.clock import to_ms


@dataclass(frozen=True, slots=True)
class RoomEntry:
    """The whole new state of one thing in one room, as JSON; None: it left the room."""

    room: str
    key: str
    body: bytes | None


def entry(room: str, key: str, body: object) -> RoomEntry:
    """An entry from anything msgspec can write as JSON."""
    return RoomEntry(room, key, None if body is None else msgspec.json.encode(body))


# A version is the database's real time in microseconds, or the next number where that has not moved on: a database that was
# restored from a backup then never gives out again a cursor that a page holds from the lost time. It stays below 2^53, which
# JavaScript holds exactly.
# Rooms are locked in the order of their names. Whoever waited for a room's row writes its entries after those it waited for.
_CHANGE = """
WITH changed AS (
    INSERT INTO room (name, version, changed_at)
    SELECT name, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, %(at)s
    FROM unnest(%(names)s::text[]) AS name ORDER BY name
    ON CONFLICT (name) DO UPDATE SET
        previous = room.version, version = greatest(room.version + 1, excluded.version), changed_at = excluded.changed_at
    RETURNING name, version, previous
), written AS (
    INSERT INTO room_entry (room, key, version, at, body)
    SELECT given.room, given.key, changed.version, %(at)s, given.body
    FROM jsonb_to_recordset(%(entries)s::jsonb) AS given (room text, key text, body jsonb)
    JOIN changed ON changed.name = given.room
    ON CONFLICT (room, key) DO UPDATE SET version = excluded.version, at = excluded.at, body = excluded.body
)
SELECT name, version, previous FROM changed
"""


class _Row(msgspec.Struct, frozen=True):
    room: str
    key: str
    body: msgspec.Raw


def _raw(body: bytes | None) -> msgspec.Raw:
    return msgspec.Raw(b"null" if body is None else body)


@dataclass(frozen=True, slots=True)
class AskedChange:
    """A change whose versions are not read yet."""

    cursor: Cursor
    entries: tuple[RoomEntry, ...]
    at: datetime


async def change(connection: Connection, entries: Iterable[RoomEntry], at: datetime) -> list[RoomNotice]:
    """Write entries and raise the version of each room. Of two entries with one room and key the last is written.

    What it returns is to be published after the commit.
    """
    return await read_notices(await ask_change(connection, entries, at))


async def ask_change(connection: Connection, entries: Iterable[RoomEntry], at: datetime) -> AskedChange | None:
    """The same, its answer left for `read_notices`; None where nothing changes."""
    newest = {(one.room, one.key): one for one in entries}
    if not newest:
        return None
    cursor = await connection.execute(
        _CHANGE,
        {
            "at": at,
            "names": sorted({room for room, _ in newest}),
            "entries": msgspec.json.encode([_Row(one.room, one.key, _raw(one.body)) for one in newest.values()]).decode(),
        },
    )
    return AskedChange(cursor, tuple(newest.values()), at)


async def read_notices(asked: AskedChange | None) -> list[RoomNotice]:
    """Where the rooms stand after `ask_change`, and what brought them there."""
    if asked is None:
        return []
    of_room: dict[str, list[tuple[str, bytes | None]]] = {}
    for one in asked.entries:
        of_room.setdefault(one.room, []).append((one.key, one.body))
    at = iso(to_ms(asked.at))
    return [
        RoomNotice(room, version, previous, at, tuple(of_room[room])) for room, version, previous in await asked.cursor.fetchall()
    ]
