"""However readings come, in whatever pieces and how often, the same alarms are raised, and none is ever lost."""

from collections.abc import Sequence
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from edge.rules.alarm_state import dump, load
from edge.rules.alarm_words import Alarm, Cleared, Raised, Said, Severity
from edge.rules.alarms import Measured, Watched, begin, look, shift, take
from tests.edge.rules.watching import DOOR, FREEZER, FRIDGE, NOON_MS, watches_of

WATCHES = watches_of()

# From one reading to the next of any sensor: mostly a third of a minute, sometimes an outage.
steps_ms = st.one_of(st.integers(1, 40_000), st.integers(1, 40_000), st.integers(40_000, 3_000_000))
celsius = st.one_of(
    st.none(), st.just(float("nan")), st.sampled_from([3.0, 4.5, 5.0, 5.5, 9.0, -1.0, -14.0, -21.0]), st.floats(-30.0, 40.0)
)
told = st.one_of(
    st.tuples(st.sampled_from([FRIDGE, FREEZER]), celsius), st.tuples(st.just(DOOR), st.sampled_from([0.0, 1.0, None]))
)


@st.composite
def weeks(draw: st.DrawFn) -> list[Measured]:
    """Readings in the order of their times."""
    values = draw(st.lists(told, max_size=60))
    times = accumulate(draw(st.lists(steps_ms, min_size=len(values), max_size=len(values))))
    return [Measured(sensor, NOON_MS + at_ms, value) for (sensor, value), at_ms in zip(values, times, strict=True)]


def feed(watched: Watched, readings: Sequence[Measured]) -> tuple[Watched, list[Said]]:
    said: list[Said] = []
    for reading in readings:
        watched, news = take(WATCHES, watched, reading)
        said += news
    return watched, said


def fresh() -> Watched:
    return begin(WATCHES, None, NOON_MS)[0]


def until_end(watched: Watched, said: list[Said], end_ms: int) -> tuple[Watched, list[Said]]:
    watched, news = look(WATCHES, watched, end_ms)
    return watched, [*said, *news]


def in_order(said: list[Said]) -> list[tuple[object, ...]]:
    """What was said, with its times, whenever it was noticed."""
    return sorted((one.alarm.raised_ms, one.alarm.id, "", one.alarm.severity) if isinstance(one, Raised)
                  else (one.at_ms, one.alarm.id, "cleared", "") for one in said)  # fmt: skip


@given(weeks(), st.data())
def test_looking_in_between_repeating_and_restoring_never_change_what_is_said(
    readings: list[Measured], data: st.DataObject
) -> None:
    end_ms = NOON_MS + 10**9
    plain = until_end(*feed(fresh(), readings), end_ms)
    watched, said = fresh(), list[Said]()
    for place, reading in enumerate(readings):
        for _ in range(data.draw(st.integers(0, 2), "looks")):
            watched, news = look(WATCHES, watched, data.draw(st.integers(watched.as_of_ms, reading.at_ms), "look"))
            said += news
        watched, news = take(WATCHES, watched, reading)
        said += news
        if data.draw(st.booleans(), "again"):
            again = readings[data.draw(st.integers(0, place), "which")]
            watched, news = take(WATCHES, watched, again)
            assert news == ()
        if data.draw(st.booleans(), "restore"):
            watched = load(dump(watched))
    other = until_end(watched, said, end_ms)
    assert in_order(other[1]) == in_order(plain[1])
    assert other[0].alarms == plain[0].alarms


@given(weeks())
def test_an_alarm_that_was_raised_is_cleared_or_still_stands_and_is_never_said_twice(readings: list[Measured]) -> None:
    watched, said = until_end(*feed(fresh(), readings), NOON_MS + 10**9)
    standing: dict[str, Alarm] = {}
    for one in said:
        match one:
            case Raised(alarm):
                before = standing.get(alarm.id)
                assert before is None or (before.severity, alarm.severity) == (Severity.WARNING, Severity.CRITICAL)
                assert not any(
                    other.rule == alarm.rule and other.subject == alarm.subject
                    for other in standing.values()
                    if other.id != alarm.id
                )
                standing[alarm.id] = alarm
            case Cleared(alarm):
                assert standing.pop(alarm.id) == alarm
    assert {alarm.id: alarm for alarm in watched.alarms} == standing


@given(weeks(), st.integers(0, 60), st.integers(-(10**10), 10**10))
def test_a_clock_that_is_set_moves_all_that_is_remembered_and_nothing_else(
    readings: list[Measured], after: int, offset_ms: int
) -> None:
    plain = feed(fresh(), readings)[1]
    watched, said = feed(fresh(), readings[:after])
    moved = [Measured(one.sensor, one.at_ms + offset_ms, one.value) for one in readings[after:]]
    more = feed(shift(watched, offset_ms), moved)[1]
    assert [(type(one), one.alarm.subject, one.alarm.rule, one.alarm.severity) for one in [*said, *more]] == [
        (type(one), one.alarm.subject, one.alarm.rule, one.alarm.severity) for one in plain
    ]


@given(weeks(), st.integers(0, 60), st.integers(0, 10**8))
def test_a_restart_says_nothing_again(readings: list[Measured], after: int, away_ms: int) -> None:
    watched, _ = feed(fresh(), readings[:after])
    resumed, said = begin(WATCHES, load(dump(watched)), watched.as_of_ms + away_ms)
    assert said == ()
    assert resumed.alarms == watched.alarms


@given(weeks(), st.permutations(range(60)))
def test_readings_in_any_order_raise_nothing_that_no_reading_bears_out(readings: list[Measured], order: list[int]) -> None:
    shuffled = [readings[place] for place in order if place < len(readings)]
    _, said = feed(fresh(), shuffled)
    values = {(one.sensor, one.at_ms): one.value for one in readings}
    for one in said:
        if isinstance(one, Raised) and one.alarm.value is not None:
            assert values[(one.alarm.subject, one.alarm.raised_ms)] == one.alarm.value
