"""What the staff page sends and is sent: JSON, times in ms since 1970 of the domain clock."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from edge.config import SiteKind
from edge.devices.registry import DeviceTable
from edge.wire.presence import RunAhead, SiteMode, ZoneName

ACTOR = r"^(?:[a-z0-9-]{1,40})?$"  # a staff id, never a name or a phone: it leaves the station


class Form(BaseModel):
    """Base of all: nothing unknown is taken."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ScanForm(Form):
    """A keyboard-wedge scanner, a typed label, or what the page's camera saw.

    ``symbology``: AIM identifier without ``]``, where it is known and ``text`` does not begin with it.
    """

    text: str = Field(min_length=1, max_length=512)
    symbology: str = Field(default="", pattern=r"^([A-Za-z][0-9A-Za-z])?$")
    actor: str = Field(default="", pattern=ACTOR)


class UndoForm(Form):
    """``id`` empty: the last booking. ``actor``: who takes it back (a staff id, not a name)."""

    id: str = Field(default="", max_length=200)
    actor: str = Field(default="", pattern=ACTOR)
    reason: str = Field(default="", max_length=200)


class CloseForm(Form):
    """Whose card is closed: see ``cards`` in the status. One that is closed already stays so."""

    question: str = Field(min_length=1, max_length=64)


class TriggerForm(Form):
    """Start reading, or stop."""

    on: bool


class ModeForm(Form):
    """What scans mean from now on."""

    mode: SiteMode


class FetchedView(Form):
    """A parcel of a hand-out, and the shelf or the locker cell it is taken from."""

    parcel: str
    place: str
    zone: Literal["ambient", "chilled", "frozen", ""]
    cell: bool


class OtherView(Form):
    """Whose a parcel is that is none of the day's (`OtherParcel`). ``why`` empty: the cloud has not said yet."""

    why: Literal["", "later", "elsewhere", "cancelled", "unknown"] = ""
    station: str = ""
    day: str = ""


class ScanView(Form):
    """One scan or other act as the page shows it; ``id`` empty: nothing was booked."""

    id: str
    at_ms: int
    text: str
    parcel: str
    slot: str
    device: str
    kind: Literal[
        "received", "shelved", "released", "slot", "booked", "asked", "repeated", "wrong_site", "refused", "unknown", "failed",
        "undone",
    ]  # fmt: skip
    sound: Literal["ok", "attention", "duplicate", "refused", "unknown", "error", "identify", "alarm", ""]
    detail: str
    undone: bool
    can_undo: bool
    word: str  # exactly what happened: a key of the page's words, filled by what follows
    container: str
    count: int
    of: int
    actor: str
    question: str  # of what a scanner asked: GET /api/questions/{question}
    undone_by: str  # a staff id; empty where nobody was logged in, and after a restart
    gone_ms: int = 0  # refused because it was handed out before: when, and by what (How); 0 where nobody knows
    gone_how: str = ""
    fetched: list[FetchedView] = []
    other: OtherView | None = None
    heard_s: float = 0.0  # of the machine's monotonic clock: when the scan's last byte came, and when it was on the disk
    booked_s: float = 0.0  # 0 for what was no scan, or before the agent's last start


class ClockView(Form):
    now_ms: int
    rate: float
    simulated: bool
    quality: Literal["synced", "cloud", "unsynced"]


class UplinkView(Form):
    online: bool
    last_sync_ms: int | None
    error: str
    broken: int  # messages from above that nobody could read, since the start


class LaneView(Form):
    unsent: int
    oldest_ms: int | None


class StoreView(Form):
    state: Literal["ok", "full", "failed"]
    detail: str
    bytes: int
    synchronous: bool  # every commit is on the disk before it is answered
    damaged: int  # batches the card has spoilt; what that means is in the detail


class DeviceView(Form):
    """``can_read``: a scanner that can be told to read (POST /api/devices/{name}/trigger)."""

    name: str
    kind: DeviceTable
    state: Literal["ok", "lost", "failed"]
    detail: str
    since_ms: int
    can_read: bool


class CardView(Form):
    """A person's card that rules what scans at the hand-out mean: POST /api/close-question ends it."""

    question: str
    device: str
    actor: str
    opened_ms: int


class VanView(Form):
    """A van that comes (`edge.wire.presence.ComingVan`), ms; ``containers`` by temperature zone."""

    run: str
    state: RunAhead
    planned_ms: int | None
    early_ms: int | None
    late_ms: int | None
    stops_before: int | None
    as_of_ms: int | None
    is_estimate: bool
    containers: dict[ZoneName, int]


class ComingView(Form):
    """As the cloud said it at ``said_ms``; 0: it never said anything."""

    said_ms: int
    vans: list[VanView]


class StatusView(Form):
    """Everything the page keeps in sight. ``manifest``: the version in force, 0 for none; a page looks at the day anew by it."""

    site: str
    operator: str
    name: str
    version: str
    epoch: str
    boot: int
    kind: SiteKind
    mode: SiteMode
    manifest: int
    clock: ClockView
    uplink: UplinkView
    queue: dict[Literal["event", "live", "backfill"], LaneView]
    store: StoreView
    devices: list[DeviceView]
    cards: list[CardView]  # the last one first
    coming: ComingView
    last_scan: ScanView | None


class ScanAnswer(Form):
    scan: ScanView


class ScanList(Form):
    scans: list[ScanView]
