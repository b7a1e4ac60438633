"""Wrong on purpose, for `make faults MUTANT=…`: the fault tests must notice each. Never chosen outside them.

The proper way is ``edge.sending.EndToEnd``.
"""

import msgspec

from edge.outbox import BatchKey, Outbox, Store
from edge.outbox.records import LANE_NUMBERS
from edge.outbox.transaction import Transaction
from edge.sending import Custody
from edge.wire.codec import decode_events, encode
from edge.wire.envelope import digest
from edge.wire.ids import Lane
from edge.wire.messages import EventBatch


class DeleteBeforeAck:
    """Takes the broker's word for the cloud's: what the broker has is deleted."""

    async def connected(self, outbox: Outbox) -> None:
        """Nothing."""

    def taken(self, outbox: Outbox, key: BatchKey) -> None:
        """Forget it."""

        def forget(store: Store) -> None:
            if store.list.is_waiting(key):
                place = (key.epoch, LANE_NUMBERS[key.lane], key.seq)
                store.transact(lambda one: one.execute("DELETE FROM batch WHERE epoch = ? AND lane = ? AND seq = ?", place))
                store.list.settle([key])

        outbox.run(forget)


class ResealDifferently:
    """Builds what waits anew at each connection, under the same keys."""

    async def connected(self, outbox: Outbox) -> None:
        """Every event that waits gets other bytes."""
        await outbox.run(_reseal)

    def taken(self, outbox: Outbox, key: BatchKey) -> None:
        """Nothing."""


def _reseal(store: Store) -> None:
    for key in list(store.list.after(None, Lane.EVENT)):
        found = store.still_waiting(key)
        if found is None:
            continue
        (event,) = decode_events(found[0].payload).events
        payload = encode(EventBatch(events=[msgspec.structs.replace(event, actor=f"{event.actor}+")]))

        def work(transaction: Transaction, payload: bytes = payload, key: BatchKey = key) -> None:
            transaction.execute(
                "UPDATE batch SET payload = ?, sha256 = ? WHERE epoch = ? AND lane = 1 AND seq = ?",
                (payload, digest(payload), key.epoch, key.seq),
            )

        store.transact(work)


MUTANTS: dict[str, type[Custody]] = {"delete-before-ack": DeleteBeforeAck, "reseal-differently": ResealDifferently}
