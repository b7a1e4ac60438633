"""The tables ``cell`` and ``cell_wish``: what is known of cells besides the parcels in them, and every wish to open one."""

from collections.abc import Mapping
from typing import Literal

from edge.outbox.transaction import Execute
from edge.station import forgetting, ledger
from edge.station.cells import CellNote, Wish
from edge.station.day import Day

WishOutcome = Literal["opened", "failed", "unknown", "refused"]

KEEP_MS = 60 * 24 * 3600 * 1000
NEWEST_KEPT = 2_000


def notes(execute: Execute) -> Mapping[str, CellNote]:
    """Cells that are reserved, open, faulty or blocked."""
    rows = execute("SELECT cell, state, parcel, cause FROM cell").fetchall()
    return {cell: CellNote(*note) for cell, *note in rows}


def taken(execute: Execute, day: Day) -> Mapping[str, str]:
    """Cells that no other parcel can have, with the parcel that is in them or is to be, "" where none is."""
    return {**{cell: note.parcel for cell, note in notes(execute).items()}, **ledger.taken_cells(execute, day)}


def put_note(execute: Execute, cell: str, note: CellNote | None, now_ms: int) -> None:
    """What is known from now on; None: nothing."""
    execute("DELETE FROM cell WHERE cell = ?", (cell,))
    if note is not None:
        execute(
            "INSERT INTO cell (cell, state, parcel, cause, since_ms) VALUES (?, ?, ?, ?, ?)",
            (cell, note.state, note.parcel, note.cause, now_ms),
        )


def begin(execute: Execute, wish: Wish, device: str, actor: str, now_ms: int) -> int:
    """Before the pulse."""
    ((row,),) = execute(
        """INSERT INTO cell_wish (cell, purpose, parcel, command, device, actor, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)
           RETURNING id""",
        (wish.cell, wish.purpose, wish.parcel, wish.command, device, actor, now_ms),
    ).fetchall()
    return int(row)


def finish(execute: Execute, row: int, outcome: WishOutcome) -> None:
    """With what the door said."""
    execute("UPDATE cell_wish SET outcome = ? WHERE id = ?", (outcome, row))


def unfinished(execute: Execute) -> list[tuple[int, Wish, str, str]]:
    """Wishes that were begun and of which nothing more is known: row, wish, device, actor."""
    rows = execute("SELECT id, cell, purpose, parcel, command, device, actor FROM cell_wish WHERE outcome IS NULL").fetchall()
    return [
        (row, Wish(cell, purpose, parcel, command=command), device, actor)
        for row, cell, purpose, parcel, command, device, actor in rows
    ]


def forget_old(execute: Execute, now_ms: int) -> None:
    """Housekeeping."""
    forgetting.forget_old(execute, "cell_wish", "at_ms", now_ms - KEEP_MS, NEWEST_KEPT, "outcome IS NOT NULL")
