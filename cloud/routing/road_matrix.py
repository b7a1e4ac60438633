"""Ways between places as the roads say; where nobody knows the roads, or who does is away, a straight line that says so."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import structlog

from cloud.roads.matrix import MatrixService
from cloud.roads.ways import Metres, Point, RoadsError, Seconds
from cloud.routing.matrix import UNREACHABLE, Coordinates, Matrix, StraightLine, Table

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RoadMatrix:
    """A MatrixSource."""

    service: MatrixService

    async def matrix(self, places: Sequence[Coordinates]) -> Matrix:
        """A place in the sea has no way to any other."""
        try:
            found = await self.service.matrix([Point(place.lat, place.lon) for place in places])
        except RoadsError as error:
            _log.warning("a plan is made without roads", error=str(error))
            return StraightLine().between(places)
        if found.is_estimate:
            return StraightLine().between(places)
        return Matrix(_whole(found.metres), _whole(found.seconds), is_estimate=False, source=found.graph)


def _whole(table: Seconds | Metres) -> Table:
    is_there = np.isfinite(table)
    return np.where(is_there, np.ceil(np.where(is_there, table, 0.0)), UNREACHABLE).astype(np.int64)
