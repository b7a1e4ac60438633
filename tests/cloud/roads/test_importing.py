"""An extract becomes roads and a map, or nothing changes: real osmium, Valhalla and tippecanoe."""

import gzip
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pmtiles.reader import MemorySource, Reader, all_tiles

from cloud.roads import importing, valhalla_here
from cloud.roads.importing import OPENSTREETMAP, import_extract
from cloud.roads.versions import MAP, About, Versions
from cloud.trouble import Trouble
from tests.cloud.roads.maps import PORTO_ALEGRE, small_extract, town_extract

pytestmark = pytest.mark.slow
NOW = datetime(2026, 11, 28, 22, tzinfo=UTC)


def _import(versions: Versions, file: Path, said: list[str] | None = None) -> About:
    return import_extract(versions, file, NOW, (said if said is not None else []).append)


def test_the_towns_map_is_imported_and_checked(town_roads: Versions) -> None:
    about = town_roads.current()
    assert about is not None
    assert about.attribution == "generated"
    assert about.has_graph
    assert 1.2 < (about.ratio or 0) < 1.7
    assert about.unreachable_share == 0.0
    assert about.features["buildings"] > 4000
    west, south, east, north = about.bounds
    assert west < 114.29 < east
    assert south < 30.58 < north


def test_the_map_names_no_folder_and_keeps_its_attribution(town_roads: Versions) -> None:
    about = town_roads.current()
    assert about is not None
    data = town_roads.path(about.version, MAP).read_bytes()
    reader = Reader(MemorySource(data))
    metadata = reader.metadata()
    assert metadata["attribution"] == "generated"
    assert {layer["id"] for layer in metadata["vector_layers"]} >= {
        "earth",
        "water",
        "landuse",
        "buildings",
        "roads",
        "places",
        "pois",
    }
    text = json.dumps(metadata)
    for secret in (str(town_roads.folder), str(Path.home()), "/tmp", "/dev/shm", "generator_options", "tippecanoe "):
        assert secret not in text, secret
    assert str(town_roads.folder).encode() not in data


def test_tiles_are_found_behind_the_scrubbed_metadata(town_roads: Versions) -> None:
    about = town_roads.current()
    assert about is not None
    reader = Reader(MemorySource(town_roads.path(about.version, MAP).read_bytes()))
    header = reader.header()
    assert header["max_zoom"] == 14
    tiles = dict(all_tiles(reader.get_bytes))
    assert len(tiles) == header["addressed_tiles_count"]
    names = b"".join(gzip.decompress(tile) for (zoom, _, _), tile in tiles.items() if zoom == 14)
    assert "阳光花园自提点".encode() in names


def test_no_file_of_a_version_names_a_folder(town_roads: Versions) -> None:
    for file in town_roads.folder.rglob("*"):
        if file.is_file():
            assert str(town_roads.folder).encode() not in file.read_bytes(), file


def test_a_second_import_takes_over_and_the_last_one_stays_beside_it(tmp_path: Path) -> None:
    versions = Versions(tmp_path / "roads")
    names = []
    for nodes in (3, 4, 5):
        file = small_extract(tmp_path / f"{nodes}.osm.pbf", [{"highway": "residential"}] * 2, nodes)
        names.append(_import(versions, file).version)
        current = versions.current()
        assert current is not None
        assert current.version == names[-1]
    assert versions.about(names[0]) is None
    assert versions.about(names[1]) is not None
    assert not list((tmp_path / "roads").glob(".making*"))


def test_the_same_extract_again_is_the_same_version(tmp_path: Path) -> None:
    versions = Versions(tmp_path / "roads")
    file = small_extract(tmp_path / "a.osm.pbf", [{"highway": "residential"}] * 2)
    assert _import(versions, file).version == _import(versions, file).version


def test_progress_names_each_step(tmp_path: Path) -> None:
    said: list[str] = []
    _import(Versions(tmp_path / "roads"), small_extract(tmp_path / "a.osm.pbf", [{"highway": "residential"}] * 2), said)
    assert [line for line in said if line.startswith("5/5 ")]
    assert len([line for line in said if line[1:2] == "/"]) == len(importing.STEPS)


def _bad(tmp_path: Path, kind: str) -> Path:
    file = tmp_path / "bad.osm.pbf"
    match kind:
        case "empty":
            file.write_bytes(b"")
        case "web page":
            file.write_bytes(b"<!doctype html><title>404</title>")
        case "xml":
            file.write_bytes(b"<?xml version='1.0'?><osm version='0.6'></osm>")
        case "noise":
            file.write_bytes(os.urandom(5000))
        case "cut off":
            whole = town_extract(tmp_path).read_bytes()
            file.write_bytes(whole[: len(whole) * 2 // 3])
        case "damaged":
            whole = town_extract(tmp_path).read_bytes()
            file.write_bytes(whole[:60_000] + bytes(2000) + whole[62_000:])
        case "no roads":
            small_extract(file, [{"building": "yes"}])
        case "footpaths":
            small_extract(file, [{"highway": "footway"}])
        case "folder":
            file.mkdir()
    return file


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("missing", "no such file"),
        ("folder", "is a folder"),
        ("empty", "is empty"),
        ("web page", "a web page"),
        ("xml", "XML"),
        ("noise", "is no .osm.pbf"),
        ("cut off", "is cut off after"),
        ("damaged", "can't be read"),
        ("no roads", "no roads"),
        ("footpaths", "no roads"),
    ],
)
def test_a_bad_file_is_refused_with_a_remedy_and_the_roads_stay(town_roads: Versions, tmp_path: Path, kind: str, says: str) -> None:
    versions, good = town_roads, town_roads.current()
    assert good is not None
    with pytest.raises(Trouble, match=says) as caught:
        _import(versions, _bad(tmp_path, kind))
    assert caught.value.remedy
    current = versions.current()
    assert current is not None
    assert current.version == good.version
    assert not list(versions.folder.glob(".making*"))


def test_two_imports_at_once_are_one_too_many(tmp_path: Path) -> None:
    versions = Versions(tmp_path / "roads")
    with versions.making(), pytest.raises(Trouble, match="under way"), Versions(tmp_path / "roads").making():
        pass


def test_a_disk_without_room_is_said_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_ROOM_LEAST_BYTES", 10**18)
    with pytest.raises(Trouble, match="MB are free"):
        _import(Versions(tmp_path / "roads"), small_extract(tmp_path / "a.osm.pbf", [{"highway": "residential"}] * 2))
    assert Versions(tmp_path / "roads").current() is None


def test_without_a_wheel_there_is_a_map_and_the_reason_why_no_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valhalla_here, "is_here", lambda: False)
    about = _import(Versions(tmp_path / "roads"), small_extract(tmp_path / "a.osm.pbf", [{"highway": "residential"}] * 2))
    assert not about.has_graph
    assert "no wheel" in about.why_no_graph
    assert about.ratio is None


@pytest.mark.skipif(not PORTO_ALEGRE.exists(), reason="shared/data/osm is not beside this tree")
def test_a_real_city_is_imported(tmp_path: Path) -> None:
    about = _import(Versions(tmp_path / "roads"), PORTO_ALEGRE)
    assert about.attribution == OPENSTREETMAP
    assert about.roads > 10_000
    assert 1.3 < (about.ratio or 0) < 1.7
    assert (about.unreachable_share or 0) < 0.05
