"""OSRM over HTTP: its table, nearest and route services in our words.

Its turns become Valhalla's numbers, so that everybody narrates alike. Edges have no ids that last: they are 0.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cloud.roads import over_http, polyline
from cloud.roads.valhalla_words import joined
from cloud.roads.ways import SNAP_M, Maneuver, Metres, OffRoadError, Point, RoadsError, Route, Seconds

_PROFILE = "driving"
_TURNS = {
    "uturn": 13, "sharp right": 11, "right": 10, "slight right": 9, "straight": 8, "slight left": 16, "left": 15, "sharp left": 14,
}  # fmt: skip
_KINDS = {"depart": 1, "arrive": 4, "merge": 25, "roundabout": 26, "rotary": 26, "exit roundabout": 27, "exit rotary": 27}


class OsrmHttp:
    """A RoadSource. ``url``: without a slash at its end."""

    is_estimate = False

    def __init__(self, url: str, lanes: int = 2) -> None:
        self._url = url
        self.graph = f"osrm {url}"
        self.lanes = lanes

    def off_road(self, points: Sequence[Point]) -> list[bool]:
        return [self._is_off(point) for point in points]

    def _is_off(self, point: Point) -> bool:
        answer = self._ask("nearest", [point], "number=1", is_empty_fine=True)
        found = answer.get("waypoints", [])
        return not found or float(found[0]["distance"]) > SNAP_M

    def block(self, sources: Sequence[Point], targets: Sequence[Point]) -> tuple[Seconds, Metres]:
        numbers = range(len(sources) + len(targets))
        query = (
            f"annotations=duration,distance&sources={';'.join(map(str, numbers[: len(sources)]))}"
            f"&destinations={';'.join(map(str, numbers[len(sources) :]))}"
        )
        answer = self._ask("table", [*sources, *targets], query)
        seconds = np.array(answer["durations"], dtype=np.float64)
        metres = np.array(answer["distances"], dtype=np.float64)
        nowhere = np.isnan(seconds) | np.isnan(metres)
        seconds[nowhere] = metres[nowhere] = np.inf
        return seconds, metres

    def route(self, points: Sequence[Point]) -> Route:
        for point in points:
            if self._is_off(point):
                raise OffRoadError(point)
        answer = self._ask("route", points, "overview=false&geometries=polyline6&steps=true&annotations=false")
        return joined([_leg(leg) for leg in answer["routes"][0]["legs"]])

    def _ask(self, service: str, points: Sequence[Point], query: str, *, is_empty_fine: bool = False) -> dict[str, Any]:
        places = ";".join(f"{point.lon:.6f},{point.lat:.6f}" for point in points)
        status, answer = over_http.ask(f"{self._url}/{service}/v1/{_PROFILE}/{places}?{query}")
        said = answer if isinstance(answer, dict) else {}
        if said.get("code") == "NoSegment" and is_empty_fine:
            return {}
        if status != 200 or said.get("code") != "Ok":
            raise RoadsError(f"OSRM: {said.get('message', 'refused')} ({said.get('code', status)})")
        return said


def _leg(leg: dict[str, Any]) -> Route:
    line: list[Point] = []
    speeds: list[float] = []
    maneuvers = []
    for step in leg["steps"]:
        drawn = polyline.decode(step["geometry"])
        before = max(0, len(line) - 1)
        pieces = len(drawn) - 1
        maneuvers.append(_maneuver(step, before))
        if step["distance"] > 0 and pieces:
            line = line[:before] + drawn
            speeds += [max(1.0, step["distance"] / max(step["duration"], 0.1))] * pieces
        elif not line:
            line = drawn[:1]
    if len(line) < 2:
        line, speeds = [*line, *line][:2], [1.0]
    return Route(
        line=tuple(line), speeds_m_s=tuple(speeds), edges=(0,) * len(speeds), stops=(0, len(line) - 1), lights=(),
        maneuvers=tuple(maneuvers), seconds=float(leg["duration"]), metres=float(leg["distance"]), is_estimate=False,
    )  # fmt: skip


def _maneuver(step: dict[str, Any], first_point: int) -> Maneuver:
    said = step["maneuver"]
    kind = _KINDS.get(said["type"]) or _TURNS.get(said.get("modifier", "straight"), 8)
    return Maneuver(
        kind, step.get("name", ""), float(step["distance"]), float(step["duration"]), first_point, int(said.get("exit", 0))
    )
