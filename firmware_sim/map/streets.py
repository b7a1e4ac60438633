"""The town's streets: a warped lattice with a river through it, wide ones every two kilometres and lanes every 250 m.

Leaves what stands between them to blocks.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random

from firmware_sim.map.ground import HALF_M, Spot
from firmware_sim.map.names import Name, lane, street, words

STEP_M = 250.0
LINES = 33  # in each direction: 0 to 32
SPEED_KM_H = {"primary": 60, "secondary": 50, "tertiary": 40, "residential": 30}
_MISSING = {"primary": 0.0, "secondary": 0.0, "tertiary": 0.05, "residential": 0.24}  # share of pieces that were never built
_ONE_WAY = 0.15  # of lanes
_BRIDGES = (4, 8, 16, 24, 28)  # the lines running north that cross the river
_RIVER_HALF_M = 110.0
_BANK_M = 25.0

Crossing = tuple[int, int]  # line running north, line running east


@dataclass(frozen=True, slots=True)
class Piece:
    """From one crossing to the next. ``middle``: a bend, where a gate may be."""

    start: Crossing
    end: Crossing
    middle: Spot
    is_bridge: bool = False


@dataclass(frozen=True, slots=True)
class Street:
    """Pieces in a row under one name. ``is_one_way``: from the first to the last."""

    name: Name
    highway: str
    runs_north: bool
    pieces: tuple[Piece, ...]
    is_one_way: bool = False

    def crossings(self) -> list[Crossing]:
        return [self.pieces[0].start, *(piece.end for piece in self.pieces)]


@dataclass(frozen=True, slots=True)
class Streets:
    """``at``: where the crossings are. ``river``: its middle line, from west to east."""

    at: dict[Crossing, Spot]
    streets: tuple[Street, ...]
    river: tuple[Spot, ...]

    def river_ring(self) -> tuple[Spot, ...]:
        """Its banks, closed."""
        south = [Spot(spot.x_m, spot.y_m - _RIVER_HALF_M) for spot in self.river]
        north = [Spot(spot.x_m, spot.y_m + _RIVER_HALF_M) for spot in reversed(self.river)]
        return (*south, *north, south[0])

    def is_wet(self, spot: Spot) -> bool:
        """In the river or on its banks."""
        return abs(spot.y_m - _river_y(self.river, spot.x_m)) < _RIVER_HALF_M + _BANK_M


def highway_of(line: int) -> str:
    """Wide ones every 2 km, then every kilometre, every 500 m, and lanes between."""
    for every, highway in ((8, "primary"), (4, "secondary"), (2, "tertiary")):
        if line % every == 0:
            return highway
    return "residential"


def lay_streets(seed: int) -> Streets:
    """From every crossing one can drive to every other."""
    random = Random(f"{seed}/streets")
    river = _river(random)
    at = _crossings(random)
    wet = {place for place, spot in at.items() if abs(spot.y_m - _river_y(river, spot.x_m)) < _RIVER_HALF_M + _BANK_M}
    dry = {place: spot for place, spot in at.items() if place not in wet}
    given = words(random)
    streets: list[Street] = []
    for runs_north in (True, False):
        for line in range(LINES):
            word = given[(line // 2) * 2 + runs_north]
            streets += _streets_of_line(random, dry, line, word, runs_north=runs_north)
    return _connected(Streets(dry, tuple(streets), river))


def _river(random: Random) -> tuple[Spot, ...]:
    phase, middle_m = random.uniform(0, 2 * math.pi), random.uniform(-900, 900)
    wave_m, width_m = random.uniform(350, 650), random.uniform(4500, 7000)
    xs = [x * 200.0 for x in range(-22, 23)]
    return tuple(Spot(x, middle_m + wave_m * math.sin(phase + 2 * math.pi * x / width_m)) for x in xs)


def _river_y(river: Sequence[Spot], x_m: float) -> float:
    for west, east in pairwise(river):
        if west.x_m <= x_m <= east.x_m:
            return west.to(east, (x_m - west.x_m) / (east.x_m - west.x_m)).y_m
    return river[0].y_m if x_m < river[0].x_m else river[-1].y_m


def _crossings(random: Random) -> dict[Crossing, Spot]:
    phases = [random.uniform(0, 2 * math.pi) for _ in range(4)]
    found = {}
    for i in range(LINES):
        for j in range(LINES):
            x, y = i * STEP_M - HALF_M, j * STEP_M - HALF_M
            # Smooth, so that streets swing; and a little of each crossing's own where two lanes meet.
            x_m = x + 55 * math.sin(phases[0] + y / 1300) + 20 * math.sin(phases[1] + y / 450)
            y_m = y + 55 * math.sin(phases[2] + x / 1100) + 20 * math.sin(phases[3] + x / 500)
            own_m = 22.0 if i % 2 and j % 2 else 6.0
            found[i, j] = Spot(x_m + random.uniform(-own_m, own_m), y_m + random.uniform(-own_m, own_m))
    return found


def _streets_of_line(
    random: Random, at: dict[Crossing, Spot], line: int, word: Name, *, runs_north: bool
) -> Iterator[Street]:  # fmt: skip
    highway = highway_of(line)
    runs = list(_runs(random, at, line, highway, runs_north=runs_north))
    for number, pieces in enumerate(runs):
        name = lane(word, number) if highway == "residential" else street(word, highway, runs_north=runs_north)
        is_one_way = highway == "residential" and random.random() < _ONE_WAY
        backwards = is_one_way and random.random() < 0.5
        yield Street(name, highway, runs_north, _turned(pieces) if backwards else tuple(pieces), is_one_way)


def _turned(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    return tuple(replace(piece, start=piece.end, end=piece.start) for piece in reversed(pieces))


def _runs(
    random: Random, at: dict[Crossing, Spot], line: int, highway: str, *, runs_north: bool
) -> Iterator[list[Piece]]:  # fmt: skip
    """Pieces in a row; a piece that was never built, and the river where there is no bridge, ends a run."""
    run: list[Piece] = []
    on_line = [(line, n) if runs_north else (n, line) for n in range(LINES)]
    dry = [place for place in on_line if place in at]
    for start, end in pairwise(dry):
        is_bridge = abs(end[0] - start[0]) + abs(end[1] - start[1]) > 1
        missing = random.random() < _MISSING[highway]
        if missing or (is_bridge and not (runs_north and line in _BRIDGES)):
            if run:
                yield run
            run = []
            continue
        half = at[start].to(at[end], 0.5)
        bend_m = 0.0 if is_bridge else random.uniform(-5.0, 5.0)
        run.append(Piece(start, end, Spot(half.x_m + bend_m, half.y_m + bend_m), is_bridge))
    if run:
        yield run


def _connected(streets: Streets) -> Streets:
    """Without what leads nowhere: lanes that make a trap become two-way, and islands are left out."""
    laid = streets
    while True:
        inside = _both_ways(laid)
        traps = [one for one in laid.streets if one.is_one_way and not inside.issuperset(one.crossings())]
        if not traps:
            break
        laid = replace(laid, streets=tuple(replace(one, is_one_way=False) if one in traps else one for one in laid.streets))
    kept = tuple(one for one in laid.streets if one.pieces[0].start in inside)
    used = {place for one in kept for place in one.crossings()}
    return replace(laid, at={place: spot for place, spot in laid.at.items() if place in used}, streets=kept)


def _both_ways(streets: Streets) -> set[Crossing]:
    """The crossings that can be driven to from the town's middle, and from which one can drive there."""
    there: dict[Crossing, list[Crossing]] = {place: [] for place in streets.at}
    back: dict[Crossing, list[Crossing]] = {place: [] for place in streets.at}
    for one in streets.streets:
        for piece in one.pieces:
            for start, end in ((piece.start, piece.end), (piece.end, piece.start))[: 1 if one.is_one_way else 2]:
                there[start].append(end)
                back[end].append(start)
    root = min(streets.at, key=lambda place: (abs(place[0] - 16) + abs(place[1] - 16), place))
    return _reached(root, there) & _reached(root, back)


def _reached(root: Crossing, next_to: dict[Crossing, list[Crossing]]) -> set[Crossing]:
    reached, waiting = {root}, [root]
    while waiting:
        for place in next_to[waiting.pop()]:
            if place not in reached:
                reached.add(place)
                waiting.append(place)
    return reached
