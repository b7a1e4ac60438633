"""How the file stays small: acknowledged copies leave after a week or 256 MB, and what goes when the disk is full, in order.

Acknowledged copies first, then every second unsealed reading. Events and sealed batches never; then the scan is refused.
"""

from typing import TYPE_CHECKING

import apsw

from edge.outbox import lanes, telemetry
from edge.outbox.transaction import Transaction
from edge.wire.ids import Lane

if TYPE_CHECKING:
    from edge.outbox.store import Store


def prune(store: "Store", now_ms: int) -> int:
    """Delete acknowledged copies past their time or beyond their room, oldest first. Returns how many went."""
    limits = store.settings.limits
    gone = sum(_prune_lane(store, epoch, lane, now_ms - limits.keep_acked_ms) for epoch, lane in store.list.places())
    while store.kept_bytes > limits.keep_acked_bytes:
        rows = _prune_oldest(store)
        if not rows:
            break
        gone += rows
    return gone


def drop_kept(store: "Store") -> None:
    """Disk full, first: all acknowledged copies."""
    for epoch, lane in store.list.places():
        while _prune_lane(store, epoch, lane, None):
            pass
    checkpoint(store)


def thin_readings(store: "Store") -> None:
    """Disk full, second: every second reading that is not sealed."""
    last_id: int | None = 0
    while last_id is not None:
        above_id = last_id

        def work(transaction: Transaction, above_id: int = above_id) -> int | None:
            return telemetry.thin(transaction.execute, above_id)

        last_id = store.attempt(work)
        checkpoint(store)
    store.readings, _ = telemetry.count(store.execute)


def checkpoint(store: "Store") -> None:
    """Bring the WAL into the file and give its room back, as far as no reader stands in the way."""
    try:
        store.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except (apsw.BusyError, apsw.LockedError, apsw.FullError):
        return


def _prune_oldest(store: "Store") -> int:
    """One bounded bite off the lane whose first batch is the oldest of all."""
    ages = [(lanes.oldest_settled_ms(store.execute, epoch, lane), epoch, lane) for epoch, lane in store.list.places()]
    oldest = min(((age, epoch, lane) for age, epoch, lane in ages if age is not None), default=None)
    return 0 if oldest is None else _prune_lane(store, oldest[1], oldest[2], None)


def _prune_lane(store: "Store", epoch: int, lane: Lane, settled_before_ms: int | None) -> int:
    floor = store.list.floor(epoch, lane)

    def work(transaction: Transaction) -> tuple[int, int, int]:
        pruned = lanes.prune_old(transaction.execute, epoch, lane, floor, settled_before_ms)
        if pruned[0]:
            store.settings.on_step("pruning")
        return pruned

    rows, freed_bytes, kept_from = store.attempt(work)
    if rows:
        store.kept_bytes -= freed_bytes
        store.list.pruned(epoch, lane, kept_from)
        store.settings.on_step("pruned")
    return rows
