"""Which ways are asked for, and who can't be reached."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cloud.roads.blocks import blocks, key_of, unreachable
from cloud.roads.ways import Point, Unreachable, WhyUnreachable


@given(st.integers(0, 30), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_together_blocks_ask_for_every_missing_way_and_none_is_too_large(size: int, side: int, seed: int) -> None:
    missing = np.random.default_rng(seed).random((size, size)) < 0.3
    asked = np.zeros_like(missing)
    for block in blocks(missing, side):
        assert 1 <= len(block.sources) <= side
        assert 1 <= len(block.targets) <= side
        assert not asked[np.ix_(block.sources, block.targets)].any(), "nothing is asked twice"
        asked[np.ix_(block.sources, block.targets)] = True
    assert asked[missing].all()


def test_one_station_more_asks_for_its_own_row_and_column() -> None:
    missing = np.zeros((121, 121), dtype=np.bool_)
    missing[120, :120] = missing[:120, 120] = True
    assert sum(len(block.sources) * len(block.targets) for block in blocks(missing)) == 240


def test_who_is_off_the_road_and_who_is_cut_off_is_named() -> None:
    seconds = np.ones((5, 5))
    seconds[3, :] = np.inf  # nobody gets away from 3
    seconds[4, :] = seconds[:, 4] = np.inf
    seconds[0, 1] = np.inf  # one way missing makes nobody unreachable
    assert unreachable(seconds, [False, False, False, False, True]) == (
        Unreachable(3, WhyUnreachable.CUT_OFF),
        Unreachable(4, WhyUnreachable.OFF_ROAD),
    )


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_a_points_key_is_that_of_its_metre(lat: float, lon: float) -> None:
    assert 0 <= key_of(Point(lat, lon)) < 2**63
    assert key_of(Point(lat, lon)) == key_of(Point(round(lat, 5), round(lon, 5)))
