import json
from pathlib import Path
from random import Random

import pytest

from edge.config import load
from firmware_sim.cold_room import ColdRoom
from firmware_sim.town.cabinet import CELLS, SCANNER, Cabinet
from firmware_sim.town.chances import AS_USUAL
from firmware_sim.town.settings import SettingsError, TownSettings, settings
from firmware_sim.town.site_files import write_site
from tests.edge.devices.sensors import RunningClock

PASSWORD = 'quote " backslash \\ 中文'


def environment(folder: Path) -> dict[str, str]:
    logins = folder / "logins.json"
    logins.write_text('{"cloud": "x", "st-0001": "quote \\" backslash \\\\ 中文", "st-0002": "b", "town": "y"}', encoding="utf-8")
    return {
        "TUANTU_TOWN_API": "http://127.0.0.1:8080/",
        "TUANTU_TOWN_LOGIN": "town",
        "TUANTU_TOWN_PASSWORD": "secret-of-the-town",
        "TUANTU_TOWN_BROKER": "127.0.0.1:1883",
        "TUANTU_TOWN_BROKER_LOGINS": str(logins),
        "TUANTU_CLOCK_FILE": str(folder / "clock.json"),
    }


def told(folder: Path, **flags: str) -> TownSettings:
    return settings(folder, flags, environment(folder))


def town_of(folder: Path, stations: int, vans: int) -> TownSettings:
    """With a dock, and so many of both."""
    names = [*(f"st-{n:04d}" for n in range(1, stations + 1)), "dock-0001", *(f"van-{n:04d}" for n in range(1, vans + 1))]
    logins = folder / "logins-of-all.json"
    logins.write_text(json.dumps(dict.fromkeys(names, "x")), encoding="utf-8")
    return told(folder, logins=str(logins), agent_port="9000")


def test_a_whole_town_has_pages_for_three_stations_first_then_the_dock_the_vans_and_the_small_shops(tmp_path: Path) -> None:
    town = town_of(tmp_path, 54, 3)
    assert [one.http_port for one in town.stations[:3]] == [9000, 9001, 9002]
    assert town.dock is not None
    assert [town.dock.http_port, *(van.http_port for van in town.vans)] == [9003, 9004, 9005, 9006]
    shops = town.stations[3:]
    assert [shop.http_port for shop in shops] == list(range(9007, 9058))
    assert all(shop.is_shared and not shop.has_cabinet and shop.mean_orders < town.stations[0].mean_orders for shop in shops)
    assert not any(one.is_shared for one in town.stations[:3])
    for one in (shops[0], town.vans[0]):
        write_site(town, one, ("127.0.0.1", 1884))
        site = load(one.config_path)
        assert (site.site.kind, site.clock.town_file) == (one.kind, town.clock_file)
    assert load(shops[0].config_path).scanner == ()


def test_vans_without_a_dock_are_refused_with_the_remedy(tmp_path: Path) -> None:
    logins = tmp_path / "no-dock.json"
    logins.write_text('{"st-0001": "a", "van-0001": "b"}')
    with pytest.raises(SettingsError, match="vans need a dock; add a user dock-"):
        told(tmp_path, logins=str(logins))


def test_every_broker_user_of_a_station_is_a_station(tmp_path: Path) -> None:
    town = told(tmp_path, agent_port="9000")
    assert [(s.id, s.number, s.http_port, s.agent_url) for s in town.stations] == [
        ("st-0001", 0, 9000, "http://127.0.0.1:9000"),
        ("st-0002", 1, 9001, "http://127.0.0.1:9001"),
    ]
    assert town.api == "http://127.0.0.1:8080"
    assert (town.broker_host, town.broker_port) == ("127.0.0.1", 1883)


def test_a_user_that_is_a_dock_is_the_warehouses_and_its_page_comes_after_the_stations(tmp_path: Path) -> None:
    assert told(tmp_path).dock is None
    logins = tmp_path / "with-dock.json"
    logins.write_text('{"st-0001": "a", "st-0002": "b", "dock-0001": "c"}')
    town = told(tmp_path, logins=str(logins), agent_port="9000")
    dock = town.dock
    assert dock is not None
    assert (dock.id, dock.kind, dock.http_port, dock.has_cabinet) == ("dock-0001", "dock", 9002, False)
    assert [station.id for station in town.stations] == ["st-0001", "st-0002"]
    write_site(town, dock, ("127.0.0.1", 1884))
    site = load(dock.config_path)
    assert (site.site.kind, site.clock.town_file) == ("dock", town.clock_file)


def test_a_fifth_of_the_stations_has_lockers_and_trouble_is_said_by_a_factor(tmp_path: Path) -> None:
    town = told(tmp_path)
    assert [station.has_cabinet for station in town.stations] == [False, True]
    worse = settings(tmp_path, {}, {**environment(tmp_path), "TUANTU_TOWN_TROUBLE": "10", "TUANTU_TOWN_PIN": "135791"})
    assert (town.chances, worse.chances) == (AS_USUAL, AS_USUAL.worse(10))
    assert worse.pin == "135791"
    assert "135791" not in repr(worse)


def test_no_secret_is_shown(tmp_path: Path) -> None:
    assert "secret-of-the-town" not in repr(told(tmp_path))
    assert "backslash" not in repr(told(tmp_path))


@pytest.mark.parametrize("variable", ["TUANTU_TOWN_API", "TUANTU_TOWN_LOGIN", "TUANTU_TOWN_PASSWORD", "TUANTU_CLOCK_FILE"])
def test_what_is_missing_is_named(tmp_path: Path, variable: str) -> None:
    incomplete = environment(tmp_path)
    del incomplete[variable]
    with pytest.raises(SettingsError, match=variable):
        settings(tmp_path, {}, incomplete)


def test_a_number_that_is_none_and_a_broken_file_of_logins_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="TUANTU_TOWN_AGENT_PORT"):
        told(tmp_path, agent_port="many")
    (tmp_path / "broken").write_text("{")
    for trouble in ("much", "-1", "1000", "nan"):
        with pytest.raises(SettingsError, match="TUANTU_TOWN_TROUBLE: want 0 to 100 times"):
            settings(tmp_path, {}, {**environment(tmp_path), "TUANTU_TOWN_TROUBLE": trouble})
    with pytest.raises(SettingsError, match="TUANTU_TOWN_BROKER_LOGINS"):
        told(tmp_path, logins=str(tmp_path / "broken"))


def test_the_configuration_file_is_private_and_says_what_the_agent_needs(tmp_path: Path) -> None:
    town = told(tmp_path)
    station = town.stations[0]
    cabinet = Cabinet(station.cabinet_path, Random(1))
    tables = ColdRoom(station.cold_room_folder, RunningClock(), "1").toml() + cabinet.toml()
    write_site(town, station, ("127.0.0.1", 1884), tables)
    assert station.config_path.stat().st_mode & 0o777 == 0o600
    site = load(station.config_path)
    assert site.broker.password == PASSWORD
    assert (site.broker.host, site.broker.port, site.broker.username) == ("127.0.0.1", 1884, "st-0001")
    assert [scanner.port for scanner in site.scanner] == [str(station.scanner_path), str(cabinet.scanner.path)]
    assert site.at_cabinet == {SCANNER}
    assert (site.site.id, site.site.name, site.http.port) == ("st-0001", station.place.name, station.http_port)
    assert site.clock.town_file == station.clock_path
    (bus,) = site.locker
    assert set(bus.board[0].cell_names) == {cell for cell, _, _ in CELLS}
    assert [len(site.modbus), len(site.w1), len(site.bthome), len(site.door)] == [1, 1, 1, 2]
