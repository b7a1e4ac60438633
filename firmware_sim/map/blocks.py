"""What stands between the streets: estates with a gate and rows of houses, parks, schools, shops, works. Pure and seeded."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from firmware_sim.map.ground import Quad, Spot
from firmware_sim.map.names import Name
from firmware_sim.map.streets import LINES, STEP_M, Crossing, Piece, Street, Streets, highway_of

_INSET = 0.085  # of a block: pavement and green between the street and what stands there
_GATE_IN = 0.10
_KERB_IN = 0.055  # where somebody waits for a parcel: before the gate, beside the street
_CENTRE_M = 1500.0
_NUMBER_M = 12.0  # of street for a house number
Sides = dict[frozenset[Crossing], tuple[Street, Piece]]
_CORNERS = {"south": (0, 1), "east": (1, 2), "north": (3, 2), "west": (0, 3)}
_INTO = {"south": (0.5, 0.0, 0, 1), "east": (1.0, 0.5, -1, 0), "north": (0.5, 1.0, 0, -1), "west": (0.0, 0.5, 1, 0)}


@dataclass(frozen=True, slots=True)
class Gate:
    """Where an estate's own way meets the street at the middle of ``piece``."""

    side: str
    street: Street
    piece: Piece
    inside: Spot
    kerb: Spot
    house_number: int


@dataclass(frozen=True, slots=True)
class Block:
    """``kind``: estate, works, shops, school, park or green. ``gate``: of an estate or works."""

    kind: str
    quad: Quad
    crossing: Crossing
    name: Name | None = None
    gate: Gate | None = None

    def ring(self) -> tuple[Spot, ...]:
        return self.quad.rectangle(_INSET, _INSET, 1 - _INSET, 1 - _INSET)

    def spine(self) -> tuple[Spot, ...]:
        """The estate's own way, from inside its gate to its far end."""
        if self.gate is None:
            return ()
        east, north, right, up = _INTO[self.gate.side]
        return tuple(self.quad.at(east + right * share, north + up * share) for share in (_GATE_IN, 0.5, 0.85))


def lay_blocks(seed: int, streets: Streets) -> tuple[Block, ...]:
    """One for every square of four crossings; estates have no names yet."""
    random = Random(f"{seed}/blocks")
    sides = _sides(streets)
    blocks = [_block(random, streets, sides, (i, j)) for i in range(LINES - 1) for j in range(LINES - 1)]
    return tuple(block for block in blocks if block is not None)


def houses(seed: int, block: Block) -> Iterator[tuple[Spot, ...]]:
    """Their outlines, closed."""
    random = Random(f"{seed}/houses/{block.crossing}")
    match block.kind:
        case "estate":
            yield from _slabs(random, block.quad)
        case "works":
            for west, east in ((0.15, 0.48), (0.54, 0.86)):
                yield block.quad.rectangle(west, 0.2, east, random.uniform(0.5, 0.8))
        case "shops":
            for n in range(6):
                west, south = 0.12 + 0.26 * (n % 3), 0.12 + 0.42 * (n // 3)
                yield block.quad.rectangle(west, south, west + random.uniform(0.14, 0.22), south + random.uniform(0.2, 0.34))
        case "school":
            yield block.quad.rectangle(0.15, 0.6, 0.85, 0.7)
            yield block.quad.rectangle(0.15, 0.25, 0.25, 0.55)
        case "green":
            for _ in range(random.randrange(3)):
                west, south = random.uniform(0.15, 0.7), random.uniform(0.15, 0.7)
                yield block.quad.rectangle(west, south, west + 0.06, south + 0.05)
        case _:
            return


def _slabs(random: Random, quad: Quad) -> Iterator[tuple[Spot, ...]]:
    """Rows from west to east with the estate's way between them, windows to the south as houses there are built."""
    for row in range(random.randrange(4, 6)):
        south = 0.13 + row * 0.16
        for west, east in ((0.13, 0.45), (0.55, 0.87)):
            if random.random() < 0.92:
                yield quad.rectangle(west, south, east - random.uniform(0.0, 0.08), south + 0.058)


def _block(random: Random, streets: Streets, sides: Sides, crossing: Crossing) -> Block | None:
    i, j = crossing
    around = ((i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1))
    chance, way_in = random.random(), random.random()
    if any(place not in streets.at for place in around):
        return None
    corners = (streets.at[around[0]], streets.at[around[1]], streets.at[around[2]], streets.at[around[3]])
    quad = Quad(corners)
    kind = _kind(chance, crossing, _from_centre_m(quad))
    if kind not in ("estate", "works"):
        return Block(kind, quad, crossing)
    open_sides = [
        (side, *sides[frozenset((around[a], around[b]))])
        for side, (a, b) in _CORNERS.items()
        if frozenset((around[a], around[b])) in sides
    ]
    if not open_sides:
        return Block("green", quad, crossing)
    # A gate opens to the quieter street where there is one.
    open_sides.sort(key=lambda found: (found[1].highway != "residential", found[0]))
    side, street, piece = open_sides[int(way_in * min(2, len(open_sides)))]
    return Block(kind, quad, crossing, gate=_gate(quad, side, street, piece, streets))


def _gate(quad: Quad, side: str, street: Street, piece: Piece, streets: Streets) -> Gate:
    east, north, right, up = _INTO[side]
    along_m = sum(streets.at[one.start].distance_m(streets.at[one.end]) for one in street.pieces[: street.pieces.index(piece)])
    number = math.ceil(along_m / _NUMBER_M) + 10
    return Gate(
        side, street, piece,
        inside=quad.at(east + right * _GATE_IN, north + up * _GATE_IN),
        kerb=quad.at(east + right * _KERB_IN, north + up * _KERB_IN),
        house_number=number + (number % 2 == (side in ("south", "east"))),
    )  # fmt: skip


def _kind(chance: float, crossing: Crossing, from_centre_m: float) -> str:
    if crossing[0] < 4 and crossing[1] >= 26:
        return "works"  # the town's north-western edge, with the grid warehouse
    if from_centre_m < _CENTRE_M * 0.6 and chance < 0.35:
        return "shops"
    crowded = 0.62 if from_centre_m < 2 * _CENTRE_M else 0.40
    for kind, share in (("estate", crowded), ("park", 0.08), ("school", 0.04), ("shops", 0.06)):
        if chance < share:
            return kind
        chance -= share
    return "green"


def _from_centre_m(quad: Quad) -> float:
    return quad.at(0.5, 0.5).distance_m(Spot(0.0, 0.0))


def _sides(streets: Streets) -> Sides:
    """The street between two crossings, where a block can be entered from it."""
    return {
        frozenset((piece.start, piece.end)): (street, piece)
        for street in streets.streets
        if street.highway != highway_of(0)  # nobody has a gate on an avenue
        for piece in street.pieces
        if not piece.is_bridge and streets.at[piece.start].distance_m(streets.at[piece.end]) < 2 * STEP_M
    }
