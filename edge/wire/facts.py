"""Facts about the site itself: what was undone, what could not be read, its clock, its devices, its commands.

What happened to parcels and containers is ``edge.wire.custody``'s.
"""

from typing import Annotated, Literal

from msgspec import Meta

from edge.wire.fields import MAX_CORRECTION_MS, BootNumber, Message, Name, Text


class Fact(Message, frozen=True, tag_field="kind"):
    """What happened, as the edge saw it."""


class EventUndone(Fact, frozen=True, tag="event_undone"):
    """An earlier event of any site was a mistake; it counts as not having happened."""

    target: Name  # EventId as text
    reason: Text = ""


class LabelUnknown(Fact, frozen=True, tag="label_unknown"):
    """A scan that names nothing this station knows how to book; kept so that a person can look."""

    text: Text
    symbology: Text = ""
    reason: Text = ""


class ClockCorrected(Fact, frozen=True, tag="clock_corrected"):
    """All events of ``boot`` were stamped by a clock ``offset_ms`` behind (positive) or ahead (negative) of the truth."""

    boot: BootNumber
    offset_ms: Annotated[int, Meta(ge=-MAX_CORRECTION_MS, le=MAX_CORRECTION_MS)]


class DeviceChanged(Fact, frozen=True, tag="device_changed"):
    """A device of the site was found, lost or failed."""

    device: Name
    state: Literal["ok", "lost", "failed"]
    detail: Text = ""


class CommandFinished(Fact, frozen=True, tag="command_finished"):
    """What came of a command from the cloud. ``unknown``: the agent died between record and feedback."""

    command: Name
    outcome: Literal["done", "refused", "failed", "unknown"]
    detail: Text = ""
