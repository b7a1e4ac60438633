"""What travels: one struct a message, decoded from msgpack or JSON alike (wire.md, "Payload").

Fields are only ever added, with defaults. What a kind of event *means* is the domain's. Ranges stand in the types, so that decoding
checks them and the published schema shows them; they keep out what a database or a page cannot hold, not what is unlikely.
"""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

# The newest form of batch this release writes and reads. A higher one is kept for after the upgrade.
SCHEMA = 1

# Batch limits (wire.md's table). A message past MAX_PAYLOAD_BYTES is refused by the broker and again by ingest.
MAX_BATCH_READINGS = 500
MAX_BATCH_BYTES = 64 * 1024
MAX_PAYLOAD_BYTES = 256 * 1024
MAX_BATCH_EVENTS = 500
MAX_TEXT = 512

# 1970-01-01 .. 9999-12-30 in ms: what a timestamptz and a datetime hold in every time zone. Whether a time is *believable*
# is the store's matter.
MAX_MS = 253_402_214_399_999
# Year 4199. As much room again lies above it, so that a key that is heard and counted on from never leaves 63 bits.
MAX_HLC = 2**62
MAX_BOOT = 2**31 - 1  # PostgreSQL int
MAX_READING = 1e12  # far above any unit in use; keeps sums, squares and float4 finite
MAX_TTL_S = 3600  # a command older than an hour is a surprise to whoever stands before the door
MAX_CORRECTION_MS = 200 * 366 * 86_400_000  # a clock that stood at 1970 is 57 years behind

# No NUL: PostgreSQL cannot hold one.
_NO_NUL = r"^[^\u0000]*$"

Text = Annotated[str, Meta(max_length=MAX_TEXT, pattern=_NO_NUL)]
Name = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT, pattern=_NO_NUL)]
Milliseconds = Annotated[int, Meta(ge=0, le=MAX_MS)]
OrderKey = Annotated[int, Meta(ge=0, le=MAX_HLC)]
Number = Annotated[int, Meta(ge=1, le=2**62)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
BootNumber = Annotated[int, Meta(ge=0, le=MAX_BOOT)]
Offset = Annotated[int, Meta(ge=-MAX_MS, le=MAX_MS)]
Reading = Annotated[float, Meta(ge=-MAX_READING, le=MAX_READING)]
Quality = Annotated[int, Meta(ge=0, le=2)]
Mark = Annotated[int, Meta(ge=0, lt=2**48)]
Thinned = Annotated[int, Meta(ge=0, le=62)]  # times every second reading was dropped, because the site's disk was full


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

    parcel: Name


class ParcelShelved(Fact, frozen=True, tag="parcel_shelved"):
    """A parcel was put in a shelf slot such as ``A12`` (已上架)."""

    parcel: Name
    slot: Name


class ParcelReleased(Fact, frozen=True, tag="parcel_released"):
    """A parcel was handed to its resident (已出库)."""

    parcel: Name


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


AnyFact = (
    ParcelReceived | ParcelShelved | ParcelReleased | EventUndone | LabelUnknown | ClockCorrected | DeviceChanged | CommandFinished
)


class Event(Message, frozen=True):
    """One fact with its number, order and origin. (site, epoch) come from the batch's topic and properties."""

    n: Number
    hlc: OrderKey
    boot: BootNumber
    measured_at_ms: Milliseconds
    clock: ClockQuality
    fact: AnyFact
    device: Text = ""
    actor: Text = ""


class EventBatch(Message, frozen=True):
    """The payload of ``up/event``."""

    events: Annotated[list[Event], Meta(min_length=1, max_length=MAX_BATCH_EVENTS)]


# --- telemetry ----------------------------------------------------------------------------------


class Series(Message, frozen=True):
    """One sensor's readings in columns.

    Reading i was taken at ``t0 + dt[i]`` ms since 1970. ``v`` is in the unit that the sensor's id ends with (``_c``, ``_pct``…);
    None is "asked, no answer". ``q``: 0 good, 1 doubtful, 2 bad; a single number holds for all.
    """

    sensor: str
    t0: Milliseconds
    dt: Annotated[list[Offset], Meta(min_length=1, max_length=MAX_BATCH_READINGS)]
    v: list[Reading | None]
    q: Quality | list[Quality] = 0
    thinned: Thinned = 0


class Track(Message, frozen=True):
    """Positions of the site itself (a van) in columns: WGS-84 degrees, m/s, degrees clockwise from north."""

    t0: Milliseconds
    dt: Annotated[list[Offset], Meta(min_length=1, max_length=MAX_BATCH_READINGS)]
    lat: list[Annotated[float, Meta(ge=-90, le=90)]]
    lon: list[Annotated[float, Meta(ge=-180, le=180)]]
    speed_m_s: list[Annotated[float, Meta(ge=0, le=100)] | None]
    heading_deg: list[Annotated[float, Meta(ge=0, lt=360)] | None]
    thinned: Thinned = 0


class TelemetryBatch(Message, frozen=True):
    """The payload of ``up/live`` and ``up/backfill``."""

    boot: BootNumber
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
    seqs: list[Number]
    marks: list[Mark]
    credit: Count  # backfill batches the site may have unacknowledged
    cloud_time_ms: Milliseconds
    hlc: OrderKey  # the highest order key the cloud holds for what this flush touched


class Nack(Downlink, frozen=True, tag="nack"):
    """A batch that will never be taken as it is. ``conflict``: the key is there with other content, so open a new epoch.

    ``mark`` is that of the refused content: the twin whose content was taken ignores the nack.
    """

    epoch: str
    lane: str
    seq: Number
    mark: Mark
    reason: Literal["conflict"]
    cloud_time_ms: Milliseconds


class Resend(Downlink, frozen=True, tag="resend"):
    """The cloud misses what it once acknowledged (it was restored): send what is kept from ``from_seq`` on."""

    epoch: str
    lane: str
    from_seq: Number
    to_seq: Number  # inclusive
    cloud_time_ms: Milliseconds


AnyDownlink = Ack | Nack | Resend


# --- presence, commands, configuration ----------------------------------------------------------


class LaneQueue(Message, frozen=True):
    """How much of a lane waits at the edge."""

    unsent: Count
    oldest_ms: Milliseconds | None = None


class Birth(Message, frozen=True, tag_field="kind", tag="birth"):
    """Retained on ``status`` at every connection."""

    version: Text
    boot: BootNumber
    connect: BootNumber
    nonce: Name
    epoch: Text
    at_ms: Milliseconds
    clock: ClockQuality
    devices: dict[Name, Text] = {}  # device → "ok" | "lost" | "failed"
    queue: dict[Name, LaneQueue] = {}  # lane → what waits
    manifest: Text = ""


class Will(Message, frozen=True, tag_field="kind", tag="will"):
    """Retained on ``status`` by the broker when the site has been gone for 30 s, or by the site when it stops."""

    boot: BootNumber
    connect: BootNumber
    stopped: bool = False  # True: said by the site itself as it stopped


AnyStatus = Birth | Will


class Command(Message, frozen=True):
    """One command. Valid on the connection whose nonce it cites, for ``ttl_s`` counted from receipt."""

    id: Name
    nonce: Name
    ttl_s: Annotated[float, Meta(gt=0, le=MAX_TTL_S)]
    action: Literal["identify", "report"]


class CommandResponse(Message, frozen=True):
    """A hint of the result; the result itself is an event."""

    id: Name
    outcome: Literal["done", "refused", "failed", "unknown"]
    detail: Text = ""


class Desired(Message, frozen=True):
    """Business rules the cloud wants in force at a site (decision 19)."""

    version: BootNumber
    hlc: OrderKey
    mode: Literal["receive", "release", "count"] = "receive"
    manifest_url: Text = ""
    manifest_sha256: Text = ""


class Reported(Message, frozen=True):
    """What is in force."""

    version: BootNumber
    boot: BootNumber
    connect: BootNumber
    mode: Literal["receive", "release", "count"] = "receive"
    manifest_sha256: Text = ""
