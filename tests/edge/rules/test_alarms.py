import math

import pytest

from edge.rules.alarm_limits import DEFAULT_LIMITS, Goods, Limits, Window, limits_of
from edge.rules.alarm_state import dump, load
from edge.rules.alarm_words import Explained, Rule, Severity
from edge.rules.alarms import Door, Thermometer, begin, shift
from edge.wire.messages import GoodsLimits
from tests.edge.rules.watching import DOOR, FREEZER, FRIDGE, NOON_MS, Watching, watches_of


def test_over_the_limit_is_a_warning_after_ten_minutes_an_alarm_after_twenty_and_clears_one_degree_inside_for_five() -> None:
    box = Watching()
    box.feel_each_minute(range(5), 3.0)
    box.feel_each_minute(range(5, 40), 6.0)
    box.feel_each_minute(range(40, 43), 4.5)
    box.feel_each_minute(range(43, 60), 3.5)
    assert box.story == [("high", "warning", 15.0), ("high", "critical", 25.0), ("high", "cleared", 48.0)]
    first, second = box.raised
    assert first.id == second.id == f"{FRIDGE}/high/{box.at(5)}"
    assert (first.limit, first.since_ms, first.value) == (5.0, box.at(5), 6.01)


def test_nine_minutes_over_the_limit_are_no_alarm() -> None:
    box = Watching()
    box.feel_each_minute(range(10), 6.0)
    box.feel_each_minute(range(10, 60), 3.0)
    assert box.said == []


def test_a_value_at_the_limit_is_within_it() -> None:
    box = Watching()
    for minute in range(60):
        box.feel(minute, 5.0 if minute % 2 else 4.9)
    assert box.said == []


def test_four_degrees_over_is_an_alarm_at_once() -> None:
    box = Watching()
    box.feel(0, 8.9)
    assert box.said == []
    box.feel(1, 9.0)
    assert box.story == [("high", "critical", 1.0)]


def test_goods_that_must_not_freeze_have_a_limit_below_too() -> None:
    box = Watching()
    box.feel_each_minute(range(11), -0.5)
    box.feel_each_minute(range(11, 30), 2.0)
    assert box.story == [("low", "warning", 10.0), ("low", "cleared", 16.0)]
    box.feel(31, -4.0)
    assert box.story[-1] == ("low", "critical", 31.0)


def test_frozen_goods_may_rebound_to_fifteen_below_for_minutes_and_no_further() -> None:
    box = Watching()
    box.feel_each_minute(range(9), -15.5, FREEZER)
    box.feel_each_minute(range(9, 30), -21.0, FREEZER)
    assert box.said == []
    box.feel(30, -14.5, FREEZER)
    assert box.story == [("high", "warning", 30.0)]


def test_a_box_that_hovers_about_its_limit_is_told_of_too() -> None:
    box = Watching()
    for minute in range(40):
        box.feel(minute, 4.8 if minute % 4 == 3 else 5.3)
    assert box.story[0][:2] == ("high", "warning")
    assert box.raised[0].since_ms == box.at(0)


def test_a_gap_makes_nothing_worse_and_nothing_better() -> None:
    box = Watching()
    box.feel_each_minute(range(6), 6.0)
    box.feel_each_minute(range(66, 71), 6.0)  # 9 minutes observed
    assert [alarm.rule for alarm in box.raised] == [Rule.SILENT]
    box.feel(71, 6.0)
    assert box.story[-1] == ("high", "warning", 71.0)
    assert box.raised[-1].since_ms == box.at(0)
    box.feel_each_minute(range(72, 75), 3.0)
    box.feel_each_minute(range(175, 177), 3.0)
    assert box.story[-1] == ("silent", "cleared", 175.0)
    box.feel(178, 3.0)
    assert box.story[-1] == ("high", "cleared", 178.0)


def test_readings_that_do_not_come_are_silence_after_three_intervals_and_a_reading_ends_it() -> None:
    box = Watching({FRIDGE: watches_of()[FRIDGE]})
    box.feel(0, 3.0)
    box.wait_until(4.4)
    assert box.said == []
    box.feel(4.0, 3.1)
    for minute in range(5, 9):
        box.feel(minute, None, fault="85 °C: power-on value")
    box.wait_until(60)
    assert box.story == [("silent", "warning", 8.5)]
    assert box.raised[0].detail == "85 °C: power-on value"
    assert box.raised[0].since_ms == box.at(5)
    box.feel(70, 3.2)
    assert box.story[-1] == ("silent", "cleared", 70.0)


@pytest.mark.parametrize("nothing", [None, math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_no_value(nothing: float | None) -> None:
    box = Watching()
    box.feel_each_minute(range(8), 6.0)
    box.feel(8, nothing)
    box.feel(9, 6.0)
    assert box.said == []
    box.feel(10, 6.1)
    assert box.story == [("high", "warning", 10.0)]


def test_a_thermometer_that_repeats_itself_for_two_hours_is_stuck_until_it_says_something_else() -> None:
    box = Watching()
    for minute in range(121):
        box.feel(minute, 3.0)
    assert box.story == [("stuck", "warning", 120.0)]
    box.feel(121, 3.0)
    box.feel(122, 3.1)
    assert box.story == [("stuck", "warning", 120.0), ("stuck", "cleared", 122.0)]


def test_the_same_value_before_and_after_a_long_silence_is_not_stuck() -> None:
    box = Watching()
    box.feel(0, 3.0)
    box.feel(600, 3.0)
    assert Rule.STUCK not in {alarm.rule for alarm in box.raised}


def test_a_door_open_for_two_minutes_is_an_alarm_from_the_moment_it_was_due() -> None:
    box = Watching()
    box.open_door(0, is_open=False)
    box.open_door(1, is_open=True)
    assert box.wait_until(2.99) == ()
    box.open_door(3.1, is_open=True)
    assert box.story == [("door_open", "warning", 3.0)]
    assert box.raised[0].since_ms == box.at(1)
    box.open_door(4, is_open=False)
    assert box.story[-1] == ("door_open", "cleared", 4.0)


def test_a_door_explains_an_excursion_and_does_not_cancel_it() -> None:
    box = Watching()
    box.open_door(0, is_open=True)
    box.open_door(1, is_open=False)
    box.feel_each_minute(range(1, 12), 6.0)
    assert [(alarm.rule, alarm.explained) for alarm in box.raised] == [(Rule.HIGH, Explained.DOOR)]


def test_a_door_closed_long_ago_explains_nothing() -> None:
    box = Watching()
    box.open_door(0, is_open=True)
    box.open_door(1, is_open=False)
    box.feel_each_minute(range(40), 3.0)
    box.feel_each_minute(range(40, 52), 6.0)
    assert box.raised[0].explained is Explained.NOT


def test_a_defrost_counts_for_no_time_and_is_an_alarm_twice_as_far_out_or_when_it_does_not_end() -> None:
    window = Window.parse("12:00-13:00")
    box = Watching(watches_of(freezer_defrost=(window,)))
    box.feel_each_minute(range(60), -13.0, FREEZER)
    assert box.said == []
    box.feel_each_minute(range(60, 70), -16.0, FREEZER)
    assert box.story == [("high", "warning", 69.0)]
    assert box.raised[0].explained is Explained.DEFROST
    other = Watching(watches_of(freezer_defrost=(window,)))
    other.feel(3, -10.0, FREEZER)
    assert other.story == [("high", "critical", 3.0)]


def test_repeats_and_late_readings_change_nothing() -> None:
    box = Watching()
    box.feel_each_minute(range(5), 6.0)
    before = box.watched
    assert box.feel(4, 6.0) == box.feel(4, 30.0) == box.feel(2, 30.0) == ()
    assert box.watched is before


def test_a_sensor_nobody_watches_is_not_remembered() -> None:
    box = Watching()
    before = box.watched
    box.feel(1, 50.0, "shelf-1_c")
    assert box.watched is before


def test_a_restart_raises_nothing_again_and_forgets_nothing() -> None:
    box = Watching()
    box.feel_each_minute(range(11), 6.0)
    box.open_door(10, is_open=True)
    box.wait_until(12)
    box.said = [one for one in box.said if one.alarm.rule is not Rule.SILENT]
    alarms = box.watched.alarms
    box.watched = load(dump(box.watched))
    assert box.restart(180) == ()
    assert box.watched.alarms == alarms
    assert box.wait_until(182) == ()  # nobody watched: nobody was silent
    box.feel_each_minute(range(181, 192), 6.0)
    assert box.story == [("high", "warning", 10.0), ("door_open", "warning", 12.0), ("high", "critical", 191.0)]
    box.open_door(192, is_open=False)
    assert box.story[-1] == ("door_open", "cleared", 192.0)


def test_a_door_that_stood_open_before_a_restart_is_asked_anew() -> None:
    box = Watching()
    box.open_door(0, is_open=True)
    box.restart(60)
    assert box.wait_until(61) == ()
    box.open_door(61, is_open=True)
    box.wait_until(63)
    assert [one for one in box.story if one[0] == "door_open"] == [("door_open", "warning", 63.0)]


def test_a_clock_that_was_set_on_makes_nobody_silent_and_no_time_pass() -> None:
    hour_ms = 3_600_000
    box = Watching({FRIDGE: watches_of()[FRIDGE]})
    box.feel_each_minute(range(6), 6.0)
    box.watched = shift(box.watched, hour_ms)
    box.start_ms += hour_ms
    assert box.wait_until(5.5) == ()
    box.feel_each_minute(range(6, 11), 6.0)
    assert box.story == [("high", "warning", 10.0)]
    assert box.raised[0].since_ms == NOON_MS + hour_ms


def test_a_restart_with_a_clock_that_was_reset_goes_on_where_it_stood() -> None:
    box = Watching()
    box.feel_each_minute(range(8), 6.0)
    box.start_ms -= 30 * 86_400_000
    assert box.restart(7) == ()
    box.feel_each_minute(range(8, 11), 6.0)
    assert box.story == [("high", "warning", 10.0)]


def test_what_is_not_watched_any_more_is_cleared() -> None:
    watches = watches_of()
    box = Watching({FRIDGE: watches[FRIDGE], DOOR: watches[DOOR]})
    for minute in range(11):
        box.open_door(minute, is_open=True)
        box.feel(minute, 6.0 + 0.01 * minute)
    box.watches = {FRIDGE: Thermometer(FRIDGE, 60.0)}
    box.restart(11)
    assert sorted(box.story[2:]) == [("door_open", "cleared", 11.0), ("high", "cleared", 11.0)]
    assert box.watched.alarms == ()
    box.watches = {}
    box.restart(12)
    assert box.watched.senses == {}


def test_other_limits_hold_from_the_next_reading_on() -> None:
    box = Watching()
    box.feel_each_minute(range(11), 6.0)
    box.watches = watches_of(DEFAULT_LIMITS[Goods.CHILLED_WIDE])
    box.restart(11)
    box.feel_each_minute(range(11, 18), 6.0)
    assert box.story == [("high", "warning", 10.0), ("high", "cleared", 16.0)]


def test_a_sensor_that_is_new_is_silent_only_after_its_own_time() -> None:
    watched, _ = begin({FRIDGE: Thermometer(FRIDGE, 60.0)}, None, NOON_MS)
    watched, said = begin({FRIDGE: Thermometer(FRIDGE, 60.0), DOOR: Door(DOOR, 60.0)}, watched, NOON_MS + 3_600_000)
    assert said == ()
    assert watched.senses[DOOR].owed_from_ms == NOON_MS + 3_600_000


def test_severities_have_an_order() -> None:
    assert Severity.CRITICAL.rank > Severity.WARNING.rank


@pytest.mark.parametrize(
    ("text", "start", "minutes"),
    [("02:00-03:00", 18 * 60, 60), ("23:30-00:30 +00:00", 23 * 60 + 30, 60), ("06:15-06:45 -03:30", 9 * 60 + 45, 30)],
)
def test_a_defrost_window_is_written_in_local_time(text: str, start: int, minutes: int) -> None:
    window = Window.parse(text)
    assert (window.start, window.minutes) == (start, minutes)
    first_ms = window.start * 60_000
    assert window.holds(first_ms)
    assert window.holds(first_ms + minutes * 60_000 - 1)
    assert not window.holds(first_ms - 1)
    assert not window.holds(first_ms + minutes * 60_000)


@pytest.mark.parametrize(
    "text", ["", "2:00-3:00", "02:00", "24:00-01:00", "02:60-03:00", "02:00-02:00", "02:00-12:00", "02:00-03:00+08:00"]
)
def test_what_is_no_defrost_window_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="want"):
        Window.parse(text)


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("high_c", {"low_c": 0.0, "high_c": 2.0}),
        ("limits", {"high_c": math.nan}),
        ("rebound_c", {"high_c": -18.0, "rebound_c": -20.0}),
        ("rebound_c", {"rebound_c": -20.0}),
        ("at_once_c", {"at_once_c": 0.0}),
        ("clear_c", {"clear_c": -1.0}),
        ("warn_s", {"warn_s": -1.0}),
        ("alarm_s", {"warn_s": 700.0, "alarm_s": 600.0}),
        ("clear_s", {"clear_s": 90_000.0}),
    ],
)
def test_impossible_limits_are_refused_by_name(key: str, wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=key):
        Limits(**wrong)


def test_the_cloud_says_how_warm_a_class_of_goods_may_be_and_the_others_keep_theirs() -> None:
    limits = limits_of({"chilled": GoodsLimits(low_c=0.0, high_c=8.0, warn_s=300), "flowers": GoodsLimits(low_c=5.0)})
    assert limits == DEFAULT_LIMITS | {Goods.CHILLED: Limits(0.0, 8.0, warn_s=300)}
    with pytest.raises(ValueError, match=r"frozen\.rebound_c: want"):
        limits_of({"frozen": GoodsLimits(high_c=-18.0, rebound_c=-20.0)})
