"""What screens look at says what the ledger says, whatever was booked, taken back or forgotten between two looks."""

from pathlib import Path

import pytest

from edge.outbox.store import Store
from edge.station import ledger
from edge.station.standings import Standings
from edge.station.station import Station
from tests.edge.station.counters import CHEN, Counter, open_counter
from tests.edge.station.days import BAGS, LI_1, STRANGE, WANG_1, WANG_2


async def agrees(counter: Counter) -> list[str]:
    """What lies here; asserted to be what the ledger reads from the beginning."""
    station: Station = counter.station
    day, undone = station.day, station.undone

    def look(store: Store, standings: Standings) -> list[str]:
        standings.refresh(store.execute, undone)
        for label in (WANG_1, WANG_2, LI_1, STRANGE):
            assert standings.parcel(store.execute, day, label) == ledger.parcel(store.execute, day, label)._replace(gone=None)
        assert standings.container(store.execute, day, BAGS) == ledger.container(store.execute, day, BAGS)
        here = standings.here(store.execute, day)
        assert here == ledger.here(store.execute, day)
        return [one.parcel for one in here]

    return await counter.outbox.run(lambda store: look(store, station.standings))


async def test_a_look_agrees_with_the_ledger_after_every_act(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_counter(tmp_path, "receive") as counter:
        assert await agrees(counter) == []
        await counter.scan(BAGS)
        await counter.scan(WANG_1)
        assert await agrees(counter) == [WANG_1]
        await counter.scan(STRANGE)
        await counter.desk.shelve(WANG_1, "A1", CHEN)
        await counter.scan(WANG_2)
        assert await agrees(counter) == sorted([WANG_1, WANG_2, STRANGE])
        await counter.station.undo(None, CHEN.actor)
        assert await agrees(counter) == sorted([WANG_1, STRANGE])
        await counter.desk.dispose(WANG_1, "damaged", "", CHEN)
        assert await agrees(counter) == [STRANGE]
        # A clock that jumps by centuries makes nobody forget what lies here.
        await counter.outbox.transact(lambda transaction: ledger.forget_old(transaction.execute, 2 * 10**13))
        assert await agrees(counter) == [STRANGE]
        monkeypatch.setattr(ledger, "NEWEST_KEPT", 0)
        await counter.outbox.transact(lambda transaction: ledger.forget_old(transaction.execute, 2 * 10**13))
        assert await agrees(counter) == []
