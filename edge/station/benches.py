"""What is going on at each device: the shelf, the container and the person it works on. In memory: a restart closes them all.

What was opened at the page also holds for the scanners, for most stations have one of each; a scanner's own choice goes first.
"""

from dataclasses import dataclass

from edge.station.decide import SLOT_HELD_S, Bench
from edge.station.handout import Serving

WEDGE = "wedge"  # a page where nobody is logged in: what is typed, tapped, or comes from a keyboard-wedge scanner
PAGE = "page-"  # and what the devices' names of the others begin with
SERVED_S = 300.0  # nobody stands at a counter for longer without a scan or a tap


@dataclass(slots=True)
class _Open:
    slot: str = ""
    slot_until_s: float = 0.0
    container: str = ""
    serving: Serving | None = None
    serving_until_s: float = 0.0


class Benches:
    """Times are monotonic seconds."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}
        self._page = WEDGE  # the page that opened something last

    def clear(self) -> None:
        """Everything is closed."""
        self._open.clear()

    def open_slot(self, device: str, slot: str, now_s: float) -> None:
        """The next parcels go there, for a minute."""
        at = self._at(device)
        at.slot, at.slot_until_s = slot, now_s + SLOT_HELD_S

    def open_container(self, device: str, container: str) -> None:
        """The next parcels come out of it, until another is opened; "" closes it."""
        self._at(device).container = container

    def serve(self, device: str, serving: Serving, now_s: float) -> None:
        """The next parcels are for this person."""
        at = self._at(device)
        at.serving, at.serving_until_s = serving, now_s + SERVED_S

    def served(self, device: str) -> None:
        """They have what is theirs: nobody is served any more, here and at the page that spoke for this device."""
        for name in (device, self._page):
            if name in self._open:
                self._open[name].serving = None

    def close_container(self, container: str) -> None:
        """It is counted: nothing more comes out of it, at any device."""
        for at in self._open.values():
            if at.container == container:
                at.container = ""

    def at(self, device: str, now_s: float) -> Bench:
        """What a scan of this device goes with."""
        if not self._open:
            return _NOTHING
        own, page = self._open.get(device, _CLOSED), self._open.get(self._page, _CLOSED)
        slots = [one.slot for one in (own, page) if one.slot and now_s < one.slot_until_s]
        served = [one.serving for one in (own, page) if one.serving and now_s < one.serving_until_s]
        return Bench(next(iter(slots), ""), own.container or page.container, next(iter(served), None))

    def _at(self, device: str) -> _Open:
        if device == WEDGE or device.startswith(PAGE):
            self._page = device
        return self._open.setdefault(device, _Open())


_CLOSED = _Open()
_NOTHING = Bench()
