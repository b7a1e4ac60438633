"""The books balance: what was sent was released, returned, disposed of, or is in a case, per article and zone.

Pure; whoever lives a day (the simulated town, a month's closing) hands in what it counted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from cloud.domain.parcel import Parcel, ParcelState


class Account(NamedTuple):
    """What is counted: an article in a temperature zone."""

    sku: str
    zone: str


class Side(StrEnum):
    """Where pieces are counted."""

    SENT = "sent"
    RELEASED = "released"
    RETURNED = "returned"
    DISPOSED = "disposed"
    IN_CASES = "in_cases"  # what somebody has to look into: missing, short, disputed, still lying there


@dataclass(frozen=True, slots=True)
class Posting:
    """So many pieces on one side."""

    account: Account
    side: Side
    pieces: int


@dataclass(frozen=True, slots=True)
class Imbalance:
    """An account that does not balance. ``pieces`` > 0: more were sent than came out."""

    account: Account
    pieces: int


_LEFT_AS = {
    ParcelState.RELEASED: Side.RELEASED,
    ParcelState.RETURNED: Side.RETURNED,
    ParcelState.DISPOSED: Side.DISPOSED,
}


def postings_of(parcel: Parcel, contents: Mapping[Account, int]) -> list[Posting]:
    """What became of one parcel's pieces; what is disputed or has not left is a case. Sent is what the dock posts, not this."""
    side = Side.IN_CASES if parcel.conflicts else _LEFT_AS.get(parcel.state, Side.IN_CASES)
    return [Posting(account, side, pieces) for account, pieces in contents.items()]


def imbalances(postings: Iterable[Posting]) -> list[Imbalance]:
    """What does not add up, by account; empty: the books balance."""
    left: dict[Account, int] = {}
    for one in postings:
        if one.pieces < 0:
            raise ValueError(f"pieces: want 0 or more, got {one.pieces} of {one.account.sku}")
        left[one.account] = left.get(one.account, 0) + (one.pieces if one.side is Side.SENT else -one.pieces)
    return [Imbalance(account, pieces) for account, pieces in sorted(left.items()) if pieces]
