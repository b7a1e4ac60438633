"""What became of an act, as the page lists it: a decision with its event, or a booking read back from the file."""

from enum import StrEnum
from typing import NamedTuple

from edge.devices.ports import Scan, Sound
from edge.station.decide import ScanKind, kind_of
from edge.station.ledger import Booking
from edge.station.verdict import Fetched, Verdict, Word
from edge.wire.ids import EventId
from edge.wire.manifest import OtherParcel
from edge.wire.messages import (
    MAX_TEXT,
    AnyFact,
    ContainerBound,
    ContainerDropped,
    ContainerEmptied,
    ContainerLoaded,
    ContainerLost,
    ContainerOpened,
    ContainerReturned,
    ContainerSealed,
    ContainerSigned,
    ContainerTakenBack,
    CountFinished,
    GoodsDistributed,
    GoodsPacked,
    GoodsReceived,
    ParcelDisposed,
    ParcelOverdue,
    ParcelPacked,
    ParcelPlaced,
    ParcelReceived,
    ParcelReleased,
    ParcelRemoved,
    ParcelReturned,
    ParcelSeen,
    ParcelShelved,
    ParcelSorted,
    VarianceFound,
)


class ScanResult(NamedTuple):
    """What became of one scan, or of one act at the page: what staff hear and see. ``event`` None: nothing was booked.

    ``kind`` is coarse, ``word`` exact; ``amount`` of ``of`` fills the word. An act at the page has no ``text``. ``gone_ms``,
    ``gone_how``: when and by what it was handed out before; 0 where that is not known. ``fetched``, ``other``: as in `Verdict`,
    till the next start. ``heard_s``, ``booked_s``: time.monotonic when a scan's last byte came and when it was on the disk.
    """

    at_ms: int
    text: str
    device: str
    kind: ScanKind
    sound: Sound | None
    event: EventId | None = None
    parcel: str = ""
    slot: str = ""
    detail: str = ""
    is_undone: bool = False
    can_undo: bool = False
    word: str = ""
    container: str = ""
    amount: int = 0
    of: int = 0
    actor: str = ""
    question: str = ""  # under which the page finds who may have asked
    undone_by: str = ""  # a staff id; known until the next start
    gone_ms: int = 0
    gone_how: str = ""
    fetched: tuple[Fetched, ...] = ()
    other: OtherParcel | None = None
    heard_s: float = 0.0
    booked_s: float = 0.0


# What the words of a refused scan mean, for a page that does not know them.
_SAID: dict[StrEnum, str] = {
    Word.RECEIVED_BEFORE: "received before",
    Word.SHELVED_BEFORE: "in this slot before",
    Word.HANDED_OUT_BEFORE: "handed out before: undo that if it was a mistake",
    Word.SEEN: "here, as booked",
    Word.NOT_HERE: "not booked in here: receive it, or ask where it belongs",
}


def result_of(
    verdict: Verdict, at_ms: int, device: str, actor: str, event: EventId | None, *, text: str = "", can_undo: bool = False
) -> ScanResult:  # fmt: skip
    """An act as it was decided."""
    word, sound, _, parcel, container, place, amount, of, detail, gone_ms, gone_how, fetched, other = verdict
    return ScanResult(
        at_ms, text[:MAX_TEXT], device, kind_of(verdict), sound, event, parcel, place, detail or _SAID.get(word, ""),
        False, can_undo, word, container, amount, of, actor, gone_ms=gone_ms, gone_how=gone_how, fetched=fetched,
        other=other,
    )  # fmt: skip


def repeated(scan: Scan, actor: str) -> ScanResult:
    """A trigger that is held down: the same act again, and no noise."""
    return ScanResult(scan.measured_at_ms, scan.text[:MAX_TEXT], scan.device, ScanKind.REPEATED, None, actor=actor)


def not_kept(scan: Scan, at_ms: int, actor: str, reason: str) -> ScanResult:
    """Nothing was written: scan again."""
    verdict = Verdict(Word.NOT_KEPT, Sound.ERROR, detail=reason)
    return result_of(verdict, at_ms, scan.device, actor, None, text=scan.text)


def booked(booking: Booking) -> ScanResult:
    """An act read back from the file."""
    kind, word = _read_back(booking.fact)
    fact = booking.fact
    return ScanResult(
        at_ms=booking.at_ms,
        text=booking.thing,
        device=booking.device,
        kind=kind,
        sound=None,
        event=booking.event,
        parcel=getattr(fact, "parcel", ""),
        slot=getattr(fact, "slot", "") or getattr(fact, "cell", "") or getattr(fact, "lane", ""),
        detail=fact.problem if isinstance(fact, VarianceFound) else "",
        is_undone=booking.is_undone,
        can_undo=not booking.is_undone,
        word=word,
        container=getattr(fact, "container", ""),
        actor=booking.actor,
    )


def _read_back(fact: AnyFact) -> tuple[ScanKind, str]:
    match fact:
        case ParcelReceived():
            return ScanKind.RECEIVED, Word.RECEIVED
        case ParcelShelved():
            return ScanKind.SHELVED, Word.SHELVED
        case ParcelReleased():
            return ScanKind.RELEASED, Word.RELEASED
        case _:
            return ScanKind.BOOKED, _WORDS.get(type(fact), "")


# A dock's are edge.dock.words'.
_WORDS: dict[type[AnyFact], str] = {
    ContainerSigned: Word.SIGNED,
    ContainerDropped: "dropped",
    ContainerOpened: Word.OPENED,
    CountFinished: Word.COUNTED,
    ContainerEmptied: Word.EMPTIED,
    ContainerReturned: Word.SENT_BACK,
    VarianceFound: Word.VARIANCE_NOTED,
    GoodsReceived: Word.GOODS_COUNTED,
    GoodsDistributed: Word.GIVEN,
    ParcelPlaced: Word.PLACED,
    ParcelRemoved: Word.REMOVED,
    ParcelSeen: Word.SEEN,
    ParcelOverdue: Word.OVERDUE,
    ParcelDisposed: Word.DISPOSED,
    ParcelReturned: Word.RETURNED,
    ParcelSorted: "sorted",
    ParcelPacked: "packed",
    ContainerBound: "bound",
    ContainerSealed: "sealed",
    ContainerLoaded: "loaded",
    ContainerLost: "lost",
    ContainerTakenBack: "taken_back",
    GoodsPacked: "goods_packed",
}
