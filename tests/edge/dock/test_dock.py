"""A dock's night on a real file: what each scan means, what it books, and what is still known after a restart."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from edge.devices.ports import Reason, Sound
from edge.dock.dock import NotPlannedError
from edge.dock.progress import Progress
from edge.http.dock import run_view
from edge.outbox import NotKeptError, Outbox, Store
from edge.rules.custody import ContainerState
from edge.station.rules import NoSuchModeError
from edge.wire.labels import parcel_label
from edge.wire.messages import (
    ContainerBound,
    ContainerLoaded,
    ContainerSealed,
    ContainerTakenBack,
    Desired,
    EventUndone,
    ParcelPacked,
    ParcelSorted,
    Problem,
    VarianceFound,
)
from tests.edge.dock.plans import (
    A1,
    A2,
    A_COLD,
    B1,
    C1,
    D1,
    DAY,
    RUN_1,
    RUN_2,
    SPARE,
    STRANGE,
    WANG,
    P,
    load,
    manifest,
    open_bay,
)

T = TypeVar("T")


async def test_a_parcel_is_told_its_lane_once_booked_and_again_unbooked(tmp_path: Path) -> None:
    async with open_bay(tmp_path, manifest()) as bay:
        told = await bay.scan(P[4])
        assert (told.word, told.slot, told.detail, bay.last_sound) == ("sorted", "A2", "ambient", Sound.OK)
        again = await bay.scan(P[4])
        assert (again.word, again.slot, bay.last_sound) == ("sorted_before", "A2", Sound.DUPLICATE)
        nowhere = await bay.scan(P[8])
        assert (nowhere.word, nowhere.slot, nowhere.detail, bay.last_sound) == ("sorted_no_route", "", "站 st-d", Sound.ATTENTION)
        assert await bay.facts() == [ParcelSorted(parcel=P[4], lane="A2"), ParcelSorted(parcel=P[8], lane="")]


async def test_what_the_plan_does_not_know_is_refused_and_has_its_lane_with_the_next_plan(tmp_path: Path) -> None:
    async with open_bay(tmp_path) as bay:
        assert await bay.words(P[0]) == ["no_plan"]
        await bay.put_in_force(manifest())
        assert await bay.words(STRANGE) == ["not_in_plan"]
        assert bay.last_sound is Reason.UNKNOWN_CODE
        await bay.put_in_force(manifest(2, (load(A1, "st-a", [STRANGE]),)))
        assert await bay.words(STRANGE, P[0]) == ["sorted", "not_in_plan"]


async def test_labels_that_name_nothing_and_things_of_another_job_are_told_apart(tmp_path: Path) -> None:
    async with open_bay(tmp_path, manifest()) as bay:
        assert await bay.words("HELLO", "SLOT:A12", "6901234567892") == ["unknown_label"] * 3
        assert await bay.words(A1) == ["want_parcel"]
        for mode in ("seal", "load", "empties"):
            await bay.rules.choose_mode(mode)
            assert await bay.words(P[0]) == ["want_container"]
        assert await bay.words(A1[:-1] + ("0" if A1[-1] != "0" else "1")) == ["unknown_label"]


async def test_a_second_scan_keeps_out_what_belongs_elsewhere_the_gravest_difference_first(tmp_path: Path) -> None:
    async with open_bay(tmp_path, manifest()) as bay:
        await bay.rules.choose_mode("pack")
        unopened = await bay.scan(P[0])
        assert (unopened.word, unopened.slot) == ("no_container", "A1")
        bound = await bay.scan(A1)
        assert (bound.word, bound.slot, bound.amount, bound.of) == ("bound", "A1", 0, 2)
        for parcel, word, container, lane, reason in (
            (P[4], "wrong_station", B1, "A2", Reason.WRONG_SITE),
            (P[3], "wrong_zone", A_COLD, "A1", Reason.WRONG_ZONE),
            (P[2], "wrong_container", A2, "A1", Reason.WRONG_CONTAINER),
        ):
            told = await bay.scan(parcel)
            assert (told.word, told.container, told.slot, bay.last_sound) == (word, container, lane, reason)
        assert await bay.words(P[0], P[0], P[1]) == ["packed", "packed_before", "full"]
        assert await bay.facts() == [
            ContainerBound(container=A1, station="st-a", run="R1", day=DAY),
            ParcelPacked(parcel=P[0], container=A1),
            ParcelPacked(parcel=P[1], container=A1),
        ]


async def test_a_container_that_lacks_parcels_is_sealed_only_on_purpose_and_they_are_missing_until_found(tmp_path: Path) -> None:
    async with open_bay(tmp_path, manifest()) as bay:
        await bay.rules.choose_mode("seal")
        assert await bay.words(A1) == ["not_bound"]
        await bay.rules.choose_mode("pack")
        assert await bay.words(A1, P[0]) == ["bound", "packed"]
        await bay.rules.choose_mode("seal")
        refused = await bay.scan(A1)
        assert (refused.word, refused.amount, refused.of, bay.last_sound) == ("seal_lacks", 1, 2, Reason.SEAL_LACKS)
        sealed = await bay.dock.seal(A1, WANG, is_short=True)
        assert (sealed.word, bay.last_sound) == ("sealed_short", Sound.ATTENTION)
        assert (await bay.facts())[-2:] == [
            VarianceFound(problem=Problem.MISSING, parcel=P[1], container=A1),
            ContainerSealed(container=A1),
        ]
        await bay.rules.choose_mode("pack")
        assert await bay.words(A1) == ["sealed_before"]
        undone = await bay.dock.undo(sealed.event, "staff-1")
        assert undone.is_undone
        assert await bay.words(A1, P[1]) == ["open", "full"]
        await bay.rules.choose_mode("seal")
        assert await bay.words(A1, A1) == ["sealed", "sealed_before"]


async def test_a_van_is_loaded_last_stop_first_and_wrong_runs_and_orders_are_told(tmp_path: Path) -> None:
    async with open_bay(tmp_path, manifest()) as bay:
        await bay.packed(A1, P[0], P[1])
        await bay.packed(A2, P[2])
        await bay.packed(C1, P[6], P[7])
        await bay.rules.choose_mode("load")
        early = await bay.scan(A1)
        assert (early.word, early.slot, early.amount, early.of, early.detail) == ("loaded_early", "A2", 1, 4, RUN_1)
        assert bay.last_sound is Sound.ATTENTION
        wrong = await bay.scan(C1)
        assert (wrong.word, wrong.detail, bay.heard(Reason.WRONG_RUN)) == ("wrong_run", RUN_2, True)
        assert await bay.words(B1, D1, SPARE, A1) == ["not_bound", "no_route", "not_in_plan", "loaded_before"]
        await bay.packed(B1, P[4], P[5])
        assert await bay.words(B1) == ["loaded"]
        await bay.packed(A_COLD, P[3])
        last = await bay.scan(A2)
        assert (last.word, last.amount, last.of) == ("loaded", 3, 4)
        assert (await bay.scan(A_COLD)).word == "run_full"
        assert await bay.words(C1) == ["run_full"], "the run is full and closed: another may begin"
        assert [fact for fact in await bay.facts() if isinstance(fact, ContainerLoaded)] == [
            ContainerLoaded(container=one, run=run) for one, run in ((A1, "R1"), (B1, "R1"), (A2, "R1"), (A_COLD, "R1"), (C1, "R2"))
        ]


async def test_another_container_may_take_a_load_and_what_lay_in_the_first_moves(tmp_path: Path) -> None:
    async with open_bay(tmp_path, manifest()) as bay:
        await bay.rules.choose_mode("pack")
        assert await bay.words(A1, P[0], SPARE) == ["bound", "packed", "not_in_plan"]
        await bay.dock.await_container("", A1)
        assert await bay.words(SPARE) == ["bound"]
        assert (await bay.facts())[-1] == ContainerBound(container=SPARE, station="st-a", run="R1", day=DAY, stands_for=A1)
        told = await bay.scan(A1)
        assert (told.word, told.container) == ("load_bound", SPARE)
        assert await bay.words(P[0], P[1]) == ["moved", "full"]
        await bay.dock.await_container("", A2)
        assert await bay.words(SPARE) == ["container_busy"]
        await bay.rules.choose_mode("seal")
        assert await bay.words(SPARE) == ["sealed"]
        with pytest.raises(NotPlannedError):
            await bay.dock.await_container("", SPARE)


async def test_a_container_comes_back_empty_once_and_not_with_parcels_in_it(tmp_path: Path) -> None:
    async with open_bay(tmp_path, manifest()) as bay:
        await bay.packed(A1, P[0], P[1])
        await bay.rules.choose_mode("empties")
        full = await bay.scan(A1)
        assert (full.word, full.amount) == ("not_empty", 2)
        assert await bay.words(SPARE, SPARE) == ["taken_back", "taken_back_before"]
        assert (await bay.facts())[-1] == ContainerTakenBack(container=SPARE)


async def test_yesterdays_round_does_not_count_for_todays_load(tmp_path: Path) -> None:
    async with open_bay(tmp_path, manifest()) as bay:
        await bay.packed(A1, P[0], P[1])
        await bay.rules.choose_mode("load")
        await bay.scan(A1)
        tomorrow = load(A1, "st-a", [STRANGE], day="2026-01-02")
        await bay.put_in_force(manifest(2, (tomorrow,)))
        await bay.rules.choose_mode("pack")
        assert await bay.words(A1, STRANGE) == ["bound", "full"]


async def test_an_undone_act_is_taken_back_in_the_name_of_who_did_it_and_the_scan_counts_anew(tmp_path: Path) -> None:
    async with open_bay(tmp_path, manifest()) as bay:
        first = await bay.scan(P[0])
        assert first.can_undo
        undone = await bay.dock.undo(first.event, "staff-1")
        assert (undone.word, undone.slot, undone.undone_by) == ("sorted", "A1", "staff-1")
        assert isinstance((await bay.facts())[-1], EventUndone)
        assert await bay.words(P[0]) == ["sorted"]


async def test_scanners_with_jobs_of_their_own_do_them_side_by_side_and_over_a_restart(tmp_path: Path) -> None:
    async with open_bay(tmp_path, manifest()) as bay:
        await bay.dock.sit("page-2", "scanner-2")
        await bay.dock.choose_mode("scanner-2", "pack")
        assert [(await bay.scan(A1, "scanner-2")).word, (await bay.scan(P[0])).word] == ["bound", "sorted"]
        assert (await bay.scan(P[0], "page-2")).word == "packed"
        await bay.rules.choose_mode("load")
        await bay.dock.open_run("", RUN_2)
        with pytest.raises(NotPlannedError):
            await bay.dock.open_run("", "demo/2026-01-01/R9")
    async with open_bay(tmp_path) as bay:
        assert (bay.dock.mode, bay.dock.places[""].run) == ("load", RUN_2)
        assert (await bay.scan(P[1], "scanner-2")).word == "full"
        assert [result.word for result in bay.dock.results][:2] == ["full", "packed"]
        await bay.dock.share("scanner-2")
        assert (await bay.scan(P[1], "scanner-2")).word == "want_container"


async def test_a_mode_of_a_station_changes_nothing_at_a_dock(tmp_path: Path) -> None:
    async with open_bay(tmp_path, manifest()) as bay:
        assert (bay.dock.mode, bay.rules.rules.mode) == ("sort", "sort")
        with pytest.raises(NoSuchModeError):
            await bay.rules.choose_mode("release")
        assert await bay.rules.apply(Desired(version=3, hlc=1, mode="receive"))
        assert (bay.dock.mode, bay.rules.rules.version) == ("sort", 3)
        assert await bay.rules.apply(Desired(version=4, hlc=1, mode="pack"))
        assert bay.dock.mode == "pack"


async def test_who_looks_while_another_looks_sees_what_was_just_booked(tmp_path: Path) -> None:
    async with open_bay(tmp_path, manifest()) as bay:
        await bay.dock.progress.read(bay.dock.plan)
        await bay.scan(P[0])
        both = await asyncio.gather(bay.dock.progress.read(bay.dock.plan), bay.dock.progress.read(bay.dock.plan))
        assert [seen[A1].sorted for seen in both] == [1, 1]


async def test_progress_is_read_anew_where_something_was_booked_or_taken_back(tmp_path: Path) -> None:
    async with open_bay(tmp_path, manifest()) as bay:
        read = bay.dock.progress.read
        assert [one.now.state for one in (await read(bay.dock.plan)).values()] == [ContainerState.EMPTY] * 6
        await bay.scan(P[0])
        await bay.rules.choose_mode("pack")
        await bay.dock.await_container("", A1)
        await bay.scan(SPARE)
        packed = await bay.scan(P[0])
        one = (await read(bay.dock.plan))[A1]
        assert (one.now.container, one.now.state, one.sorted, one.now.packed) == (SPARE, ContainerState.BOUND, 1, frozenset(P[:1]))
        await bay.dock.undo(packed.event, "staff-1")
        one = (await read(bay.dock.plan))[A1]
        assert (one.sorted, one.now.packed) == (1, frozenset())
        await bay.put_in_force(manifest(2, (load(A1, "st-a", [P[0], parcel_label(77)]),)))
        assert set(await read(bay.dock.plan)) == {A1}


async def test_what_could_not_be_read_is_read_next_time_and_a_run_of_which_nothing_is_known_is_left_out(tmp_path: Path) -> None:
    async with open_bay(tmp_path, manifest()) as bay:
        plan, card = bay.dock.plan, FailingCard(bay.outbox)
        progress = Progress(card)  # type: ignore[arg-type]  # what it uses of an outbox
        card.fails = True
        with pytest.raises(NotKeptError):
            await progress.read(plan)
        assert len(await progress.read(plan)) == 6
        await bay.scan(P[0])
        progress.touched(await bay.facts(), plan)
        card.fails = True
        with pytest.raises(NotKeptError):
            await progress.read(plan)
        assert (await progress.read(plan))[A1].sorted == 1
        assert run_view(RUN_1, plan.runs[RUN_1], {}) is None


class FailingCard:
    """An outbox that fails once when told so."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.fails = False

    async def run(self, work: Callable[[Store], T]) -> T:
        if self.fails:
            self.fails = False
            raise NotKeptError("the card is gone for a moment")
        return await self._outbox.run(work)
