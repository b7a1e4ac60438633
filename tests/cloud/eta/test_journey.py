import pytest

from cloud.eta.journey import START, Driven, Stood, driven, share_left, stood
from tests.cloud.eta.runs import MINUTE_MS, hour_of, journey


def test_legs_and_stops_are_read_off_arrivals_and_departures() -> None:
    run = journey((12, 18), (29, None))
    assert driven(run, hour_of) == [Driven("r", 0, "s1", 600.0, 720.0), Driven("r", 0, "s2", 600.0, 660.0)]
    assert stood(run) == [Stood("s1", 300.0, 360.0)]


def test_a_stop_served_in_another_order_is_a_leg_of_its_own() -> None:
    assert driven(journey((None, None), (20, 25), (40, None)), hour_of) == [
        Driven("r", 0, "s2", 1200.0, 1200.0),
        Driven("r", 0, "s3", 600.0, 900.0),
    ]


def test_a_leg_that_ends_before_it_begins_is_none() -> None:
    assert driven(journey((12, 30), (29, None)), hour_of) == [Driven("r", 0, "s1", 600.0, 720.0)]


def test_a_run_knows_where_it_stands_and_what_it_left_last() -> None:
    assert (journey().at_stop, journey().came_from) == (None, (START, 0))
    standing = journey((12, 18), (29, None))
    assert standing.at_stop is not None
    assert (standing.at_stop.stop, standing.came_from, [call.stop for call in standing.ahead]) == (2, (1, 18 * MINUTE_MS), [3])


@pytest.mark.parametrize(("north", "left"), [(0.0, 1.0), (0.005, 0.5), (0.01, 0.0), (-0.01, 1.0)])
def test_how_much_of_a_leg_is_left_goes_by_straight_lines(north: float, left: float) -> None:
    assert share_left((0.0, 0.0), (north, 0.0), (0.01, 0.0)) == pytest.approx(left)


def test_of_a_leg_that_leads_nowhere_nothing_is_left() -> None:
    assert share_left((1.0, 1.0), (2.0, 1.0), (1.0, 1.0)) == 0.0
