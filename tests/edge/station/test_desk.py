"""A station's day at the page and the scanner, on a real file: arrivals, goods, shelves, cells, stock-take, leftovers."""

from pathlib import Path

import msgspec
import pytest

from edge.devices.ports import Sound
from edge.station import ledger
from edge.station.decide import ScanKind
from edge.station.desk import NotInManifestError
from edge.station.manifests import ManifestRefusedError
from edge.station.verdict import Word
from edge.wire.codec import PayloadError
from edge.wire.manifest import encode_manifest
from edge.wire.messages import (
    ContainerOpened,
    ContainerReturned,
    ContainerSigned,
    CountFinished,
    GoodsDistributed,
    GoodsReceived,
    LabelUnknown,
    ParcelOverdue,
    ParcelPlaced,
    ParcelReceived,
    ParcelSeen,
    Problem,
    StockTaken,
    VarianceFound,
)
from tests.edge.station import days
from tests.edge.station.counters import CHEN, open_counter
from tests.edge.station.days import BAGS, BULK, DEADLINE_MS, LI_1, RICE, RICE_EAN, STRANGE, WANG_1, WANG_2, ZHAO_1

DAY = days.manifest()


async def test_a_container_is_signed_opened_counted_and_what_never_came_is_missing_until_it_is_found(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY) as counter:
        signed, opened = await counter.scan(BAGS), await counter.scan(BAGS)
        assert (signed.word, opened.word) == (Word.SIGNED, Word.OPENED)
        for label in (WANG_1, LI_1, WANG_1, STRANGE):
            await counter.scan(label)
        counted = await counter.desk.finish_count(BAGS, CHEN)
        assert (counted.word, counted.amount, counted.of) == (Word.COUNTED_SHORT, 2, 3)
        found = await counter.scan(WANG_2)
        assert found.word == Word.FOUND
        assert await counter.facts() == [
            ContainerSigned(container=BAGS, run="run-1"),
            ContainerOpened(container=BAGS),
            ParcelReceived(parcel=WANG_1, container=BAGS),
            ParcelReceived(parcel=LI_1, container=BAGS),
            ParcelReceived(parcel=STRANGE, container=BAGS),
            VarianceFound(problem=Problem.SURPLUS, parcel=STRANGE, container=BAGS),
            VarianceFound(problem=Problem.MISSING, parcel=WANG_2, container=BAGS),
            CountFinished(container=BAGS, expected=3, received=2, missing=1, surplus=1),
            ParcelReceived(parcel=WANG_2),
        ]


async def test_at_the_hand_out_a_container_is_only_looked_at(tmp_path: Path) -> None:
    async with open_counter(tmp_path, "release", DAY) as counter:
        assert (await counter.scan(BAGS)).word == Word.NOT_HERE
        counter.station.set_mode("receive")
        await counter.scan(BAGS)
        counter.station.set_mode("count")
        assert (await counter.scan(BAGS)).word == Word.SIGNED_BEFORE
        assert len(await counter.facts()) == 1


async def test_a_count_that_was_closed_too_early_is_undone_with_all_it_called_missing(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY) as counter:
        await counter.scan(BAGS)
        await counter.scan(BAGS)
        closed = await counter.desk.finish_count(BAGS, CHEN)
        await counter.station.undo(closed.event, "staff-1", "there was another bag")
        again = await counter.desk.finish_count(BAGS, CHEN)
        assert (again.word, again.amount) == (Word.COUNTED_SHORT, 0)
        missing = [fact for fact in await counter.facts() if isinstance(fact, VarianceFound)]
        assert len(missing) == 6  # three of each closing; the first three are undone


async def test_a_container_that_comes_again_on_another_day_begins_anew(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY) as counter:
        for label in (BAGS, BAGS, STRANGE, WANG_1, WANG_2, LI_1):
            await counter.scan(label)
        await counter.desk.finish_count(BAGS, CHEN)
        await counter.desk.empty(BAGS, CHEN)
        assert (await counter.desk.send_back(BAGS, "run-9", CHEN)).word == Word.SENT_BACK
        assert (await counter.facts())[-1] == ContainerReturned(container=BAGS, run="run-9")
        signed, opened = await counter.scan(BAGS), await counter.scan(BAGS)
        assert (signed.word, opened.word) == (Word.SIGNED, Word.OPENED)
        await counter.desk.finish_count(BAGS, CHEN)
        assert (await counter.facts())[-1] == CountFinished(container=BAGS, expected=3, received=3)


async def test_two_scanners_work_on_two_shelves_and_a_page_alone_speaks_for_all(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY) as counter:
        await counter.scan("SLOT:A1", "scanner-1")
        await counter.scan("SLOT:A2", "scanner-2")
        assert (await counter.scan(WANG_1, "scanner-1")).slot == "A1"
        assert (await counter.scan(LI_1, "scanner-2")).slot == "A2"
        counter.clock.pass_s(60)
        await counter.scan("SLOT:C1", "page-1")
        assert (await counter.scan(WANG_2, "scanner-2")).slot == "C1"
        warm = await counter.desk.shelve(WANG_2, "A1", CHEN)
        assert (warm.word, warm.sound) == (Word.WRONG_ZONE, Sound.REFUSED)


async def test_a_slot_is_suggested_beside_the_rest_of_the_family(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY) as counter:
        await counter.receive(WANG_1, LI_1)
        assert await counter.desk.suggest_slot(LI_1) == "A1"
        await counter.desk.shelve(WANG_1, "A1", CHEN)
        await counter.desk.shelve(LI_1, "A1", CHEN)
        assert await counter.desk.suggest_slot(LI_1) == "A2"
        assert await counter.desk.suggest_slot(STRANGE) == ""


async def test_a_slot_with_one_place_left_is_told_to_one_of_all_that_wait(tmp_path: Path) -> None:
    narrow = msgspec.structs.replace(DAY, shelves=tuple(msgspec.structs.replace(shelf, capacity=1) for shelf in DAY.shelves))
    async with open_counter(tmp_path, manifest=narrow) as counter:
        await counter.receive(WANG_1, WANG_2, LI_1)
        queue = await counter.desk.shelf_queue(9)
        assert [(one.parcel, slot) for one, slot in queue.first] == [(WANG_2, "C1"), (WANG_1, "A1"), (LI_1, "A2")]
        await counter.desk.shelve(LI_1, "A1", CHEN)
        assert [slot for _, slot in (await counter.desk.shelf_queue(9)).first] == ["C1", "A2"]


async def test_goods_are_counted_piece_by_piece_and_go_into_bags_that_then_are_parcels(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY) as counter:
        await counter.scan(BULK)
        await counter.scan(BULK)
        pieces = [await counter.scan(RICE_EAN) for _ in range(3)]
        assert [(one.word, one.amount, one.of) for one in pieces] == [(Word.GOODS_COUNTED, n, 3) for n in (1, 2, 3)]
        assert (await counter.desk.finish_count(BULK, CHEN)).word == Word.COUNTED
        given = [await counter.scan(RICE_EAN) for _ in range(4)]
        assert [one.word for one in given] == [Word.GIVEN, Word.GIVEN, Word.BAG_COMPLETE, Word.ALL_GIVEN]
        facts = await counter.facts()
        assert facts[2:5] == [GoodsReceived(container=BULK, sku=RICE)] * 3
        assert facts[-2:] == [GoodsDistributed(sku=RICE, parcel=ZHAO_1), ParcelReceived(parcel=ZHAO_1)]
        assert (await counter.desk.shelve(ZHAO_1, "A1", CHEN)).word == Word.SHELVED


async def test_a_shortage_of_goods_is_said_of_the_container_and_of_each_bag(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY) as counter:
        await counter.desk.open_container(BULK, CHEN)
        assert (await counter.desk.count_goods(BULK, RICE, 2, CHEN)).amount == 2
        assert (await counter.desk.finish_count(BULK, CHEN)).word == Word.COUNTED_SHORT
        assert (await counter.desk.give(RICE, 2, ZHAO_1, CHEN)).word == Word.GIVEN
        assert (await counter.desk.give(RICE, 1, "", CHEN)).word == Word.NONE_LEFT
        assert (await counter.desk.finish_count(BULK, CHEN)).word == Word.COUNTED_BEFORE
        ended = await counter.desk.finish_distribution(CHEN)
        assert (ended.word, ended.amount) == (Word.DISTRIBUTED_SHORT, 1)
        facts = await counter.facts()
        assert VarianceFound(problem=Problem.SHORT, container=BULK, sku=RICE) in facts
        assert facts[-2:] == [
            ParcelReceived(parcel=ZHAO_1),
            VarianceFound(problem=Problem.SHORT, parcel=ZHAO_1, sku=RICE),
        ]


async def test_an_ean_that_is_nobodys_is_kept_for_a_person_to_look_at(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY) as counter:
        assert (await counter.scan(days.MILK_EAN)).kind is ScanKind.UNKNOWN
        assert (await counter.scan("4006381333931")).kind is ScanKind.UNKNOWN
        assert {type(fact) for fact in await counter.facts()} == {LabelUnknown}


async def test_what_is_wrong_is_noted_with_its_photograph_and_its_weight(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY) as counter:
        await counter.receive(LI_1)
        assert (await counter.desk.report(LI_1, Problem.DAMAGED, RICE, 1, "ab" * 32, CHEN)).word == Word.VARIANCE_NOTED
        assert (await counter.desk.weigh(LI_1, RICE, 2, 9_000, "", CHEN)).word == Word.UNDERWEIGHT
        with pytest.raises(NotInManifestError):
            await counter.desk.weigh(LI_1, days.MILK, 1, 900, "", CHEN)
        known = await counter.outbox.run(lambda store: ledger.parcel(store.execute, counter.station.day, LI_1))
        assert known.standing.problems == {Problem.DAMAGED, Problem.UNDERWEIGHT}


async def test_a_parcel_lies_in_a_cell_of_its_own(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY) as counter:
        assert (await counter.desk.place(WANG_1, "1-01", CHEN)).word == Word.PLACED
        assert (await counter.desk.place(LI_1, "1-01", CHEN)).word == Word.CELL_BUSY
        assert (await counter.desk.remove(WANG_1, "expired", CHEN)).word == Word.REMOVED
        assert (await counter.desk.place(LI_1, "1-01", CHEN)).word == Word.PLACED
        assert ParcelPlaced(parcel=LI_1, cell="1-01") in await counter.facts()
        with pytest.raises(NotInManifestError):
            await counter.desk.place(LI_1, "9-99", CHEN)


async def test_a_stock_take_calls_missing_what_lay_here_when_it_began_and_was_not_seen(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY) as counter:
        await counter.receive(WANG_1, WANG_2, LI_1)
        counter.station.set_mode("count")
        assert (await counter.scan(WANG_1)).word == Word.SEEN  # nothing is being counted: only a look
        await counter.desk.begin_stock_take("")
        counter.clock.pass_s(2)
        assert [(await counter.scan(one)).word for one in (WANG_1, STRANGE, WANG_1)] == [
            Word.SEEN, Word.SEEN_SURPLUS, Word.SEEN,
        ]  # fmt: skip
        await counter.desk.dispose(WANG_2, "spoiled", "", CHEN)  # leaves meanwhile: not missing
    async with open_counter(tmp_path, "count", clock=counter.clock) as counter:  # a restart in the middle
        taken = await counter.desk.finish_stock_take(CHEN)
        assert (taken.word, taken.amount, taken.of) == (Word.STOCK_SHORT, 1, 2)
        facts = await counter.facts()
        assert facts[-2:] == [
            VarianceFound(problem=Problem.MISSING, parcel=LI_1),
            StockTaken(scope="", expected=2, found=1, missing=1, surplus=1),
        ]
        assert facts.count(ParcelSeen(parcel=WANG_1)) == 1
        with pytest.raises(NotInManifestError):
            await counter.desk.finish_stock_take(CHEN)


async def test_after_the_deadline_what_is_left_is_overdue_once_and_cold_goods_do_not_go_back(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY) as counter:
        await counter.receive(WANG_1, WANG_2)
        await counter.desk.mark_overdue()
        counter.clock.pass_s((DEADLINE_MS - days.NOON_MS) / 1000 + 1)
        await counter.desk.mark_overdue()
        await counter.desk.mark_overdue()
        assert (await counter.facts())[2:] == [ParcelOverdue(parcel=WANG_1), ParcelOverdue(parcel=WANG_2)]
        assert (await counter.desk.give_back(WANG_2, "", "", CHEN)).word == Word.NEVER_GOES_BACK
        assert (await counter.desk.dispose(WANG_2, "expired", "", CHEN)).word == Word.DISPOSED
        assert (await counter.desk.give_back(WANG_1, "", "run-2", CHEN)).word == Word.RETURNED
        last = await counter.station.undo(None, "staff-1")
        assert last.parcel == WANG_1  # what a person did, not what the station said of itself


async def test_a_manifest_outlasts_a_restart_and_is_replaced_only_by_a_newer_one_for_us(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY) as counter:
        assert not await counter.put_in_force(DAY)
        with pytest.raises(ManifestRefusedError, match="version 1"):
            await counter.put_in_force(msgspec.structs.replace(DAY, day="2026-01-02"))
        with pytest.raises(ManifestRefusedError, match="st-9"):
            await counter.put_in_force(msgspec.structs.replace(days.manifest(5), site="st-9"))
        with pytest.raises(ManifestRefusedError, match="announced"):
            await counter.manifests.apply(encode_manifest(days.manifest(5)), "00" * 32, 0)
        with pytest.raises(PayloadError):
            await counter.put_in_force(msgspec.structs.replace(days.manifest(5), operators=()))
        assert counter.station.day.manifest == DAY
    async with open_counter(tmp_path) as counter:
        assert counter.station.day.manifest == DAY
        assert await counter.put_in_force(days.manifest(2))
        assert counter.manifests.sha256


async def test_the_list_of_acts_is_read_back_with_its_words(tmp_path: Path) -> None:
    async with open_counter(tmp_path, manifest=DAY) as counter:
        for label in (BAGS, BAGS, WANG_1):
            await counter.scan(label)
        await counter.desk.report(WANG_1, Problem.DAMAGED, "", 1, "", CHEN)
        await counter.desk.shelve(WANG_1, "A1", CHEN)
        before = [(one.word, one.parcel, one.container, one.slot) for one in counter.station.results]
    async with open_counter(tmp_path) as counter:
        read = [(one.word, one.parcel, one.container, one.slot) for one in counter.station.results]
    assert [one[0] for one in read] == [one[0] for one in before]
    assert read[0] == (Word.SHELVED, WANG_1, "", "A1")
