"""Residents at the cabinet: what is shown to its scanner or typed at its terminal opens what is theirs, and says what came of it.

A scanner at the cabinet is nobody's hand: whatever it reads is a resident's, never a scan of staff. Nothing is remembered of whom.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import structlog

from edge.devices.ports import Scan, Sound
from edge.outbox import NotKeptError
from edge.rules.custody import ParcelState
from edge.rules.debounce import Sightings, is_repeat, remember
from edge.station.asking import CodeAsked, read_question
from edge.station.cabinet import Cabinet
from edge.station.questions import OpenQuestion
from edge.station.results import ScanResult
from edge.station.station import Station, Who
from edge.station.verdict import Verdict, Word
from edge.wire.pickup import QR_PREFIX

SHOWN_S = 60.0  # what is said stays for a minute: whoever comes next must not read it
OPEN_SHOWN_S = 300.0  # and where a door stands open, for five
STILL_SHOWN_S = 5.0  # a QR that is held before the scanner while doors open, and a moment longer, is no second wish
_GOODS = ("E",)  # AIM identifiers of EAN and UPC: an article of eight digits is no code

_log = structlog.get_logger()


class Opened(NamedTuple):
    """One cell with something of theirs. ``word``: released, refused, or why its door did not open."""

    cell: str
    word: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Pickup:
    """What one person asked, and what came of it so far. No name, no code, no parcel.

    ``wait_s``: while nobody is answered here. ``at_counter``: so many of theirs lie at the counter; ``ask_staff``: so many in cells
    that stay shut until staff have spoken with them.
    """

    number: int
    word: str
    detail: str = ""
    wait_s: int = 0
    opened: tuple[Opened, ...] = ()
    at_counter: int = 0
    ask_staff: int = 0
    is_going_on: bool = False
    said_s: float = 0.0  # monotonic


def refusal_of(scan: Scan) -> Verdict | None:
    """Why a scan at the cabinet asks for nothing: a parcel's label, an article, a badge, noise. None: it may be a resident's."""
    if scan.fault:
        return Verdict(Word.UNKNOWN_LABEL, Sound.UNKNOWN, detail=scan.fault)
    if scan.text.strip().upper().startswith(QR_PREFIX):
        return None
    if isinstance(read_question(scan.text), CodeAsked) and not scan.symbology.startswith(_GOODS):
        return None
    return Verdict(Word.NOT_AT_CABINET, Sound.REFUSED)


class Pickups:
    """``scanners``: by name, those at the cabinet. What they read is shown at every terminal."""

    def __init__(
        self, cabinet: Cabinet, station: Station, scanners: Collection[str], read_monotonic_s: Callable[[], float]
    ) -> None:  # fmt: skip
        self._cabinet = cabinet
        self._station = station
        self._scanners = frozenset(scanners)
        self._read_monotonic_s = read_monotonic_s
        self._count = 0
        self._at: dict[str, Pickup] = {}
        self._seen: Sightings = {}
        self._last: dict[str, tuple[str, float]] = {}  # by scanner: what it read last, and until when that is still the same wish

    @property
    def has_scanner(self) -> bool:
        """Whether there is one to hold a QR before."""
        return bool(self._scanners)

    async def take(self, scan: Scan) -> None:
        """One scan at the cabinet, to the end of what it opens."""
        if self._is_again(scan):
            return
        refusal = refusal_of(scan)
        if refusal is None:
            await self.show(scan.text, scan.device)
        else:
            await self._refuse(refusal, scan.device)
        self._last[scan.device] = (scan.text, self._read_monotonic_s() + STILL_SHOWN_S)

    async def show(self, text: str, device: str) -> Pickup:
        """A QR's text or eight digits, at a terminal or scanner of this name. A disk that takes nothing is a word, too."""
        self._count += 1
        self._say(device, Pickup(self._count, "", is_going_on=True))

        def tell(asked: OpenQuestion, results: Sequence[ScanResult]) -> None:
            self._say(device, pickup_of(self._at[device], asked, results))

        try:
            await self._cabinet.pick_up(text, Who(device), tell)
        except NotKeptError as error:
            _log.error("pickup_not_kept", device=device, error=str(error))
            self._say(device, replace(self._at[device], word=Word.NOT_KEPT))
            await self._station.signal(Sound.ERROR)
        finally:
            self._say(device, replace(self._at[device], is_going_on=False))
        return self._at[device]

    def seen_at(self, terminal: str) -> Pickup | None:
        """The newest that is still to be shown there: its own, or of a scanner. None: whoever comes next begins."""
        pickups = [one for device, one in self._at.items() if device == terminal or device in self._scanners]
        newest = max(pickups, key=lambda one: one.number, default=None)
        return newest if newest is not None and self._is_shown(newest) else None

    def forget(self, terminal: str) -> None:
        """They have read it and go. What still opens goes on, and is shown."""
        for device in (terminal, *self._scanners):
            if device in self._at and not self._at[device].is_going_on:
                del self._at[device]

    def stands_open(self, opened: Opened) -> bool:
        """Its door does, after it was opened for them."""
        return opened.word == Word.RELEASED and opened.cell in self._cabinet.standing_open

    def _is_shown(self, pickup: Pickup) -> bool:
        age_s = self._read_monotonic_s() - pickup.said_s
        is_open = any(map(self.stands_open, pickup.opened))
        return pickup.is_going_on or age_s < (OPEN_SHOWN_S if is_open else SHOWN_S)

    def _is_again(self, scan: Scan) -> bool:
        text, until_s = self._last.get(scan.device, ("", 0.0))
        is_again = is_repeat(self._seen, scan.text, scan.heard_s) or (scan.text == text and scan.heard_s < until_s)
        self._seen = remember(self._seen, scan.text, scan.heard_s)
        return is_again

    async def _refuse(self, refusal: Verdict, device: str) -> None:
        self._count += 1
        self._say(device, Pickup(self._count, refusal.word, refusal.detail))
        try:
            await self._station.act(Who(device), lambda *_: refusal)
        except NotKeptError as error:  # nothing is booked of it, and the screen says it
            _log.error("pickup_not_kept", device=device, error=str(error))

    def _say(self, device: str, pickup: Pickup) -> None:
        self._at[device] = replace(pickup, said_s=self._read_monotonic_s())


def pickup_of(before: Pickup, asked: OpenQuestion, results: Sequence[ScanResult]) -> Pickup:
    """How far it has come."""
    ready = [one for here in asked.claims for one in here.ready]
    in_cells = sum(one.standing.state is ParcelState.IN_LOCKER for one in ready)
    return replace(
        before,
        word=asked.result.word,
        detail=asked.result.detail,
        wait_s=asked.result.amount if asked.result.word == Word.LOCKED_OUT else 0,
        opened=tuple(Opened(one.slot, one.word, one.detail) for one in results),
        at_counter=len(ready) - in_cells,
        ask_staff=sum(one.word == Word.REFUSED for one in results),
    )
