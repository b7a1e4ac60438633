"""Stock-take, what nobody fetched, empties."""

import pytest

from edge.devices.ports import Sound
from edge.station import leftovers, stocktake
from edge.station.verdict import Word
from edge.wire.manifest import Zone
from edge.wire.messages import (
    AnyFact,
    ContainerEmptied,
    ContainerOpened,
    ContainerReturned,
    ContainerSigned,
    ParcelDisposed,
    ParcelOverdue,
    ParcelReceived,
    ParcelReleased,
    ParcelReturned,
    ParcelSeen,
    ParcelShelved,
    Problem,
    StockTaken,
    VarianceFound,
)
from tests.edge.station.days import BAGS, BULK, DEADLINE_MS, LI_1, STRANGE, WANG_1, WANG_2, ZHAO_1
from tests.edge.station.things import claim, container, parcel


def lying(label: str, slot: str = "A1") -> ParcelShelved:
    return ParcelShelved(parcel=label, slot=slot)


@pytest.mark.parametrize(
    ("facts", "slot", "word", "sound"),
    [
        ([lying(WANG_1)], "", Word.SEEN, Sound.OK),
        ([lying(WANG_1)], "A1", Word.SEEN, Sound.OK),
        ([lying(WANG_1)], "A2", Word.SEEN_ELSEWHERE, Sound.ATTENTION),
        ([ParcelReceived(parcel=WANG_1)], "A2", Word.SEEN, Sound.OK),
        ([], "A2", Word.SEEN_SURPLUS, Sound.ATTENTION),
        ([lying(WANG_1), ParcelReleased(parcel=WANG_1)], "", Word.LEFT_BEFORE, Sound.REFUSED),
    ],
)
def test_a_parcel_seen_at_a_stock_take(facts: list[AnyFact], slot: str, word: Word, sound: Sound) -> None:
    verdict = stocktake.see(parcel(WANG_1, *facts), (), slot)
    assert (verdict.word, verdict.sound) == (word, sound)
    assert (ParcelSeen(parcel=WANG_1, slot=slot) in verdict.facts) == (word is not Word.LEFT_BEFORE)


def test_a_parcel_is_seen_once_a_stock_take_and_a_stranger_is_called_so() -> None:
    assert stocktake.see(parcel(WANG_1, lying(WANG_1)), {WANG_1}).sound is Sound.DUPLICATE
    strange = stocktake.see(parcel(STRANGE), ())
    assert strange.facts == (ParcelSeen(parcel=STRANGE), VarianceFound(problem=Problem.SURPLUS, parcel=STRANGE))


def test_what_was_not_seen_is_missing_and_the_count_of_a_shelf_leaves_the_others_alone() -> None:
    here = [parcel(WANG_1, lying(WANG_1)), parcel(LI_1, lying(LI_1, "A12")), parcel(WANG_2, lying(WANG_2, "C1"))]
    shelf = stocktake.finish("A", here, {WANG_1, WANG_2})
    assert shelf.facts == (
        VarianceFound(problem=Problem.MISSING, parcel=LI_1),
        StockTaken(scope="A", expected=2, found=1, missing=1, surplus=1),
    )
    assert (shelf.word, shelf.amount, shelf.of) == (Word.STOCK_SHORT, 1, 2)
    whole = stocktake.finish("", here, {WANG_1, WANG_2, LI_1})
    assert (whole.word, whole.facts) == (Word.STOCK_TAKEN, (StockTaken(scope="", expected=3, found=3),))


def test_missing_is_said_once() -> None:
    lost = parcel(WANG_1, lying(WANG_1), VarianceFound(problem=Problem.MISSING, parcel=WANG_1))
    assert [type(fact) for fact in stocktake.finish("", [lost], ()).facts] == [StockTaken]


def test_after_the_deadline_each_parcel_that_lies_here_is_overdue_once() -> None:
    waiting = [claim("c-wang", [lying(WANG_1)]), claim("c-li", [lying(LI_1)])]
    assert leftovers.overdue(waiting, DEADLINE_MS).word is Word.NOTHING_OVERDUE
    late = leftovers.overdue(waiting, DEADLINE_MS + 1)
    assert late.facts == (ParcelOverdue(parcel=WANG_1), ParcelOverdue(parcel=LI_1))
    known = [claim("c-wang", [lying(WANG_1), *late.facts]), claim("c-li", [lying(LI_1), ParcelReleased(parcel=LI_1)])]
    assert leftovers.overdue(known, DEADLINE_MS + 2).facts == ()


def test_chilled_goods_never_go_back_and_may_be_thrown_away() -> None:
    cold = parcel(WANG_2, lying(WANG_2, "C1"))
    refused = leftovers.give_back(cold, (Zone.AMBIENT,))
    assert (refused.word, refused.detail, refused.facts) == (Word.NEVER_GOES_BACK, "chilled", ())
    thrown = leftovers.dispose(cold, "expired", "ab" * 32)
    assert thrown.facts == (ParcelDisposed(parcel=WANG_2, reason="expired", photo="ab" * 32),)
    warm = leftovers.give_back(parcel(WANG_1, lying(WANG_1)), (Zone.AMBIENT,), BAGS, "run-2")
    assert warm.facts == (ParcelReturned(parcel=WANG_1, container=BAGS, run="run-2"),)
    strange = parcel(STRANGE, ParcelReceived(parcel=STRANGE))
    assert leftovers.give_back(strange, ()).word is Word.RETURNED


@pytest.mark.parametrize(
    ("facts", "word"), [([], Word.NOT_HERE), ([lying(WANG_1), ParcelReleased(parcel=WANG_1)], Word.LEFT_BEFORE)]
)
def test_what_is_not_here_is_neither_thrown_away_nor_sent_back(facts: list[AnyFact], word: Word) -> None:
    absent = parcel(WANG_1, *facts)
    assert leftovers.dispose(absent, "expired").word is word
    assert leftovers.give_back(absent, tuple(Zone)).word is word


SIGNED, OPENED = ContainerSigned(container=BAGS), ContainerOpened(container=BAGS)


def test_a_container_is_empty_when_each_parcel_in_it_is_accounted_for() -> None:
    here = container(BAGS, SIGNED, OPENED)
    inside = [parcel(WANG_1, lying(WANG_1)), parcel(LI_1)]
    assert leftovers.empty(here, inside).word is Word.NOT_EMPTY
    accounted = [inside[0], parcel(LI_1, VarianceFound(problem=Problem.MISSING, parcel=LI_1))]
    assert leftovers.empty(here, accounted).facts == (ContainerEmptied(container=BAGS),)
    assert leftovers.empty(container(BULK, ContainerSigned(container=BULK)), [parcel(ZHAO_1)]).word is Word.EMPTIED
    assert leftovers.empty(container(BAGS), []).word is Word.NOT_HERE
    assert leftovers.empty(container(BAGS, SIGNED, ContainerEmptied(container=BAGS)), []).sound is Sound.DUPLICATE


def test_the_van_takes_a_container_that_is_here_once() -> None:
    assert leftovers.send_back(container(BAGS, SIGNED), "run-2").facts == (ContainerReturned(container=BAGS, run="run-2"),)
    assert leftovers.send_back(container(BAGS, SIGNED, ContainerReturned(container=BAGS))).word is Word.NOT_HERE
