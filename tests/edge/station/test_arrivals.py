"""Signing, counting, saying what is wrong."""

import pytest

from edge.devices.ports import Sound
from edge.station import arrivals
from edge.station.verdict import Word
from edge.wire.labels import container_label
from edge.wire.manifest import Article
from edge.wire.messages import (
    AnyFact,
    ContainerEmptied,
    ContainerOpened,
    ContainerReturned,
    ContainerSigned,
    CountFinished,
    ParcelDisposed,
    ParcelReceived,
    ParcelReleased,
    ParcelReturned,
    ParcelShelved,
    Problem,
    VarianceFound,
)
from tests.edge.station.days import BAGS, BULK, LI_1, RICE, STRANGE, WANG_1, WANG_2
from tests.edge.station.things import DAY, container, parcel

SIGNED, OPENED = ContainerSigned(container=BAGS), ContainerOpened(container=BAGS)


def received(label: str, from_container: str = BAGS) -> ParcelReceived:
    return ParcelReceived(parcel=label, container=from_container)


def missing(label: str) -> VarianceFound:
    return VarianceFound(problem=Problem.MISSING, parcel=label, container=BAGS)


def test_a_container_is_signed_for_once_with_the_run_that_brought_it() -> None:
    first = arrivals.sign(container(BAGS))
    assert (first.word, first.facts) == (Word.SIGNED, (ContainerSigned(container=BAGS, run="run-1"),))
    again = arrivals.sign(container(BAGS, SIGNED))
    assert (again.word, again.sound, again.facts) == (Word.SIGNED_BEFORE, Sound.DUPLICATE, ())


def test_a_container_that_came_back_another_day_is_signed_for_again() -> None:
    back = arrivals.sign(container(BAGS, SIGNED, ContainerEmptied(container=BAGS), ContainerReturned(container=BAGS)))
    assert back.word is Word.SIGNED


def test_a_damaged_container_and_one_that_nobody_announced_are_taken_over_and_said() -> None:
    damaged = arrivals.sign(container(BAGS), "damaged", "ab" * 32)
    assert damaged.sound is Sound.ATTENTION
    assert damaged.facts[1] == VarianceFound(problem=Problem.DAMAGED, container=BAGS, photo="ab" * 32)
    strange = container_label(77)
    unannounced = arrivals.sign(container(strange))
    assert (unannounced.word, unannounced.sound) == (Word.SIGNED_SURPLUS, Sound.ATTENTION)
    assert arrivals.sign(container(strange, day=None)).word is Word.SIGNED


def test_opening_what_nobody_signed_for_signs_for_it() -> None:
    assert arrivals.open_container(container(BAGS, SIGNED)).facts == (OPENED,)
    assert [type(fact) for fact in arrivals.open_container(container(BAGS)).facts] == [ContainerSigned, ContainerOpened]
    assert arrivals.open_container(container(BAGS, SIGNED, OPENED)).sound is Sound.DUPLICATE
    assert arrivals.open_container(container(BAGS, SIGNED, OPENED, ContainerEmptied(container=BAGS))).facts == ()


@pytest.mark.parametrize(
    ("label", "facts", "word", "sound"),
    [
        (WANG_1, (), Word.RECEIVED, Sound.OK),
        (WANG_1, (received(WANG_1),), Word.RECEIVED_BEFORE, Sound.DUPLICATE),
        (WANG_1, (missing(WANG_1),), Word.FOUND, Sound.OK),
        (WANG_1, (received(WANG_1), ParcelReleased(parcel=WANG_1)), Word.HANDED_OUT_BEFORE, Sound.REFUSED),
        (WANG_1, (received(WANG_1), ParcelDisposed(parcel=WANG_1, reason="expired")), Word.LEFT_BEFORE, Sound.REFUSED),
        (WANG_1, (received(WANG_1), ParcelReturned(parcel=WANG_1)), Word.RECEIVED, Sound.OK),
        (STRANGE, (), Word.RECEIVED_SURPLUS, Sound.ATTENTION),
    ],
)
def test_what_a_scan_at_the_open_container_means(label: str, facts: tuple[AnyFact, ...], word: Word, sound: Sound) -> None:
    verdict = arrivals.receive(parcel(label, *facts), BAGS)
    assert (verdict.word, verdict.sound) == (word, sound)
    assert (received(label) in verdict.facts) == (sound in (Sound.OK, Sound.ATTENTION))


def test_a_parcel_out_of_another_container_than_its_own_is_received_and_said() -> None:
    verdict = arrivals.receive(parcel(WANG_1), BULK)
    assert (verdict.word, verdict.sound, verdict.container) == (Word.RECEIVED_OTHER_CONTAINER, Sound.ATTENTION, BAGS)
    assert verdict.facts == (received(WANG_1, BULK),)


def test_a_strange_parcel_is_in_our_custody_all_the_same_and_without_a_manifest_none_is_strange() -> None:
    assert arrivals.receive(parcel(STRANGE), BAGS).facts == (
        received(STRANGE),
        VarianceFound(problem=Problem.SURPLUS, parcel=STRANGE, container=BAGS),
    )
    assert arrivals.receive(parcel(STRANGE, day=None)).facts == (ParcelReceived(parcel=STRANGE),)


def test_a_parcel_scanned_again_says_where_it_lies() -> None:
    lying = parcel(WANG_1, received(WANG_1), ParcelShelved(parcel=WANG_1, slot="A1"))
    assert arrivals.receive(lying).place == "A1"


def test_what_is_wrong_names_parcel_article_container_and_photograph() -> None:
    verdict = arrivals.report(parcel(LI_1, received(LI_1)), Problem.DAMAGED, sku=RICE, quantity=2, photo="cd" * 32)
    assert verdict.facts == (
        VarianceFound(problem=Problem.DAMAGED, parcel=LI_1, container=BAGS, sku=RICE, quantity=2, photo="cd" * 32),
    )


def test_what_was_not_ordered_cannot_lack_but_can_be_too_much() -> None:
    here = parcel(WANG_1, received(WANG_1))
    assert arrivals.report(here, Problem.SHORT, sku="G9").word is Word.NOT_IN_PARCEL
    assert arrivals.report(here, Problem.SHORT, sku=RICE, quantity=2).word is Word.TOO_MANY
    assert arrivals.report(here, Problem.WRONG_ITEM, sku="G9").word is Word.VARIANCE_NOTED
    assert arrivals.report(parcel(STRANGE, day=None), Problem.SPOILED, sku="G9").word is Word.VARIANCE_NOTED
    gone = parcel(WANG_1, received(WANG_1), ParcelReleased(parcel=WANG_1))
    assert arrivals.report(gone, Problem.DAMAGED).facts == ()


@pytest.mark.parametrize(("weight_g", "word"), [(10_000, Word.WEIGHT_OK), (9_500, Word.WEIGHT_OK), (9_499, Word.UNDERWEIGHT)])
def test_a_twentieth_may_lack_on_the_scales(weight_g: int, word: Word) -> None:
    rice = Article(sku=RICE, weight_g=5000)
    verdict = arrivals.weigh(parcel(LI_1, received(LI_1)), rice, 2, weight_g, 0.05)
    assert verdict.word is word
    assert bool(verdict.facts) == (word is Word.UNDERWEIGHT)
    if verdict.facts:
        assert verdict.facts[0] == VarianceFound(
            problem=Problem.UNDERWEIGHT, parcel=LI_1, container=BAGS, sku=RICE, quantity=2, weight_g=weight_g, expected_g=10_000
        )
    assert arrivals.weigh(parcel(LI_1, received(LI_1)), Article(sku="G9", weight_g=1), 1, 0, 0.0).word is Word.NOT_IN_PARCEL


def test_closing_the_count_calls_missing_what_never_came_and_says_so_once() -> None:
    all_of_it = [one.parcel for one in DAY.parcels if one.container == BAGS]
    known = [parcel(WANG_1, received(WANG_1)), parcel(WANG_2), parcel(LI_1, missing(LI_1)), parcel(STRANGE, received(STRANGE))]
    assert {one.parcel for one in known} == {*all_of_it, STRANGE}
    verdict = arrivals.finish_count(container(BAGS, SIGNED, OPENED), known)
    assert verdict.facts == (missing(WANG_2), CountFinished(container=BAGS, expected=3, received=1, missing=2, surplus=1))
    assert (verdict.word, verdict.amount, verdict.of) == (Word.COUNTED_SHORT, 1, 3)
    counted = container(BAGS, SIGNED, OPENED, CountFinished(container=BAGS, expected=3, received=1))
    assert arrivals.finish_count(counted, known).word is Word.COUNTED_BEFORE
    assert arrivals.finish_count(container(BAGS, SIGNED), known).word is Word.NOT_OPENED


def test_a_full_count_is_good_and_a_parcel_that_left_meanwhile_came() -> None:
    known = [parcel(one, received(one), ParcelReleased(parcel=one)) for one in (WANG_1, WANG_2, LI_1)]
    verdict = arrivals.finish_count(container(BAGS, SIGNED, OPENED), known)
    assert (verdict.word, verdict.sound) == (Word.COUNTED, Sound.OK)
    assert verdict.facts == (CountFinished(container=BAGS, expected=3, received=3),)
