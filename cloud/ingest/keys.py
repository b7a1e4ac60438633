"""Which batches of a flush are new: one key row a batch, in the transaction of its rows (ARCHITECTURE, decision 2).

A repeat is a duplicate, the same key with other content a conflict. Telemetry's keys below the floor are gone: what comes there is
a repeat. Events' keys are all kept: one that is absent is new, also below the floor, where an old card image put back may write.
Leaves moving the floor to `floors`.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from cloud.ingest.batch import LANE_NUMBER, BatchKey, Rejected, Sealed
from cloud.store.pool import Connection
from edge.wire.ids import Epoch, Lane, SiteId

Item = Sealed | Rejected


@dataclass(slots=True)
class Sorted:
    """The items of a flush that have a key, by what became of the key."""

    new: list[Item] = field(default_factory=list)
    duplicate: list[Item] = field(default_factory=list)
    conflict: list[Item] = field(default_factory=list)


_TAKE = """
INSERT INTO batch (site_id, epoch, lane, seq, sha256, received_at)
SELECT site, epoch, lane, seq, decode(sha256, 'hex'), %s
FROM jsonb_to_recordset(%s::jsonb) AS given (site text, epoch uuid, lane smallint, seq bigint, sha256 text)
ORDER BY 1, 2, 3, 4
ON CONFLICT DO NOTHING
RETURNING site_id, epoch, lane, seq
"""

_HELD = """
SELECT site_id, epoch, lane, seq, sha256 FROM batch
WHERE (site_id, epoch, lane, seq) IN (
    SELECT * FROM unnest(%(sites)s::text[], %(epochs)s::uuid[], %(lanes)s::smallint[], %(seqs)s::bigint[])
)
"""

_BELOW_FLOOR = """
DELETE FROM batch USING lane_floor f
WHERE (batch.site_id, batch.epoch, batch.lane) = (f.site_id, f.epoch, f.lane) AND batch.seq < f.floor
    AND (batch.site_id, batch.epoch, batch.lane, batch.seq) IN (
        SELECT * FROM unnest(%(sites)s::text[], %(epochs)s::uuid[], %(lanes)s::smallint[], %(seqs)s::bigint[])
    )
RETURNING batch.site_id, batch.epoch, batch.lane, batch.seq
"""

# Asked after the keys were inserted, never before: where the floor moved and took our key away in between, our insert waited
# for it, and this sees the new floor.
_FLOORS = """
SELECT site_id, epoch, lane, floor FROM lane_floor
WHERE (site_id, epoch, lane) IN (SELECT * FROM unnest(%(sites)s::text[], %(epochs)s::uuid[], %(lanes)s::smallint[]))
"""


ReadKeys = Callable[[], Awaitable[Sorted]]


async def take_keys(connection: Connection, items: Sequence[Item], received_at: datetime) -> Sorted:
    """Insert the keys of all items that have one and sort the items by what came of it.

    Within one flush the first of several items with the same key speaks for it.
    """
    return await (await ask_keys(connection, items, received_at))()


async def ask_keys(connection: Connection, items: Sequence[Item], received_at: datetime) -> ReadKeys:
    """The first half of `take_keys`: the keys are on their way in; call what it returns to read what came of it."""
    repeated = Sorted()
    first: dict[BatchKey, Item] = {}
    for item in items:
        if (key := item.key) is None:
            continue
        if key not in first:
            first[key] = item
        elif _hash(item) == _hash(first[key]):
            repeated.duplicate.append(item)
        else:
            repeated.conflict.append(item)
    read_taken = await _take(connection, first, received_at) if first else None

    async def read() -> Sorted:
        return repeated if read_taken is None else await _sort(connection, first, repeated, *await read_taken())

    return read


async def _sort(
    connection: Connection, first: dict[BatchKey, Item], found: Sorted, taken: set[BatchKey], late: set[BatchKey]
) -> Sorted:
    found.new = [item for key, item in first.items() if key in taken and key not in late]
    found.duplicate += [first[key] for key in late]
    held = await _held(connection, [key for key in first if key not in taken])
    for key, item in first.items():
        if key not in taken:
            (found.duplicate if held.get(key, _hash(item)) == _hash(item) else found.conflict).append(item)
    return found


async def ask_no_keys(_connection: Connection, items: Sequence[Item], _received_at: datetime) -> ReadKeys:
    """The mutant `no-dedupe`: everything is new. Only for the tests that have to notice it."""

    async def read() -> Sorted:
        return Sorted(new=[item for item in items if item.key is not None])

    return read


def _hash(item: Item) -> bytes:
    return b"" if item.envelope is None else item.envelope.sha256


def _columns(keys: Sequence[BatchKey]) -> dict[str, list[object]]:
    return {
        "sites": [key.site for key in keys],
        "epochs": [key.epoch for key in keys],
        "lanes": [key.lane for key in keys],
        "seqs": [key.seq for key in keys],
    }


_Taken = tuple[set[BatchKey], set[BatchKey]]


async def _take(connection: Connection, first: dict[BatchKey, Item], received_at: datetime) -> Callable[[], Awaitable[_Taken]]:
    """Ask for the keys; what it returns reads which were not there before, and which of those are below their floor: not kept."""
    rows = [{**key._asdict(), "sha256": _hash(first[key]).hex()} for key in sorted(first)]
    inserted = await connection.execute(_TAKE, (received_at, msgspec.json.encode(rows).decode()))
    lanes = sorted({key[:3] for key in first if key.lane != LANE_NUMBER[Lane.EVENT]})

    async def read() -> _Taken:
        taken = {BatchKey(*row) for row in await inserted.fetchall()}
        return taken, await _drop_late(connection, taken, lanes) if lanes else set()

    return read


async def _drop_late(connection: Connection, taken: set[BatchKey], lanes: Sequence[tuple[SiteId, Epoch, int]]) -> set[BatchKey]:
    """Telemetry's keys below their lane's floor are not kept; events' always are."""
    columns = {"sites": [lane[0] for lane in lanes], "epochs": [lane[1] for lane in lanes], "lanes": [lane[2] for lane in lanes]}
    standing = await connection.execute(_FLOORS, columns)
    floors = {(site, epoch, lane): floor for site, epoch, lane, floor in await standing.fetchall()}
    late = sorted(key for key in taken if key.seq < floors.get(key[:3], 1))
    if late:
        await connection.execute(_BELOW_FLOOR, _columns(late))
    return set(late)


async def _held(connection: Connection, keys: Sequence[BatchKey]) -> dict[BatchKey, bytes]:
    if not keys:
        return {}
    cursor = await connection.execute(_HELD, _columns(keys))
    return {BatchKey(*row[:4]): row[4] for row in await cursor.fetchall()}
