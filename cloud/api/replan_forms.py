"""What has happened in the day, as a dispatcher says it; and how goods change vans. Amounts: containers; times: the operator's."""

from datetime import time
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from cloud.api.route_plan_forms import Count, PlanOut, StationIn, VanId, ZonesOut
from cloud.api.text import SiteIdText


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DelayIn(_Form):
    """A van stands for so long."""

    kind: Literal["delay"]
    van: VanId
    minutes: Annotated[int, Field(ge=1, le=720)]


class BreakdownIn(_Form):
    """A van drives no more today; its goods change vans."""

    kind: Literal["breakdown"]
    van: VanId


class ClosedIn(_Form):
    """``until`` null: for the rest of the day; its goods come back."""

    kind: Literal["closed_station"]
    site: SiteIdText
    until: time | None = None


class LoadIn(_Form):
    ambient: Count = 0
    chilled: Count = 0
    frozen: Count = 0


class NewStopIn(_Form):
    """``load`` null: what is packed for it that day."""

    kind: Literal["new_stop"]
    site: SiteIdText
    load: LoadIn | None = None
    deliver_from: time = time(6)
    deliver_until: time = time(15)
    priority: Annotated[int, Field(ge=0, le=9)] = 0


class NewTimesIn(_Form):
    """Stations take goods at other times than was planned: said in ``stations``, of one at least."""

    kind: Literal["new_times"]


EventIn = Annotated[DelayIn | BreakdownIn | ClosedIn | NewStopIn | NewTimesIn, Field(discriminator="kind")]


class PinIn(_Form):
    """Nobody else comes there."""

    site: SiteIdText
    van: VanId


class ReplanIn(_Form):
    """``stations``: where goods are taken at other times than was planned, or matter more. ``lift_max_stops``: vans may
    make more stops than was asked for in the morning. ``seconds``: to search the best.
    """

    event: EventIn
    pins: list[PinIn] = Field(default=[], max_length=5_000)
    stations: list[StationIn] = Field(default=[], max_length=5_000)
    lift_max_stops: bool = False
    seconds: Annotated[int, Field(ge=1, le=120)] = 10


class ReplanOut(BaseModel):
    """Two plans of the rest of the day: what disturbs fewest, and what costs least."""

    smallest: PlanOut
    best: PlanOut


class TransferContainer(BaseModel):
    """``is_done``: it was scanned onto the van that takes it over, or its driver has confirmed it."""

    container: str
    site: str
    zone: str
    is_done: bool


class TransferUnlabelled(BaseModel):
    """Containers that a dispatcher has asked for by number: no label is known of them. ``is_done``: who takes them says so."""

    site: str
    load: ZonesOut
    is_done: bool


class TransferOut(BaseModel):
    """Goods that change vans. ``from_van`` "": at the depot. They meet at ``lat``, ``lon``, beside ``near``, from ``at_s`` until
    ``until_s`` since midnight.
    """

    from_van: str
    from_run: str
    to_van: str
    to_run: str
    lat: float
    lon: float
    near: str
    at_s: int
    until_s: int
    containers: list[TransferContainer]
    unlabelled: list[TransferUnlabelled]


class TransferList(BaseModel):
    transfers: list[TransferOut]
