"""The books balance: what was sent was released, returned, disposed of, or is in a case, per article and zone.

Pure; `cloud.store.books` reads what is closed here. Pieces that are none of these are left open, and each is named by its parcel.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from edge.rules.custody import ParcelState
from edge.wire.messages import Problem


class Account(NamedTuple):
    """What is counted: an article in a temperature zone."""

    sku: str
    zone: str


class Side(StrEnum):
    """Where pieces are counted."""

    SENT = "sent"  # what allocation gave out, and what came besides
    RELEASED = "released"
    RETURNED = "returned"
    DISPOSED = "disposed"
    IN_CASES = "in_cases"  # what somebody has to look into, or has: missing, disputed, reported as wrong here or by its resident


@dataclass(frozen=True, slots=True)
class Posting:
    """So many pieces on one side."""

    account: Account
    side: Side
    pieces: int


@dataclass(frozen=True, slots=True)
class Variance:
    """Pieces of an article of a parcel that were reported."""

    problem: Problem
    sku: str
    pieces: int


@dataclass(frozen=True, slots=True)
class Complaint:
    """Pieces of an article of a parcel, or the whole parcel (``sku`` ""), of which somebody has opened a case."""

    sku: str
    pieces: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One parcel and what became of it. ``contents``: pieces by article, as they were sent.

    ``is_disputed``: two events contradict each other about it; ``is_missing``: it was expected somewhere and never seen.
    """

    parcel: str
    site: str
    zone: str
    state: ParcelState
    contents: Mapping[str, int]
    variances: Sequence[Variance] = ()
    is_disputed: bool = False
    is_missing: bool = False
    complaints: Sequence[Complaint] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """An account, summed up."""

    account: Account
    sent: int = 0
    released: int = 0
    returned: int = 0
    disposed: int = 0
    in_cases: int = 0

    @property
    def open(self) -> int:
        """Sent, and nobody can say what became of them."""
        return self.sent - self.released - self.returned - self.disposed - self.in_cases


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A parcel that does not balance, with so many pieces."""

    parcel: str
    site: str
    state: ParcelState
    pieces: int


@dataclass(frozen=True, slots=True)
class Books:
    """Lines by zone and article; ``unresolved`` by parcel. They balance when nothing is unresolved, not when sums happen to."""

    lines: tuple[Line, ...]
    unresolved: tuple[Unresolved, ...]

    @property
    def is_balanced(self) -> bool:
        return not self.unresolved

    def total(self, side: Side) -> int:
        """Pieces on one side."""
        return sum(getattr(line, side.value) for line in self.lines)


_LEFT_AS = {
    ParcelState.RELEASED: Side.RELEASED,
    ParcelState.RETURNED: Side.RETURNED,
    ParcelState.DISPOSED: Side.DISPOSED,
}
# They came although nobody sent them: counted as sent when somebody finds them, and a case until it is known whose they are.
_CAME_BESIDES = (Problem.SURPLUS, Problem.WRONG_ITEM)
# Of a parcel that was thrown away or went back, these were not in it; what else was wrong with it went the same way.
_NEVER_IN_IT = (Problem.SHORT, Problem.MISSING)


def postings_of(delivery: Delivery) -> list[Posting]:
    """What was sent in one parcel and what became of it; what has not left, and nobody has reported, is on no other side."""
    besides: dict[str, int] = {}
    for one in delivery.variances:
        if one.problem in _CAME_BESIDES:
            besides[one.sku] = besides.get(one.sku, 0) + one.pieces
    postings = []
    for sku, pieces in besides.items():
        account = Account(sku, delivery.zone)
        postings += [Posting(account, Side.SENT, pieces), Posting(account, Side.IN_CASES, pieces)]
    left_as = _LEFT_AS.get(delivery.state)
    for sku, pieces in delivery.contents.items():
        account = Account(sku, delivery.zone)
        postings.append(Posting(account, Side.SENT, pieces))
        in_cases = pieces if delivery.is_disputed or delivery.is_missing else _reported(delivery, sku, pieces)
        if in_cases:
            postings.append(Posting(account, Side.IN_CASES, in_cases))
        if left_as is not None and pieces > in_cases:
            postings.append(Posting(account, left_as, pieces - in_cases))
    return postings


def _reported(delivery: Delivery, sku: str, pieces: int) -> int:
    """How many of an article are a case. A piece may be wrong in two ways and is one case all the same."""
    has_gone_as_waste = delivery.state in (ParcelState.RETURNED, ParcelState.DISPOSED)
    counted = [
        one.pieces
        for one in delivery.variances
        if one.sku == sku
        and one.problem not in _CAME_BESIDES
        and (not has_gone_as_waste or one.problem in _NEVER_IN_IT)
    ]  # fmt: skip
    if not has_gone_as_waste:  # whoever complains of what went back, or was thrown away, has it in the books already
        counted += [pieces if not one.sku else one.pieces for one in delivery.complaints if one.sku in ("", sku)]
    return min(pieces, sum(counted))


def close(deliveries: Iterable[Delivery]) -> Books:
    """The books of some parcels, such as of one pickup date."""
    sums: dict[Account, dict[Side, int]] = {}
    unresolved: list[Unresolved] = []
    for delivery in deliveries:
        balance = 0
        for one in postings_of(delivery):
            if one.pieces < 0:
                raise ValueError(f"pieces: want 0 or more, got {one.pieces} of {one.account.sku} in {delivery.parcel}")
            sides = sums.setdefault(one.account, {})
            sides[one.side] = sides.get(one.side, 0) + one.pieces
            balance += one.pieces if one.side is Side.SENT else -one.pieces
        if balance:
            unresolved.append(Unresolved(delivery.parcel, delivery.site, delivery.state, balance))
    return Books(
        tuple(
            Line(account, *(sides.get(side, 0) for side in Side))
            for account, sides in sorted(sums.items(), key=lambda item: (item[0].zone, item[0].sku))
        ),
        tuple(sorted(unresolved, key=lambda one: one.parcel)),
    )
