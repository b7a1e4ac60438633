"""Whose place it was where goods were out of range for too long."""

import pytest

from cloud.domain.boxes import Basis, Leg
from cloud.domain.breach import Breach, WarmPlace, breach_of
from cloud.domain.case import Liability
from cloud.domain.cold_account import ColdAccount, LegAccount, OutOfRange
from cloud.domain.stays import Stay
from edge.rules.alarm_limits import Goods
from edge.rules.alarm_words import Rule, Severity
from edge.rules.exposure import Exposure

MIN = 60_000
KINDS = {"dock": "dock", "s1": "station", "van-1": "van"}
VANS = {"r1": "van-1"}


def leg(
    from_min: int, to_min: int, out_min: float, site: str, *, place: str = "", run: str = "", is_aboard: bool = False
) -> LegAccount:
    stay = Stay(from_min * MIN, to_min * MIN, site, place, run=run, is_aboard=is_aboard)
    exposure = Exposure(observed_min=to_min - from_min, expected_min=to_min - from_min, above_min=out_min)
    return LegAccount(Leg(stay, from_min * MIN, to_min * MIN, Basis.ZONE, ()), None, exposure)


def account(*legs: LegAccount, span: tuple[int, int] = (0, 200), severity: Severity | None = Severity.CRITICAL) -> ColdAccount:
    return ColdAccount(Goods.CHILLED, legs, (OutOfRange(span[0] * MIN, span[1] * MIN, Rule.HIGH, 30.0, 9.0, severity),))


DOCK = leg(0, 20, 5, "dock")
VAN = leg(20, 60, 12, "dock", run="r1", is_aboard=True)
SHELF = leg(60, 100, 11, "s1", place="C3")
LOCKER = leg(100, 140, 2, "s1", place="K1-04")


@pytest.mark.parametrize(
    ("legs", "wanted", "liable"),
    [
        ((DOCK,), Breach(WarmPlace.DOCK, "dock"), Liability.GRID),
        ((DOCK, VAN, SHELF), Breach(WarmPlace.TRUCK, "van-1"), Liability.DRIVER),
        ((DOCK, SHELF, LOCKER), Breach(WarmPlace.STATION, "s1"), Liability.STATION),
        ((LOCKER,), Breach(WarmPlace.LOCKER, "s1"), Liability.STATION),
        ((leg(0, 9, 9, "dock", run="r9", is_aboard=True),), Breach(WarmPlace.TRUCK, ""), Liability.DRIVER),
    ],
)
def test_it_is_where_most_of_the_excess_was(legs: tuple[LegAccount, ...], wanted: Breach, liable: Liability) -> None:
    found = breach_of(account(*legs), KINDS, VANS)
    assert found == wanted
    assert found.place.liable is liable


def test_what_was_out_of_range_before_and_did_not_matter_is_not_asked_for_it() -> None:
    long_but_mild = leg(0, 60, 40, "dock")
    assert breach_of(account(long_but_mild, SHELF, span=(60, 90)), KINDS, VANS) == Breach(WarmPlace.STATION, "s1")


def test_without_a_breach_there_is_no_place() -> None:
    assert breach_of(account(SHELF, severity=Severity.WARNING), KINDS, VANS) is None
    assert breach_of(ColdAccount(Goods.CHILLED, (), ()), KINDS, VANS) is None
