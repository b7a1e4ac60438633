"""Which run a van at home drives: the day's, and another that a new plan makes once that is over."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from firmware_sim.town.dispatching import Run
from firmware_sim.town.trips import Phase, Trip
from firmware_sim.town.yard import Yard

DAY = date(2026, 11, 24)
HOME = (31.2, 121.4)


@dataclass
class Office:
    """The dispatcher's runs, the town's memory and the van's home."""

    runs_: list[Run] = field(default_factory=list)
    is_planned: bool = True
    home: tuple[float, float] = HOME

    def has_batch(self, act: str, day: date) -> bool:
        assert (act, day) == ("plan", DAY)
        return self.is_planned

    async def runs(self, _day: date) -> list[Run]:
        return self.runs_


def yard(office: Office) -> Yard:
    any_: Any = office
    return Yard("van-1", any_, any_, any_, any_, any_, any_)


def run(number: int, state: str, vehicle: str = "van-1") -> Run:
    return Run(number, f"R{number}", vehicle, state, [])


async def test_it_drives_the_days_run_and_none_where_the_others_take_it_all() -> None:
    assert await yard(Office(is_planned=False)).find(DAY, None) is None
    assert await yard(Office()).find(DAY, None) is None, "not planned yet"
    assert await yard(Office([run(7, "assigned")])).find(DAY, None) == Trip(7, begin=HOME)
    others = await yard(Office([run(8, "assigned", "van-2")])).find(DAY, None)
    assert others is not None
    assert others.phase is Phase.BACK


async def test_once_it_is_back_it_drives_what_a_new_plan_gives_it_and_knows_what_it_has_brought() -> None:
    back = Trip(7, Phase.BACK, begin=HOME, visited=("st-1",), brought=("st-1",))
    assert await yard(Office([run(7, "completed")])).find(DAY, back) is None
    assert await yard(Office([run(7, "departed")])).find(DAY, back) is None, "the one it has driven"
    again = await yard(Office([run(7, "completed"), run(9, "assigned")])).find(DAY, back)
    assert again == Trip(9, begin=HOME, brought=("st-1",))
    towed = Trip(7, Phase.BACK, begin=(31.3, 121.5))
    assert await yard(Office([run(9, "assigned")])).find(DAY, towed) is None, "it is not at home"
