"""What a leader has earned (佣金): so much for each piece that was handed out and stays handed out. Pure.

Undone hand-outs are no hand-outs: the fold has them no more. Leaves payment to whoever pays; after the time for complaints a sum
is due, before it pending.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

# Residents may report what is wrong for so long after the pickup day (cloud/api/resident_cases.py); until then a refund may come.
COMPLAINTS = timedelta(days=7)


class Piece(NamedTuple):
    """What a line of an order is known by among refunds: its parcel and its article."""

    parcel: str
    sku: str


@dataclass(frozen=True, slots=True)
class HandedOut:
    """A line of which so many pieces went to their resident. ``day``: of the hand-out, the operator's; ``pickup``: as ordered."""

    piece: Piece
    quantity: int
    day: date
    pickup: date


@dataclass(frozen=True, slots=True)
class Refund:
    """What was given back, or is decided to be. ``piece.sku`` "": of the whole parcel.

    ``amount_fen``: of a refund the leader is liable for, which is theirs to bear; else 0.
    """

    piece: Piece
    quantity: int
    amount_fen: int = 0


@dataclass(frozen=True, slots=True)
class Commission:
    """``pieces`` earn; ``refunded`` do not; ``liable_fen`` is taken off. ``pending_fen`` may still change, ``due_fen`` not."""

    pieces: int = 0
    refunded: int = 0
    liable_fen: int = 0
    pending_fen: int = 0
    due_fen: int = 0

    @property
    def total_fen(self) -> int:
        """Below zero where the refunds are more than was earned."""
        return self.pending_fen + self.due_fen


def commission(handed_out: Iterable[HandedOut], refunds: Sequence[Refund], fen_a_piece: int, today: date) -> Commission:
    """Of these hand-outs. A refund of something that is not among them counts nothing."""
    lines = sorted(handed_out, key=lambda one: one.piece)
    left = _refunded(refunds)
    by_parcel = _amounts(refunds)
    pieces = gone = liable = pending = due = 0
    for parcel, of_parcel in _grouped(lines).items():
        earned = 0
        for one in of_parcel:
            taken = _take(left, one)
            earned += one.quantity - taken
            gone += taken
        amount = by_parcel.get(parcel, 0)
        liable += amount
        pieces += earned
        fen = earned * fen_a_piece - amount
        if today > of_parcel[0].pickup + COMPLAINTS:
            due += fen
        else:
            pending += fen
    return Commission(pieces, gone, liable, pending, due)


def _grouped(lines: Sequence[HandedOut]) -> Mapping[str, list[HandedOut]]:
    found: dict[str, list[HandedOut]] = {}
    for one in lines:
        found.setdefault(one.piece.parcel, []).append(one)
    return found


def _refunded(refunds: Sequence[Refund]) -> dict[Piece, int]:
    found: dict[Piece, int] = {}
    for one in refunds:
        found[one.piece] = found.get(one.piece, 0) + one.quantity
    return found


def _amounts(refunds: Sequence[Refund]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in refunds:
        found[one.piece.parcel] = found.get(one.piece.parcel, 0) + one.amount_fen
    return found


def _take(left: dict[Piece, int], line: HandedOut) -> int:
    """How much of a line was given back: never more than was handed out. A whole parcel's refund takes all its lines."""
    if left.get(Piece(line.piece.parcel, ""), 0) > 0:
        return line.quantity
    taken = min(line.quantity, left.get(line.piece, 0))
    if taken:
        left[line.piece] -= taken
    return taken
