"""Valhalla on the town's roads."""

import pytest

from cloud.roads.valhalla_here import ValhallaHere
from cloud.roads.versions import GRAPH, Versions


@pytest.fixture(scope="session")
def valhalla(town_roads: Versions) -> ValhallaHere:
    about = town_roads.current()
    assert about is not None
    return ValhallaHere(town_roads.path(about.version, GRAPH), about.version)
