"""Valhalla's requests and answers, the same in process and over HTTP. Pure: leaves asking to who has a Valhalla."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cloud.roads import polyline
from cloud.roads.ways import SNAP_M, Maneuver, Metres, Point, RoadsError, Route, Seconds

Ask = Callable[[str, dict[str, Any]], Any]  # action, request → answer; RoadsError
NO_EDGE = 171  # Valhalla's code of "no suitable edges near location"
_LOCATE_AT_ONCE = 20  # what a Valhalla takes whose limits nobody raised
_NO_WALK = "edge_walk algorithm failed"  # its refusal, by its own name
_TRACED = [
    "edge.id", "edge.speed", "edge.begin_shape_index", "edge.end_shape_index", "edge.traffic_signal", "node.traffic_signal",
    "shape",
]  # fmt: skip
_COSTING = "auto"  # a van of 3.5 t drives where cars do


def off_road(ask: Ask, points: Sequence[Point]) -> list[bool]:
    found: list[bool] = []
    for first in range(0, len(points), _LOCATE_AT_ONCE):
        asked = points[first : first + _LOCATE_AT_ONCE]
        answer = ask("locate", {"locations": [_location(point) for point in asked], "costing": _COSTING, "verbose": False})
        found += [not one.get("edges") for one in answer]
    return found


def block(ask: Ask, sources: Sequence[Point], targets: Sequence[Point]) -> tuple[Seconds, Metres]:
    request = {
        "sources": [_location(point) for point in sources], "targets": [_location(point) for point in targets],
        "costing": _COSTING, "verbose": False, "units": "kilometers",
    }  # fmt: skip
    answer = ask("sources_to_targets", request)["sources_to_targets"]
    shape = (len(sources), len(targets))
    # null, where no way leads, becomes nan and then inf.
    seconds = np.array(answer["durations"], dtype=np.float64).reshape(shape)
    metres = np.array(answer["distances"], dtype=np.float64).reshape(shape) * 1000.0
    nowhere = np.isnan(seconds) | np.isnan(metres)
    seconds[nowhere] = metres[nowhere] = np.inf
    return seconds, metres


def route(ask: Ask, points: Sequence[Point]) -> Route:
    request = {
        "locations": [_location(point) for point in points], "costing": _COSTING, "units": "kilometers",
        "directions_options": {"language": "en-US"},
    }  # fmt: skip
    legs = ask("route", request)["trip"]["legs"]
    return joined([_leg(ask, leg) for leg in legs])


def joined(legs: Sequence[Route]) -> Route:
    """One after the other: the last point of each is the first of the next."""
    line: list[Point] = []
    stops, lights = [0], []
    maneuvers: list[Maneuver] = []
    for leg in legs:
        before = max(0, len(line) - 1)
        line = line[:before] + list(leg.line)
        stops.append(len(line) - 1)
        lights += [before + at for at in leg.lights]
        maneuvers += [
            Maneuver(one.kind, one.street, one.metres, one.seconds, before + one.first_point, one.exit_number)
            for one in leg.maneuvers
        ]
    return Route(
        line=tuple(line), speeds_m_s=tuple(speed for leg in legs for speed in leg.speeds_m_s),
        edges=tuple(edge for leg in legs for edge in leg.edges), stops=tuple(stops), lights=tuple(lights),
        maneuvers=tuple(maneuvers), seconds=sum(leg.seconds for leg in legs), metres=sum(leg.metres for leg in legs),
        is_estimate=any(leg.is_estimate for leg in legs),
    )  # fmt: skip


def _leg(ask: Ask, leg: dict[str, Any]) -> Route:
    """With the speed of each piece: `route` tells times of maneuvers only, `trace_attributes` each edge."""
    line = polyline.decode(leg["shape"])
    length_m, seconds = leg["summary"]["length"] * 1000.0, leg["summary"]["time"]
    usual_m_s = length_m / seconds if seconds > 0 else 1.0
    if len(line) == 1:  # from a place to itself
        line *= 2
    speeds, edges = [usual_m_s] * (len(line) - 1), [0] * (len(line) - 1)
    lights: list[int] = []
    if length_m > 0:
        for edge in _edges(ask, leg["shape"]):
            for at in range(edge["begin_shape_index"], min(edge["end_shape_index"], len(speeds))):
                speeds[at], edges[at] = max(1.0, edge["speed"] / 3.6), int(edge["id"])
            if edge.get("traffic_signal") or edge.get("end_node", {}).get("traffic_signal"):
                lights.append(min(edge["end_shape_index"], len(line) - 1))
    return Route(
        line=tuple(line), speeds_m_s=tuple(speeds), edges=tuple(edges), stops=(0, len(line) - 1),
        lights=tuple(at for at in dict.fromkeys(lights) if at < len(line) - 1),
        maneuvers=tuple(_maneuver(one, len(line)) for one in leg["maneuvers"]), seconds=seconds, metres=length_m, is_estimate=False,
    )  # fmt: skip


def _edges(ask: Ask, shape: str) -> list[dict[str, Any]]:
    """None where Valhalla cannot walk its own route again, as it happens to one in some hundred legs of a city: the leg's usual
    speed stands for all of it then.
    """
    request = {
        "encoded_polyline": shape, "costing": _COSTING, "shape_match": "edge_walk",
        "filters": {"attributes": _TRACED, "action": "include"},
    }  # fmt: skip
    try:
        found: list[dict[str, Any]] = ask("trace_attributes", request)["edges"]
    except RoadsError as error:
        if _NO_WALK not in str(error):
            raise
        return []
    return found


def _maneuver(said: dict[str, Any], points: int) -> Maneuver:
    return Maneuver(
        kind=said["type"], street="、".join(said.get("street_names", [])), metres=said["length"] * 1000.0, seconds=said["time"],
        first_point=min(said["begin_shape_index"], points - 1), exit_number=said.get("roundabout_exit_count", 0),
    )  # fmt: skip


def _location(point: Point) -> dict[str, float]:
    return {"lat": point.lat, "lon": point.lon, "search_cutoff": SNAP_M}


def refused(code: int, text: str) -> RoadsError:
    """Valhalla's refusal in our words."""
    return RoadsError(f"Valhalla: {text} ({code})")
