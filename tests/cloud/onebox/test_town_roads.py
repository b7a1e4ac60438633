"""The town's own roads beside those that somebody imports."""

import os
from pathlib import Path

import pytest

from cloud.onebox import town_roads
from cloud.roads.importing import version_of
from cloud.roads.versions import About, Versions
from tests.cloud.roads.maps import small_extract

ROOT = Path(__file__).resolve().parents[3]


def _about(source: str, version: str) -> About:
    return About(
        version=version, made_at="", source=source, source_bytes=1, attribution="", bounds=(0, 0, 1, 1), roads=1, has_graph=True
    )  # fmt: skip


def test_the_towns_map_is_imported_once_and_never_over_somebody_elses() -> None:
    own, here = "town-1-1.osm.pbf", version_of("abc")
    assert town_roads.is_wanted(None, own)
    assert not town_roads.is_wanted(_about(own, here), own)
    assert town_roads.is_wanted(_about("town-2-1.osm.pbf", here), own)
    assert town_roads.is_wanted(_about(own, "0" + here[1:]), own), "made by an older release"
    assert not town_roads.is_wanted(_about("wuhan.osm.pbf", here), own)


@pytest.mark.slow
async def test_the_town_gets_its_roads_and_keeps_them(tmp_path: Path) -> None:
    said: list[str] = []
    environment = {"TUANTU_DATABASE_URL": "postgresql://nowhere/none", "PYTHONPATH": str(ROOT), **os.environ}
    versions = Versions(tmp_path / "roads")
    for _ in range(2):
        await town_roads.ensure(ROOT, tmp_path / "town", tmp_path / "roads", environment, said.append)
    about = versions.current()
    assert about is not None
    assert about.has_graph
    assert "团途示范地图" in about.attribution
    assert said[0] == said[1]
    assert "times the straight line" in said[0]
    made = (versions.folder / about.version).stat().st_mtime_ns
    await town_roads.ensure(ROOT, tmp_path / "town", tmp_path / "roads", environment, said.append)
    assert (versions.folder / about.version).stat().st_mtime_ns == made


@pytest.mark.slow
async def test_a_map_that_cannot_be_imported_is_said_and_nothing_else(tmp_path: Path) -> None:
    said: list[str] = []
    environment = {"TUANTU_DATABASE_URL": "postgresql://nowhere/none", **os.environ}
    (tmp_path / "town").mkdir()
    small_extract(tmp_path / "town" / "town-1-1.osm.pbf", [{"building": "yes"}])
    await town_roads.ensure(ROOT, tmp_path / "town", tmp_path / "roads", environment, said.append)
    assert "ways are estimated" in said[0]
    assert "no roads" in said[0]
    assert Versions(tmp_path / "roads").current() is None
