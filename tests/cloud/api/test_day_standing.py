"""What is known of a day that is underway: where a van is, when it can go on, what it still has to fetch."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud.api.day_standing import Standing
from cloud.routing.answer import PlanSaid, RouteSaid, StopSaid
from cloud.routing.day import ByZone, Day
from cloud.store.runs_underway import RunNow, StopNow
from tests.cloud.routing.underway import HOUR_S, asked

MIDNIGHT = datetime(2026, 11, 22, 16, tzinfo=UTC)
EIGHT = MIDNIGHT + timedelta(hours=8)
NONE = ByZone()


def stop(number: int, site: str, state: str = "pending", arrived: datetime | None = None) -> StopNow:
    planned = EIGHT + timedelta(minutes=10 * number)
    return StopNow(number, site, state, planned, planned + timedelta(minutes=6), arrived, None)


def run(*stops: StopNow, state: str = "departed", **more: Any) -> RunNow:
    wanted: dict[str, Any] = {"planned_start": EIGHT, "departed_at": EIGHT, "fix_at": None, "lat": None, "lon": None, **more}
    return RunNow(1, "R1123-1", state, stops=stops, **wanted)


def plan(day: Day, trips: dict[str, int]) -> PlanSaid:
    names = {one.place.site: one.place.name for one in day.stations}
    stops = tuple(StopSaid(site, names[site], trip, 0, 0, NONE) for site, trip in trips.items())
    route = RouteSaid("1", "van-1", 0, 0, stops, NONE, NONE, NONE, 0, 0, 0, 0, 0, ())
    return PlanSaid((route,), (), 0, 0, 0, 0, 0, 0, is_estimate=True, engine="", ways="")


def standing(one: RunNow, trips: dict[str, int], scanned: tuple[tuple[str, str], ...] = ()) -> Standing:
    day = asked(vans=1)
    return Standing(1, day, plan(day, trips), {"1": one}, scanned, MIDNIGHT, 9 * HOUR_S, (31.2, 121.4))


TRIPS = {"st-1": 1, "st-2": 1, "st-3": 2}


def test_a_van_that_stands_at_a_stop_goes_on_once_it_has_unloaded() -> None:
    here = stop(1, "st-1", "at_stop", EIGHT + timedelta(minutes=58))
    now = standing(run(here, stop(2, "st-2")), TRIPS).situation()
    (van,) = now.vans
    assert van.free_s == 9 * HOUR_S + 4 * 60
    assert (now.served, [one.site for one in van.ahead]) == (("st-1",), ["st-2"])
    at = next(one.place for one in asked(vans=1).stations if one.place.site == "st-1")
    assert (van.lat, van.lon) == (at.lat, at.lon)


def test_a_van_is_where_it_was_seen_since_it_left_and_not_where_it_stood_before() -> None:
    seen = run(stop(1, "st-1"), fix_at=EIGHT + timedelta(minutes=5), lat=31.3, lon=121.3)
    assert (standing(seen, TRIPS).situation().vans[0].lat, standing(seen, TRIPS).situation().vans[0].lon) == (31.3, 121.3)
    before = run(stop(1, "st-1"), fix_at=EIGHT - timedelta(hours=5), lat=31.3, lon=121.3)
    assert standing(before, TRIPS).situation().vans[0].lat == 31.2


@pytest.mark.parametrize(("scanned", "lying"), [((), ["st-3"]), ((("st-3", "R1123-1"),), [])])
def test_what_a_later_trip_brings_lies_at_the_depot_until_it_is_scanned_aboard(
    scanned: tuple[tuple[str, str], ...], lying: list[str]
) -> None:
    now = standing(run(stop(1, "st-1", "signed"), stop(2, "st-2"), stop(3, "st-3")), TRIPS, scanned).situation()
    assert [one.site for one in now.lying] == lying
    assert now.is_aboard("st-2")


def test_a_van_that_loads_leaves_when_it_is_loaded_and_one_that_is_planned_has_nothing_aboard() -> None:
    loading = standing(run(stop(1, "st-1"), state="loading", planned_start=EIGHT + timedelta(hours=2)), TRIPS).situation()
    assert (loading.vans[0].free_s, loading.is_aboard("st-1")) == (10 * HOUR_S, True)
    planned = standing(run(stop(1, "st-1"), state="assigned"), TRIPS).situation()
    assert (planned.vans[0].free_s, planned.is_aboard("st-1")) == (9 * HOUR_S, False)


def test_runs_that_are_over_stop_or_free_their_vans() -> None:
    assert standing(run(stop(1, "st-1"), state="aborted"), TRIPS).situation().vans[0].is_out
    done = standing(run(stop(1, "st-1", "signed"), state="completed"), TRIPS).situation().vans[0]
    assert (done.run, done.is_loaded, done.is_out) == ("", False, False)


def test_a_stop_that_is_approached_is_a_head_and_a_skipped_one_is_aside() -> None:
    now = standing(run(stop(1, "st-1", "skipped"), stop(2, "st-2"), stop(3, "st-4", "approaching")), TRIPS).situation()
    assert now.vans[0].heads == ("st-4",)
    assert [(one.site, one.van) for one in now.aside] == [("st-1", "1")]
