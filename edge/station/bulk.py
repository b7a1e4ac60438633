"""Goods that come by SKU (分货): counting them, and who gets how many. Pure.

Containers of one operator carry the goods of many parcels. A repeated EAN is one piece more, never a repetition.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.devices.ports import Sound
from edge.rules.custody import ContainerState
from edge.station.known import KnownContainer
from edge.station.verdict import Verdict, Word
from edge.wire.messages import AnyFact, CountFinished, GoodsDistributed, GoodsReceived, ParcelReceived, Problem, VarianceFound


@dataclass(frozen=True, slots=True)
class GoodsHere:
    """One SKU out of one container: pieces that the manifest expects, and that were counted so far."""

    sku: str
    expected: int
    counted: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """What one parcel is to get of one SKU, and has. ``lacks_besides``: pieces of other SKUs its bag still waits for."""

    parcel: str
    wanted: int
    given: int = 0
    lacks_besides: int = 0
    is_received: bool = False

    @property
    def open(self) -> int:
        return max(0, self.wanted - self.given)


def count(known: KnownContainer, goods: GoodsHere | None, quantity: int = 1) -> Verdict:
    """Pieces were counted out of a container. ``goods`` None: this article is not expected in it."""
    if goods is None:
        return Verdict(Word.GOODS_UNKNOWN, Sound.UNKNOWN, container=known.container)
    received = GoodsReceived(container=known.container, sku=goods.sku, quantity=quantity)
    total = goods.counted + quantity
    if total <= goods.expected:
        return Verdict(
            Word.GOODS_COUNTED, Sound.OK, (received,), container=known.container, amount=total, of=goods.expected, detail=goods.sku
        )
    extra = total - max(goods.expected, goods.counted)
    surplus = VarianceFound(problem=Problem.SURPLUS, container=known.container, sku=goods.sku, quantity=extra)
    return Verdict(
        Word.GOODS_SURPLUS,
        Sound.ATTENTION,
        (received, surplus),
        container=known.container,
        amount=total,
        of=goods.expected,
        detail=goods.sku,
    )


def finish_count(known: KnownContainer, goods: Sequence[GoodsHere]) -> Verdict:
    """Close the count of a container packed by SKU. What lacks is short; what was too much was said when it was counted."""
    label = known.container
    if known.standing.is_counted:
        return Verdict(Word.COUNTED_BEFORE, Sound.DUPLICATE, container=label)
    if known.standing.state is not ContainerState.OPENED:
        return Verdict(Word.NOT_OPENED, Sound.REFUSED, container=label)
    short = tuple(
        VarianceFound(problem=Problem.SHORT, container=label, sku=one.sku, quantity=one.expected - one.counted)
        for one in goods
        if one.counted < one.expected
    )
    expected, counted = sum(one.expected for one in goods), sum(one.counted for one in goods)
    missing = sum(fact.quantity for fact in short)
    surplus = sum(max(0, one.counted - one.expected) for one in goods)
    finished = CountFinished(container=label, expected=expected, received=counted, missing=missing, surplus=surplus)
    word, sound = (Word.COUNTED_SHORT, Sound.ATTENTION) if short else (Word.COUNTED, Sound.OK)
    return Verdict(word, sound, (*short, finished), container=label, amount=counted, of=expected)


def give(sku: str, shares: Sequence[Share], stock: int, quantity: int = 1, *, container: str = "", parcel: str = "") -> Verdict:
    """Put pieces into a bag: into ``parcel``, or the next that lacks them. ``stock``: counted here and not given yet.

    A bag that lacks nothing any more is a parcel like any other: it is received in the same commit.
    """
    lacking = [one for one in shares if one.open and parcel in ("", one.parcel)]
    if not lacking:
        return Verdict(Word.ALL_GIVEN, Sound.REFUSED, parcel=parcel, detail=sku)
    share = lacking[0]
    if stock < quantity:
        return Verdict(Word.NONE_LEFT, Sound.REFUSED, parcel=share.parcel, amount=stock, detail=sku)
    if quantity > share.open:
        return Verdict(Word.TOO_MANY, Sound.REFUSED, parcel=share.parcel, amount=quantity, of=share.open, detail=sku)
    given: tuple[AnyFact, ...] = (GoodsDistributed(sku=sku, parcel=share.parcel, quantity=quantity, container=container),)
    is_complete = quantity == share.open and not share.lacks_besides
    if is_complete and not share.is_received:
        given = (*given, ParcelReceived(parcel=share.parcel, container=container))
    word = Word.BAG_COMPLETE if is_complete else Word.GIVEN
    return Verdict(word, Sound.OK, given, parcel=share.parcel, amount=share.given + quantity, of=share.wanted, detail=sku)


def finish(shares: Iterable[tuple[str, Share]], container: str = "") -> Verdict:
    """All is given that there is: ``(sku, share)`` of every bag. What lacks is short; a bag that got anything is received."""
    short: list[AnyFact] = []
    received: dict[str, AnyFact] = {}
    lacking = 0
    for sku, share in shares:
        if share.open:
            lacking += share.open
            short.append(
                VarianceFound(problem=Problem.SHORT, parcel=share.parcel, container=container, sku=sku, quantity=share.open)
            )
        if share.given and not share.is_received:
            received[share.parcel] = ParcelReceived(parcel=share.parcel, container=container)
    word = Word.DISTRIBUTED_SHORT if lacking else Word.DISTRIBUTED
    sound = Sound.ATTENTION if lacking else Sound.OK
    return Verdict(word, sound, (*received.values(), *short), container=container, amount=lacking)
