"""How the pace is learned from tracks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.roads.pace import DRIVEN, HOURS, Pace, Passage, learn


def passages(ratio: float, hour: int, legs: int = 200) -> list[Passage]:
    return [Passage((leg, -leg), hour, 60.0 * ratio, 60.0) for leg in range(legs)]


def test_much_driving_is_believed_and_little_leaves_the_first_guess() -> None:
    assert learn(passages(1.6, 8)).factor == pytest.approx(1.6, rel=0.06)
    assert learn(passages(1.6, 8, legs=2)).factor == pytest.approx(DRIVEN, rel=0.05)
    assert learn([]) == Pace()


def test_the_rush_hour_is_slower_than_the_day() -> None:
    learned = learn([*passages(1.8, 8, 400), *passages(1.2, 10, 400), *passages(1.2, 11, 400)])
    assert learned.at(8) == pytest.approx(1.8, rel=0.08)
    assert learned.at(10) == pytest.approx(1.2, rel=0.08)
    assert learned.by_hour[3] == 1.0, "nobody drove at night"


def test_one_van_that_waits_at_one_place_does_not_make_the_town_slow() -> None:
    good = passages(1.2, 9, 300)
    waiting = [Passage((1, -1), 9, 60.0 * 4.5, 60.0)] * 40
    assert learn([*good, *waiting]).factor == pytest.approx(learn(good).factor, rel=0.5)
    wild = [Passage((1, -1), 9, 6000.0, 60.0)] * 40
    assert learn([*good, *wild]) == learn(good)


@given(
    st.lists(
        st.builds(
            Passage, st.tuples(st.integers(0, 5), st.integers(0, 5)), st.integers(0, 23), st.floats(0, 1e6), st.floats(0, 1e6)
        ),
        max_size=60,
    )
)
def test_whatever_is_observed_the_factors_stay_ones_a_van_can_drive(observed: list[Passage]) -> None:
    learned = learn(observed)
    assert len(learned.by_hour) == HOURS
    assert all(0.5 <= factor <= 4.0 for factor in (learned.factor, *learned.by_hour))


def test_factors_nobody_drives_are_refused() -> None:
    with pytest.raises(ValueError, match="pace"):
        Pace(9.0)
    with pytest.raises(ValueError, match="by_hour"):
        Pace(1.0, (1.0,))
