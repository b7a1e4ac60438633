"""What is asked of a day's routes, and how a plan is shown. Amounts are containers; times of day are the operator's."""

from datetime import date, time
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from cloud.api.text import SiteIdText, Text

Count = Annotated[int, Field(ge=0, le=10_000)]
Fen = Annotated[int, Field(ge=0, le=10_000_000)]
VanId = Annotated[Text, Field(min_length=1, max_length=64)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class VanIn(_Form):
    """``vehicle`` null: none named yet. ``max_reloads``: how often it may come back to load again."""

    id: VanId
    vehicle: SiteIdText | None = None
    ambient: Count
    chilled: Count = 0
    frozen: Count = 0
    shift_from: time = time(5)
    shift_to: time = time(14)
    max_stops: Annotated[int, Field(ge=1, le=1_000)] | None = None
    max_reloads: Annotated[int, Field(ge=0, le=5)] = 0
    fixed_fen: Fen = 0
    per_km_fen: Fen = 120
    per_h_fen: Fen = 3_600


class StationIn(_Form):
    """When a station may be delivered to, where that is not as for all; the highest ``priority`` is served of what does not fit."""

    site: SiteIdText
    deliver_from: time | None = None
    deliver_until: time | None = None
    priority: Annotated[int, Field(ge=0, le=9)] = 0


class DayIn(_Form):
    """``depot`` null: the operator's only dock. ``seconds``: how long to search."""

    service_date: date
    depot: SiteIdText | None = None
    vans: list[VanIn] = Field(max_length=300)
    deliver_from: time = time(6)
    deliver_until: time = time(15)
    stations: list[StationIn] = Field(default=[], max_length=5_000)
    loading_s: Annotated[int, Field(ge=0, le=14_400)] = 1_200
    service_s: Annotated[int, Field(ge=0, le=7_200)] = 240
    container_s: Annotated[int, Field(ge=0, le=600)] = 20
    seconds: Annotated[int, Field(ge=1, le=600)] = 30


class ZonesOut(BaseModel):
    ambient: int = 0
    chilled: int = 0
    frozen: int = 0


class PlanStop(BaseModel):
    """``arrival_s``, ``departure_s``: seconds since midnight there. ``trip``: 1 until the van has loaded again."""

    site: str
    name: str
    trip: int
    arrival_s: int
    departure_s: int
    load: ZonesOut


class PlanMeet(BaseModel):
    """Goods fetched where they lie: of a van that stands there (``van``), or at the depot ("")."""

    van: str
    lat: float
    lon: float
    arrival_s: int
    departure_s: int
    sites: list[str]
    load: ZonesOut


class PlanMove(BaseModel):
    """Against what was committed. ``kind``: van, taken_on, left_out, turn. ``before``, ``after``: the van; "" where none comes."""

    site: str
    name: str
    kind: str
    before: str
    after: str
    said_en: str
    said_zh: str


class PlanRoute(BaseModel):
    """``fullest``: the most of each zone that is aboard at once. ``late_if_slower``: stations late when ways take 20 % longer."""

    van: str
    vehicle: str
    start_s: int
    end_s: int
    stops: list[PlanStop]
    load: ZonesOut
    fullest: ZonesOut
    room: ZonesOut
    cost_fen: int
    distance_m: int
    driving_s: int
    duty_s: int
    waiting_s: int
    late_if_slower: list[str]
    meets: list[PlanMeet] = []


class PlanUnassigned(BaseModel):
    """``field`` and the remedies: where something is wrong with the station itself."""

    site: str
    name: str
    load: ZonesOut
    code: str
    reason_en: str
    reason_zh: str
    field: str
    remedy_en: str
    remedy_zh: str


class PlanResult(BaseModel):
    """``late``: stations reached after their window. ``is_estimate``: made with straight lines, not roads."""

    routes: list[PlanRoute]
    unassigned: list[PlanUnassigned]
    cost_fen: int
    distance_m: int
    driving_s: int
    duty_s: int
    late: int
    late_if_slower: int
    is_estimate: bool
    engine: str
    ways: str
    moves: list[PlanMove] = []


class ProgressOut(BaseModel):
    """The best so far, what is left out counted dearly; ``cost_fen`` null: nothing yet that serves all."""

    seconds: float
    cost_fen: int | None


class PlanHead(BaseModel):
    """``state``: queued, solving, done, failed, stopped, committed, discarded. ``trouble``: of one that failed.

    Of the rest of a day: ``base``, the plan it changes, ``event``, what has happened, ``answer``: smallest or best.
    ``moved_from``: the plan it was made from by hand. ``run_of_van``: of a committed one, the runs' names.
    """

    id: int
    operator: str
    service_date: date
    state: str
    asked_by: str | None
    asked_at: str
    ended_at: str | None
    seconds: float
    stop_asked: bool
    is_estimate: bool | None
    trouble: str
    stations: int
    runs: list[str]
    run_of_van: dict[str, str] = {}
    base: int | None
    answer: str = ""
    event: dict[str, str | int | None] | None = None
    moved_from: int | None


class PlanList(BaseModel):
    plans: list[PlanHead]


class PlacedOut(BaseModel):
    """A dock or a station. Null coordinates: nobody knows where it lies."""

    site: str
    name: str
    lat: float | None
    lon: float | None


class PlanVan(BaseModel):
    """As asked for; seconds since midnight there."""

    id: str
    vehicle: str
    room: ZonesOut
    from_s: int
    to_s: int
    max_stops: int | None
    max_reloads: int
    fixed_fen: int
    per_km_fen: int
    per_h_fen: int


class PlanStation(PlacedOut):
    """What is to be brought, and when unloading may begin."""

    load: ZonesOut
    from_s: int
    to_s: int
    priority: int


class PlanDay(BaseModel):
    """What was asked: the same can be asked for again."""

    depot: PlacedOut
    vans: list[PlanVan]
    stations: list[PlanStation]
    loading_s: int
    service_s: int
    container_s: int


class PlanOut(PlanHead):
    """``result`` null: not yet, or none came of it."""

    day: PlanDay
    progress: list[ProgressOut]
    result: PlanResult | None


class MovedOut(BaseModel):
    """``before``, ``after``: the van; "" where none comes. ``said_en``, ``said_zh``: why; "" of the many that nobody asked for."""

    site: str
    name: str
    before: str
    after: str
    said_en: str
    said_zh: str


class PlanComparison(BaseModel):
    """The other plan minus this one."""

    cost_fen: int
    distance_m: int
    driving_s: int
    duty_s: int
    vans: int
    unassigned: int
    late_if_slower: int
    moved: list[MovedOut]


class TourIn(_Form):
    """``trips``: sites in order; between two trips the van loads again."""

    van: VanId
    trips: list[Annotated[list[SiteIdText], Field(max_length=1_000)]] = Field(max_length=6)


class ToursIn(_Form):
    """All there are to be; a van that is in none stays, a station that is in none gets nothing."""

    tours: list[TourIn] = Field(max_length=300)


class RefusalOut(BaseModel):
    """What is wrong with a van's tour. ``field``: ``tours[2]``; ``site``: "" where it is the van as a whole."""

    field: str
    code: str
    van: str
    site: str
    said_en: str
    said_zh: str
    remedy_en: str
    remedy_zh: str


class TrialOut(BaseModel):
    """``result``, ``comparison`` null: it does not hold, as ``refusals`` says. The comparison is with the plan it began from."""

    result: PlanResult | None
    comparison: PlanComparison | None
    refusals: list[RefusalOut]
