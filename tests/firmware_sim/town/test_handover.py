"""Where a driver goes next when goods change vans, and when a van that stands is waited for no more."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pytest

from firmware_sim.town.dispatching import Crate, Meet, Run, RunStop
from firmware_sim.town.handover import Handover
from firmware_sim.town.hands import NotBookedError
from firmware_sim.town.plan import LOCAL
from firmware_sim.town.trips import Meeting, Phase, Trip

DAY = date(2026, 11, 24)


@dataclass
class Board:
    """The committed plan, as far as meetings go, and the scanner of the van that takes over."""

    meets_: list[Meet]
    refuses: bool = False
    scanned: list[str] = field(default_factory=list)

    async def meets(self, day: date) -> list[Meet]:
        assert day == DAY
        return self.meets_

    async def take_aboard(self, labels: list[str]) -> None:
        if self.refuses:
            raise NotBookedError("the van's agent has not heard yet")
        self.scanned += labels


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(DAY.year, DAY.month, DAY.day, hour, minute, tzinfo=LOCAL)


def run(name: str, *stops: tuple[str, datetime | None]) -> Run:
    return Run(7, name, "van", "departed", [RunStop(n, site, "pending", when) for n, (site, when) in enumerate(stops, 1)])


def meet(hour: int, *crates: tuple[str, str, bool], to_run: str = "R2", from_run: str = "R1") -> Meet:
    return Meet(from_run, to_run, 31.2, 121.4, hour * 3600, [Crate(*one) for one in crates])


def handover(board: Board) -> Handover:
    either: Any = board
    return Handover(either, either)


HELPER = run("R2", ("st-a", at(9)), ("st-b", at(11)))
MEETING = Meeting("R1", 31.2, 121.4, 1)


@pytest.mark.parametrize(
    ("meets", "is_first"),
    [
        ([], False),
        ([meet(8, ("K1", "st-b", False))], True),  # the plan has it before the next stop
        ([meet(10, ("K1", "st-b", False))], False),  # and here after it
        ([meet(10, ("K1", "st-a", False))], True),  # what the next stop gets, whatever the hour
        ([meet(8, ("K1", "st-b", True))], False),  # it has changed vans already
        ([meet(8, ("K1", "st-b", False), to_run="R3")], False),  # another van's
    ],
)
async def test_a_van_meets_another_before_the_stops_that_the_plan_has_after_it(meets: list[Meet], *, is_first: bool) -> None:
    assert await handover(Board(meets)).next(DAY, HELPER, HELPER.stops) == (MEETING if is_first else None)


async def test_of_two_meetings_the_earlier_is_first_and_without_stops_ahead_nobody_goes_to_one() -> None:
    both = [meet(8, ("K1", "st-b", False)), meet(7, ("K2", "st-b", False), from_run="")]
    found = await handover(Board(both)).next(DAY, HELPER, HELPER.stops)
    assert found is not None
    assert found.from_run == "", "at the dock"
    assert await handover(Board(both)).next(DAY, HELPER, []) is None


async def test_what_was_scanned_aboard_is_not_fetched_again_though_the_cloud_has_not_heard_of_it() -> None:
    board = Board([meet(8, ("K1", "st-b", False), ("K2", "st-b", True))])
    hands = handover(board)
    there = Trip(7, Phase.MEETING, meeting=await hands.next(DAY, HELPER, HELPER.stops))
    assert there.is_at_work
    board.refuses = True
    with pytest.raises(NotBookedError):
        await hands.take(DAY, HELPER, there)
    board.refuses = False
    met = await hands.take(DAY, HELPER, there)
    assert met is not None
    assert met.is_over
    assert board.scanned == ["K1"]
    assert await hands.next(DAY, HELPER, HELPER.stops) is None


async def test_a_van_that_stands_is_waited_for_until_others_have_all_of_its_goods() -> None:
    board, stands = Board([meet(8, ("K1", "st-b", False), ("K2", "st-b", True))]), run("R1", ("st-b", at(9)))
    assert not await handover(board).is_relieved(DAY, stands, [])
    board.meets_ = [meet(8, ("K1", "st-b", True), ("K2", "st-b", True))]
    assert await handover(board).is_relieved(DAY, stands, [])
    assert not await handover(board).is_relieved(DAY, stands, stands.stops), "it still has a stop to come to"
    board.meets_ = []
    assert not await handover(board).is_relieved(DAY, stands, []), "a van that was called to wait has given nothing away"
