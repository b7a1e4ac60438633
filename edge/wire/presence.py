"""How a site is, what it is asked to do, which rules it follows: ``status``, ``cmd``, ``rsp``, ``desired``, ``reported``."""

from typing import Annotated, Literal

from msgspec import Meta, field

from edge.wire.fields import (
    MAX_TTL_S,
    BootNumber,
    ClockQuality,
    Count,
    Message,
    Milliseconds,
    Name,
    Number,
    OrderKey,
    Reading,
    Seconds,
    Text,
)

StationMode = Literal["receive", "release", "count"]
DockMode = Literal["sort", "pack", "seal", "load", "empties"]
VanMode = Literal["carry"]
# Those of today, and of epochs that are over but whose batches are kept: a week's. More are a card that is cloned again and again;
# the newest count.
MAX_SETTLED_LANES = 48
# What scans mean; a mode that is of no use at a site's kind changes nothing there.
SiteMode = Literal[StationMode, DockMode, VanMode]
ZoneName = Literal["ambient", "chilled", "frozen"]  # edge.wire.manifest's Zone, which stands above this
RunAhead = Literal["planned", "assigned", "loading", "departed", "paused"]  # how a run stands that is not over


class LaneQueue(Message, frozen=True):
    """How much of a lane waits at the edge."""

    unsent: Count
    oldest_ms: Milliseconds | None = None


class SettledLane(Message, frozen=True):
    """A lane of which no batch says how far it is settled: its epoch is over, or it has been quiet since its last batch was sent.

    ``floor``: below it all is acknowledged. ``kept``: from there on it could be sent again. 1 <= kept <= floor.
    """

    epoch: Name
    lane: Literal["event", "live", "backfill"]
    floor: Number
    kept: Number


class ColdBox(Message, frozen=True):
    """A fridge, freezer or cold box as the site's file has it: what measures in it, and what lies in it.

    ``holds``: shelves (``C``), shelf slots (``C12``), locker cells, containers; none named: whatever of its zone lies in no other.
    """

    name: Name
    goods: Name  # which class of goods it keeps: edge.rules.alarm_limits
    sensor: Name
    every_s: Annotated[float, Meta(gt=0, le=86_400)] = 60.0
    door: Text = ""  # its door's sensor
    defrost: list[Name] = field(default_factory=list)  # edge.rules.alarm_limits.Window
    holds: list[Name] = field(default_factory=list)


class Birth(Message, frozen=True, tag_field="kind", tag="birth"):
    """Retained on ``status`` at every connection, and said again when something of it has changed."""

    version: Text
    boot: BootNumber
    connect: BootNumber
    nonce: Name
    epoch: Text
    at_ms: Milliseconds
    clock: ClockQuality
    devices: dict[Name, Text] = field(default_factory=dict)  # device → "ok" | "lost" | "failed"
    queue: dict[Name, LaneQueue] = field(default_factory=dict)  # lane → what waits
    manifest: Text = ""
    boxes: list[ColdBox] = field(default_factory=list)
    # On the wire as 0.2 named it, when only epochs that are over were told of.
    settled: Annotated[list[SettledLane], Meta(max_length=MAX_SETTLED_LANES)] = field(default_factory=list, name="closed")


class Will(Message, frozen=True, tag_field="kind", tag="will"):
    """Retained on ``status`` by the broker when the site has been gone for 30 s, or by the site when it stops."""

    boot: BootNumber
    connect: BootNumber
    stopped: bool = False  # True: said by the site itself as it stopped


AnyStatus = Birth | Will


class Command(Message, frozen=True):
    """One command. Valid on the connection whose nonce it cites, for ``ttl_s`` counted from receipt. ``cell``: to be opened.

    ``alarm``: seen from the cloud, as severe as ``severity`` says; what has become worse meanwhile was not seen. No name travels.
    ``event``: one of the site's own, to be undone with the whole act that booked it; ``note`` says why.
    """

    id: Name
    nonce: Name
    ttl_s: Annotated[float, Meta(gt=0, le=MAX_TTL_S)]
    action: Literal["identify", "report", "open_cell", "acknowledge_alarm", "undo"]
    cell: Text = ""
    alarm: Text = ""
    severity: Text = ""
    note: Text = ""
    event: Text = ""


class CommandResponse(Message, frozen=True):
    """A hint of the result; the result itself is an event."""

    id: Name
    outcome: Literal["done", "refused", "failed", "unknown"]
    detail: Text = ""


class GoodsLimits(Message, frozen=True):
    """How warm a class of goods may be (edge.rules.alarm_limits.Limits says what each number does)."""

    low_c: Reading | None = None
    high_c: Reading | None = None
    rebound_c: Reading | None = None
    at_once_c: Reading = 4.0
    warn_s: Seconds = 600
    alarm_s: Seconds = 1200
    clear_c: Reading = 1.0
    clear_s: Seconds = 300


class ComingVan(Message, frozen=True):
    """A van that is to come to a station. In four of five cases it comes between ``early_ms`` and ``late_ms``; null: not under way,
    or nobody has heard it yet. ``stops_before``: others it goes to first. ``as_of_ms``: of the newest that is known of it.

    ``containers``: how many it brings, by temperature zone. ``is_estimate``: by straight lines, not roads.
    """

    run: Name
    state: RunAhead
    planned_ms: Milliseconds | None = None
    early_ms: Milliseconds | None = None
    late_ms: Milliseconds | None = None
    stops_before: Count | None = None
    as_of_ms: Milliseconds | None = None
    is_estimate: bool = False
    containers: dict[ZoneName, Count] = field(default_factory=dict)


class Desired(Message, frozen=True):
    """Business rules the cloud wants in force at a site.

    ``coming``: the vans that come to it, as said at ``coming_at_ms`` (0: nothing was said). They change without a new ``version``,
    for they are no rule: what staff chose meanwhile stays.
    """

    version: BootNumber
    hlc: OrderKey
    mode: SiteMode = "receive"
    manifest_url: Text = ""
    manifest_sha256: Text = ""
    limits: dict[Name, GoodsLimits] = field(default_factory=dict)  # of a class of goods; not named: edge.rules' own
    coming: tuple[ComingVan, ...] = ()
    coming_at_ms: Milliseconds = 0


class Reported(Message, frozen=True):
    """What is in force."""

    version: BootNumber
    boot: BootNumber
    connect: BootNumber
    mode: SiteMode = "receive"
    manifest_sha256: Text = ""
