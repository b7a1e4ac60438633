"""What a site's TOML may hold, as it is handed on once it is checked.

Leaves reading the file to reading, and each device's own table to its family in edge.devices.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from edge.devices.locker import LockerBusSettings
from edge.devices.ports import CameraSettings, HidSettings, ScannerSettings, ScanPlace, SignalSettings
from edge.devices.registry import DeviceSettings, DeviceTable
from edge.devices.sensor_settings import BthomeSettings, DoorSettings, GnssSettings, ModbusSettings, W1Settings
from edge.rules.alarm_limits import Goods, Window
from edge.wire.ids import OperatorId, SiteId, operator_id, site_id

MOST_SILENT_AFTER_S = 60  # a session ends then, and what was to be said of it is said (edge.link)
_PLACE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,19}")


class SiteKind(StrEnum):
    """``kind`` of ``[site]``: what is done here, as the cloud has registered the site."""

    STATION = "station"
    DOCK = "dock"
    VAN = "van"


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """Who we are."""

    operator: str
    id: str
    name: str = ""
    kind: SiteKind = SiteKind.STATION

    def __post_init__(self) -> None:
        _check_id("operator", operator_id, self.operator)
        _check_id("id", site_id, self.id)


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Where the cloud is reached. ``silent_after_s``: how long after a cut the broker says that we are gone."""

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    password_file: Path | None = None
    ca_file: Path | None = None
    silent_after_s: int = 30

    def __post_init__(self) -> None:
        if not 0 <= self.silent_after_s <= MOST_SILENT_AFTER_S:
            raise ValueError(f"silent_after_s: want 0 to {MOST_SILENT_AFTER_S}, got {self.silent_after_s}")
        parts = urlsplit(self.url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ValueError(f"url: want mqtt://host:1883 or mqtts://host:8883, got {self.url!r}")
        if parts.username or parts.password:
            raise ValueError("url: want username and password in keys of their own, not in the url")
        _ = parts.port  # ValueError where it is no port
        if self.password and self.password_file:
            raise ValueError("password: want either password or password_file, not both")

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or (8883 if self.is_tls else 1883)

    @property
    def is_tls(self) -> bool:
        return self.url.startswith("mqtts:")

    def read_password(self) -> str:
        """The password itself; OSError, with the remedy, where its file cannot be read."""
        if self.password_file is None:
            return self.password
        try:
            return self.password_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise OSError(
                f"[broker], password_file: can't read {self.password_file}: {why}; "
                "put this site's password at the broker into it as one line of text, readable by the agent's user"
            ) from error


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """The staff page's server. ``names``: what browsers may call it besides its addresses and the machine's own name.

    ``cert_file`` (with its chain) and ``key_file``, PEM: the page by https, and so with a live camera on other devices.
    ``framed_by``: origins whose pages may show this one in a frame; nobody's else may, for a click there would be a click here.
    ``cabinet_kiosk``: a browser on this machine is a terminal of the cabinet without being paired.
    """

    host: str = "127.0.0.1"
    port: int = 8090
    pages_dir: Path | None = None
    names: tuple[str, ...] = ()
    cert_file: Path | None = None
    key_file: Path | None = None
    framed_by: tuple[str, ...] = ()
    cabinet_kiosk: bool = False

    def __post_init__(self) -> None:
        for origin in self.framed_by:
            if not re.fullmatch(r"https?://[A-Za-z0-9_.-]+(:[0-9]{1,5})?", origin):
                raise ValueError(f"framed_by: want origins such as https://name:8080, got {origin!r}")
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file, key_file: want both for https, or neither")
        for name in self.names:
            if not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", name):
                raise ValueError(f"names: want host names without scheme or port, got {name!r}")
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port: want 0 to 65535, got {self.port}")


@dataclass(frozen=True, slots=True)
class ClockSettings:
    """``town_file``: the simulated town's clock; left out in production."""

    town_file: Path | None = None


@dataclass(frozen=True, slots=True)
class ColdSettings:
    """One ``[[cold]]``: a fridge or freezer, so that the alarm rules know what a thermometer measures."""

    name: str  # of the thermometer in it
    goods: Goods
    door: str = ""  # the name of its door's contact
    defrost: tuple[str, ...] = ()  # such as "02:00-03:00": heating, and getting cold again
    holds: tuple[str, ...] = ()  # shelves, slots, locker cells, containers; left out: whatever of its zone is in no other box

    def __post_init__(self) -> None:
        for place in self.holds:
            if not _PLACE.fullmatch(place):
                raise ValueError(f"holds: want shelves such as C, slots such as C12, cells or containers, got {place[:40]!r}")
        for text in self.defrost:
            try:
                Window.parse(text)
            except ValueError as error:
                raise ValueError(f"defrost: {error}") from None

    @property
    def windows(self) -> tuple[Window, ...]:
        return tuple(map(Window.parse, self.defrost))


@dataclass(frozen=True, slots=True)
class EdgeConfig:
    """The whole file, checked."""

    site: SiteSettings
    broker: BrokerSettings
    data_dir: Path
    http: HttpSettings = field(default_factory=HttpSettings)
    clock: ClockSettings = field(default_factory=ClockSettings)
    scanner: tuple[ScannerSettings, ...] = ()
    hid: tuple[HidSettings, ...] = ()
    camera: tuple[CameraSettings, ...] = ()
    locker: tuple[LockerBusSettings, ...] = ()
    modbus: tuple[ModbusSettings, ...] = ()
    w1: tuple[W1Settings, ...] = ()
    bthome: tuple[BthomeSettings, ...] = ()
    door: tuple[DoorSettings, ...] = ()
    gnss: tuple[GnssSettings, ...] = ()
    signal: SignalSettings | None = None
    cold: tuple[ColdSettings, ...] = ()
    machine_id: str = ""  # left out: the board's serial number, else /etc/machine-id

    def devices(self) -> dict[DeviceTable, tuple[DeviceSettings, ...]]:
        """Every configured device by its table."""
        return {
            "scanner": self.scanner,
            "hid": self.hid,
            "camera": self.camera,
            "locker": self.locker,
            "modbus": self.modbus,
            "w1": self.w1,
            "bthome": self.bthome,
            "door": self.door,
            "gnss": self.gnss,
            "signal": () if self.signal is None else (self.signal,),
        }

    @property
    def at_cabinet(self) -> frozenset[str]:
        """Names of the sources of scans at the cabinet: what they read is a resident's."""
        sources: list[ScannerSettings | HidSettings | CameraSettings] = [*self.scanner, *self.hid, *self.camera]
        return frozenset(one.name for one in sources if one.place is ScanPlace.CABINET)

    def tables_of_devices(self) -> dict[str, DeviceTable]:
        """The table of each device that has a health, by its name; of a locker line's boards, not of the line."""
        tables = {device.name: table for table, devices in self.devices().items() for device in devices}
        tables.update({board.name: "locker" for bus in self.locker for board in bus.board})
        return tables

    @property
    def operator_id(self) -> OperatorId:
        return OperatorId(self.site.operator)

    @property
    def site_id(self) -> SiteId:
        return SiteId(self.site.id)

    @property
    def database(self) -> Path:
        """The site's SQLite file."""
        return self.data_dir / "site.db"


def machine_id(config: EdgeConfig) -> str:
    """What tells this machine from another that runs on a copy of its card.

    The board's own serial number where it has one: /etc/machine-id is copied with the card.
    """
    if config.machine_id:
        return config.machine_id
    for source in (Path("/proc/device-tree/serial-number"), Path("/etc/machine-id")):
        try:
            text = source.read_text(encoding="ascii", errors="replace").strip("\0\n ")
        except OSError:
            continue
        if text:
            return text
    return "unknown"


def _check_id(key: str, check: Callable[[str], object], text: str) -> None:
    try:
        check(text)
    except ValueError as error:
        raise ValueError(f"{key}: {str(error).partition(': ')[2] or error}") from None
