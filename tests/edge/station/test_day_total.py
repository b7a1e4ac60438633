"""What is expected today, as staff read it: the whole day's, however much of it has been fetched."""

from pathlib import Path

import msgspec

from edge.http.act_views import read_day
from tests.edge.station import days
from tests.edge.station.counters import CHEN, Counter, open_counter
from tests.edge.station.days import CODE_OF, WANG_1, WANG_2

DAY = days.manifest()


async def totals(counter: Counter) -> tuple[int, int, int, int]:
    day, standings, undone = counter.station.day, counter.station.standings, counter.station.undone
    seen = await counter.outbox.run(lambda store: read_day(store.execute, day, standings, undone))
    return seen.expected, seen.received, seen.released, seen.missing


async def test_it_does_not_shrink_when_parcels_are_fetched_nor_when_a_new_manifest_leaves_them_out(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "release", DAY) as counter:
        total = len(DAY.parcels)
        assert await totals(counter) == (total, 0, 0, 0)
        await counter.receive(WANG_1, WANG_2)
        asked = await counter.questions.ask(CODE_OF["c-wang"], CHEN)
        await counter.questions.hand_out(asked.id, "c-wang", (), CHEN)
        assert await totals(counter) == (total, 2, 2, 0)
        left = tuple(one for one in DAY.parcels if one.parcel not in (WANG_1, WANG_2))
        await counter.put_in_force(msgspec.structs.replace(DAY, version=2, parcels=left, released=2))
        assert await totals(counter) == (total, 2, 2, 0)
