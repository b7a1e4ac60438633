"""Where the town's stations and its grid warehouse stand: at the gates of estates and works.

All but the houses, which only the map shows, so that a town starts at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random

from firmware_sim.map.blocks import Block, Gate, lay_blocks
from firmware_sim.map.names import GATES, estates
from firmware_sim.map.streets import Streets, lay_streets
from firmware_sim.town.goods import Place

STATIONS = 54  # of a small town
_APART_M = 330.0
_DOCK_NAME = "江北网格仓"


@dataclass(frozen=True, slots=True)
class LaidOut:
    """``stations`` and ``dock``: numbers of blocks, in the order in which stations are opened."""

    streets: Streets
    blocks: tuple[Block, ...]
    stations: tuple[int, ...]
    dock: int


@lru_cache(maxsize=4)
def laid_out(seed: int) -> LaidOut:
    """Streets, blocks, and who stands where."""
    streets = lay_streets(seed)
    blocks = list(lay_blocks(seed, streets))
    order = [n for n, block in enumerate(blocks) if block.kind == "estate"]
    random = Random(f"{seed}/estates")
    random.shuffle(order)
    stations = _spread(blocks, order)
    # Names go out in the order of the stations: the first ones are those that everybody speaks of.
    names = estates(random)
    for n in [*stations, *(n for n in order if n not in set(stations))]:
        blocks[n] = replace(blocks[n], name=next(names, None))
    dock = next(n for n, block in enumerate(blocks) if block.kind == "works" and block.gate is not None)
    return LaidOut(streets, tuple(blocks), tuple(stations), dock)


@lru_cache(maxsize=4)
def station_places(seed: int) -> tuple[Place, ...]:
    """In the order in which they are opened."""
    laid = laid_out(seed)
    return tuple(_place(laid.blocks[n], None) for n in laid.stations)


@lru_cache(maxsize=4)
def dock_place(seed: int) -> Place:
    """The grid warehouse (网格仓)."""
    laid = laid_out(seed)
    return _place(laid.blocks[laid.dock], _DOCK_NAME)


def _spread(blocks: Sequence[Block], order: Sequence[int]) -> list[int]:
    chosen: list[int] = []
    for n in order:
        if len(chosen) == STATIONS:
            break
        if all(gate_of(blocks[n]).kerb.distance_m(gate_of(blocks[other]).kerb) >= _APART_M for other in chosen):
            chosen.append(n)
    return chosen


def _place(block: Block, name: str | None) -> Place:
    gate = gate_of(block)
    lat, lon = gate.kerb.degrees()
    estate = "" if block.name is None else block.name[0]
    return Place(name or f"{estate}自提点", f"{gate.street.name[0]}{gate.house_number}号{estate}{GATES[gate.side][0]}", lat, lon)


def gate_of(block: Block) -> Gate:
    """Estates and works have one."""
    if block.gate is None:
        raise ValueError(f"the {block.kind} at {block.crossing} has no gate")
    return block.gate
