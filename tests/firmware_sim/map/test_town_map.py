"""The town's map: the same for the same seed, and one can drive everywhere in it."""

from itertools import pairwise

import pytest

from firmware_sim.map.elements import town_map
from firmware_sim.map.names import FIRST_ESTATES
from firmware_sim.map.places import STATIONS, dock_place, laid_out, station_places
from firmware_sim.map.streets import Streets, lay_streets

SEEDS = (1, 7, 20261128)


def test_a_map_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    assert town_map(3) == town_map(3)
    assert town_map(3) != town_map(4)


def _both_ways(streets: Streets) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    return [
        pair
        for street in streets.streets
        for piece in street.pieces
        for pair in ((piece.start, piece.end), (piece.end, piece.start))[: 1 if street.is_one_way else 2]
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_from_every_crossing_one_can_drive_to_every_other(seed: int) -> None:
    streets = lay_streets(seed)
    for turned in (False, True):
        next_to: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for start, end in _both_ways(streets):
            next_to.setdefault(end if turned else start, []).append(start if turned else end)
        first = min(streets.at)
        reached, waiting = {first}, [first]
        while waiting:
            for place in next_to.get(waiting.pop(), ()):
                if place not in reached:
                    reached.add(place)
                    waiting.append(place)
        assert reached == set(streets.at)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_street_but_a_bridge_is_in_the_river(seed: int) -> None:
    streets = lay_streets(seed)
    bridges = [piece for street in streets.streets for piece in street.pieces if piece.is_bridge]
    assert len({piece.start[0] for piece in bridges}) >= 3, "a river with one bridge is no town's"
    assert not [spot for spot in streets.at.values() if streets.is_wet(spot)]


@pytest.mark.parametrize("seed", SEEDS)
def test_stations_stand_at_gates_apart_from_each_other_and_all_have_names(seed: int) -> None:
    places = station_places(seed)
    assert len(places) == STATIONS
    assert len({place.name for place in places}) == STATIONS
    assert [place.name for place in places[: len(FIRST_ESTATES)]] == [f"{name}自提点" for name, _ in FIRST_ESTATES]
    laid = laid_out(seed)
    gates = [laid.blocks[n].gate for n in laid.stations]
    assert all(gate is not None and gate.street.name[0] in place.address for gate, place in zip(gates, places, strict=True))
    assert dock_place(seed).name == "江北网格仓"


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_on_the_map_has_its_nodes_and_a_name_in_two_languages(seed: int) -> None:
    drawn = town_map(seed)
    assert [node.id for node in drawn.nodes] == list(range(1, len(drawn.nodes) + 1))
    assert [way.id for way in drawn.ways] == list(range(1, len(drawn.ways) + 1))
    assert all(1 <= node <= len(drawn.nodes) for way in drawn.ways for node in way.nodes)
    assert all(one != other for way in drawn.ways for one, other in pairwise(way.nodes))
    south, west, north, east = drawn.bounds
    inside = [south <= node.lat <= north and west <= node.lon <= east for node in drawn.nodes]
    assert sum(inside) > 0.98 * len(inside), "all but the river's ends"
    named = [dict(way.tags) for way in drawn.ways if dict(way.tags).get("highway") not in (None, "service")]
    assert all(tags["name"] and tags["name:en"].isascii() for tags in named)


def test_it_is_a_small_town() -> None:
    ways = [dict(way.tags) for way in town_map(1).ways]
    assert 4000 < sum("building" in tags for tags in ways) < 6000
    assert 500 < sum("highway" in tags for tags in ways) < 1000
