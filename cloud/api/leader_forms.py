"""What a leader's page is told, and what it says."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cloud.api.clock import ClockOut
from cloud.api.cold_views import BandOut, PointOut
from cloud.api.text import Text


class LeaderOrder(BaseModel):
    """An order of the group. ``order`` is its name here and in the room; ``resident`` is masked, null where nobody is known.

    ``slots``: the shelf places of what lies there. ``reminded_at``: today's reminder, null: none.
    """

    order: str
    external_id: str
    site: str
    pickup_date: str
    state: str
    state_at: str
    resident: str | None
    phone_tail: str | None
    pieces: int
    short: int
    slots: list[str]
    reminded_at: str | None
    may_remind: bool


class ShortOrder(BaseModel):
    """Who goes without: of ``wanted`` pieces so many were ``short`` at allocation, so many ``missing`` at the station."""

    order: str
    external_id: str
    phone_tail: str | None
    wanted: int
    short: int
    missing: int


class Shortage(BaseModel):
    """One article of one pickup day."""

    sku: str
    name: str
    pickup_date: str
    short: int
    missing: int
    orders: list[ShortOrder]


class HotItemOut(BaseModel):
    sku: str
    name: str
    pieces: int
    orders: int


class ScoreOut(BaseModel):
    """Of the seven pickup days before today. Shares are null, not 0, where nothing was to be counted."""

    days: int
    orders: int
    on_day: float | None
    short: float | None
    cases: float | None


class CommissionSum(BaseModel):
    """In fen. ``pending``: a refund may still come; ``due``: the time for complaints is over. ``liable``: taken off."""

    pieces: int
    refunded: int
    liable_fen: int
    pending_fen: int
    due_fen: int
    total_fen: int


class CommissionOut(BaseModel):
    """``fen_a_piece``, ``complaint_days``: the rule, to be said on the page."""

    fen_a_piece: int
    complaint_days: int
    today: CommissionSum
    this_month: CommissionSum
    last_month: CommissionSum


class LeaderStation(BaseModel):
    """``is_silent``: the cloud does not hear it now, and what is shown of it may be old."""

    site: str
    name: str
    is_silent: bool


class LeaderDayOut(BaseModel):
    """Everything the page begins with. ``cursor``: where to go on live in ``room``, whose entries name orders of the group."""

    leader: str
    name: str
    operator_name: str
    stations: list[LeaderStation]
    today: str
    orders: list[LeaderOrder]
    shortages: list[Shortage]
    shortage_rule: Literal["first", "even"]
    hot_items: list[HotItemOut]
    score: ScoreOut
    commission: CommissionOut
    room: str
    cursor: int
    live_url: str
    pickup_until: str
    time_zone: str
    clock: ClockOut
    expires_at: str
    as_of: str


class OrderIn(BaseModel):
    """Which order of the group is meant."""

    model_config = ConfigDict(extra="forbid")
    order: Text = Field(min_length=1, max_length=200)


class ReminderOut(BaseModel):
    """``already``: it was reminded of on this day before. It stands on the resident's page; nothing was sent besides."""

    order: str
    outcome: Literal["done", "already"]
    at: str


class PhoneOut(BaseModel):
    """In clear, for one call; who asked for it is on record."""

    order: str
    name: str
    phone: str


class VanPlace(BaseModel):
    """Where it was, coarsely: to about half a kilometre. ``distance_km``: from the station, to the half kilometre."""

    lat: float
    lon: float
    at: str
    distance_km: float | None


class VanWindow(BaseModel):
    """In four of five cases between ``early`` and ``late``. ``is_estimate``: by straight lines, not roads."""

    early: str
    late: str
    as_of: str
    is_estimate: bool


class ComingVanOut(BaseModel):
    """A van with goods for one of the group's stations. ``stops_before``: others it goes to first."""

    run: int
    name: str
    vehicle: str | None
    site: str
    site_name: str
    site_lat: float | None
    site_lon: float | None
    stops_before: int
    containers: int
    planned_arrival: str | None
    window: VanWindow | None
    place: VanPlace | None


class ComingVans(BaseModel):
    vans: list[ComingVanOut]
    as_of: str


class LeaderBox(BaseModel):
    """One fridge, freezer or cold box of a station: its last day. ``series``: quarters of an hour, gaps as gaps."""

    site: str
    site_name: str
    box: str
    zone: str
    limits: BandOut
    last_at: str | None
    last_c: float | None
    is_silent: bool
    alarms: list[str]
    series: list[PointOut]


class LeaderCold(BaseModel):
    boxes: list[LeaderBox]
    start: str
    end: str
    as_of: str
