"""Counting what lies here (盘点): what was seen, what lies elsewhere than booked, what is gone. Pure."""

from collections.abc import Collection, Sequence

from edge.devices.ports import Sound
from edge.station.known import KnownParcel
from edge.station.verdict import Verdict, Word
from edge.wire.messages import ParcelSeen, Problem, StockTaken, VarianceFound


def see(known: KnownParcel, seen: Collection[str], slot: str = "") -> Verdict:
    """A parcel was scanned at a stock-take. ``seen``: those of this stock-take before; ``slot``: the shelf that is being counted.

    What was never booked here lies here all the same: it is seen, and a person looks why.
    """
    label, standing = known.parcel, known.standing
    if label in seen:
        return Verdict(Word.SEEN, Sound.DUPLICATE, parcel=label, place=standing.place)
    if standing.state.is_final:
        return Verdict(Word.LEFT_BEFORE, Sound.REFUSED, parcel=label, detail=standing.state)
    fact = ParcelSeen(parcel=label, slot=slot)
    if not standing.state.is_at_station:
        surplus = (VarianceFound(problem=Problem.SURPLUS, parcel=label),) if known.is_surplus else ()
        return Verdict(Word.SEEN_SURPLUS, Sound.ATTENTION, (fact, *surplus), parcel=label, place=slot, other=known.other)
    if slot and standing.place and standing.place != slot:
        return Verdict(Word.SEEN_ELSEWHERE, Sound.ATTENTION, (fact,), parcel=label, place=slot, detail=standing.place)
    return Verdict(Word.SEEN, Sound.OK, (fact,), parcel=label, place=slot or standing.place)


def finish(scope: str, booked: Sequence[KnownParcel], seen: Collection[str]) -> Verdict:
    """Close it. ``booked``: what lay here when it began and has not left since, as it stood then.

    ``scope``: a shelf's letters, "" for everything. What was seen and was not booked within it is surplus there.
    """
    expected = {one.parcel: one for one in booked if in_scope(one, scope)}
    absent = [one for one in expected.values() if one.parcel not in seen]
    missing = tuple(
        VarianceFound(problem=Problem.MISSING, parcel=one.parcel) for one in absent if Problem.MISSING not in one.standing.problems
    )
    found = len(expected) - len(absent)
    surplus = len(set(seen) - expected.keys())
    taken = StockTaken(scope=scope, expected=len(expected), found=found, missing=len(absent), surplus=surplus)
    word, sound = (Word.STOCK_SHORT, Sound.ATTENTION) if absent else (Word.STOCK_TAKEN, Sound.OK)
    return Verdict(word, sound, (*missing, taken), place=scope, amount=found, of=len(expected))


def in_scope(known: KnownParcel, scope: str) -> bool:
    """Whether a parcel is booked where this stock-take counts."""
    return known.standing.state.is_at_station and (not scope or known.standing.place.rstrip("0123456789") == scope)
