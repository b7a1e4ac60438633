"""The town as OpenStreetMap elements: nodes with places, ways with tags. Pure; numbered in the order in which they are made."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from firmware_sim.map.blocks import Block, Gate, houses
from firmware_sim.map.ground import HALF_M, Spot
from firmware_sim.map.names import RIVER, TOWN, Name
from firmware_sim.map.places import LaidOut, dock_place, gate_of, laid_out, station_places
from firmware_sim.map.streets import SPEED_KM_H, Crossing, Piece, Street

Tags = tuple[tuple[str, str], ...]

_AREAS: dict[str, Tags] = {
    "estate": (("landuse", "residential"),),
    "works": (("landuse", "industrial"),),
    "shops": (("landuse", "commercial"),),
    "school": (("amenity", "school"),),
    "park": (("leisure", "park"),),
    "green": (("landuse", "grass"),),
}
_BUILDINGS = {"estate": "apartments", "works": "industrial", "shops": "retail", "school": "school"}
_WIDE = ("primary", "secondary")


@dataclass(frozen=True, slots=True)
class Node:
    id: int
    lat: float
    lon: float
    tags: Tags = ()


@dataclass(frozen=True, slots=True)
class Way:
    """``nodes``: ids; the first again at the end where it is an area."""

    id: int
    nodes: tuple[int, ...]
    tags: Tags


@dataclass(frozen=True, slots=True)
class TownMap:
    """Both in the order of their ids, as files want them. ``bounds``: south, west, north, east."""

    nodes: tuple[Node, ...]
    ways: tuple[Way, ...]
    bounds: tuple[float, float, float, float]


@dataclass(slots=True)
class _Draft:
    nodes: list[Node] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)

    def node(self, spot: Spot, tags: Tags = ()) -> int:
        self.nodes.append(Node(len(self.nodes) + 1, *spot.degrees(), tags))
        return len(self.nodes)

    def way(self, nodes: Sequence[int], tags: Tags) -> None:
        self.ways.append(Way(len(self.ways) + 1, tuple(nodes), tags))

    def area(self, ring: Sequence[Spot], tags: Tags) -> None:
        nodes = [self.node(spot) for spot in ring[:-1]]
        self.way([*nodes, nodes[0]], tags)


def town_map(seed: int) -> TownMap:
    """Everything that can be seen and driven on: some 5,000 houses on 8 x 8 km."""
    laid, draft = laid_out(seed), _Draft()
    draft.node(Spot(0.0, 0.0), (("place", "town"), *_named(TOWN)))
    draft.area(laid.streets.river_ring(), (("natural", "water"), ("water", "river"), *_named(RIVER)))
    crossings, middles = _lay_crossings(laid, draft)
    for street in laid.streets.streets:
        _lay_street(street, crossings, middles, draft)
    for block in laid.blocks:
        _lay_block(seed, block, middles, draft)
    _lay_sites(seed, draft)
    south, west = Spot(-HALF_M - 150, -HALF_M - 150).degrees()
    north, east = Spot(HALF_M + 150, HALF_M + 150).degrees()
    return TownMap(tuple(draft.nodes), tuple(draft.ways), (south, west, north, east))


def _named(name: Name) -> Tags:
    return ("name", name[0]), ("name:zh", name[0]), ("name:en", name[1])


def _lay_crossings(laid: LaidOut, draft: _Draft) -> tuple[dict[Crossing, int], dict[Piece, int]]:
    """Ids of crossings and of pieces' middles. Where two wide streets meet there are lights."""
    wide: dict[Crossing, set[bool]] = {}
    for street in laid.streets.streets:
        if street.highway in _WIDE:
            for crossing in street.crossings():
                wide.setdefault(crossing, set()).add(street.runs_north)
    lights: Tags = (("highway", "traffic_signals"),)
    crossings = {
        crossing: draft.node(spot, lights if len(wide.get(crossing, ())) > 1 else ()) for crossing, spot in laid.streets.at.items()
    }
    middles = {piece: draft.node(piece.middle) for street in laid.streets.streets for piece in street.pieces}
    return crossings, middles


def _lay_street(street: Street, crossings: dict[Crossing, int], middles: dict[Piece, int], draft: _Draft) -> None:
    """A bridge is a way of its own."""
    run: list[int] = []
    is_bridge = False
    for piece in street.pieces:
        if run and piece.is_bridge != is_bridge:
            draft.way(run, _street_tags(street, is_bridge=is_bridge))
            run = []
        is_bridge = piece.is_bridge
        run = run or [crossings[piece.start]]
        run += [middles[piece], crossings[piece.end]]
    draft.way(run, _street_tags(street, is_bridge=is_bridge))


def _street_tags(street: Street, *, is_bridge: bool) -> Tags:
    tags = (("highway", street.highway), *_named(street.name), ("maxspeed", str(SPEED_KM_H[street.highway])))
    lanes = (("lanes", "4"),) if street.highway in _WIDE else ()
    one_way = (("oneway", "yes"),) if street.is_one_way else ()
    return (*tags, *lanes, *one_way, *((("bridge", "yes"), ("layer", "1")) if is_bridge else ()))


def _lay_block(seed: int, block: Block, middles: dict[Piece, int], draft: _Draft) -> None:
    draft.area(block.ring(), (*_AREAS[block.kind], *(_named(block.name) if block.name else ())))
    if block.gate is not None:
        _lay_way_in(block, block.gate, middles, draft)
    for number, ring in enumerate(houses(seed, block), 1):
        numbered = (("addr:housenumber", f"{number}栋"),) if block.kind == "estate" else ()
        draft.area(ring, (("building", _BUILDINGS.get(block.kind, "yes")), *numbered))


def _lay_way_in(block: Block, gate: Gate, middles: dict[Piece, int], draft: _Draft) -> None:
    """From the street through the gate: who delivers there may drive in."""
    spine = block.spine()
    at_gate = draft.node(spine[0], (("barrier", "gate"), ("access", "destination"), ("motor_vehicle", "destination")))
    inside = [draft.node(spot) for spot in spine[1:]]
    draft.way([middles[gate.piece], at_gate, *inside], (("highway", "service"), ("access", "destination"), ("maxspeed", "15")))


def _lay_sites(seed: int, draft: _Draft) -> None:
    """Stations as the shops they are, and the warehouse."""
    laid = laid_out(seed)
    for number, place in zip(laid.stations, station_places(seed), strict=True):
        draft.node(gate_of(laid.blocks[number]).kerb, (("shop", "convenience"), ("name", place.name), ("name:zh", place.name)))
    dock = dock_place(seed)
    draft.node(gate_of(laid.blocks[laid.dock]).kerb, (("office", "logistics"), ("name", dock.name), ("name:zh", dock.name)))
