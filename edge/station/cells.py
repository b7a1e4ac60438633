"""What opening a locker cell means: whether it may be, and what the door's feedback makes of it. Pure.

A parcel is handed out when its door opens, for from then on a hand can reach it; it is placed when the door has closed on it. Lock,
door and article sensor are three signals, and the last two may be unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from msgspec import structs

from edge.devices.locker import Article, Door, OpenOutcome, OpenResult, Pulse
from edge.devices.ports import Sound
from edge.rules.custody import ParcelState
from edge.station.arrivals import receive
from edge.station.known import KnownParcel
from edge.station.verdict import Verdict, Word
from edge.wire.manifest import LockerCell
from edge.wire.messages import (
    AnyFact,
    CellChanged,
    CellOpened,
    How,
    ParcelPlaced,
    ParcelReleased,
    ParcelRemoved,
    Refusal,
    ReleaseRefused,
)

Purpose = Literal["pickup", "placing", "removal", "remote", "check"]
NoteState = Literal["reserved", "open", "fault", "blocked"]
Cause = Literal["", "door_left_open", "open_failed", "cell_mismatch", "staff"]
RemovedFor = Literal["expired", "mistake", "fault", "moved"]

_OUTCOMES: Mapping[OpenOutcome, Literal["opened", "failed", "unknown"]] = {
    OpenOutcome.OPENED: "opened",
    OpenOutcome.LEFT_OPEN: "opened",
    OpenOutcome.JAMMED: "failed",
    OpenOutcome.FAILED: "failed",
    OpenOutcome.UNKNOWN: "unknown",
}


class CellNote(NamedTuple):
    """What else is known of a cell besides the parcel that is booked in it."""

    state: NoteState
    parcel: str = ""
    cause: Cause = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """One wish to open one cell. ``claim``, ``how``, ``token``: by what a resident showed that the parcel is theirs."""

    cell: str
    purpose: Purpose
    parcel: str = ""
    claim: str = ""
    how: How = How.UNSAID
    token: str = ""
    command: str = ""
    removed_for: RemovedFor = "mistake"


def closed_for(standing: Wish | None, wish: Wish) -> Wish:
    """What a door that stands open for one wish, if it does, and is opened for another is closed for: a look is for nothing."""
    return standing if standing is not None and wish.purpose in ("remote", "check") else wish


def why_not_open(
    wish: Wish,
    known: KnownParcel | None,
    cell: LockerCell | None,
    note: CellNote | None,
    holds: str,
    standing: Wish | None = None,
) -> Verdict | None:  # fmt: skip
    """Why this cell must not be opened for this; None: open it. ``holds``: the parcel that is booked in it, "" where none is.

    ``standing``: what its door stands open for. Staff may look into any cell, and the cloud may have any opened; both are in the
    books with who and why.
    """
    refused = Verdict(Word.CELL_BUSY, Sound.REFUSED, parcel=wish.parcel, place=wish.cell)
    match wish.purpose:
        case "remote" | "check":
            return None
        case "pickup" if known is not None and known.is_too_warm:  # nobody stands at the cabinet who could tell them
            told = ReleaseRefused(reason=Refusal.TOO_WARM, how=wish.how, claim=wish.claim, parcel=wish.parcel)
            return refused._replace(word=Word.REFUSED, facts=(told,), detail=Refusal.TOO_WARM)
        case "pickup" | "removal":
            return None if known is not None and holds == wish.parcel else refused._replace(word=Word.NOT_HERE)
        case _:
            pass
    if note is not None and note.state in ("fault", "blocked"):
        return refused._replace(word=Word.CELL_OUT_OF_USE, detail=note.state)
    if cell is not None and known is not None and known.expected is not None and known.expected.zone is not cell.zone:
        return refused._replace(word=Word.WRONG_ZONE, detail=known.expected.zone)
    goes_in = standing.parcel if standing is not None and standing.purpose == "placing" else ""
    kept_for = {holds, goes_in, note.parcel if note is not None else ""}
    is_free = kept_for <= {"", wish.parcel}
    return None if is_free else refused


def after_open(wish: Wish, result: OpenResult, known: KnownParcel | None) -> Verdict:
    """What the door said. A pickup whose parcel left meanwhile (at the counter, by another hand) releases nothing twice.

    A cell is faulty only where a pulse may have reached it: a busy or broken line is no fault of its own.
    """
    opened = CellOpened(
        cell=wish.cell, purpose=wish.purpose, outcome=_OUTCOMES[result.outcome], parcel=wish.parcel, command=wish.command
    )  # fmt: skip
    match _OUTCOMES[result.outcome]:
        case "failed":
            fault = CellChanged(cell=wish.cell, state="fault", door=result.door.value, cause="open_failed", parcel=wish.parcel)
            said = (opened,) if result.pulse is Pulse.NONE else (opened, fault)
            return Verdict(Word.CELL_NOT_OPENED, Sound.ERROR, said, parcel=wish.parcel, place=wish.cell)
        case "unknown":
            return Verdict(Word.CELL_UNCERTAIN, Sound.ERROR, (opened,), parcel=wish.parcel, place=wish.cell)
        case _:
            pass
    facts: tuple[AnyFact, ...] = (opened,)
    is_inside = known is not None and known.standing.state is ParcelState.IN_LOCKER and known.standing.place == wish.cell
    if wish.purpose == "pickup" and is_inside:
        released = ParcelReleased(parcel=wish.parcel, how=wish.how, claim=wish.claim, token=wish.token, cell=wish.cell)
        return Verdict(Word.RELEASED, Sound.OK, (*facts, released), parcel=wish.parcel, place=wish.cell, amount=1, of=1)
    if wish.purpose == "removal" and is_inside:
        facts = (*facts, ParcelRemoved(parcel=wish.parcel, cell=wish.cell, reason=wish.removed_for))
        return Verdict(Word.REMOVED, Sound.OK, facts, parcel=wish.parcel, place=wish.cell)
    return Verdict(Word.CELL_OPENED, Sound.OK, facts, parcel=wish.parcel, place=wish.cell)


def after_close(wish: Wish, door: Door, article: Article, known: KnownParcel | None) -> Verdict:
    """The door closed again, or it did not in time. Placed is only what the door has closed on and no sensor denies."""
    changed = CellChanged(
        cell=wish.cell, state="open", door=door.value, article=article.value, cause="door_left_open", parcel=wish.parcel
    )  # fmt: skip
    if door is not Door.CLOSED:
        return Verdict(Word.CELL_LEFT_OPEN, Sound.ATTENTION, (changed,), parcel=wish.parcel, place=wish.cell)
    if wish.purpose == "placing" and known is not None:
        if article is Article.ABSENT:
            empty = structs.replace(changed, state="free", cause="cell_mismatch")
            return Verdict(Word.CELL_MISMATCH, Sound.ATTENTION, (empty,), parcel=wish.parcel, place=wish.cell)
        return _placed(wish, known)
    if wish.purpose in ("pickup", "removal") and article is Article.PRESENT:
        still = structs.replace(changed, state="blocked", cause="cell_mismatch")
        return Verdict(Word.CELL_MISMATCH, Sound.ATTENTION, (still,), parcel=wish.parcel, place=wish.cell)
    return Verdict(Word.CELL_CLOSED, Sound.OK, parcel=wish.parcel, place=wish.cell)


def note_of(facts: tuple[AnyFact, ...]) -> CellNote | None:
    """What is to be remembered of a cell after these facts; None: nothing but what is booked in it."""
    for fact in reversed(facts):
        if isinstance(fact, CellChanged) and fact.state in ("open", "fault", "blocked"):
            return CellNote(fact.state, cause=fact.cause)
    return None


def note_after_close(wish: Wish, note: CellNote | None, facts: tuple[AnyFact, ...]) -> CellNote | None:
    """As `note_of`, once a door has closed or was left open. What the opening did not cause outlasts it: who closes a door frees
    no cell that staff blocked, or that is kept for a parcel.
    """
    said = note_of(facts)
    if note is not None and note.state in ("blocked", "fault"):
        return note
    kept_for = note.parcel if note is not None else ""
    if said is not None and said.state == "open":
        return said._replace(parcel=kept_for or (wish.parcel if wish.purpose == "placing" else ""))
    is_settled = wish.purpose == "placing" and kept_for == wish.parcel
    if said is not None or is_settled or not kept_for:
        return said
    return CellNote("reserved", kept_for)


def _placed(wish: Wish, known: KnownParcel) -> Verdict:
    if known.standing.state is ParcelState.IN_LOCKER and known.standing.place == wish.cell:
        return Verdict(Word.PLACED, Sound.DUPLICATE, parcel=wish.parcel, place=wish.cell)
    placed: tuple[AnyFact, ...] = (ParcelPlaced(parcel=wish.parcel, cell=wish.cell),)
    if known.standing.state is ParcelState.IN_LOCKER:
        placed = (ParcelRemoved(parcel=wish.parcel, cell=known.standing.place, reason="moved"), *placed)
    if known.standing.state.is_at_station:
        return Verdict(Word.PLACED, Sound.OK, placed, parcel=wish.parcel, place=wish.cell)
    received = receive(known)
    if not received.facts:
        return received
    return Verdict(Word.PLACED, received.sound, received.facts + placed, parcel=wish.parcel, place=wish.cell)
