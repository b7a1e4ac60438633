"""What Valhalla says, and what it refuses, as ways."""

from typing import Any

import pytest

from cloud.roads.valhalla_words import route
from cloud.roads.ways import Point, RoadsError

SHAPE = "_ohoz@_ktpfFo}@?o}@?"  # three points of a straight street, 111 m apart
ENDS = [Point(31.2, 121.4), Point(31.202, 121.4)]


def valhalla(refusal: str) -> Any:
    """Routes, and refuses to walk them again."""

    def ask(action: str, _request: dict[str, Any]) -> Any:
        if action == "trace_attributes":
            raise RoadsError(refusal)
        leg = {"shape": SHAPE, "summary": {"length": 0.222, "time": 22.2}, "maneuvers": []}
        return {"trip": {"legs": [leg]}}

    return ask


def test_a_leg_that_cannot_be_walked_again_is_driven_at_its_usual_speed() -> None:
    found = route(valhalla("Valhalla: edge_walk algorithm failed to find exact route match."), ENDS)
    assert found.speeds_m_s == pytest.approx((10.0, 10.0))
    assert (found.edges, found.lights) == ((0, 0), ())


def test_any_other_refusal_is_told() -> None:
    with pytest.raises(RoadsError, match="away"):
        route(valhalla("Valhalla is away"), ENDS)
