"""What a container's label means in a van, by where it stands and what was scanned before."""

import msgspec
import pytest

from edge.devices.ports import Sound
from edge.rules.custody import ContainerStanding, ContainerState
from edge.van.carrying import BACK_AFTER_MS, Aboard, Here, carry
from edge.van.plan import VanPlan
from edge.wire.manifest import Manifest, PlannedLoad, RunStop, VanRun, Zone
from edge.wire.messages import ContainerDropped, ContainerLoaded, ContainerReturned
from edge.wire.pickup import Scrypt

NOW = 1_800_000_000_000
FIRST = RunStop(stop=1, station="st-a", name="阳光花园自提点", lat=31.2, lon=121.4)
SECOND = RunStop(stop=2, station="st-b", name="锦绣里自提点", lat=31.21, lon=121.4)
LOAD = PlannedLoad(
    container="TTC1", operator="op", day="2026-11-29", station="st-a", station_name="阳光花园自提点", zone=Zone.CHILLED, number=1,
    run="R1129-1", stop=1,
)  # fmt: skip


def run(state: str = "departed", ends_ms: int = NOW + 3_600_000) -> VanRun:
    return VanRun(
        operator="op", day="2026-11-29", run="R1129-1", state=state, ends_ms=ends_ms, stops=(FIRST, SECOND)  # type: ignore[arg-type]
    )  # fmt: skip


def aboard(state: ContainerState = ContainerState.LOADED, of: VanRun | None = None, since_ms: int = NOW - 1000) -> Aboard:
    return Aboard("TTC1", LOAD, of or run(), ContainerStanding(state), since_ms, loaded=1, loads=3, left=0, lefts=2)


def from_another(state: ContainerState) -> Aboard:
    return aboard(state)._replace(load=msgspec.structs.replace(LOAD, comes_from="R1129-2"))


IN_THE_YARD, AT_FIRST, AT_SECOND, NOBODY_KNOWS = Here(True), Here(True, (FIRST,)), Here(True, (SECOND,)), Here()


@pytest.mark.parametrize(
    ("known", "here", "word", "sound", "fact"),
    [
        (aboard(ContainerState.EMPTY, run("assigned")), IN_THE_YARD, "loaded", Sound.OK, ContainerLoaded),
        (aboard(ContainerState.EMPTY, run("loading")), NOBODY_KNOWS, "loaded", Sound.OK, ContainerLoaded),
        (aboard(ContainerState.LOADED, run("loading")), IN_THE_YARD, "loaded_before", Sound.DUPLICATE, None),
        (aboard(ContainerState.LOADED), AT_FIRST, "dropped", Sound.OK, ContainerDropped),
        # Loaded at the dock's scanner only: where it is to be left, it is left.
        (aboard(ContainerState.EMPTY), AT_FIRST, "dropped", Sound.OK, ContainerDropped),
        (aboard(ContainerState.LOADED), AT_SECOND, "wrong_stop", Sound.REFUSED, None),
        (aboard(ContainerState.EMPTY), AT_SECOND, "wrong_stop", Sound.REFUSED, None),
        # Out of another van, which stands beside this one, be it at a stop of this one's.
        (from_another(ContainerState.EMPTY), AT_SECOND, "loaded", Sound.OK, ContainerLoaded),
        (from_another(ContainerState.EMPTY), IN_THE_YARD, "loaded", Sound.OK, ContainerLoaded),
        (from_another(ContainerState.LOADED), AT_SECOND, "wrong_stop", Sound.REFUSED, None),
        (from_another(ContainerState.LOADED), AT_FIRST, "dropped", Sound.OK, ContainerDropped),
        (aboard(ContainerState.LOADED), IN_THE_YARD, "not_at_stop", Sound.REFUSED, None),
        (aboard(ContainerState.LOADED), NOBODY_KNOWS, "dropped_unseen", Sound.ATTENTION, ContainerDropped),
        (aboard(ContainerState.DELIVERED), AT_FIRST, "dropped_before", Sound.DUPLICATE, None),
        (aboard(ContainerState.DELIVERED, since_ms=NOW - BACK_AFTER_MS), AT_FIRST, "collected", Sound.OK, ContainerReturned),
        (aboard(ContainerState.DELIVERED, since_ms=NOW - BACK_AFTER_MS), AT_SECOND, "dropped_before", Sound.DUPLICATE, None),
        (aboard(ContainerState.RETURNED_EMPTY), AT_FIRST, "collected_before", Sound.DUPLICATE, None),
        (Aboard("TTC9"), AT_SECOND, "collected", Sound.OK, ContainerReturned),
        (Aboard("TTC9"), NOBODY_KNOWS, "collected_unseen", Sound.ATTENTION, ContainerReturned),
        (Aboard("TTC9"), IN_THE_YARD, "not_in_plan", Sound.REFUSED, None),
        (Aboard("TTC9", has_plan=False), IN_THE_YARD, "no_plan", Sound.REFUSED, None),
        (Aboard("TTC9", standing=ContainerStanding(ContainerState.RETURNED_EMPTY)), AT_FIRST, "collected_before",
         Sound.DUPLICATE, None),
    ],
)  # fmt: skip
def test_the_place_says_what_a_scan_means(known: Aboard, here: Here, word: str, sound: Sound, fact: type | None) -> None:
    verdict = carry(known, here, run(), NOW)
    assert (verdict.word, verdict.sound, [type(one) for one in verdict.facts]) == (word, sound, [] if fact is None else [fact])


def test_what_is_left_says_at_which_station_for_the_vans_own_site_is_none() -> None:
    (left,) = carry(aboard(), AT_FIRST, run(), NOW).facts
    assert left == ContainerDropped(container="TTC1", run="R1129-1", station="st-a")
    (back,) = carry(Aboard("TTC9"), AT_SECOND, run(), NOW).facts
    assert back == ContainerReturned(container="TTC9", run="R1129-1", station="st-b")


def test_the_last_one_of_a_run_and_of_a_stop_is_told() -> None:
    full = carry(aboard(ContainerState.EMPTY, run("loading"))._replace(loaded=2), IN_THE_YARD, None, NOW)
    assert (full.word, full.amount, full.of) == ("run_full", 3, 3)
    done = carry(aboard()._replace(left=1), AT_FIRST, run(), NOW)
    assert (done.word, done.amount, done.of) == ("stop_done", 2, 2)


def test_without_a_run_under_way_nothing_is_taken_back() -> None:
    assert carry(Aboard("TTC9"), AT_FIRST, None, NOW).word == "not_in_plan"


def plan(*runs: VanRun) -> VanPlan:
    cost = Scrypt(salt=b"the salt of staff", n=1024)
    return VanPlan.of(
        Manifest(
            site="van-1", version=1, day="2026-11-29", made_at_ms=0, code_cost=cost, staff_cost=cost, operators=("op",),
            loads=(LOAD,), runs=runs,
        )
    )  # fmt: skip


def test_a_van_is_on_a_run_from_loading_until_it_ends_or_should_have() -> None:
    assert [plan(run(state)).is_open(NOW) for state in ("assigned", "loading", "departed", "paused")] == [False, True, True, True]
    assert not plan(run(ends_ms=NOW)).is_open(NOW)
    assert not VanPlan().is_open(NOW)
    assert plan(run("loading")).underway(NOW) is None
    assert plan(run(ends_ms=NOW)).underway(NOW) is None


def test_a_van_is_at_the_stop_whose_kerb_it_stands_at_and_at_none_without_a_place() -> None:
    nowhere = RunStop(stop=3, station="st-c")
    here = plan(run(), VanRun(operator="op", day="2026-11-29", run="R2", state="assigned", ends_ms=NOW, stops=(FIRST, nowhere)))
    assert [one.station for one in here.near(31.2009, 121.4)] == ["st-a"]  # 100 m
    assert here.near(31.2020, 121.4) == ()
