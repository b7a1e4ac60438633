"""What is going on at each device: the shelf, the container and the person it works on. In memory: a restart closes them all.

What was opened at the page also holds for the scanners, for most stations have one of each; a scanner's own choice goes first.
A person's card holds as long as a page is there to show it and to close it; the next person's takes its place.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from edge.station.decide import SLOT_HELD_S, Bench
from edge.station.handout import Serving

WEDGE = "wedge"  # a page where nobody is logged in: what is typed, tapped, or comes from a keyboard-wedge scanner
PAGE = "page-"  # and what the devices' names of the others begin with
SERVED_S = 300.0  # nobody stands at a counter for longer without a scan or a tap
UNSHOWN_S = 60.0  # a page that is loaded anew, or a telephone in a pocket on the way to the shelf, is back before


@dataclass(frozen=True, slots=True)
class Card:
    """A person's: the next parcels are for them. ``device``, ``actor``: where it was opened, and by whom."""

    question: str
    serving: Serving
    device: str
    actor: str
    opened_ms: int
    opened_s: float


@dataclass(slots=True)
class _Open:
    slot: str = ""
    slot_until_s: float = 0.0
    container: str = ""
    card: Card | None = None


class Benches:
    """Times are monotonic seconds."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}
        self._page = WEDGE  # the page that opened something last
        self._shown_s = 0.0  # when a page was last there

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

    def serve(self, device: str, card: Card | None) -> None:
        """The next parcels are for this person; None: it is yet to be chosen who it is.

        Whoever was served at the pages is no more; nor, where a page asked, at any scanner: it asks for all of them.
        """
        for name, at in self._open.items():
            if _is_page(device) or _is_page(name):
                at.card = None
        self._at(device).card = card

    def close(self, question: str) -> None:
        """Nobody is served by its answer any more, at any device."""
        for at in self._open.values():
            if at.card is not None and at.card.question == question:
                at.card = None

    def shown(self, now_s: float) -> None:
        """A page is there, and shows whose cards are open."""
        self._shown_s = now_s

    def cards(self, now_s: float) -> tuple[Card, ...]:
        """Whose are open, the last one first."""
        return tuple(sorted(self._in_force(now_s), key=lambda card: -card.opened_s))

    def card(self, device: str, now_s: float) -> Card | None:
        """Whose rules the scans of a device: its own, else the page's."""
        open_ = list(self._in_force(now_s))
        return next((one for one in open_ if one.device == device), next((one for one in open_ if _is_page(one.device)), None))

    def _in_force(self, now_s: float) -> Iterator[Card]:
        for at in self._open.values():
            card = at.card
            if card is None or now_s - card.opened_s >= SERVED_S:
                continue
            if now_s - max(card.opened_s, self._shown_s) < UNSHOWN_S:
                yield card

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
        card = self.card(device, now_s)
        return Bench(next(iter(slots), ""), own.container or page.container, card.serving if card is not None else None)

    def _at(self, device: str) -> _Open:
        if _is_page(device):
            self._page = device
        return self._open.setdefault(device, _Open())


def _is_page(device: str) -> bool:
    return device == WEDGE or device.startswith(PAGE)


_CLOSED = _Open()
_NOTHING = Bench()
