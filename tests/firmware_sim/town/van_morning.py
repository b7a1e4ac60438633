"""A morning of two vans that bring four stations their goods, on real parts: who, when, and in a hurry."""

from datetime import date, datetime

import pytest

from firmware_sim.town import dispatching as dispatching_module
from firmware_sim.town.chances import AS_USUAL
from firmware_sim.town.plan import LOCAL
from firmware_sim.town.trips import Phase
from tests.firmware_sim.town.real_town import RealTown, hurry

DAY = date(2026, 11, 24)
STATIONS = ("st-0001", "st-0002", "st-0003", "st-0004")
VANS = ("van-0001", "van-0002")
SEED = 7
CHANCES = AS_USUAL.worse(0.0)


def hurry_vans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their plan is searched for a second, and both drive."""
    hurry(monkeypatch, lists_every_s=0.5, looks_every_s=0.2)
    monkeypatch.setattr(dispatching_module, "SEARCH_S", 1)
    monkeypatch.setattr(dispatching_module, "_UNEVEN", 0)


def moment(hour: int, minute: int = 0) -> datetime:
    return datetime(DAY.year, DAY.month, DAY.day, hour, minute, tzinfo=LOCAL)


def are_back(real: RealTown) -> bool:
    trips = [truck.driver.trip for truck in real.town.trucks]
    return bool(trips) and all(trip is not None and trip.phase is Phase.BACK for trip in trips)
