"""How often a station tidies up: once a minute, and once an hour of the domain clock where that is sooner."""

import asyncio
import itertools
import uuid
from pathlib import Path

import pytest

from edge import housekeeping as housekeeping_module
from edge.housekeeping import ROUNDS_PER_TIDYING, Housekeeping
from edge.outbox import Outbox, StoreSettings
from edge.site_clock import SiteClock
from edge.station.schema import FILE_VERSIONS
from edge.wire.ids import site_id


class SetClock:
    """Domain time as the test sets it."""

    rate = 0.0
    is_simulated = True

    def __init__(self) -> None:
        self.ms = 1_795_000_000_000

    def now_ms(self) -> int:
        return self.ms


async def test_it_is_done_each_minute_and_each_hour_of_a_town_that_runs_fast(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping_module, "ROUND_S", 0.0)
    clock, numbers = SetClock(), itertools.count()
    settings = StoreSettings(tmp_path / "site.db", site_id("st-0001"), "machine", uuid.uuid4, versions=FILE_VERSIONS)
    rounds: list[int] = []
    tidied: list[int] = []

    async def count_round() -> None:
        rounds.append(next(numbers))

    async def note() -> None:
        tidied.append(len(rounds))

    async with Outbox(settings, clock.now_ms) as outbox:
        site_clock = SiteClock(clock, lambda: 0.0, lambda: True, 0)
        keeping = asyncio.create_task(Housekeeping(outbox, site_clock, (count_round,), (note,)).run())

        async def eventually(count: int) -> None:
            async with asyncio.timeout(20):
                while len(tidied) < count:
                    assert not keeping.done()
                    await asyncio.sleep(0)

        await eventually(1)
        assert tidied == [ROUNDS_PER_TIDYING]
        clock.ms += 59 * 60_000
        await eventually(2)
        assert tidied[1] == 2 * ROUNDS_PER_TIDYING, "not yet an hour: as ever"
        clock.ms += 60 * 60_000
        await eventually(3)
        assert tidied[2] < 2 * ROUNDS_PER_TIDYING + 5
        clock.ms -= 10 * 3_600_000  # set back
        await eventually(4)
        assert tidied[3] == 3 * ROUNDS_PER_TIDYING
        keeping.cancel()
        await asyncio.wait([keeping])
