from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.coarse import CELL_DEG, area_of
from edge.rules.places import metres

LAT, LON = st.floats(-60, 60), st.floats(-179.9, 179.9)


@given(LAT, LON)
def test_the_van_is_somewhere_in_the_area(lat: float, lon: float) -> None:
    area = area_of(lat, lon)
    assert metres(lat, lon, area.lat, area.lon) <= area.radius_m


@given(LAT, LON, st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_all_places_of_a_cell_look_the_same(lat: float, lon: float, north: float, east: float) -> None:
    area = area_of(lat, lon)
    other = area_of(area.lat + (north - 0.5) * CELL_DEG, area.lon + (east - 0.5) * CELL_DEG)
    assert other == area


def test_it_is_some_blocks_of_a_town() -> None:
    assert area_of(30.58, 114.29).radius_m == 300
