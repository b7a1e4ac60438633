"""Goods by SKU: counted, shared out, put into bags."""

from edge.devices.ports import Sound
from edge.station import bulk
from edge.station.bulk import GoodsHere, Share
from edge.station.verdict import Word
from edge.wire.messages import GoodsDistributed, GoodsReceived, ParcelReceived, Problem, VarianceFound
from tests.edge.station.days import BULK, RICE
from tests.edge.station.things import container


def test_each_scan_of_an_ean_is_one_piece_more_and_too_many_are_said() -> None:
    third = bulk.count(container(BULK), GoodsHere(RICE, expected=3, counted=2))
    assert (third.word, third.amount, third.of) == (Word.GOODS_COUNTED, 3, 3)
    assert third.facts == (GoodsReceived(container=BULK, sku=RICE),)
    over = bulk.count(container(BULK), GoodsHere(RICE, expected=3, counted=2), 4)
    assert (over.word, over.sound) == (Word.GOODS_SURPLUS, Sound.ATTENTION)
    assert over.facts == (
        GoodsReceived(container=BULK, sku=RICE, quantity=4),
        VarianceFound(problem=Problem.SURPLUS, container=BULK, sku=RICE, quantity=3),
    )
    more = bulk.count(container(BULK), GoodsHere(RICE, expected=3, counted=6))
    assert more.facts[1] == VarianceFound(problem=Problem.SURPLUS, container=BULK, sku=RICE, quantity=1)
    assert bulk.count(container(BULK), None).facts == ()


def test_the_next_bag_that_lacks_a_piece_gets_it_and_a_complete_bag_is_received() -> None:
    shares = [Share("P1", wanted=1, given=1), Share("P2", wanted=2), Share("P3", wanted=1)]
    one = bulk.give(RICE, shares, stock=3, container=BULK)
    assert (one.word, one.parcel, one.amount, one.of) == (Word.GIVEN, "P2", 1, 2)
    whole = bulk.give(RICE, shares, stock=3, quantity=2, container=BULK)
    assert whole.word is Word.BAG_COMPLETE
    assert whole.facts == (
        GoodsDistributed(sku=RICE, parcel="P2", quantity=2, container=BULK),
        ParcelReceived(parcel="P2", container=BULK),
    )
    chosen = bulk.give(RICE, shares, stock=3, parcel="P3")
    assert chosen.parcel == "P3"


def test_a_bag_that_waits_for_other_goods_is_not_complete_and_one_is_received_once() -> None:
    waiting = bulk.give(RICE, [Share("P1", wanted=1, lacks_besides=2)], stock=1)
    assert (waiting.word, len(waiting.facts)) == (Word.GIVEN, 1)
    before = bulk.give(RICE, [Share("P1", wanted=1, is_received=True)], stock=1)
    assert (before.word, len(before.facts)) == (Word.BAG_COMPLETE, 1)


def test_what_nobody_lacks_what_is_not_there_and_too_much_for_one_is_refused() -> None:
    shares = [Share("P1", wanted=2, given=1)]
    assert bulk.give(RICE, [Share("P1", wanted=1, given=1)], stock=5).word is Word.ALL_GIVEN
    assert bulk.give(RICE, shares, stock=5, parcel="P9").word is Word.ALL_GIVEN
    assert bulk.give(RICE, shares, stock=0).word is Word.NONE_LEFT
    assert bulk.give(RICE, shares, stock=5, quantity=2).word is Word.TOO_MANY


def test_at_the_end_what_lacks_is_short_and_a_bag_with_anything_in_it_is_received() -> None:
    ended = bulk.finish(
        [(RICE, Share("P1", wanted=2, given=1)), ("G2", Share("P1", wanted=1, given=1)), (RICE, Share("P2", wanted=1))], BULK
    )
    assert ended.facts == (
        ParcelReceived(parcel="P1", container=BULK),
        VarianceFound(problem=Problem.SHORT, parcel="P1", container=BULK, sku=RICE, quantity=1),
        VarianceFound(problem=Problem.SHORT, parcel="P2", container=BULK, sku=RICE, quantity=1),
    )
    assert (ended.word, ended.amount) == (Word.DISTRIBUTED_SHORT, 2)
    assert bulk.finish([(RICE, Share("P1", wanted=1, given=1, is_received=True))]).facts == ()
