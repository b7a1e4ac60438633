"""What the town is told: flags, and TUANTU_* variables for what must not stand in a process list.

Read once; everything else takes a TownSettings.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from firmware_sim.map.places import STATIONS, dock_place, station_places
from firmware_sim.town.chances import AS_USUAL, Chances
from firmware_sim.town.goods import Place

WATCHED = 3  # the first stations have devices, and an agent's process each: somebody looks at them
# Orders a station and day. Small shops have fewer, so that a town of 54 lives at thirty times the speed on two cores.
MEAN_ORDERS, SMALL_MEAN_ORDERS = 11.0, 3.0
CABINET_EVERY = 5  # a fifth of the stations have lockers, the second one first
OPERATOR = "tuantu-demo"
MAX_TROUBLE = 100.0
DEFAULT_PIN = "246810"  # where nobody gave one, as in tests
OPERATOR_NAME = "团途示范社区团购"


class SettingsError(ValueError):
    """A flag or variable is missing or wrong; the text names it and the remedy."""


@dataclass(frozen=True, slots=True)
class Station:
    """One station of the town, its grid warehouse's dock, or a van. ``number`` counts from 0, in the order of the pages' ports."""

    id: str
    number: int
    place: Place
    folder: Path
    agent_url: str
    http_port: int
    password: str = field(repr=False)
    kind: Literal["station", "dock", "van"] = "station"
    is_shared: bool = False  # its agent shares a process with others', has no devices, and is a small shop

    @property
    def scanner_path(self) -> Path:
        """Where the agent finds its scanner, plugged in or not."""
        return self.folder / "scanner"

    @property
    def cold_room_folder(self) -> Path:
        """Where the agent finds its thermometers and doors."""
        return self.folder / "cold-room"

    @property
    def has_cabinet(self) -> bool:
        """Whether lockers stand there."""
        return self.kind == "station" and not self.is_shared and self.number % CABINET_EVERY == 1

    @property
    def mean_orders(self) -> float:
        """Of a day."""
        return SMALL_MEAN_ORDERS if self.is_shared else MEAN_ORDERS

    @property
    def cabinet_path(self) -> Path:
        """Where the agent finds the line to its lock boards."""
        return self.folder / "cabinet"

    @property
    def gnss_path(self) -> Path:
        """Where a van's agent finds its receiver."""
        return self.folder / "gnss"

    @property
    def clock_path(self) -> Path:
        """The clock of a station's own machine, a little off as they are; the dock has the town's."""
        return self.folder / "clock.json"

    @property
    def config_path(self) -> Path:
        return self.folder / "site.toml"


@dataclass(frozen=True, slots=True)
class TownSettings:
    folder: Path
    api: str
    login: str
    password: str = field(repr=False)
    broker_host: str
    broker_port: int
    clock_file: Path
    pages_dir: Path | None
    http_host: str
    stations: tuple[Station, ...]
    seed: int
    dock: Station | None  # where the containers are packed; a town may do without
    pin: str = field(repr=False)  # by which the stations' staff log in at their pages
    vans: tuple[Station, ...] = ()  # without any, goods come by themselves at the hour that a formula gives
    chances: Chances = AS_USUAL
    session: str = field(default="", repr=False)  # one that is open already; without it, or when it has ended, we log in
    waits: bool = False  # the clock is the town's to hold while it is behind: nobody leaves without what is being packed
    pace: float | None = None  # at which the clock goes on that was held before we started
    has_story: bool = False  # whether the storyboard is played, as for somebody who watches

    @property
    def page_origins(self) -> tuple[str, ...]:
        """Where the town's own page may come from, which shows the stations' in frames: this machine, by either name."""
        port = urlsplit(self.api).port or 80
        return tuple(f"http://{host}:{port}" for host in ("127.0.0.1", "localhost"))


def settings(folder: Path, flags: Mapping[str, str | None], environment: Mapping[str, str]) -> TownSettings:
    """``flags`` (api, broker, logins, agent_port, host, seed) win over the variables. SettingsError names what is missing."""

    def value(flag: str, variable: str, default: str = "") -> str:
        found = flags.get(flag) or environment.get(variable) or default
        if not found:
            raise SettingsError(f"{variable} (or --{flag.replace('_', '-')}) is missing")
        return found

    broker_host, _, broker_port = value("broker", "TUANTU_TOWN_BROKER").rpartition(":")
    host = value("host", "TUANTU_TOWN_HOST", "127.0.0.1")
    logins = Path(value("logins", "TUANTU_TOWN_BROKER_LOGINS"))
    first_port = _number("TUANTU_TOWN_AGENT_PORT", value("agent_port", "TUANTU_TOWN_AGENT_PORT", "8090"))
    pages = environment.get("TUANTU_PAGES_DIR", "")
    seed = _number("TUANTU_TOWN_SEED", value("seed", "TUANTU_TOWN_SEED", "1"))
    return TownSettings(
        folder=folder,
        api=value("api", "TUANTU_TOWN_API").rstrip("/"),
        login=value("login", "TUANTU_TOWN_LOGIN"),
        password=_secret(environment, "TUANTU_TOWN_PASSWORD"),
        broker_host=broker_host,
        broker_port=_number("TUANTU_TOWN_BROKER", broker_port),
        clock_file=Path(value("clock_file", "TUANTU_CLOCK_FILE")),
        pages_dir=Path(pages) if pages else None,
        http_host=host,
        stations=_stations(folder, logins, host, first_port, seed),
        dock=_dock(folder, logins, host, first_port, seed),
        vans=_vans(folder, logins, host, first_port, seed),
        seed=seed,
        pin=environment.get("TUANTU_TOWN_PIN") or DEFAULT_PIN,
        chances=_chances(environment.get("TUANTU_TOWN_TROUBLE") or "1"),
        session=environment.get("TUANTU_TOWN_SESSION", ""),
        waits=environment.get("TUANTU_TOWN_WAITS", "") == "1",
        pace=_pace(environment.get("TUANTU_TOWN_PACE", "")),
        has_story=environment.get("TUANTU_TOWN_STORY", "") == "1",
    )


def _passwords(logins: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode(logins.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError) as error:
        raise SettingsError(f"TUANTU_TOWN_BROKER_LOGINS: {error}") from None


def _dock(folder: Path, logins: Path, host: str, first_port: int, seed: int) -> Station | None:
    """The first user dock-…; its page's port follows those of the stations that are watched."""
    passwords = _passwords(logins)
    name = min((user for user in passwords if user.startswith("dock-")), default="")
    if not name:
        return None
    number = min(WATCHED, sum(user.startswith("st-") for user in passwords))
    return _site(folder, name, number, dock_place(seed), host, first_port, passwords[name], "dock")


def _vans(folder: Path, logins: Path, host: str, first_port: int, seed: int) -> tuple[Station, ...]:
    """The users van-…, whose home is the warehouse; their ports follow the dock's. Without a dock there is nothing to drive."""
    passwords = _passwords(logins)
    before = min(WATCHED, sum(user.startswith("st-") for user in passwords)) + 1
    ids = sorted(user for user in passwords if user.startswith("van-"))
    if ids and _dock(folder, logins, host, first_port, seed) is None:
        raise SettingsError("TUANTU_TOWN_BROKER_LOGINS: vans need a dock; add a user dock-…, or leave the users van-… out")
    home = dock_place(seed)
    return tuple(
        _site(folder, name, before + n, replace(home, name=f"{n + 1}号车"), host, first_port, passwords[name], "van")
        for n, name in enumerate(ids)
    )


def _site(
    folder: Path, name: str, number: int, place: Place, host: str, first_port: int, password: str,
    kind: Literal["station", "dock", "van"] = "station",
) -> Station:  # fmt: skip
    reachable = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104  # compared, not bound
    return Station(
        id=name, number=number, place=place, folder=folder / "stations" / name, password=password, kind=kind,
        http_port=first_port + number, agent_url=f"http://{reachable}:{first_port + number}",
    )  # fmt: skip


def _stations(folder: Path, logins: Path, host: str, first_port: int, seed: int) -> tuple[Station, ...]:
    passwords = _passwords(logins)
    ids = sorted(user for user in passwords if user.startswith("st-"))
    if not 1 <= len(ids) <= STATIONS:
        raise SettingsError(f"TUANTU_TOWN_BROKER_LOGINS: want 1 to {STATIONS} users st-…, got {len(ids)}")
    places = station_places(seed)
    beside = sum(user.startswith("van-") for user in passwords) + any(user.startswith("dock-") for user in passwords)
    return tuple(
        replace(
            _site(folder, name, n if n < WATCHED else n + beside, places[n], host, first_port, passwords[name]),
            number=n, is_shared=n >= WATCHED,
        )
        for n, name in enumerate(ids)
    )  # fmt: skip


def _secret(environment: Mapping[str, str], variable: str) -> str:
    """Only from the environment: flags are seen by everybody on the machine."""
    if not environment.get(variable):
        raise SettingsError(f"{variable} is missing")
    return environment[variable]


def _chances(trouble: str) -> Chances:
    try:
        factor = float(trouble)
        if not 0.0 <= factor <= MAX_TROUBLE:
            raise ValueError
    except ValueError:
        raise SettingsError(
            f"TUANTU_TOWN_TROUBLE: want 0 to {MAX_TROUBLE:.0f} times as much as usual, got {trouble[:40]!r}"
        ) from None
    return AS_USUAL.worse(factor)


def _pace(text: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        raise SettingsError(f"TUANTU_TOWN_PACE: want a number, got {text[:40]!r}") from None


def _number(variable: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise SettingsError(f"{variable}: want a number, got {text[:40]!r}") from None
