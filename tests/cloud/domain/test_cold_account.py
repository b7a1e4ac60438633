"""A parcel's account: its places × the readings there."""

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.boxes import Basis, Boxes, Leg, is_placed, legs, measuring
from cloud.domain.cold_account import ColdAccount, Readings, SensorKey, Verdict, cold_account, goods_of
from cloud.domain.stays import Stay
from edge.rules.alarm_limits import DEFAULT_LIMITS, Goods
from edge.rules.alarm_words import Rule, Severity
from edge.wire.messages import ColdBox

MIN = 60_000
FRIDGE = ColdBox(name="fridge-1", goods="chilled", sensor="fridge-1_c", holds=["C", "7"])
DISPLAY = ColdBox(name="display-1", goods="chilled_wide", sensor="display-1_c")
FREEZER = ColdBox(name="freezer-1", goods="frozen", sensor="freezer-1_c", defrost=["08:00-08:30 +00:00", "nonsense"])
COLD_BOX = ColdBox(name="box-9", goods="chilled", sensor="box-9_c", holds=["TTC9"])
ALL = (FRIDGE, DISPLAY, FREEZER, COLD_BOX)


@pytest.mark.parametrize(
    ("place", "container", "zone", "basis", "boxes"),
    [
        ("C12", "", "chilled", Basis.PLACE, [FRIDGE]),
        ("7", "", "chilled", Basis.PLACE, [FRIDGE]),
        ("D3", "", "chilled", Basis.ZONE, [DISPLAY]),
        ("", "", "chilled", Basis.ZONE, [FRIDGE, DISPLAY, COLD_BOX]),
        ("", "TTC9", "chilled", Basis.CONTAINER, [COLD_BOX]),
        ("", "TTC8", "frozen", Basis.ZONE, [FREEZER]),
        ("F1", "", "frozen", Basis.ZONE, [FREEZER]),
    ],
)
def test_what_measured_is_the_box_of_the_place_or_else_one_of_the_zone(
    place: str, container: str, zone: str, basis: Basis, boxes: list[ColdBox]
) -> None:
    assert measuring(Stay(0, None, "s", place, container), zone, ALL) == (basis, tuple(boxes))


def test_a_place_in_none_of_the_boxes_that_say_what_they_hold_was_measured_by_nobody() -> None:
    assert measuring(Stay(0, None, "s", "D3"), "chilled", (FRIDGE,)) == (Basis.NONE, ())


def test_a_site_that_moves_its_boxes_measures_by_what_was_in_force() -> None:
    said = [Boxes(50 * MIN, (FRIDGE,)), Boxes(100 * MIN, (DISPLAY,))]
    found = legs([Stay(0, None, "s", "C1")], "chilled", {"s": said}, {}, 120 * MIN)
    assert [(leg.from_ms // MIN, leg.to_ms // MIN, leg.boxes) for leg in found] == [(0, 100, (FRIDGE,)), (100, 120, (DISPLAY,))]


def test_a_van_measures_where_it_is_known_which_it_was() -> None:
    aboard = Stay(0, 60 * MIN, "dock", container="TTC1", run="r1", is_aboard=True)
    said = {"van-1": [Boxes(0, (DISPLAY,))], "dock": [Boxes(0, (FRIDGE,))]}
    assert [leg.boxes for leg in legs([aboard], "chilled", said, {"r1": "van-1"}, 90 * MIN)] == [(DISPLAY,)]
    assert [(leg.basis, leg.boxes) for leg in legs([aboard], "chilled", said, {}, 90 * MIN)] == [(Basis.NONE, ())]


@pytest.mark.parametrize(
    ("basis", "place", "is_aboard", "vouches"),
    [
        (Basis.PLACE, "C3", False, True),
        (Basis.CONTAINER, "", False, True),
        (Basis.ZONE, "D3", False, True),
        (Basis.ZONE, "", True, True),
        (Basis.ZONE, "", False, False),
        (Basis.NONE, "Z1", True, False),
    ],
)
def test_readings_vouch_for_a_parcel_only_where_it_is_known_to_have_lain(
    basis: Basis, place: str, is_aboard: bool, vouches: bool
) -> None:
    assert is_placed(basis, place, is_aboard=is_aboard) is vouches


def test_the_class_is_the_zones_unless_every_article_bears_more() -> None:
    assert goods_of("chilled", ["chilled_wide", "chilled_wide"]) is Goods.CHILLED_WIDE
    assert goods_of("chilled", ["chilled_wide", None]) is Goods.CHILLED
    assert goods_of("chilled", []) is Goods.CHILLED
    assert goods_of("frozen", ["chilled_wide"]) is Goods.FROZEN
    assert goods_of("ambient", []) is None


def minutely(values: Sequence[float | None], from_min: int = 0) -> Readings:
    return [((from_min + minute) * MIN, value) for minute, value in enumerate(values)]


def leg(from_min: int, to_min: int, *boxes: ColdBox, site: str = "s") -> Leg:
    stay = Stay(from_min * MIN, to_min * MIN, site, "C1")
    return Leg(stay, stay.from_ms, to_min * MIN, Basis.PLACE if len(boxes) == 1 else Basis.ZONE, boxes)


def judged(parcel_legs: Sequence[Leg], readings: dict[SensorKey, Readings], goods: Goods = Goods.CHILLED) -> ColdAccount:
    return cold_account(goods, DEFAULT_LIMITS[goods], parcel_legs, readings, {})


def test_all_the_way_in_range_and_seen() -> None:
    found = judged([leg(0, 60, FRIDGE)], {("s", "fridge-1_c"): minutely([3.0] * 60)})
    assert (found.verdict, found.total.coverage, found.excursions) == (Verdict.IN_RANGE, 1.0, ())
    assert (found.coldest_c, found.warmest_c, found.basis) == (3.0, 3.0, Basis.PLACE)
    assert found.total.mean_kinetic_c == pytest.approx(3.0)


def test_only_what_it_was_there_for_counts() -> None:
    """The fridge stood open for half an hour before it came and after it went: a minute at either end is its own."""
    values = [9.5] * 30 + [4.0] * 60 + [9.5] * 30
    found = judged([leg(29, 91, FRIDGE)], {("s", "fridge-1_c"): minutely(values)})
    assert (found.total.above_min, found.verdict) == (2.0, Verdict.BREACH), "at once, for it was 4 °C beyond"
    found = judged([leg(30, 90, FRIDGE)], {("s", "fridge-1_c"): minutely(values)})
    assert (found.total.above_min, found.verdict) == (0.0, Verdict.IN_RANGE)


@pytest.mark.parametrize(
    ("minutes", "verdict", "severity"),
    [(9, Verdict.EXCURSION, None), (12, Verdict.EXCURSION, Severity.WARNING), (20, Verdict.BREACH, Severity.CRITICAL)],
)
def test_an_excursion_is_a_breach_beyond_limit_and_duration(
    minutes: int, verdict: Verdict, severity: Severity | None
) -> None:  # fmt: skip
    values = [3.0] * 10 + [6.5] * minutes + [3.0] * 10
    found = judged([leg(0, len(values), FRIDGE)], {("s", "fridge-1_c"): minutely(values)})
    (one,) = found.excursions
    assert (found.verdict, one.severity, one.minutes, one.peak_c, one.rule) == (verdict, severity, minutes, 6.5, Rule.HIGH)
    assert (one.from_ms, one.to_ms) == (10 * MIN, (10 + minutes) * MIN)
    assert found.breached_ms == (10 * MIN if verdict is Verdict.BREACH else None)


def test_ten_minutes_in_the_van_and_twelve_on_the_shelf_are_one_excursion_of_the_parcel() -> None:
    readings = {("van", "fridge-1_c"): minutely([6.5] * 10), ("s", "fridge-1_c"): minutely([6.5] * 12 + [3.0] * 9, 10)}
    found = judged([leg(0, 10, FRIDGE, site="van"), leg(10, 30, FRIDGE)], readings)
    assert [one.minutes for one in found.excursions] == [22.0]
    assert found.verdict is Verdict.BREACH
    assert [one.exposure.above_min for one in found.legs] == [10.0, 12.0]


def test_too_cold_is_out_of_range_too() -> None:
    found = judged([leg(0, 40, FRIDGE)], {("s", "fridge-1_c"): minutely([-1.5] * 25 + [3.0] * 15)})
    assert [(one.rule, one.peak_c, one.severity) for one in found.excursions] == [(Rule.LOW, -1.5, Severity.CRITICAL)]
    assert (found.total.below_min, found.total.below_c_min) == (25.0, 37.5)


def test_a_gap_is_no_reading_and_no_data_is_no_verdict() -> None:
    found = judged([leg(0, 100, FRIDGE)], {("s", "fridge-1_c"): minutely([3.0] * 10)})
    assert found.verdict is Verdict.IN_RANGE
    assert found.total.coverage == pytest.approx(0.135)
    for readings in ({}, {("s", "fridge-1_c"): minutely([None] * 100)}):
        found = judged([leg(0, 100, FRIDGE), leg(100, 110)], readings)
        assert (found.verdict, found.total.coverage, found.basis) == (Verdict.NO_DATA, 0.0, Basis.NONE)


def test_of_two_boxes_it_may_have_been_in_the_worse_counts() -> None:
    readings = {("s", "fridge-1_c"): minutely([3.0] * 60), ("s", "display-1_c"): minutely([8.0] * 60)}
    found = judged([leg(0, 60, FRIDGE, DISPLAY)], readings)
    (only,) = found.legs
    assert (only.box, found.verdict, found.basis) == (DISPLAY, Verdict.BREACH, Basis.ZONE)


def test_a_defrosting_freezer_is_warm_and_no_breach() -> None:
    """From eight: twenty-five minutes at -16, which is what a defrost does; the minutes are told all the same."""
    values = [-20.0] * 480 + [-16.0] * 25 + [-20.0] * 35
    found = judged([leg(0, 540, FREEZER)], {("s", "freezer-1_c"): minutely(values)}, Goods.FROZEN)
    assert (found.verdict, found.total.above_min) == (Verdict.EXCURSION, 25.0)
    assert [(one.minutes, one.severity) for one in found.excursions] == [(0.0, None)]
    late = judged(
        [leg(60, 600, FREEZER)], {("s", "freezer-1_c"): [(at + 60 * MIN, value) for at, value in minutely(values)]}, Goods.FROZEN
    )
    assert late.verdict is Verdict.BREACH


readings_of_an_hour = st.lists(
    st.tuples(st.integers(0, 60).map(lambda minute: minute * MIN), st.one_of(st.none(), st.floats(-30, 30))), max_size=40
)


@given(readings_of_an_hour, st.data())
def test_any_order_and_repetition_of_readings_gives_the_same_account(
    readings: list[tuple[int, float | None]], data: st.DataObject
) -> None:
    repeated: Iterable[tuple[int, float | None]] = data.draw(st.lists(st.sampled_from(readings)) if readings else st.just([]))
    shuffled = data.draw(st.permutations([*readings, *repeated]))
    places = [leg(5, 30, FRIDGE), leg(30, 55, FRIDGE)]
    found = judged(places, {("s", "fridge-1_c"): readings})
    assert judged(places, {("s", "fridge-1_c"): shuffled}) == found
    assert found.total.observed_min <= found.total.expected_min + 1e-9
    assert sum(one.minutes for one in found.excursions) <= found.total.above_min + found.total.below_min + 1e-6
