"""Slots and cells: which one, and whether a parcel may lie there."""

import pytest

from edge.devices.ports import Sound
from edge.station import lockers, shelving
from edge.station.shelving import ShelfPlan
from edge.station.verdict import Word
from edge.wire.manifest import LockerCell, Size, Zone
from edge.wire.messages import (
    ParcelPlaced,
    ParcelReceived,
    ParcelReleased,
    ParcelRemoved,
    ParcelShelved,
    Problem,
    VarianceFound,
)
from tests.edge.station.days import LI_1, STRANGE, WANG_1, WANG_2
from tests.edge.station.things import DAY, parcel

PLAN = ShelfPlan.of(DAY.shelves)
NO_PLAN = ShelfPlan({})


@pytest.mark.parametrize(
    ("label", "lying", "family", "slot"),
    [
        (WANG_1, {}, (), "A1"),
        (WANG_1, {"A1": 2}, (), "A2"),
        (WANG_1, {"A1": 1}, ("A2",), "A2"),
        (WANG_1, {"A1": 2, "A2": 2}, ("A2",), "C1"),
        (WANG_1, {"A1": 2, "A2": 2, "C1": 2}, (), ""),
        (WANG_2, {}, ("A1",), "C1"),
        (WANG_2, {"C1": 2}, (), ""),
        (STRANGE, {}, (), ""),
    ],
)
def test_a_slot_is_suggested_by_zone_room_and_family(label: str, lying: dict[str, int], family: tuple[str, ...], slot: str) -> None:
    assert shelving.suggest_slot(parcel(label), PLAN, lying, family) == slot


def test_shelving_receives_what_was_not_scanned_in_and_moves_what_was() -> None:
    fresh = shelving.shelve(parcel(WANG_1), "A1", PLAN)
    assert fresh.facts == (ParcelReceived(parcel=WANG_1), ParcelShelved(parcel=WANG_1, slot="A1"))
    moved = shelving.shelve(parcel(WANG_1, *fresh.facts), "A2", PLAN)
    assert moved.facts == (ParcelShelved(parcel=WANG_1, slot="A2"),)
    again = shelving.shelve(parcel(WANG_1, *fresh.facts), "A1", PLAN)
    assert (again.word, again.sound) == (Word.SHELVED_BEFORE, Sound.DUPLICATE)


def test_warm_shelves_refuse_cold_goods_and_slots_that_are_not_there() -> None:
    cold = shelving.shelve(parcel(WANG_2), "A1", PLAN)
    assert (cold.word, cold.detail, cold.facts) == (Word.WRONG_ZONE, "chilled", ())
    assert shelving.shelve(parcel(WANG_1), "C1", PLAN).word is Word.SHELVED
    assert shelving.shelve(parcel(WANG_1), "Z9", PLAN).word is Word.NO_SUCH_SLOT
    assert shelving.shelve(parcel(WANG_2, day=None), "Z9", NO_PLAN).word is Word.SHELVED


def test_a_stranger_is_shelved_and_said_and_what_left_is_not() -> None:
    strange = shelving.shelve(parcel(STRANGE), "A1", PLAN)
    assert (strange.word, strange.place) == (Word.RECEIVED_SURPLUS, "A1")
    assert [type(fact) for fact in strange.facts] == [ParcelReceived, VarianceFound, ParcelShelved]
    gone = parcel(WANG_1, ParcelReceived(parcel=WANG_1), ParcelReleased(parcel=WANG_1))
    assert shelving.shelve(gone, "A1", PLAN).facts == ()


@pytest.mark.parametrize(
    ("label", "taken", "cell"),
    [
        (WANG_1, {}, "1-01"),
        (WANG_1, {"1-01": "P"}, "1-02"),
        (WANG_1, {"1-01": "P", "1-02": "Q"}, None),
        (LI_1, {}, "1-02"),
        (WANG_2, {}, "1-03"),
        (WANG_2, {"1-03": "P"}, None),
        (STRANGE, {}, None),
    ],
)
def test_the_smallest_cell_of_the_right_temperature(label: str, taken: dict[str, str], cell: str | None) -> None:
    found = lockers.allocate(parcel(label), DAY.cells, taken)
    assert (None if found is None else found.cell) == cell


AMBIENT, CHILLED = LockerCell(cell="1-01", zone=Zone.AMBIENT, size=Size.M), LockerCell(cell="1-03", zone=Zone.CHILLED, size=Size.S)


def test_a_parcel_goes_into_its_own_cell_of_its_own_temperature() -> None:
    placed = lockers.place(parcel(WANG_1), AMBIENT, {"1-01": WANG_1})
    assert placed.facts == (ParcelReceived(parcel=WANG_1), ParcelPlaced(parcel=WANG_1, cell="1-01"))
    assert lockers.place(parcel(WANG_1, *placed.facts), AMBIENT, {"1-01": WANG_1}).sound is Sound.DUPLICATE
    assert lockers.place(parcel(WANG_2), AMBIENT, {}).word is Word.WRONG_ZONE
    assert lockers.place(parcel(WANG_1), AMBIENT, {"1-01": LI_1}).word is Word.CELL_BUSY
    gone = parcel(WANG_1, ParcelReceived(parcel=WANG_1), ParcelReleased(parcel=WANG_1))
    assert lockers.place(gone, AMBIENT, {}).facts == ()


def test_what_moves_out_of_a_cell_leaves_it_first() -> None:
    inside = parcel(WANG_1, ParcelPlaced(parcel=WANG_1, cell="1-02"))
    removed = ParcelRemoved(parcel=WANG_1, cell="1-02", reason="moved")
    assert lockers.place(inside, AMBIENT, {"1-02": WANG_1}).facts[0] == removed
    assert shelving.shelve(inside, "A1", PLAN).facts == (removed, ParcelShelved(parcel=WANG_1, slot="A1"))
    assert lockers.remove(inside, "expired").facts == (ParcelRemoved(parcel=WANG_1, cell="1-02", reason="expired"),)
    assert lockers.remove(parcel(WANG_1), "expired").word is Word.NOT_HERE


def test_what_was_found_is_shelved_without_alarm() -> None:
    found = shelving.shelve(parcel(WANG_1, VarianceFound(problem=Problem.MISSING, parcel=WANG_1)), "A1", PLAN)
    assert (found.word, found.sound) == (Word.SHELVED, Sound.OK)
    assert CHILLED.zone is Zone.CHILLED
