"""What ``make run`` is asked for by its environment: FRESH, TOWN, HOST, PORT, RATE, DATABASE_URL, BROKER, TUANTU_DATA."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cloud.trouble import Trouble

HELP = """\
FRESH=1             start over: the data folder is emptied
TOWN=0              no simulated town
STATIONS=54 VANS=3  how large the town is; without vans goods come by themselves
HOST=0.0.0.0        serve the LAN, not only this machine
PORT=8080           the pages' port; the live socket takes the next one
RATE=30             how fast the town's clock runs, 0 to 300; kept from then on
DATABASE_URL=…      use this PostgreSQL instead of one of our own
BROKER=mosquitto    or iotcore; otherwise Mosquitto where it is installed
TUANTU_DATA=.data   the data folder
PAGES=0             start without the built pages"""


@dataclass(frozen=True, slots=True)
class Wishes:
    """Read and checked."""

    data: Path
    fresh: bool
    with_town: bool
    stations: int
    vans: int
    host: str
    port: int
    rate: float | None
    database_url: str
    broker: str
    with_pages: bool


def read(environment: Mapping[str, str], root: Path) -> Wishes:
    """Trouble names the variable that is wrong."""
    return Wishes(
        data=root / (environment.get("TUANTU_DATA") or ".data"),
        fresh=_is_on(environment, "FRESH", default=False),
        with_town=_is_on(environment, "TOWN", default=True),
        stations=_count(environment, "STATIONS", 54, 1, 54),
        vans=_count(environment, "VANS", 3, 0, 9),
        host=environment.get("HOST") or "127.0.0.1",
        port=_port(environment.get("PORT") or "8080"),
        rate=_rate(environment.get("RATE")),
        database_url=environment.get("DATABASE_URL", ""),
        broker=environment.get("BROKER", ""),
        with_pages=_is_on(environment, "PAGES", default=True),
    )


def _is_on(environment: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = environment.get(name, "").strip().lower()
    if text in ("", "1", "yes", "true", "on"):
        return default if text == "" else True
    if text in ("0", "no", "false", "off"):
        return False
    raise Trouble(f"{name}={text}: want 1 or 0", f"{name}=1 or {name}=0")


def _count(environment: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = environment.get(name) or str(default)
    if text.isascii() and text.isdigit() and least <= int(text) <= most:
        return int(text)
    raise Trouble(f"{name}={text}: want a number from {least} to {most}", f"{name}={default}")


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 65534:
        return int(text)
    raise Trouble(f"PORT={text}: want a number from 1 to 65534", "PORT=8080")


def _rate(text: str | None) -> float | None:
    if not text:
        return None
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if 0.0 <= rate <= 300.0:
        return rate
    raise Trouble(f"RATE={text}: want a number from 0 to 300", "RATE=30")
