"""Containers that nobody finds, that are found, and that come back: what the van still waits for, and what is empty."""

from pathlib import Path

import msgspec

from edge.devices.ports import Sound
from edge.http.dock import run_view
from edge.wire.manifest import Article, Line
from edge.wire.messages import ContainerLoaded, ContainerLost, ContainerTakenBack
from tests.edge.dock.plans import A1, A2, A_COLD, B1, C1, RUN_1, WANG, P, load, manifest, open_bay


async def test_what_nobody_finds_is_not_waited_for_and_found_when_it_is_scanned_again(tmp_path: Path) -> None:
    async with open_bay(tmp_path, manifest()) as bay:
        await bay.packed(B1, P[4], P[5])
        await bay.packed(A1, P[0], P[1])
        lost = await bay.dock.lose(B1, "门口没有", WANG)
        assert (lost.word, (await bay.facts())[-1]) == ("lost", ContainerLost(container=B1, note="门口没有"))
        assert (await bay.dock.lose(B1, "", WANG)).word == "lost_before"
        await bay.rules.choose_mode("load")
        assert await bay.words(A1) == ["loaded"], "in order, for the last stop's is lost"
        await bay.rules.choose_mode("pack")
        found = await bay.scan(B1)
        assert (found.word, found.amount, found.of) == ("bound", 2, 2)


async def test_a_run_of_which_one_container_is_lost_becomes_full_without_it_and_the_next_van_begins(tmp_path: Path) -> None:
    async with open_bay(tmp_path, manifest()) as bay:
        for container, parcels in ((B1, P[4:6]), (A1, P[0:2]), (A2, P[2:3]), (A_COLD, P[3:4]), (C1, P[6:8])):
            await bay.packed(container, *parcels)
        await bay.dock.lose(A2, "", WANG)
        await bay.rules.choose_mode("load")
        told = [await bay.scan(one) for one in (B1, A1, A_COLD)]
        assert [(one.word, one.amount, one.of) for one in told] == [("loaded", 1, 3), ("loaded", 2, 3), ("run_full", 3, 3)]
        assert bay.dock.places[""].run == ""
        seen = run_view(RUN_1, bay.dock.plan.runs[RUN_1], await bay.dock.progress.read(bay.dock.plan))
        assert seen is not None
        assert (seen.containers, seen.loaded, seen.lost, seen.left, seen.next) == (4, 3, 1, 0, "")
        assert await bay.words(C1) == ["run_full"]


async def test_a_run_whose_last_container_is_lost_while_it_is_loaded_keeps_no_other_out(tmp_path: Path) -> None:
    async with open_bay(tmp_path, manifest()) as bay:
        for container, parcels in ((B1, P[4:6]), (A1, P[0:2]), (A2, P[2:3]), (A_COLD, P[3:4]), (C1, P[6:8])):
            await bay.packed(container, *parcels)
        await bay.rules.choose_mode("load")
        assert await bay.words(B1, A1, A2, C1) == ["loaded", "loaded", "loaded", "wrong_run"]
        await bay.dock.lose(A_COLD, "", WANG)
        assert await bay.words(C1) == ["run_full"]


async def test_a_sealed_container_that_was_lost_and_stands_at_the_van_is_found_and_goes_with_it(tmp_path: Path) -> None:
    async with open_bay(tmp_path, manifest()) as bay:
        for container, parcels in ((B1, P[4:6]), (A1, P[0:2]), (A2, P[2:3]), (A_COLD, P[3:4])):
            await bay.packed(container, *parcels)
        await bay.dock.lose(A1, "", WANG)
        await bay.dock.lose(A_COLD, "", WANG)
        await bay.rules.choose_mode("load")
        assert await bay.words(B1) == ["loaded"]
        found = await bay.scan(A1)
        assert (found.word, found.slot, found.amount, found.of, found.detail) == ("found", "A1", 2, 3, RUN_1)
        assert (bay.last_sound, (await bay.facts())[-1]) == (Sound.ATTENTION, ContainerLoaded(container=A1, run="R1"))
        assert await bay.words(A1, A2) == ["loaded_before", "run_full"]
        last = await bay.scan(A_COLD)
        assert (last.word, last.amount, last.of, bay.dock.places[""].run) == ("found", 4, 4, "")


async def test_what_was_lost_before_it_was_sealed_does_not_go_with_the_van(tmp_path: Path) -> None:
    async with open_bay(tmp_path, manifest()) as bay:
        await bay.rules.choose_mode("pack")
        assert await bay.words(A1, P[0]) == ["bound", "packed"]
        await bay.dock.lose(A1, "", WANG)
        await bay.rules.choose_mode("load")
        assert await bay.words(A1) == ["not_bound"]
        await bay.rules.choose_mode("empties")
        assert await bay.words(A1) == ["not_empty"], "its parcel lies in it"


async def test_goods_that_nobody_scans_and_what_is_sealed_are_not_taken_back_as_empty(tmp_path: Path) -> None:
    goods = msgspec.structs.replace(load(A1, "st-a", []), lines=(Line(sku="G1000", quantity=12),))
    plan = msgspec.structs.replace(
        manifest(1, (goods, load(B1, "st-b", P[4:6]))), articles=(Article(sku="G1000", name="东北大米5kg"),)
    )
    async with open_bay(tmp_path, plan) as bay:
        await bay.rules.choose_mode("pack")
        assert await bay.words(A1) == ["bound"]
        await bay.rules.choose_mode("empties")
        assert await bay.words(A1) == ["holds_goods"]
        await bay.rules.choose_mode("seal")
        assert await bay.words(A1) == ["sealed"]
        await bay.rules.choose_mode("empties")
        assert (await bay.words(A1), bay.last_sound) == (["holds_goods"], Sound.REFUSED)
        await bay.rules.choose_mode("pack")
        assert await bay.words(B1) == ["bound"]
        await bay.dock.seal(B1, WANG, is_short=True)
        assert (await bay.dock.take_back(B1, WANG)).word == "still_sealed"
        assert not [fact for fact in await bay.facts() if isinstance(fact, ContainerTakenBack)]
