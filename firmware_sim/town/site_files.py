"""The stations' configuration files, as somebody would write them for a Raspberry Pi.

Leaves what the keys mean to edge.config.
"""

import os
from pathlib import Path

from firmware_sim.toml_text import quoted
from firmware_sim.town.settings import OPERATOR, Station, TownSettings

SCANNER = "scanner-1"
_SILENT_AFTER_S = 5  # of real time: half a minute would be a quarter of an hour in the town


def write_site(settings: TownSettings, station: Station, broker: tuple[str, int], devices: str = "") -> None:
    """Write ``station.config_path`` (0600: it holds the broker's password), whole or not at all. ``devices``: more tables."""
    station.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = station.config_path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(site_toml(settings, station, broker, devices), encoding="utf-8")
    fresh.replace(station.config_path)


def site_toml(settings: TownSettings, station: Station, broker: tuple[str, int], devices: str = "") -> str:
    """The file's text. ``broker``: the host and port by which this station reaches it."""
    pages = "" if settings.pages_dir is None else f"pages_dir = {quoted(settings.pages_dir)}\n"
    return f"""\
data_dir = {quoted(station.folder / "data")}
machine_id = {quoted(station.id)}  # stations of one machine: each is a board of its own

[site]
operator = {quoted(OPERATOR)}
id = {quoted(station.id)}
kind = {quoted(station.kind)}
name = {quoted(station.place.name)}

[broker]
url = {quoted(f"mqtt://{broker[0]}:{broker[1]}")}
username = {quoted(station.id)}
password = {quoted(station.password)}
silent_after_s = {_SILENT_AFTER_S}

{_scanner(station)}
[http]
host = {quoted(settings.http_host)}
port = {station.http_port}
framed_by = [{", ".join(quoted(origin) for origin in settings.page_origins)}]
{pages}
[clock]
town_file = {quoted(station.clock_path if station.kind == "station" and not station.is_shared else settings.clock_file)}

{devices}"""


def _scanner(station: Station) -> str:
    return "" if station.is_shared else f"[[scanner]]\nname = {quoted(SCANNER)}\nport = {quoted(station.scanner_path)}\n"


def replace(path: Path, data: bytes) -> None:
    """Whoever reads ``path`` sees the old or the new content, never a part."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_bytes(data)
    fresh.replace(path)
