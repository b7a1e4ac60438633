"""What a scan means here: pure. Which facts it makes, what staff hear, what stands on the screen.

Reading state and writing facts is ``edge.station.station``'s, in one commit.
"""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple, assert_never

from edge.devices.ports import Sound
from edge.wire.labels import Label, LabelKind, classify
from edge.wire.messages import AnyFact, LabelUnknown, ParcelReceived, ParcelReleased, ParcelShelved

Mode = Literal["receive", "release", "count"]
BookedAs = Literal["received", "shelved", "released"]

SLOT_HELD_S = 60.0  # a shelf is filled in one go; after a minute the next parcel is more likely one that was only received
_SHOWN_LENGTH = 32
_DIGEST_LENGTH = 12
_LONG_NUMBER = re.compile(r"[0-9](?:[ .-]?[0-9]){6,}")  # a phone is also written 138-1234-5678
_SLOT = re.compile(r"SLOT:([A-Z]{1,2}[0-9]{1,3})\Z")


class ScanKind(StrEnum):
    """What became of a scan, in the page's words."""

    RECEIVED = "received"
    SHELVED = "shelved"
    RELEASED = "released"
    SLOT = "slot"  # a shelf is open: the next parcels go there
    REPEATED = "repeated"
    WRONG_SITE = "wrong_site"
    UNKNOWN = "unknown"
    FAILED = "failed"
    UNDONE = "undone"


class ParcelHere(NamedTuple):
    """Where a parcel stands at this station. ``booked`` None: it was never booked here, or that was undone."""

    booked: BookedAs | None = None
    slot: str = ""


NEVER_HERE = ParcelHere()


class StationState(NamedTuple):
    """What a decision depends on."""

    mode: Mode
    parcel: ParcelHere
    open_slot: str = ""


class Decision(NamedTuple):
    """Facts to record in one commit; none: nothing happened that the cloud must know."""

    kind: ScanKind
    sound: Sound
    facts: tuple[AnyFact, ...] = ()
    slot: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ShelfSlot:
    """A shelf's label was scanned."""

    slot: str


def read_label(text: str, symbology: str, fault: str) -> Label | ShelfSlot:
    """What was scanned. ``fault``: the device could not read it whole."""
    if fault:
        return Label(LabelKind.UNKNOWN, text, fault)
    if text.startswith("SLOT:") and (match := _SLOT.match(text.rstrip())):
        return ShelfSlot(match[1])
    return classify(text, symbology=symbology)


def decide(state: StationState, label: Label, symbology: str = "") -> Decision:
    """What a label means in this state."""
    match label.kind:
        case LabelKind.PARCEL:
            return _decide_parcel(state, label.text)
        case LabelKind.CONTAINER:
            return _unknown(label, symbology, "a container: containers are not booked here")
        case LabelKind.PRODUCT:
            return _unknown(label, symbology, "a product, not a parcel")
        case LabelKind.UNKNOWN:
            return _unknown(label, symbology, label.reason)
        case _:
            assert_never(label.kind)


def _decide_parcel(state: StationState, parcel: str) -> Decision:
    here = state.parcel
    match state.mode:
        case "receive":
            return _shelve(here, parcel, state.open_slot) if state.open_slot else _receive(here, parcel)
        case "release":
            return _release(here, parcel)
        case "count":
            if here.booked in ("received", "shelved"):
                return Decision(ScanKind.REPEATED, Sound.DUPLICATE, slot=here.slot, detail="here, as booked")
            return Decision(ScanKind.WRONG_SITE, Sound.REFUSED, detail="not booked in here: receive it, or ask where it belongs")
        case _:
            assert_never(state.mode)


def _receive(here: ParcelHere, parcel: str) -> Decision:
    match here.booked:
        case None:
            return Decision(ScanKind.RECEIVED, Sound.OK, (ParcelReceived(parcel=parcel),))
        case "received" | "shelved":
            return Decision(ScanKind.REPEATED, Sound.DUPLICATE, slot=here.slot, detail="received before")
        case "released":
            return _handed_out()
        case _:
            assert_never(here.booked)


def _shelve(here: ParcelHere, parcel: str, slot: str) -> Decision:
    shelved = ParcelShelved(parcel=parcel, slot=slot)
    match here.booked:
        case None:
            return Decision(ScanKind.SHELVED, Sound.OK, (ParcelReceived(parcel=parcel), shelved), slot)
        case "received" | "shelved" if here.slot != slot:
            return Decision(ScanKind.SHELVED, Sound.OK, (shelved,), slot)
        case "received" | "shelved":
            return Decision(ScanKind.REPEATED, Sound.DUPLICATE, slot=slot, detail="in this slot before")
        case "released":
            return _handed_out()
        case _:
            assert_never(here.booked)


def _release(here: ParcelHere, parcel: str) -> Decision:
    match here.booked:
        case "received" | "shelved":
            return Decision(ScanKind.RELEASED, Sound.OK, (ParcelReleased(parcel=parcel),), here.slot)
        case "released":
            return _handed_out()
        case None:
            return Decision(ScanKind.WRONG_SITE, Sound.REFUSED, detail="not booked in here: receive it first, or send it on")
        case _:
            assert_never(here.booked)


def _handed_out() -> Decision:
    return Decision(ScanKind.REPEATED, Sound.REFUSED, detail="handed out before: undo that if it was a mistake")


def _unknown(label: Label, symbology: str, reason: str) -> Decision:
    return Decision(
        ScanKind.UNKNOWN,
        Sound.UNKNOWN,
        (LabelUnknown(text=shown_abroad(label.text), symbology=symbology[:16], reason=reason[:200]),),
        detail=reason,
    )


def shown_abroad(text: str) -> str:
    """What may leave the station of a label that names nothing: it may be a courier's, with a name and a phone, or an ID card.

    Its beginning, masked, and a digest of the whole, so that two sightings can be told to be the same.
    """
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LENGTH]
    printable = "".join(character for character in text if character.isprintable())
    ascii_only = "".join(character if character.isascii() else "*" for character in printable)
    return f"{_LONG_NUMBER.sub(_last_four, ascii_only)[:_SHOWN_LENGTH]} #{digest}"


def _last_four(number: re.Match[str]) -> str:
    return "*" * (len(number[0]) - 4) + re.sub("[^0-9]", "*", number[0][-4:])
