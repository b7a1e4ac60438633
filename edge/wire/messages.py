"""What travels: one struct a message, decoded from msgpack or JSON alike (wire.md, "Payload").

Fields are only ever added, with defaults. What a kind of event *means* is the domain's.
"""

from enum import StrEnum
from typing import Literal

import msgspec

# The newest form of batch this release writes and reads. A higher one is kept for after the upgrade.
SCHEMA = 1

# Batch limits (wire.md's table). A message past MAX_PAYLOAD_BYTES is refused by the broker and again by ingest.
MAX_BATCH_READINGS = 500
MAX_BATCH_BYTES = 64 * 1024
MAX_PAYLOAD_BYTES = 256 * 1024
MAX_TEXT = 512


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all: map-encoded, unknown fields ignored, defaults left out."""


class ClockQuality(StrEnum):
    """How far a device's ``measured_at`` can be believed."""

    SYNCED = "synced"  # NTP or GNSS says so, and within 5 min of the cloud's
    CLOUD = "cloud"  # the wall clock is off; the cloud's time as last heard, carried forward
    UNSYNCED = "unsynced"  # neither: a Pi without battery clock before its first contact


# --- events -------------------------------------------------------------------------------------


class Fact(Message, frozen=True, tag_field="kind"):
    """What happened, as the edge saw it."""


class ParcelReceived(Fact, frozen=True, tag="parcel_received"):
    """A parcel was scanned in at a station (已入库)."""

    parcel: str


class ParcelShelved(Fact, frozen=True, tag="parcel_shelved"):
    """A parcel was put in a shelf slot such as ``A12`` (已上架)."""

    parcel: str
    slot: str


class ParcelReleased(Fact, frozen=True, tag="parcel_released"):
    """A parcel was handed to its resident (已出库)."""

    parcel: str


class EventUndone(Fact, frozen=True, tag="event_undone"):
    """An earlier event of any site was a mistake; it counts as not having happened."""

    target: str  # EventId as text
    reason: str = ""


class LabelUnknown(Fact, frozen=True, tag="label_unknown"):
    """A scan that names nothing this station knows how to book; kept so that a person can look."""

    text: str
    symbology: str = ""
    reason: str = ""


class ClockCorrected(Fact, frozen=True, tag="clock_corrected"):
    """All events of ``boot`` were stamped by a clock ``offset_ms`` behind (positive) or ahead (negative) of the truth."""

    boot: int
    offset_ms: int


class DeviceChanged(Fact, frozen=True, tag="device_changed"):
    """A device of the site was found, lost or failed."""

    device: str
    state: Literal["ok", "lost", "failed"]
    detail: str = ""


class CommandFinished(Fact, frozen=True, tag="command_finished"):
    """What came of a command from the cloud. ``unknown``: the agent died between record and feedback."""

    command: str
    outcome: Literal["done", "refused", "failed", "unknown"]
    detail: str = ""


AnyFact = (
    ParcelReceived | ParcelShelved | ParcelReleased | EventUndone | LabelUnknown | ClockCorrected | DeviceChanged | CommandFinished
)


class Event(Message, frozen=True):
    """One fact with its number, order and origin. (site, epoch) come from the batch's topic and properties."""

    n: int
    hlc: int
    boot: int
    measured_at_ms: int
    clock: ClockQuality
    fact: AnyFact
    device: str = ""
    actor: str = ""


class EventBatch(Message, frozen=True):
    """The payload of ``up/event``."""

    events: list[Event]


# --- telemetry ----------------------------------------------------------------------------------


class Series(Message, frozen=True):
    """One sensor's readings in columns.

    Reading i was taken at ``t0 + dt[i]`` ms since 1970. ``v`` is in the unit that the sensor's id ends with (``_c``, ``_pct``…);
    None is "asked, no answer". ``q``: 0 good, 1 doubtful, 2 bad; a single number holds for all.
    """

    sensor: str
    t0: int
    dt: list[int]
    v: list[float | None]
    q: int | list[int] = 0


class Track(Message, frozen=True):
    """Positions of the site itself (a van) in columns: WGS-84 degrees, m/s, degrees clockwise from north."""

    t0: int
    dt: list[int]
    lat: list[float]
    lon: list[float]
    speed_m_s: list[float | None]
    heading_deg: list[float | None]


class TelemetryBatch(Message, frozen=True):
    """The payload of ``up/live`` and ``up/backfill``."""

    boot: int
    clock: ClockQuality
    series: list[Series] = []
    tracks: list[Track] = []


# --- acknowledgement ----------------------------------------------------------------------------


class Downlink(Message, frozen=True, tag_field="kind"):
    """What arrives on ``ack``."""


class Ack(Downlink, frozen=True, tag="ack"):
    """These seqs of one lane are in the database, committed. Exact, never cumulative.

    ``marks[i]`` is the mark (envelope.mark) of the content held under ``seqs[i]``. A cloned card hears the acks of its twin: an ack
    with another mark than one's own content is a conflict, not an ack.
    """

    epoch: str
    lane: str
    seqs: list[int]
    marks: list[int]
    credit: int  # backfill batches the site may have unacknowledged
    cloud_time_ms: int
    hlc: int  # the highest order key the cloud holds for what this flush touched


class Nack(Downlink, frozen=True, tag="nack"):
    """A batch that will never be taken as it is. ``conflict``: the key is there with other content, so open a new epoch.

    ``mark`` is that of the refused content: the twin whose content was taken ignores the nack.
    """

    epoch: str
    lane: str
    seq: int
    mark: int
    reason: Literal["conflict"]
    cloud_time_ms: int


class Resend(Downlink, frozen=True, tag="resend"):
    """The cloud misses what it once acknowledged (it was restored): send what is kept from ``from_seq`` on."""

    epoch: str
    lane: str
    from_seq: int
    to_seq: int  # inclusive
    cloud_time_ms: int


AnyDownlink = Ack | Nack | Resend


# --- presence, commands, configuration ----------------------------------------------------------


class LaneQueue(Message, frozen=True):
    """How much of a lane waits at the edge."""

    unsent: int
    oldest_ms: int | None = None


class Birth(Message, frozen=True, tag_field="kind", tag="birth"):
    """Retained on ``status`` at every connection."""

    version: str
    boot: int
    connect: int
    nonce: str
    epoch: str
    at_ms: int
    clock: ClockQuality
    devices: dict[str, str] = {}  # device → "ok" | "lost" | "failed"
    queue: dict[str, LaneQueue] = {}  # lane → what waits
    manifest: str = ""


class Will(Message, frozen=True, tag_field="kind", tag="will"):
    """Retained on ``status`` by the broker when the site has been gone for 30 s, or by the site when it stops."""

    boot: int
    connect: int
    stopped: bool = False  # True: said by the site itself as it stopped


AnyStatus = Birth | Will


class Command(Message, frozen=True):
    """One command. Valid on the connection whose nonce it cites, for ``ttl_s`` counted from receipt."""

    id: str
    nonce: str
    ttl_s: float
    action: Literal["identify", "report"]


class CommandResponse(Message, frozen=True):
    """A hint of the result; the result itself is an event."""

    id: str
    outcome: Literal["done", "refused", "failed", "unknown"]
    detail: str = ""


class Desired(Message, frozen=True):
    """Business rules the cloud wants in force at a site (decision 19)."""

    version: int
    hlc: int
    mode: Literal["receive", "release", "count"] = "receive"
    manifest_url: str = ""
    manifest_sha256: str = ""


class Reported(Message, frozen=True):
    """What is in force."""

    version: int
    boot: int
    connect: int
    mode: Literal["receive", "release", "count"] = "receive"
    manifest_sha256: str = ""
