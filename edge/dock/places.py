"""Who works at what: the dock's shared place, and those of scanners that do something else. Kept over a restart.

Each has its own mode, open container and run. A page sits at one of them; the cookie that names it outlasts no restart.
"""

from dataclasses import dataclass, replace

from edge.dock.words import DockWord
from edge.outbox.transaction import Execute
from edge.station.verdict import Verdict
from edge.wire.presence import DockMode

SHARED = ""  # of every device that has no place of its own


@dataclass(frozen=True, slots=True)
class Place:
    """``container``: what is packed into now. ``load``: the next empty container takes this load. ``run``: what is loaded now."""

    mode: DockMode
    container: str = ""
    load: str = ""
    run: str = ""


def after(place: Place, verdict: Verdict) -> Place:
    """What goes on there once an act was booked or told."""
    container = verdict.container
    match verdict.word:
        case DockWord.BOUND | DockWord.OPEN:
            return replace(place, container=container, load="")
        case DockWord.SEALED | DockWord.SEALED_SHORT | DockWord.LOST if place.container == container:
            return replace(place, container="")
        case DockWord.LOADED | DockWord.LOADED_EARLY | DockWord.FOUND | DockWord.RUN_FULL:
            return replace(place, run="" if verdict.amount == verdict.of else verdict.detail)
        case _:
            return place


def read(execute: Execute) -> dict[str, Place]:
    """At start."""
    rows = execute("SELECT device, mode, container, load, run FROM dock_place").fetchall()
    return {device: Place(mode, container, load, run) for device, mode, container, load, run in rows}


def keep(execute: Execute, device: str, place: Place) -> None:
    """In the commit of the act that changed it."""
    execute(
        """INSERT INTO dock_place (device, mode, container, load, run) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (device) DO UPDATE SET mode = excluded.mode, container = excluded.container, load = excluded.load,
               run = excluded.run""",
        (device, place.mode, place.container, place.load, place.run),
    )


def drop(execute: Execute, device: str) -> None:
    """It works at the shared place again."""
    execute("DELETE FROM dock_place WHERE device = ?", (device,))
