import itertools
import math
from random import Random
from statistics import fmean, pstdev

import pytest

from firmware_sim.cold import FREEZER, FRIDGE, BoxFaults, BoxKind, ColdBox, Defrost

MINUTE_MS = 60_000
WEEK = 7 * 24 * 60


def minutes(box: ColdBox, count: int) -> list[float]:
    """The air once a minute."""
    found = []
    for _ in range(count):
        box.advance(box.at_ms + MINUTE_MS)
        found.append(box.air_c)
    return found


@pytest.mark.parametrize(("kind", "least", "most"), [(FRIDGE, 0.0, 5.0), (FREEZER, -30.0, -18.0)])
def test_a_healthy_box_stays_about_its_set_point_and_within_its_limits_for_a_week(kind: BoxKind, least: float, most: float) -> None:
    for seed in range(5):
        air_c = minutes(ColdBox(kind, Random(seed), 0), WEEK)
        assert least < min(air_c)
        assert max(air_c) < most
        assert fmean(air_c) == pytest.approx(kind.set_c, abs=0.3 * kind.sigma_c)
        assert pstdev(air_c) == pytest.approx(kind.sigma_c, rel=0.25)


def test_a_healthy_thermometer_does_not_stand_still_for_long() -> None:
    said = [round(one, 1) for one in minutes(ColdBox(FRIDGE, Random(1), 0), WEEK)]
    longest = run = 1
    for one, other in itertools.pairwise(said):
        run = run + 1 if one == other else 1
        longest = max(longest, run)
    assert longest < 30


def test_an_open_door_warms_by_one_and_a_half_degrees_a_minute_and_the_box_recovers() -> None:
    box = ColdBox(BoxKind(3.0, 0.0), Random(1), 0)
    box.door_is_open = True
    assert minutes(box, 4) == [pytest.approx(3.0 + 1.5 * n) for n in (1, 2, 3, 4)]
    box.door_is_open = False
    assert minutes(box, 12)[-1] == pytest.approx(3.0 + 6.0 / math.e)


def test_a_door_that_stays_open_warms_to_the_room_and_no_further() -> None:
    box = ColdBox(BoxKind(3.0, 0.0), Random(1), 0, room_c=26.0, door_is_open=True)
    assert minutes(box, 60)[-1] == 26.0


def test_a_dead_compressor_warms_the_box_slowly() -> None:
    box = ColdBox(BoxKind(3.0, 0.0), Random(1), 0, BoxFaults(failing=True))
    air_c = minutes(box, 180)
    assert 3.0 < air_c[0] < 3.3
    assert air_c[-1] == pytest.approx(3.0 + 23.0 * (1 - 1 / math.e))


def test_a_defrost_warms_the_box_for_its_time_and_the_box_recovers() -> None:
    box = ColdBox(BoxKind(-21.0, 0.0), Random(1), 0, defrost=Defrost(every_s=6 * 3600.0, for_s=20 * 60.0))
    air_c = minutes(box, 7 * 60)
    assert air_c[19] == pytest.approx(-16.0)
    assert air_c[19 + 12] == pytest.approx(-21.0 + 5.0 / math.e)
    assert air_c[5 * 60] == pytest.approx(-21.0)
    assert air_c[6 * 60 + 19] == pytest.approx(-16.0)


def test_a_stuck_thermometer_repeats_itself_whatever_the_air_does_and_a_drifting_one_goes_wrong() -> None:
    box = ColdBox(FRIDGE, Random(1), 0)
    first = box.felt_c()
    box.faults = BoxFaults(stuck=True)
    minutes(box, 3)
    stuck = {box.felt_c() for _ in minutes(box, 300)}
    assert len(stuck) == 1
    assert first not in stuck
    box.faults = BoxFaults(drift_c_per_day=2.0)
    minutes(box, 24 * 60)
    felt = box.felt_c()
    assert felt is not None
    assert felt - box.air_c == pytest.approx(2.0)


def test_drop_outs_come_as_often_as_asked() -> None:
    box = ColdBox(FRIDGE, Random(1), 0, BoxFaults(dropout=0.02))
    missing = sum(box.felt_c() is None for _ in range(10_000))
    assert 150 < missing < 250


def test_the_same_seed_lives_alike_in_many_small_steps_and_in_one() -> None:
    one, many = ColdBox(FRIDGE, Random(9), 0, BoxFaults(failing=True)), ColdBox(FRIDGE, Random(9), 0, BoxFaults(failing=True))
    one.advance(3 * 3600 * 1000)
    for at_ms in range(0, 3 * 3600 * 1000 + 1, 700):
        many.advance(at_ms)
    many.advance(3 * 3600 * 1000)
    assert many.air_c == pytest.approx(one.air_c)


def test_time_that_runs_back_changes_nothing() -> None:
    box = ColdBox(FRIDGE, Random(1), 10 * MINUTE_MS)
    before = box.air_c
    box.advance(0)
    assert (box.air_c, box.at_ms) == (before, 10 * MINUTE_MS)


def test_an_impossible_fault_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="dropout"):
        BoxFaults(dropout=1.5)
    with pytest.raises(ValueError, match="failing_tau_s"):
        BoxFaults(failing_tau_s=0.0)


def test_humidity_is_a_percentage() -> None:
    box = ColdBox(FRIDGE, Random(1), 0, door_is_open=True)
    assert all(0.0 <= box.humidity_pct() <= 100.0 for _ in minutes(box, 60))
