"""What waits in an outbox, read beside whoever writes it: for `python -m edge status`."""

from dataclasses import replace
from pathlib import Path

import apsw

from edge.outbox import telemetry
from edge.outbox.records import LANES, LaneDepth, OutboxDepth
from edge.outbox.schema import connect_to_read
from edge.outbox.transaction import Execute
from edge.wire.ids import Lane, parse_epoch


def depth(execute: Execute, path: Path) -> OutboxDepth:
    """Queue depth by lane. Walks the batches that are kept: some milliseconds a ten thousand; ``Store.depth`` does not."""
    lanes = {lane: LaneDepth(0) for lane in Lane}
    kept = 0
    for number, waiting, oldest_ms, settled in execute(
        """SELECT lane, count(*) FILTER (WHERE settled_at_ms IS NULL),
                  min(sealed_at_ms) FILTER (WHERE settled_at_ms IS NULL),
                  coalesce(sum(length(payload)) FILTER (WHERE settled_at_ms IS NOT NULL), 0)
           FROM batch GROUP BY lane"""
    ):
        lanes[LANES[number]] = LaneDepth(waiting, 0, oldest_ms)
        kept += settled
    if execute("SELECT 1 FROM sqlite_master WHERE name = 'damaged'").fetchall():  # not before the upgraded agent has run
        for number, damaged in execute("SELECT lane, count(*) FROM damaged GROUP BY lane"):
            lanes[LANES[number]] = replace(lanes[LANES[number]], damaged=damaged)
    readings, first_ms = telemetry.count(execute)
    backfill = lanes[Lane.BACKFILL]
    times = [moment for moment in (backfill.oldest_ms, first_ms) if moment is not None]
    lanes[Lane.BACKFILL] = LaneDepth(backfill.batches, readings, min(times, default=None), backfill.damaged)
    ((uuid, boot, hlc, last_sync_ms),) = execute(
        "SELECT uuid, boot, hlc, last_sync_ms FROM state JOIN epoch ON epoch.id = state.epoch"
    ).fetchall()
    return OutboxDepth(
        lanes=lanes,
        epoch=parse_epoch(uuid),
        boot=boot,
        hlc=hlc,
        last_sync_ms=last_sync_ms,
        kept_bytes=kept,
        file_bytes=file_bytes(path),
    )


def file_bytes(path: Path) -> int:
    """The file with its WAL."""
    return sum(file.stat().st_size for file in (path, path.with_name(path.name + "-wal")) if file.exists())


def depth_of_file(path: Path) -> OutboxDepth | None:
    """The same from outside the agent, whether it runs or not. None: there is no file, or nothing in it yet."""
    if not path.exists():
        return None
    try:
        connection = connect_to_read(path)
    except apsw.CantOpenError:
        return None
    try:
        connection.execute("BEGIN")
        if not connection.pragma("user_version"):
            return None
        return depth(connection.execute, path)
    finally:
        connection.close()
