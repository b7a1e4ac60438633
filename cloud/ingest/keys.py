"""Which batches of a flush are new: one key row a batch, in the transaction of its rows (decision 2).

A repeat is a duplicate, the same key with other content a conflict. Telemetry's keys below the floor are gone: what comes there is
a repeat. Events' keys are all kept: one that is absent is new, also below the floor, where an old card image put back may write.
Leaves moving the floor to `floors`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from cloud.ingest.batch import LANE_NUMBER, BatchKey, Rejected, Sealed
from cloud.store.pool import Connection
from edge.wire.ids import Lane

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


async def take_keys(connection: Connection, items: Sequence[Item], received_at: datetime) -> Sorted:
    """Insert the keys of all items that have one and sort the items by what came of it.

    Within one flush the first of several items with the same key speaks for it.
    """
    found = Sorted()
    first: dict[BatchKey, Item] = {}
    for item in items:
        if (key := item.key) is None:
            continue
        if key not in first:
            first[key] = item
        elif _hash(item) == _hash(first[key]):
            found.duplicate.append(item)
        else:
            found.conflict.append(item)
    if not first:
        return found
    taken, late = await _take(connection, first, received_at)
    found.new = [item for key, item in first.items() if key in taken and key not in late]
    found.duplicate += [first[key] for key in late]
    held = await _held(connection, [key for key in first if key not in taken])
    for key, item in first.items():
        if key not in taken:
            (found.duplicate if held.get(key, _hash(item)) == _hash(item) else found.conflict).append(item)
    return found


async def take_no_keys(_connection: Connection, items: Sequence[Item], _received_at: datetime) -> Sorted:
    """The mutant `no-dedupe`: everything is new. Only for the tests that have to notice it."""
    return Sorted(new=[item for item in items if item.key is not None])


def _hash(item: Item) -> bytes:
    return b"" if item.envelope is None else item.envelope.sha256


def _columns(keys: Sequence[BatchKey]) -> dict[str, list[object]]:
    return {
        "sites": [key.site for key in keys],
        "epochs": [key.epoch for key in keys],
        "lanes": [key.lane for key in keys],
        "seqs": [key.seq for key in keys],
    }


async def _take(connection: Connection, first: dict[BatchKey, Item], received_at: datetime) -> tuple[set[BatchKey], set[BatchKey]]:
    """The keys that were not there before, and those of them that are below their floor and so not to be kept; never events'."""
    keys = sorted(first)
    lanes = sorted({key[:3] for key in keys if key.lane != LANE_NUMBER[Lane.EVENT]})
    columns = {"sites": [lane[0] for lane in lanes], "epochs": [lane[1] for lane in lanes], "lanes": [lane[2] for lane in lanes]}
    rows = [{**key._asdict(), "sha256": _hash(first[key]).hex()} for key in keys]
    taking = (received_at, msgspec.json.encode(rows).decode())
    if not lanes:
        inserted = await connection.execute(_TAKE, taking)
        return {BatchKey(*row) for row in await inserted.fetchall()}, set()
    async with connection.pipeline():
        inserted = await connection.execute(_TAKE, taking)
        standing = await connection.execute(_FLOORS, columns)
        taken = {BatchKey(*row) for row in await inserted.fetchall()}
        floors = {(site, epoch, lane): floor for site, epoch, lane, floor in await standing.fetchall()}
    late = sorted(key for key in taken if key.seq < floors.get(key[:3], 1))
    if late:
        await connection.execute(_BELOW_FLOOR, _columns(late))
    return taken, set(late)


async def _held(connection: Connection, keys: Sequence[BatchKey]) -> dict[BatchKey, bytes]:
    if not keys:
        return {}
    cursor = await connection.execute(_HELD, _columns(keys))
    return {BatchKey(*row[:4]): row[4] for row in await cursor.fetchall()}
