"""Valhalla as a service over HTTP, for machines without a wheel and for graphs of whole countries."""

from collections.abc import Sequence
from typing import Any

from cloud.roads import over_http, valhalla_words
from cloud.roads.ways import Metres, OffRoadError, Point, Route, Seconds


class ValhallaHttp:
    """A RoadSource. ``url``: without a slash at its end."""

    is_estimate = False

    def __init__(self, url: str, lanes: int = 2) -> None:
        self._url = url
        self._graph = ""
        self.lanes = lanes

    @property
    def graph(self) -> str:
        """When its tiles were last built; RoadsError."""
        if not self._graph:
            status = self._ask("status", {})
            self._graph = f"valhalla {status.get('version', '')} {status.get('tileset_last_modified', '')}"
        return self._graph

    def off_road(self, points: Sequence[Point]) -> list[bool]:
        return valhalla_words.off_road(self._ask, points)

    def block(self, sources: Sequence[Point], targets: Sequence[Point]) -> tuple[Seconds, Metres]:
        return valhalla_words.block(self._ask, sources, targets)

    def route(self, points: Sequence[Point]) -> Route:
        for point, is_off in zip(points, self.off_road(points), strict=True):
            if is_off:
                raise OffRoadError(point)
        return valhalla_words.route(self._ask, points)

    def _ask(self, action: str, request: dict[str, Any]) -> Any:
        status, answer = over_http.ask(f"{self._url}/{action}", request)
        if status != 200:
            said = answer if isinstance(answer, dict) else {}
            raise valhalla_words.refused(int(said.get("error_code", status)), str(said.get("error", "refused")))
        return answer
