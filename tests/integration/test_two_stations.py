"""Any interleaving of acts, crashes, outages and re-deliveries ends with the cloud equal to the union of what the stations did."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from cloud.domain.container import brief_of, fold_container
from cloud.domain.events import RecordedEvent
from cloud.domain.order import OrderParcel, fold_order
from cloud.domain.parcel import fold_parcel
from cloud.ingest.batch import Arrival
from cloud.ingest.flush import Flusher
from cloud.store.pool import Connection, connect
from edge.wire.codec import MSGPACK
from edge.wire.envelope import Envelope
from edge.wire.ids import Epoch, EventId, EventNumber, Lane, Seq, SiteId, operator_id, site_id
from edge.wire.messages import SCHEMA, AnyFact, ClockQuality
from edge.wire.order import Hlc
from edge.wire.topics import uplink
from tests.cloud.domain.test_order_fold import ORDER
from tests.cloud.ingest.sites import FixedClock, relate
from tests.conftest import DatabaseSource
from tests.edge.station import days
from tests.edge.station.days import BAGS
from tests.examples import examples
from tests.integration.two_stations import PARCELS, Packet, TwoStations, about, recorded


@dataclass
class Memory:
    """A cloud without a database: the folds alone, each event by its id."""

    events: dict[EventId, RecordedEvent] = field(default_factory=dict)

    async def open(self, sites: Sequence[str]) -> None:
        """Nothing."""

    async def take(self, packets: Sequence[Packet]) -> Collection[Packet]:
        for packet in packets:
            for event in recorded(packet):
                assert self.events.setdefault(event.id, event) == event, "a number was given to two events"
        return packets

    async def knows(self) -> list[RecordedEvent]:
        return list(self.events.values())

    async def check(self, union: Sequence[RecordedEvent]) -> None:
        """As they came or station by station: it comes to the same."""
        came = list(self.events.values())
        for label in PARCELS:
            told, done = ([one for one in events if about(one, label, events)] for events in (came, union))
            assert fold_parcel(told) == fold_parcel(done)
            orders = {
                fold_order(ORDER, [OrderParcel(label, None, fold_parcel(some), brief_of(BAGS, fold_container(some)))])
                for some in (told, done)
            }
            assert len(orders) == 1
        assert fold_container([one for one in came if about(one, BAGS, came)]) == fold_container(
            [one for one in union if about(one, BAGS, union)]
        )

    async def close(self) -> None:
        """Nothing."""


@dataclass
class Database:
    """The cloud's own flush on a real PostgreSQL, a database each."""

    source: DatabaseSource
    clock: FixedClock = field(default_factory=lambda: FixedClock(days.NOON_MS + 86_400_000))
    _stack: ExitStack = field(default_factory=ExitStack)

    async def open(self, sites: Sequence[str]) -> None:
        self._url = self._stack.enter_context(self.source.database())
        await asyncio.to_thread(relate, self._url, days.OPERATOR, *sites)
        self._connection: Connection = await connect(self._url, "two stations")
        self._flusher = Flusher(self._connection, self.clock)

    async def take(self, packets: Sequence[Packet]) -> Collection[Packet]:
        outcome = await self._flusher.flush([self._arrival(packet) for packet in packets])
        assert not outcome.refused, outcome.refused
        assert not outcome.quarantined, outcome.quarantined
        return packets

    async def knows(self) -> list[RecordedEvent]:
        rows = await (
            await self._connection.execute("SELECT site_id, epoch, n, hlc, boot, clock, fact::text FROM event")
        ).fetchall()
        return [
            RecordedEvent(
                SiteId(site), Epoch(epoch), EventNumber(n), Hlc(hlc), 0, 0, ClockQuality(clock), _decode(fact), 0, boot
            )
            for site, epoch, n, hlc, boot, clock, fact in rows
        ]  # fmt: skip

    async def check(self, union: Sequence[RecordedEvent]) -> None:
        """Its rows are what the folds make of both stations' files."""
        rows = await (await self._connection.execute("SELECT id, state, slot, at_site_id FROM parcel")).fetchall()
        held = {str(label): (state, slot, site) for label, state, slot, site in rows}
        for label in PARCELS:
            done = [one for one in union if about(one, label, union)]
            parcel = fold_parcel(done)
            assert held.get(label, ("expected", "", None)) == (parcel.state.value, parcel.slot, parcel.at_site)
        rows = await (await self._connection.execute("SELECT state FROM container WHERE id = %s", (BAGS,))).fetchall()
        container = fold_container([one for one in union if about(one, BAGS, union)])
        assert [state for (state,) in rows] in ([container.state.value], [])

    async def close(self) -> None:
        await self._connection.close()
        self._stack.close()

    def _arrival(self, packet: Packet) -> Arrival:
        batch = packet.batch
        envelope = Envelope(batch.epoch, Lane.EVENT, batch.key.seq, batch.sha256, Seq(1), Seq(1), SCHEMA, self.clock.ms)
        topic = uplink(operator_id(days.OPERATOR), site_id(packet.site), Lane.EVENT)
        return Arrival(topic, batch.payload, tuple(envelope.properties()), MSGPACK, self.clock.ms)


_decode = msgspec.json.Decoder(AnyFact).decode


def test_any_interleaving_at_two_stations_ends_with_the_cloud_knowing_all_of_it_once() -> None:
    class WithMemory(TwoStations):
        def __init__(self) -> None:
            super().__init__(Memory())

    run(WithMemory, 40)


@pytest.mark.timeout(600)
def test_any_interleaving_at_two_stations_ends_with_the_same_in_the_clouds_database(database_source: DatabaseSource) -> None:
    class WithDatabase(TwoStations):
        def __init__(self) -> None:
            super().__init__(Database(database_source))

    run(WithDatabase, 15)


def run(machine: type[TwoStations], thorough: int) -> None:
    run_state_machine_as_test(machine, settings=settings(max_examples=examples(thorough), stateful_step_count=40, deadline=None))
