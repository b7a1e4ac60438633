"""What a scan means here: pure. Which facts it makes, what staff hear, what stands on the screen.

Reading state and writing facts is ``edge.station.station``'s, in one commit.
"""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, assert_never, get_args

from edge.devices.ports import Sound
from edge.rules.custody import ContainerState
from edge.station.arrivals import open_container, receive, sign
from edge.station.handout import ClaimHere, Serving, release_scanned
from edge.station.known import KnownContainer, KnownParcel
from edge.station.shelving import ShelfPlan, shelve
from edge.station.stocktake import see
from edge.station.verdict import Verdict, Word
from edge.wire.labels import Label, LabelKind, as_printed, classify
from edge.wire.messages import LabelUnknown, Refusal
from edge.wire.pickup import BADGE_PREFIX, QR_PREFIX
from edge.wire.presence import SiteMode, StationMode

Mode = StationMode

SLOT_HELD_S = 60.0  # a shelf is filled in one go; after a minute the next parcel is more likely one that was only received
_SHOWN_LENGTH = 32
_DIGEST_LENGTH = 12
_LONG_NUMBER = re.compile(r"[0-9](?:[ .-]?[0-9]){6,}")  # a phone is also written 138-1234-5678
_SLOT = re.compile(r"SLOT:([A-Z]{1,2}[0-9]{1,3})\Z")
_SLOT_BEGINS = frozenset("SsＳｓ")  # a look at one character: a hundred parcels are scanned for each shelf
_SECRETS = (BADGE_PREFIX, QR_PREFIX)  # whoever reads the rest of such a text could use it


class ScanKind(StrEnum):
    """What became of a scan, coarsely; ``Word`` says it exactly."""

    RECEIVED = "received"
    SHELVED = "shelved"
    RELEASED = "released"
    SLOT = "slot"  # a shelf is open: the next parcels go there
    BOOKED = "booked"  # something else was booked
    ASKED = "asked"  # somebody showed what is theirs: the page has the answer
    REPEATED = "repeated"
    WRONG_SITE = "wrong_site"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    FAILED = "failed"
    UNDONE = "undone"


class Bench(NamedTuple):
    """What is going on where a scan came from: the open shelf, the open container, the person who is served.

    ``claim``: what is theirs, as it stands. ``seen``: the parcels of the stock-take that is going on; None: there is none.
    """

    slot: str = ""
    container: str = ""
    serving: Serving | None = None
    claim: ClaimHere | None = None
    seen: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class ShelfSlot:
    """A shelf's label was scanned."""

    slot: str


def read_label(text: str, symbology: str, fault: str) -> Label | ShelfSlot:
    """What was scanned. ``fault``: the device could not read it whole."""
    if fault:
        return Label(LabelKind.UNKNOWN, text, fault)
    if text[:1] in _SLOT_BEGINS and (match := _SLOT.match(as_printed(text))):
        return ShelfSlot(match[1])
    return classify(text, symbology=symbology)


def station_mode(mode: SiteMode) -> Mode:
    """The mode of a station. ValueError: it is one of a dock's."""
    match mode:
        case "receive" | "release" | "count":
            return mode
        case _:
            raise ValueError(f"mode: want one of {', '.join(get_args(StationMode))}, got {mode}")


def decide_parcel(mode: Mode, known: KnownParcel, bench: Bench, plan: ShelfPlan) -> Verdict:
    """What a parcel's label means."""
    match mode:
        case "receive":
            return shelve(known, bench.slot, plan, bench.container) if bench.slot else receive(known, bench.container)
        case "release":
            return release_scanned(known, bench.claim, bench.serving)
        case "count":
            return _look(known) if bench.seen is None else see(known, bench.seen, bench.slot)
        case _:
            assert_never(mode)


def decide_container(mode: Mode, known: KnownContainer) -> Verdict:
    """What a container's label means: the first scan signs for it, the next opens it. Elsewhere it is only looked at."""
    if mode != "receive":
        is_here = known.standing.state.is_at_station
        word, sound = (Word.SIGNED_BEFORE, Sound.DUPLICATE) if is_here else (Word.NOT_HERE, Sound.REFUSED)
        return Verdict(word, sound, container=known.container)
    if known.standing.is_signed and known.standing.state is not ContainerState.RETURNED_EMPTY:
        return open_container(known)
    return sign(known)


def unknown(text: str, symbology: str, reason: str) -> Verdict:
    """It names nothing that can be booked here; kept so that a person can look."""
    fact = LabelUnknown(text=shown_abroad(text), symbology=symbology[:16], reason=reason[:200])
    return Verdict(Word.UNKNOWN_LABEL, Sound.UNKNOWN, (fact,), detail=reason)


def kind_of(verdict: Verdict) -> ScanKind:
    """The coarse word for a verdict."""
    if verdict.word in _KINDS:
        return _KINDS[verdict.word]
    match verdict.detail:
        case Refusal.ALREADY_RELEASED | Refusal.LEFT_STATION:
            return ScanKind.REPEATED
        case Refusal.WRONG_SITE | Refusal.NOT_READY | Refusal.ELSEWHERE:
            return ScanKind.WRONG_SITE
        case _:
            return _KINDS_BY_SOUND[verdict.sound]


def shown_abroad(text: str) -> str:
    """What may leave the station of a label that names nothing: it may be a courier's, with a name and a phone, or an ID card.

    Its beginning, masked, and a digest of the whole, so that two sightings can be told to be the same.
    """
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LENGTH]
    for prefix in _SECRETS:
        if text.strip().upper().startswith(prefix):
            return f"{prefix}* #{digest}"
    printable = "".join(character for character in text if character.isprintable())
    ascii_only = "".join(character if character.isascii() else "*" for character in printable)
    return f"{_LONG_NUMBER.sub(_last_four, ascii_only)[:_SHOWN_LENGTH]} #{digest}"


_KINDS: dict[StrEnum, ScanKind] = {
    Word.RECEIVED: ScanKind.RECEIVED,
    Word.RECEIVED_SURPLUS: ScanKind.RECEIVED,
    Word.RECEIVED_EARLY: ScanKind.RECEIVED,
    Word.RECEIVED_OTHER_CONTAINER: ScanKind.RECEIVED,
    Word.FOUND: ScanKind.RECEIVED,
    Word.SHELVED: ScanKind.SHELVED,
    Word.SLOT_OPEN: ScanKind.SLOT,
    Word.RELEASED: ScanKind.RELEASED,
    Word.RELEASED_PARTLY: ScanKind.RELEASED,
    Word.HANDED_OUT_BEFORE: ScanKind.REPEATED,
    Word.LEFT_BEFORE: ScanKind.REPEATED,
    Word.NOT_HERE: ScanKind.WRONG_SITE,
    Word.ASK_MATCHES: ScanKind.ASKED,
    Word.ASK_SEVERAL: ScanKind.ASKED,
}
_KINDS_BY_SOUND = {
    Sound.OK: ScanKind.BOOKED,
    Sound.ATTENTION: ScanKind.BOOKED,
    Sound.DUPLICATE: ScanKind.REPEATED,
    Sound.REFUSED: ScanKind.REFUSED,
    Sound.UNKNOWN: ScanKind.UNKNOWN,
    Sound.ERROR: ScanKind.FAILED,
    Sound.IDENTIFY: ScanKind.BOOKED,
}


def _look(known: KnownParcel) -> Verdict:
    if known.standing.state.is_at_station:
        return Verdict(Word.SEEN, Sound.DUPLICATE, parcel=known.parcel, place=known.standing.place, other=known.other)
    return Verdict(Word.NOT_HERE, Sound.REFUSED, parcel=known.parcel, other=known.other)


def _last_four(number: re.Match[str]) -> str:
    return "*" * (len(number[0]) - 4) + re.sub("[^0-9]", "*", number[0][-4:])
