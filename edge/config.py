"""A site's TOML: hardware and identity (decision 19). Business rules come from the cloud, as ``desired``.

data_dir = "/var/lib/tuantu"

[site]
operator = "tuantu-demo"
id = "st-0001"
name = "阳光花园自提点"

[broker]
url = "mqtts://broker.example:8883"      # mqtt:// without TLS
username = "st-0001"
password_file = "/etc/tuantu/password"   # or password = "…"
ca_file = "/etc/tuantu/ca.pem"           # left out: the system's

[[scanner]]
name = "scanner-1"
port = "/dev/serial/by-id/usb-Newland…"

[[camera]]
name = "camera-1"
source = "/dev/video0"

[http]
host = "127.0.0.1"
port = 8090
pages_dir = "/usr/share/tuantu/pages"
"""

import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from edge.devices.ports import CameraSettings, ScannerSettings
from edge.wire.ids import OperatorId, SiteId, operator_id, site_id


class ConfigError(Exception):
    """The file is missing or wrong; the text names file, place and remedy."""


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """Who we are."""

    operator: str
    id: str
    name: str = ""

    def __post_init__(self) -> None:
        operator_id(self.operator)
        site_id(self.id)


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Where the cloud is reached."""

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    password_file: Path | None = None
    ca_file: Path | None = None

    def __post_init__(self) -> None:
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
        """The password itself; OSError where its file cannot be read."""
        return self.password_file.read_text(encoding="utf-8").strip() if self.password_file else self.password


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """The staff page's server."""

    host: str = "127.0.0.1"
    port: int = 8090
    pages_dir: Path | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port: want 0 to 65535, got {self.port}")


@dataclass(frozen=True, slots=True)
class ClockSettings:
    """``town_file``: the simulated town's clock; left out in production."""

    town_file: Path | None = None


@dataclass(frozen=True, slots=True)
class EdgeConfig:
    """The whole file, checked."""

    site: SiteSettings
    broker: BrokerSettings
    data_dir: Path
    http: HttpSettings = field(default_factory=HttpSettings)
    clock: ClockSettings = field(default_factory=ClockSettings)
    scanner: tuple[ScannerSettings, ...] = ()
    camera: tuple[CameraSettings, ...] = ()
    machine_id: str = ""  # left out: the board's serial number, else /etc/machine-id

    def __post_init__(self) -> None:
        names = [*(scanner.name for scanner in self.scanner), *(camera.name for camera in self.camera)]
        for name in names:
            if not name or len(name) > 64:
                raise ValueError(f"name: want 1 to 64 characters for a device, got {name!r}")
            if names.count(name) > 1:
                raise ValueError(f"name: {name!r} is given to two devices")

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


def load(path: Path) -> EdgeConfig:
    """Read and check a site's TOML. Relative paths in it count from its folder. ConfigError names the place and the remedy."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; write one like the example in edge/config.py") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None
    unknown = [key for key in table if key not in EdgeConfig.__dataclass_fields__]
    if unknown:
        raise ConfigError(f"{path}: unknown key {unknown[0]!r}; known are {', '.join(EdgeConfig.__dataclass_fields__)}")
    try:
        config = msgspec.convert(table, EdgeConfig, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {error}") from None
    return _resolved(config, path.parent)


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


def _decode(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(kind)


def _resolved(config: EdgeConfig, folder: Path) -> EdgeConfig:
    def at(path: Path | None) -> Path | None:
        return None if path is None else folder / path

    return replace(
        config,
        data_dir=folder / config.data_dir,
        broker=replace(config.broker, password_file=at(config.broker.password_file), ca_file=at(config.broker.ca_file)),
        http=replace(config.http, pages_dir=at(config.http.pages_dir)),
        clock=ClockSettings(at(config.clock.town_file)),
    )
