"""What a driver's page is told and what it says."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cloud.api.clock import ClockOut
from cloud.api.faults import Fault
from cloud.api.route_plan_forms import ZonesOut
from cloud.api.text import SiteIdText, Text
from edge.wire.fields import MAX_MS

MAX_ACTS = 200


class ContainerToDrop(BaseModel):
    """``state`` loaded: it is in the van, as far as anybody scanned it. ``is_signed``: the station took it over."""

    id: str
    zone: str
    state: str
    is_signed: bool


class DriverWindow(BaseModel):
    """In four of five cases between ``early`` and ``late``; as of the newest that is known of the van."""

    early: str
    late: str
    as_of: str
    is_estimate: bool


class DriverStop(BaseModel):
    """``drop``: what this run brings there; ``unlabelled``: what was asked for by number, else null. ``empties``: labels of
    those that wait there.
    """

    stop: int
    site: str
    name: str
    address: str
    gate_note: str
    lat: float | None
    lon: float | None
    state: str
    planned_arrival: str | None
    arrived_at: str | None
    window: DriverWindow | None
    drop: list[ContainerToDrop]
    unlabelled: ZonesOut | None
    empties: list[str]


class CrateToMove(BaseModel):
    """``stop``: of the run that takes it over, null where it comes there no more. ``is_done``: it is aboard of that."""

    id: str
    zone: str
    site: str
    name: str
    stop: int | None
    is_done: bool


class UnlabelledToTake(BaseModel):
    """Containers that a dispatcher has asked for by number. ``stop`` and ``is_done``: as of a crate."""

    site: str
    name: str
    stop: int | None
    load: ZonesOut
    is_done: bool


class DriverMeet(BaseModel):
    """Goods change vans, planned in the day. ``is_taking``: they come aboard here, else they go to ``other_run``.

    ``other_run`` "": they lie at the warehouse. ``other_van``: what its van is called, "" where nobody knows.
    """

    is_taking: bool
    other_run: str
    other_van: str
    near: str
    lat: float
    lon: float
    at: str
    containers: list[CrateToMove]
    unlabelled: list[UnlabelledToTake]


class TrackerNow(BaseModel):
    """``enrolled``: how many phones and terminals tell where the van is; ``fix_at``: when it was last seen, by whatever."""

    enrolled: int
    fix_at: str | None


class DriverRunOut(BaseModel):
    """Nothing of residents is in it."""

    id: int
    name: str
    day: str
    vehicle: str | None
    state: str
    stops: list[DriverStop]
    meets: list[DriverMeet]
    tracker: TrackerNow
    time_zone: str
    clock: ClockOut
    expires_at: str
    as_of: str


class ActIn(BaseModel):
    """One thing a driver said. ``key``: the phone's own, said again with each try; ``at_ms`` by the phone's clock.

    Kinds and reasons that this release does not know are refused one by one, so that an old page's good acts are taken.
    """

    model_config = ConfigDict(extra="ignore")
    key: str = Field(pattern=r"^[A-Za-z0-9-]{8,64}$")
    at_ms: int = Field(ge=0, le=MAX_MS)
    kind: Text = Field(max_length=40)
    stop: int = Field(ge=1, le=10_000)
    site: SiteIdText
    reason: Text = Field(default="", max_length=40)
    note: Text = Field(default="", max_length=200)
    containers: list[Text] = Field(default=[], max_length=200)


class ActsIn(BaseModel):
    """In the order in which they were said. ``sent_at_ms`` by the same clock as their ``at_ms``: only how long ago is believed."""

    model_config = ConfigDict(extra="ignore")
    sent_at_ms: int = Field(ge=0, le=MAX_MS)
    acts: list[ActIn] = Field(min_length=1, max_length=MAX_ACTS)


class ActAnswer(BaseModel):
    """``already``: it was taken before. ``error``: why it was refused; it may be sent again under the same key."""

    key: str
    outcome: Literal["done", "already", "refused"]
    error: Fault | None = None


class ActsOut(BaseModel):
    """One answer an act, and the run as it stands after them."""

    answers: list[ActAnswer]
    run: DriverRunOut


class DriverLinkOut(BaseModel):
    url: str
    qr: list[str]
    expires_at: str


class GateNote(BaseModel):
    """How a driver gets in: ``北门，报单元号``. Shown to drivers; no name or phone of a resident belongs in it."""

    model_config = ConfigDict(extra="forbid")
    gate_note: Text = Field(max_length=200)
