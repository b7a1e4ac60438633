"""Windows, what is shown of them, and what came of them."""

from random import Random

import pytest

from cloud.eta.errors import Errors, Wide, Window, group_of, seen, windows
from cloud.eta.forecast import Arrival
from cloud.eta.outcomes import Said, missed, outcomes, said, wide_of
from cloud.eta.shown import show

MINUTE_MS = 60_000


def arrival(stops_before: int = 2) -> Arrival:
    return Arrival(3, stops_before, 60 * MINUTE_MS, 300.0)


def window(early: float, expected: float, late: float) -> Window:
    return Window(1, 2, round(early * MINUTE_MS), round(expected * MINUTE_MS), round(late * MINUTE_MS))


def test_before_anything_was_seen_a_window_is_that_of_its_spread() -> None:
    (one,) = windows([arrival()], Errors(), 0)
    assert (one.expected_ms - 60 * MINUTE_MS) / 1000 == pytest.approx(0.0, abs=15.0)
    assert 10 < (one.late_ms - one.early_ms) / MINUTE_MS < 16


def test_windows_hold_four_of_five_of_what_is_yet_to_come() -> None:
    rng = Random(5)
    off = [rng.lognormvariate(0.0, 0.6) - 0.8 for _ in range(6000)]
    known = seen(Errors(), [(2, one) for one in off[:4000]])
    (one,) = windows([arrival()], known, 0)
    came_ms = [60 * MINUTE_MS + x * 300_000 for x in off[4000:]]
    assert sum(one.early_ms <= ms <= one.late_ms for ms in came_ms) / 2000 == pytest.approx(0.8, abs=0.03)
    assert sum(ms < one.early_ms for ms in came_ms) / 2000 == pytest.approx(0.1, abs=0.02)
    assert sum(ms < one.expected_ms for ms in came_ms) / 2000 == pytest.approx(0.5, abs=0.03)


def test_each_distance_has_errors_of_its_own() -> None:
    known = seen(Errors(), [(0, 3.0)] * 2000)
    assert known.quantiles(0)[1] == pytest.approx(3.0, abs=0.1)
    assert known.quantiles(5) == Errors().quantiles(5)
    assert [group_of(n) for n in (0, 1, 2, 3, 4, 6, 7, 10, 11, 99)] == [0, 1, 2, 2, 4, 4, 7, 7, 11, 11]


def test_what_lies_ahead_is_never_in_the_past() -> None:
    (one,) = windows([arrival()], Errors(), 59 * MINUTE_MS)
    assert one.early_ms == 59 * MINUTE_MS
    (over,) = windows([arrival()], Errors(), 99 * MINUTE_MS)
    assert (over.early_ms, over.expected_ms) == (99 * MINUTE_MS, 99 * MINUTE_MS)
    assert over.late_ms > 103 * MINUTE_MS  # overdue, it may take a while yet


def test_a_bad_day_stretches_the_end_that_was_missed() -> None:
    (calm,), (late,) = windows([arrival()], Errors(), 0), windows([arrival()], Errors(), 0, Wide(1.0, 2.0))
    assert late.early_ms == calm.early_ms
    assert late.late_ms - late.expected_ms == pytest.approx(2 * (calm.late_ms - calm.expected_ms), abs=2)


def test_a_window_stays_until_it_is_worth_to_move_it() -> None:
    shown = show({}, [window(50, 60, 70)], 0)
    near = show(shown, [window(50.5, 60.6, 71)], MINUTE_MS)
    assert (near[1].window, near[1].as_of_ms) == (window(50, 60, 70), MINUTE_MS)
    assert show(shown, [window(54, 60.6, 66)], MINUTE_MS)[1].window == window(54, 60, 66)
    assert show(shown, [window(65, 75, 85)], MINUTE_MS)[1].window == window(65, 75, 85)
    assert show(shown, [], MINUTE_MS) == {}


def test_an_end_that_is_past_is_not_kept_and_ends_keep_their_order() -> None:
    shown = show({}, [window(50, 50.5, 51)], 0)
    after = show(shown, [window(50.7, 50.7, 51.2)], round(50.7 * MINUTE_MS))[1].window
    assert after.early_ms == round(50.7 * MINUTE_MS)
    assert after.early_ms <= after.expected_ms <= after.late_ms


def test_what_was_said_is_held_against_what_came_of_it() -> None:
    noted = said([arrival()], {3: Window(3, 2, 50 * MINUTE_MS, 61 * MINUTE_MS, 70 * MINUTE_MS)}, {3: 58 * MINUTE_MS})
    assert outcomes(noted, {}, {}) == []
    (one,) = outcomes(noted, {3: 72 * MINUTE_MS}, {3: 40 * MINUTE_MS})
    assert (one.off_s, one.off_spreads, one.width_s) == (660.0, 2.4, 1200.0)
    assert (one.is_early, one.is_late, one.schedule_off_s, one.delay_off_s) == (False, True, 1920.0, 840.0)
    (bare,) = outcomes([Said(3, 2, 0, 0.0, 0, 0, 0)], {3: 0}, {})
    assert (bare.schedule_off_s, bare.delay_off_s) == (None, None)


def test_an_arrival_counts_once_however_much_was_said_of_it() -> None:
    def late(stop: int, count: int) -> list[Said]:
        return [Said(stop, 2, 0, 60.0, 0, 0, 1)] * count

    def wide(*sayings: list[Said]) -> Wide:
        return wide_of(one for said_of in sayings for one in missed(outcomes(said_of, dict.fromkeys(range(40), 5), {})).values())

    assert wide(late(1, 9)) == wide(late(1, 1))
    assert wide(late(1, 1)).late > 1.0 == wide(late(1, 1)).early
    assert wide(*(late(stop, 1) for stop in range(40))).late == 2.0
    assert wide([Said(1, 2, 0, 60.0, 0, 0, 9)] * 5) == Wide()
