"""After a conflict nack: the content goes on under a new epoch, because its key belongs to somebody else's content.

It happens where two machines run on copies of one file, or the file is an old backup. Only the batch that was refused moves:
the cloud has said that it does not hold *this* content. Every other batch that waits keeps key and bytes, for the cloud may
hold it already and only the acknowledgement was lost; sealing it anew would book it twice. If it is refused too, it moves then.
An event's number is its batch's seq, so no event of ours can hide another machine's event behind a key that is still free.
"""

from typing import TYPE_CHECKING

import msgspec

from edge.outbox import lanes
from edge.outbox.records import LANE_NUMBERS, BatchKey, SealedBatch
from edge.outbox.transaction import Execute, Transaction
from edge.wire.codec import decode_events, encode
from edge.wire.ids import Epoch, EventId, EventNumber, Lane, parse_epoch
from edge.wire.messages import EventBatch, EventUndone

if TYPE_CHECKING:
    from edge.outbox.store import Store


def move(store: "Store", key: BatchKey, now_ms: int) -> None:
    """Seal one waiting batch again, in the epoch of today; if that is the epoch of the conflict, a new one is opened."""

    def work(transaction: Transaction) -> int:
        batch = lanes.read(transaction.execute, key)
        if batch is None:
            return 0
        if key.epoch == transaction.counters.epoch_number:
            transaction.open_epoch(Epoch(store.settings.new_uuid()), "conflict", now_ms)
        payload = batch.payload if key.lane is not Lane.EVENT else _renumbered(batch, transaction)
        moved_to = transaction.seal(key.lane, payload, now_ms)
        lanes.mark_moved(transaction.execute, key, transaction.counters.epoch_number, moved_to, now_ms)
        store.settings.on_step("moving")
        return len(batch.payload)

    if store.still_waiting(key) is None:  # damaged: there is nothing left to seal
        return
    store.kept_bytes += store.transact(work)
    store.list.settle([key])
    store.settings.on_step("moved")


def current_id(execute: Execute, event: EventId) -> EventId:
    """Where an event of this file is now: its own id, or the one it got after conflicts."""
    while True:
        moved = execute(
            """SELECT target.uuid, moved_seq FROM batch
               JOIN epoch ON epoch.id = batch.epoch JOIN epoch AS target ON target.id = batch.moved_epoch
               WHERE epoch.uuid = ? AND lane = ? AND seq = ?""",
            (str(event.epoch), LANE_NUMBERS[Lane.EVENT], event.n),
        ).fetchall()
        if not moved:
            return event
        ((uuid, n),) = moved
        event = EventId(event.site, parse_epoch(uuid), EventNumber(n))


def _renumbered(batch: SealedBatch, transaction: Transaction) -> bytes:
    """The same event, same order and time, with the number of its new key; an undo follows its target."""
    (event,) = decode_events(batch.payload).events
    fact = event.fact
    if isinstance(fact, EventUndone):
        fact = msgspec.structs.replace(fact, target=str(current_id(transaction.execute, EventId.parse(fact.target))))
    return encode(EventBatch(events=[msgspec.structs.replace(event, n=EventNumber(transaction.counters.next_event), fact=fact)]))
