"""A matrix in blocks: which ways are still missing, asked for in pieces an engine takes; and who can't be reached. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloud.roads.ways import Point, Seconds, Unreachable, WhyUnreachable

SIDE = 50  # a service's own limit is 2,500 pairs
_MOST_KINDS = 8  # of rows: more requests would cost more than what they leave out
_DEGREE = 100_000  # a metre: nearer points are the same
Mask = NDArray[np.bool_]


def key_of(point: Point) -> int:
    """The same for points within a metre."""
    return (round(point.lat * _DEGREE) + 90 * _DEGREE) * 360 * _DEGREE + round(point.lon * _DEGREE) + 180 * _DEGREE


@dataclass(frozen=True, slots=True)
class Block:
    """Numbers of points: from each of ``sources`` to each of ``targets``."""

    sources: tuple[int, ...]
    targets: tuple[int, ...]


def blocks(missing: Mask, side: int = SIDE) -> list[Block]:
    """``missing``: (N, N). Together they ask for every missing way; a station added to N others takes 2 N ways, not N x N."""
    starts = range(0, len(missing), side)
    return [
        block for top in starts for left in starts for block in _of_part(missing[top : top + side, left : left + side], top, left)
    ]


def _of_part(part: Mask, top: int, left: int) -> list[Block]:
    """Rows that lack the same columns go together; where they are all different, all of them and all columns."""
    alike: dict[bytes, list[int]] = {}
    for row in np.flatnonzero(part.any(axis=1)):
        alike.setdefault(part[row].tobytes(), []).append(int(row))
    if len(alike) > _MOST_KINDS:
        alike = {part.any(axis=0).tobytes(): [row for rows in alike.values() for row in rows]}
    return [
        Block(
            tuple(row + top for row in rows),
            tuple(int(column) + left for column in np.flatnonzero(np.frombuffer(columns, dtype=np.bool_))),
        )
        for columns, rows in alike.items()
    ]


def unreachable(seconds: Seconds, off_road: Sequence[bool]) -> tuple[Unreachable, ...]:
    """``seconds``: (N, N), ``inf`` where no way leads. Cut off is who is not reached by, or does not reach, most of the others."""
    left = [number for number, is_off in enumerate(off_road) if not is_off]
    named = {number: WhyUnreachable.OFF_ROAD for number, is_off in enumerate(off_road) if is_off}
    # The worst first: who is cut off is missing in the counts of all the others too.
    while len(left) > 1:
        cut = np.isinf(seconds[np.ix_(left, left)])
        lost = np.maximum(cut.sum(axis=0), cut.sum(axis=1))
        worst = int(lost.argmax())
        if lost[worst] <= (len(left) - 1) / 2:
            break
        named[left.pop(worst)] = WhyUnreachable.CUT_OFF
    return tuple(Unreachable(number, named[number]) for number in sorted(named))
