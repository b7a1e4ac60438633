"""The dock's night as the plan makes it."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from edge.wire.clock import to_ms
from firmware_sim.town.night import VANS_LOAD, night_date, steps, worth_doing
from firmware_sim.town.office import Load
from firmware_sim.town.steps import StepKind

DAY = date(2026, 11, 24)
loads = st.lists(
    st.tuples(st.integers(1, 5), st.sampled_from(["ambient", "chilled", "frozen"]), st.integers(1, 6)), min_size=1, max_size=40
).map(
    lambda drawn: [
        Load(f"C{n}", f"st-{stop}", zone, stop, f"A{stop}", tuple(f"P{n}-{k}" for k in range(count)))
        for n, (stop, zone, count) in enumerate(drawn)
    ]
)


def hour(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC) + timedelta(hours=8)


@given(st.integers(0, 100), loads, st.data())
def test_each_parcel_is_sorted_packed_into_its_open_container_and_sealed_before_the_van_is_loaded_last_stop_first(
    seed: int, planned: list[Load], data: st.DataObject
) -> None:
    everything = [parcel for load in planned for parcel in load.parcels]
    left = data.draw(st.sets(st.sampled_from(everything), max_size=3))
    night = steps(seed, DAY, planned, left)
    assert [step.at_ms for step in night] == sorted(step.at_ms for step in night)
    assert len({step.key for step in night}) == len(night)
    keys = [step.key for step in night]
    for load in planned:
        bound, sealed, loaded = (keys.index(f"{kind}/{load.container}") for kind in ("bind", "seal", "load"))
        for parcel in load.parcels:
            if parcel in left:
                assert f"sort/{parcel}" not in keys
                continue
            assert keys.index(f"sort/{parcel}") < bound < keys.index(f"pack/{parcel}") < sealed < loaded
        (seal,) = [step for step in night if step.kind is StepKind.SEAL and step.label == load.container]
        assert (seal.problem is not None) == any(parcel in left for parcel in load.parcels)
    stops = {load.container: load.stop for load in planned}
    order = [stops[step.label] for step in night if step.kind is StepKind.LOAD]
    assert order == sorted(order, reverse=True)
    assert max(hour(step.at_ms).hour + hour(step.at_ms).minute / 60 for step in night if step.kind is StepKind.LOAD) <= 6.6
    assert steps(seed, DAY, planned, left) == night


def test_of_each_van_the_last_container_waits_until_its_turn_at_the_dock_is_over() -> None:
    planned = [
        Load(f"C{run}{n}", f"st-{n}", "ambient", n, "A1", (f"P{run}{n}",), run=f"R{run}") for run in (1, 2) for n in range(8)
    ]
    loaded = [step for step in steps(1, DAY, planned, (), VANS_LOAD) if step.kind is StepKind.LOAD]
    for run, until in (("R1", 45), ("R2", 55)):
        *others, last = [hour(step.at_ms) for step in loaded if step.slot == run]
        assert (last.hour, last.minute) == (6, until)
        assert last - others[-1] >= timedelta(minutes=1), "long enough to be seen"
    assert [step.slot for step in loaded] == ["R1"] * 8 + ["R2"] * 8, "one run at a time"


def test_a_night_that_nobody_began_by_noon_is_over_and_one_that_was_begun_is_finished() -> None:
    plan = steps(1, DAY, [Load("C1", "st-1", "ambient", 1, "A1", ("P1", "P2"))], ())
    morning, afternoon = (to_ms(datetime(2026, 11, 24, hour, tzinfo=UTC)) for hour in (1, 5))  # 09:00 and 13:00 there
    assert worth_doing(plan, DAY, morning, is_begun=False) == plan
    assert worth_doing(plan, DAY, afternoon, is_begun=True) == plan
    assert [step.kind for step in worth_doing(plan, DAY, afternoon, is_begun=False)] == [StepKind.TAKE_BACK]


def test_the_night_is_the_days_that_follows_it() -> None:
    def at(hour: int, day: int = 23) -> int:
        return to_ms(datetime(2026, 11, day, hour, 30, tzinfo=UTC))

    assert night_date(at(16)) == date(2026, 11, 23)  # 00:30 there: the routes are not frozen
    assert night_date(at(17)) == DAY  # 01:30
    assert night_date(at(4, 24)) == DAY  # 12:30
