"""What this machine has that a site's devices could be: ports, input devices, cameras, 1-Wire, Bluetooth, pins. Reads only.

Nothing is opened here. Leaves trying the configured ones to tried.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
from serial.tools.list_ports import comports

_KEYBOARD = "*-event-kbd"
_W1_PROBE = "[0-9a-f][0-9a-f]-*"


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One thing. ``path`` is what belongs into the site's TOML."""

    path: str
    what: str = ""  # its maker's words for it
    leads_to: str = ""  # where a stable path points just now


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """All things of one kind, and where there is none, what would bring one about."""

    kind: str
    found: list[Found]
    remedy: str = ""


class Machine(msgspec.Struct, frozen=True):
    """Where to look; tests look elsewhere."""

    dev: Path = Path("/dev")
    sys: Path = Path("/sys")
    list_ports: Callable[[], Iterable[Any]] = comports

    def look(self) -> list[Finding]:
        """Kind by kind, in the order of the tables of a site's TOML. What cannot be read is left out."""
        return [
            _finding("serial port", self._serial_ports(), "plug one in; a USB device shows up in `dmesg` at once"),
            _finding("scanner that types", self._input_devices(), "plug one in; in serial mode it is a serial port instead"),
            _finding("camera", self._cameras(), "plug one in; CSI: rpicam-hello --list-cameras"),
            _finding("1-Wire probe", self._w1_probes(), "add dtoverlay=w1-gpio to /boot/firmware/config.txt and restart"),
            _finding("Bluetooth", self._named("class/bluetooth", "hci*"), "bluetoothctl power on; rfkill list"),
            _finding("GPIO", self._gpio_chips(), "only a Raspberry Pi or the like has pins"),
        ]

    def _serial_ports(self) -> list[Found]:
        stable = _links(self.dev / "serial" / "by-id")
        found = []
        for port in self.list_ports():
            words = [port.manufacturer, port.product] if port.product else [port.description]
            what = " ".join(dict.fromkeys(word for word in words if word and word != "n/a"))
            if port.vid is not None:
                what += f" ({port.vid:04x}:{port.pid:04x})"
            path = stable.get(port.device, port.device)
            found.append(Found(path=path, what=what.strip(), leads_to=port.device if path != port.device else ""))
        return sorted(found, key=lambda one: one.path)

    def _input_devices(self) -> list[Found]:
        links = {link: target for target, link in _links(self.dev / "input" / "by-id", _KEYBOARD).items()}
        return [
            Found(path=link, leads_to=target, what=_line(self.sys / "class" / "input" / Path(target).name / "device" / "name"))
            for link, target in sorted(links.items())
        ]

    def _cameras(self) -> list[Found]:
        names = self.sys / "class" / "video4linux"
        return [
            Found(path=str(path), what=_line(names / path.name / "name"))
            for path in sorted(self.dev.glob("video[0-9]*"), key=lambda path: (len(path.name), path.name))
            if _line(names / path.name / "index") in ("", "0")  # the others are a camera's lists of itself
        ]

    def _w1_probes(self) -> list[Found]:
        folder = self.sys / "bus" / "w1" / "devices"
        return [
            Found(path=path.name, what="DS18B20" if path.name.startswith("28-") else "")
            for path in sorted(folder.glob(_W1_PROBE))
            if not path.name.startswith("00-")  # noise on a bus without pull-up
        ]

    def _gpio_chips(self) -> list[Found]:
        chips = sorted(self.dev.glob("gpiochip*"))
        return [Found(path=str(path), what=_line(self.sys / "bus" / "gpio" / "devices" / path.name / "label")) for path in chips]

    def _named(self, folder: str, pattern: str) -> list[Found]:
        return [Found(path=path.name) for path in sorted((self.sys / folder).glob(pattern)) if ":" not in path.name]


def _finding(kind: str, found: list[Found], remedy: str) -> Finding:
    return Finding(kind=kind, found=found, remedy="" if found else remedy)


def _links(folder: Path, pattern: str = "*") -> dict[str, str]:
    """Where each link leads → the link."""
    return {str(link.resolve()): str(link) for link in sorted(folder.glob(pattern), reverse=True)}


def _line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
