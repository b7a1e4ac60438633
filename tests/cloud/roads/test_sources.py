"""Who knows the roads: Valhalla in this process, a real Valhalla service, an OSRM that answers as its documents say."""

import json
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import SecretStr

from cloud.config import CloudConfig, ConfigError, load
from cloud.roads.osrm_http import OsrmHttp
from cloud.roads.sources import Roads
from cloud.roads.valhalla_here import ValhallaHere, configuration
from cloud.roads.valhalla_http import ValhallaHttp
from cloud.roads.versions import GRAPH, Versions
from cloud.roads.ways import OffRoadError, Point, RoadsError
from firmware_sim.driving import Way, drive
from firmware_sim.map.places import station_places
from tests.cloud.roads.maps import SEED

pytestmark = pytest.mark.slow
A, B, C = (Point(place.lat, place.lon) for place in station_places(SEED)[:3])
SEA = Point(29.9, 114.29)


def _config(**more: Any) -> CloudConfig:
    return CloudConfig(database_url=SecretStr("postgresql://nowhere/none"), **more)


def test_a_route_goes_through_its_points_on_edges_with_speeds_and_turns(valhalla: ValhallaHere) -> None:
    found = valhalla.route([A, B, C])
    assert len(found.speeds_m_s) == len(found.edges) == len(found.line) - 1
    assert [found.line[at].straight_m(point) < 60 for at, point in zip(found.stops, (A, B, C), strict=True)] == [True] * 3
    assert all(edge > 0 for edge in found.edges)
    assert {round(speed * 3.6) for speed in found.speeds_m_s} <= {15, 30, 40, 50, 60}
    length_m = sum(one.straight_m(other) for one, other in zip(found.line, found.line[1:], strict=False))
    assert length_m == pytest.approx(found.metres, rel=0.02)
    assert found.maneuvers[0].kind in (1, 2, 3)
    assert found.maneuvers[-1].kind in (4, 5, 6)
    assert any(one.street for one in found.maneuvers)
    seconds, metres = valhalla.block([A, B], [B, C])
    assert found.metres == pytest.approx(metres[0, 0] + metres[1, 1], rel=0.05)
    assert found.seconds == pytest.approx(seconds[0, 0] + seconds[1, 1], rel=0.1)


def test_a_van_that_drives_the_route_arrives_within_the_pace_we_plan_with(valhalla: ValhallaHere) -> None:
    from random import Random

    found = valhalla.route([A, B, C])
    way = Way(tuple((one.lat, one.lon) for one in found.line), found.speeds_m_s, found.stops, found.lights)
    driven = drive(way, Random(1))
    assert 1.0 < driven.duration_s / found.seconds < 1.5
    assert driven.metres == pytest.approx(found.metres, rel=0.02)


def test_a_point_without_a_road_is_named(valhalla: ValhallaHere) -> None:
    assert valhalla.off_road([A, SEA, B]) == [False, True, False]
    with pytest.raises(OffRoadError, match="correct the coordinates"):
        valhalla.route([A, SEA])


@pytest.fixture(scope="module")
def service_url(town_roads: Versions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service of Valhalla's own wheel, on the imported graph, with the limits it has when nobody raises them."""
    from valhalla._scripts import PYVALHALLA_BIN_DIR

    about = town_roads.current()
    assert about is not None
    told = configuration(town_roads.path(about.version, GRAPH))
    told["service_limits"]["auto"] |= {"max_matrix_location_pairs": 2500, "max_locations": 20}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("valhalla")
    told["httpd"]["service"] |= {"listen": f"tcp://127.0.0.1:{port}"}
    for name in ("loopback", "interrupt"):
        told["httpd"]["service"][name] = f"ipc://{folder}/{name}"
    for part in ("loki", "thor", "odin"):
        told[part]["service"]["proxy"] = f"ipc://{folder}/{part}"
    (folder / "valhalla.json").write_text(json.dumps(told))
    with (folder / "log").open("wb") as log:
        argv = [str(Path(PYVALHALLA_BIN_DIR) / "valhalla_service"), str(folder / "valhalla.json"), "1"]
        process = subprocess.Popen(argv, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/status", process, folder / "log")
        yield url
    finally:
        process.kill()
        process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()[-500:]
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(log.read_text()[-500:])


def test_a_valhalla_service_says_what_the_one_in_this_process_says(service_url: str, valhalla: ValhallaHere) -> None:
    source = Roads(_config(roads_url=service_url.replace("http://", "valhalla+http://"))).source()
    assert isinstance(source, ValhallaHttp)
    assert source.graph.startswith("valhalla ")
    points = [Point(place.lat, place.lon) for place in station_places(SEED)[:30]]
    assert source.off_road([*points, SEA]) == [False] * 30 + [True]
    here, there = valhalla.block(points, points), source.block(points, points)
    np.testing.assert_allclose(there[0], here[0])
    np.testing.assert_allclose(there[1], here[1])
    assert source.route([A, B]) == valhalla.route([A, B])
    with pytest.raises(RoadsError, match=r"Valhalla: .*\(1"):
        source.block(points * 2, points * 2)


def test_an_engine_that_is_away_is_said_to_be() -> None:
    for url in ("valhalla+http://127.0.0.1:9", "osrm+http://127.0.0.1:9"):
        with pytest.raises(RoadsError, match="TUANTU_ROADS_URL"):
            Roads(_config(roads_url=url)).source().block([A], [B])


class _Osrm(BaseHTTPRequestHandler):
    """Answers in OSRM's form (its HTTP documents, v1): the third point of a table can't be reached, the sea has no segment."""

    asked: ClassVar[list[str]] = []

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.asked.append(self.path)
        service, places = self.path.split("?")[0].split("/")[1], self.path.split("?")[0].split("/")[4].split(";")
        answer: dict[str, Any]
        match service:
            case "nearest" if places[0].endswith(",29.900000"):
                answer = {"code": "Ok", "waypoints": [{"distance": 70_000.0, "location": [114.29, 30.5], "name": ""}]}
            case "nearest":
                answer = {"code": "Ok", "waypoints": [{"distance": 4.2, "location": [114.29, 30.5], "name": "a"}]}
            case "table":
                answer = {"code": "Ok", "durations": [[0, 60.5, None]], "distances": [[0, 500.2, None]]}
            case _:
                steps = [
                    {"geometry": "_sxlwB_ytuyE_pR_pR", "distance": 1500.0, "duration": 150.0, "name": "滨江路",
                     "maneuver": {"type": "depart"}},
                    {"geometry": "_dlmwB_jiuyE_pR_pR", "distance": 500.0, "duration": 60.0, "name": "梧桐街",
                     "maneuver": {"type": "turn", "modifier": "left"}},
                    {"geometry": "_u_nwB_z}uyE", "distance": 0.0, "duration": 0.0, "name": "", "maneuver": {"type": "arrive"}},
                ]  # fmt: skip
                answer = {"code": "Ok", "routes": [{"legs": [{"duration": 210.0, "distance": 2000.0, "steps": steps}]}]}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def _served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def test_osrm_is_asked_in_its_own_words() -> None:
    with _served(_Osrm) as url:
        source = OsrmHttp(url)
        seconds, metres = source.block([A], [A, B, C])
        assert seconds.tolist() == [[0, 60.5, np.inf]]
        assert metres.tolist() == [[0, 500.2, np.inf]]
        assert "sources=0&destinations=1;2;3" in _Osrm.asked[-1]
        assert f"/table/v1/driving/{A.lon:.6f},{A.lat:.6f};" in _Osrm.asked[-1], "longitude first"
        assert source.off_road([A, SEA]) == [False, True]
        with pytest.raises(OffRoadError):
            source.route([A, SEA])
        found = source.route([A, B])
    assert [one.kind for one in found.maneuvers] == [1, 15, 4]
    assert found.speeds_m_s == pytest.approx([10.0, 500 / 60])
    assert (found.seconds, found.metres, found.stops) == (210.0, 2000.0, (0, 2))


class _NotAnEngine(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>hello")

    def do_POST(self) -> None:
        self.do_GET()


def test_an_address_of_something_else_is_said_to_be_that() -> None:
    with _served(_NotAnEngine) as url, pytest.raises(RoadsError, match="no JSON"):
        ValhallaHttp(url).off_road([A])


def test_without_roads_ways_are_estimated_and_an_import_is_used_at_once(town_roads: Versions, tmp_path: Path) -> None:
    assert Roads(_config()).source().is_estimate
    roads = Roads(_config(roads_dir=tmp_path))
    assert roads.source().is_estimate
    about = town_roads.current()
    assert about is not None
    (tmp_path / about.version).symlink_to(town_roads.folder / about.version)
    (tmp_path / "current").write_text(about.version)
    source = roads.source()
    assert not source.is_estimate
    assert source.graph == about.version
    assert roads.source() is source


def test_an_address_without_an_engines_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUANTU_DATABASE_URL", "postgresql://nowhere/none")
    monkeypatch.setenv("TUANTU_ROADS_URL", "http://127.0.0.1:8002")
    with pytest.raises(ConfigError, match=r"TUANTU_ROADS_URL.*valhalla\+http"):
        load()
