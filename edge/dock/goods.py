"""Goods that go by SKU: a piece is scanned by its EAN, its lane is called, and it is counted into the lane's container. Pure.

A repeated EAN is one piece more. Whoever counts nothing puts goods in by the list, as before.
"""

from edge.devices.ports import Sound
from edge.dock.known import LoadNow
from edge.dock.packing import already_closed
from edge.dock.words import DockWord
from edge.rules.custody import ContainerState
from edge.station.verdict import Verdict
from edge.wire.messages import GoodsPacked


def pack(sku: str, into: LoadNow, quantity: int = 1) -> Verdict:
    """Pieces go into a container that is open."""
    pieces = into.pieces_of(sku)
    told = Verdict(DockWord.GOODS_ENOUGH, Sound.REFUSED, container=into.container, place=into.load.lane, detail=sku)
    if pieces is None:
        return told._replace(word=DockWord.NOT_IN_PLAN)
    if shut := already_closed(into):
        return shut
    if into.state is not ContainerState.BOUND:
        return told._replace(word=DockWord.NOT_BOUND)
    told = told._replace(amount=pieces.counted, of=pieces.wanted)
    if not pieces.lacks:
        return told
    if quantity > pieces.lacks:
        return told._replace(word=DockWord.GOODS_TOO_MANY, amount=pieces.lacks)
    packed = told._replace(
        word=DockWord.GOODS_PACKED, sound=Sound.OK, amount=pieces.counted + quantity,
        facts=(GoodsPacked(container=into.container, sku=sku, quantity=quantity),),
    )  # fmt: skip
    if quantity < pieces.lacks:
        return packed
    is_whole = not into.lacking and sum(one.lacks for one in into.pieces) == quantity
    return packed._replace(word=DockWord.FULL if is_whole else DockWord.GOODS_FULL)


def call(sku: str, waiting: LoadNow | None) -> Verdict:
    """At the wall: the lane that waits for the article, and the piece is counted where its container stands ready."""
    if waiting is None:
        return Verdict(DockWord.GOODS_ENOUGH, Sound.REFUSED, detail=sku)
    if waiting.is_bound and waiting.state is ContainerState.BOUND:
        return pack(sku, waiting)
    return _waits(DockWord.GOODS_UNBOUND, sku, waiting)


def pack_scanned(sku: str, open_load: LoadNow | None, waiting: LoadNow | None) -> Verdict:
    """Where things are packed: into the open container, if it belongs there. ``waiting``: who else waits for it."""
    pieces = None if open_load is None else open_load.pieces_of(sku)
    if open_load is not None and pieces is not None and (pieces.lacks or waiting is None):
        return pack(sku, open_load)
    if waiting is None:
        return Verdict(DockWord.GOODS_ENOUGH, Sound.REFUSED, detail=sku)
    return _waits(DockWord.NO_CONTAINER if open_load is None else DockWord.GOODS_ELSEWHERE, sku, waiting)


def _waits(word: DockWord, sku: str, waiting: LoadNow) -> Verdict:
    pieces = waiting.pieces_of(sku)
    amount, of = (pieces.counted, pieces.wanted) if pieces else (0, 0)
    return Verdict(
        word, Sound.REFUSED, container=waiting.container, place=waiting.load.lane, amount=amount, of=of, detail=sku
    )  # fmt: skip
