"""Wrong on purpose, for `make faults MUTANT=…`: the fault tests must notice each. Never chosen outside them.

The proper ways are ``edge.sending.EndToEnd`` and ``edge.station.cabinet.Cabinet``.
"""

import asyncio

import msgspec

from edge.devices.locker import Pulse
from edge.outbox import BatchKey, Outbox, Store
from edge.outbox.records import LANE_NUMBERS
from edge.outbox.transaction import Transaction
from edge.sending import Custody
from edge.station import cell_book
from edge.station.cabinet import Cabinet, Lock
from edge.station.cells import Wish
from edge.station.station import Who
from edge.station.verdict import Verdict
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


PULSE_TRIES = 40  # the board is not there yet, or the door still stands open


class PulseBeforeCommit(Cabinet):
    """Opens the door first, and writes down afterwards that it was to be opened."""

    async def _begin(self, wish: Wish, who: Who) -> int | Verdict:
        lock = self.locks[wish.cell]
        await lock.board.open(lock.number)
        return await super()._begin(wish, who)


class PulseAgain(Cabinet):
    """After a start pulses once more what it had begun to open when it died."""

    _begun: tuple[str, ...] = ()

    async def load(self) -> None:
        """As it is, but what was unfinished is remembered."""
        wishes = await self._outbox.run(lambda store: cell_book.unfinished(store.execute))
        self._begun = tuple(wish.cell for _, wish, _, _ in wishes)
        await super().load()

    async def run(self) -> None:
        """And goes on with what was begun, until a pulse is given."""
        async with asyncio.TaskGroup() as tasks:
            for cell in self._begun:
                tasks.create_task(self._pulse(self.locks[cell]))
            tasks.create_task(super().run())

    async def _pulse(self, lock: Lock) -> None:
        for _ in range(PULSE_TRIES):
            await asyncio.sleep(0.5)
            if (await lock.board.open(lock.number)).pulse is not Pulse.NONE:
                return


MUTANTS: dict[str, type[Custody]] = {"delete-before-ack": DeleteBeforeAck, "reseal-differently": ResealDifferently}
CABINETS: dict[str, type[Cabinet]] = {"pulse-again": PulseAgain, "pulse-before-commit": PulseBeforeCommit}
