"""The town's own page (演示台): what the simulated town shows of itself, and its buttons. Served by `make run` alone.

Thin: the town does what is asked (firmware_sim/town), the one box kills (cloud/onebox). Who may ask at all: town_guard.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.clock import ClockOut, clock_out
from cloud.api.context import Services, ServicesDep
from cloud.api.errors import ApiError
from cloud.api.links import live_address
from cloud.api.town_guard import TownFolder
from cloud.api.town_sockets import BOX, TOWN, NobodyThereError, ask
from cloud.auth.accounts import find_credentials
from cloud.auth.audit import write_audit
from cloud.auth.sessions import COOKIE, SESSION_LIFE_S, open_session
from cloud.store.pool import Connection

router = APIRouter(prefix="/api/town", tags=["town"], include_in_schema=False)

# Log-ins that the one box has made for the town; an administrator's is for whoever reads the terminal.
_LOGINS = Literal["dispatcher", "leader", "staff"]
_NameText = Annotated[str, Field(max_length=80, pattern=r"^[A-Za-z0-9._:-]*$")]


class StationSeen(BaseModel):
    """A station as the buttons find it; ``doors``: those that stand open."""

    id: str
    name: str
    url: str
    is_plugged: bool
    is_online: bool
    doors: list[str]
    parcels_left: bool


class VanSeen(BaseModel):
    """A van as its button finds it."""

    id: str
    name: str
    is_under_way: bool
    is_broken: bool


class SceneSeen(BaseModel):
    """A row of the storyboard; ``at_ms`` 0: nobody can tell yet."""

    name: str
    state: Literal["ahead", "done", "missed"]
    at_ms: int


class StageSeen(BaseModel):
    """As the town says it (firmware_sim/town/control.py)."""

    operator: str
    pin: str
    day: str
    station: str
    order: str
    phone_tail: str
    parcels: list[str]
    stations: list[StationSeen]
    vans: list[VanSeen] = []
    scenes: list[SceneSeen]
    is_held: bool = False
    waits: str = ""


class Hops(BaseModel):
    """A scan's way through its station; ms since 1970 by this machine's wall clock, 0: not measured."""

    sent_hex: str
    sent_ms: float
    heard_ms: float
    booked_ms: float
    event: str


class _Answer(BaseModel):
    done: bool
    text: str = ""
    label: str = ""
    code: str = ""
    hops: Hops | None = None
    stage: StageSeen | None = None


class TownOut(BaseModel):
    """``resident``: the path of the followed order's link; '' while the cloud does not know the order yet."""

    clock: ClockOut
    stage: StageSeen
    resident: str
    live_url: str


class ActIn(BaseModel):
    """A button of the town: what `python -m firmware_sim` presses too."""

    model_config = ConfigDict(extra="forbid")
    do: Literal["scan", "unplug", "replug", "door", "van", "pace"]
    site: _NameText = ""
    label: _NameText = ""
    device: _NameText = ""
    way: _NameText = ""
    rate: float = Field(default=1.0, ge=0.0, le=300.0)


class ActOut(BaseModel):
    """What came of it.

    ``code`` of a refusal: nothing_left, at_dock, unplugged, not_booked, nobody_reads, no_answer, not_possible.
    """

    done: bool
    text: str
    label: str
    code: str
    hops: Hops | None


class KilledOut(BaseModel):
    """The processes that get SIGKILL in a moment, this one among them."""

    killed: dict[str, int | None]


class RoleIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    login: _LOGINS


class TokenOut(BaseModel):
    token: str


@router.get("")
async def look(folder: TownFolder, services: ServicesDep, response: Response) -> TownOut:
    """How the town stands, and whose order is followed."""
    response.headers["Cache-Control"] = "no-store"
    answer = await _of_town(folder, {"do": "stage"})
    if answer.stage is None:
        raise ApiError(503, "town_away", "town")
    async with services.pool.connection() as connection:
        resident = await _link_of(connection, services, answer.stage)
    return TownOut(clock=clock_out(services.clock), stage=answer.stage, resident=resident, live_url=live_address(services))


@router.post("/act")
async def act(wanted: ActIn, folder: TownFolder) -> ActOut:
    """Press a button. What the town refuses is no error: the page says why."""
    answer = await _of_town(folder, wanted.model_dump(exclude_defaults=True))
    return ActOut(done=answer.done, text=answer.text, label=answer.label, code=answer.code, hops=answer.hops)


@router.post("/kill")
async def kill(folder: TownFolder) -> KilledOut:
    """SIGKILL for every process of the cloud, a moment after this is answered. They are started again."""
    try:
        return KilledOut.model_validate_json(await ask(folder, BOX, {"do": "kill"}))
    except (NobodyThereError, ValueError):
        raise ApiError(503, "town_away", "town") from None


@router.post("/watch")
async def watch(folder: TownFolder, services: ServicesDep, response: Response) -> TokenOut:
    """A dispatcher's session for the page's own map and charts. No cookie: who is logged in here stays so."""
    del folder
    response.headers["Cache-Control"] = "no-store"
    return TokenOut(token=await _open(services, "dispatcher"))


@router.post("/log-in", status_code=204)
async def log_in(wanted: RoleIn, folder: TownFolder, services: ServicesDep, response: Response) -> None:
    """Be somebody of the town in this browser, whose pages may then be opened."""
    del folder
    token = await _open(services, wanted.login)
    response.set_cookie(COOKIE, token, max_age=SESSION_LIFE_S, httponly=True, samesite="strict")


async def _of_town(folder: Path, asked: Mapping[str, object]) -> _Answer:
    try:
        return _Answer.model_validate_json(await ask(folder, TOWN, asked))
    except (NobodyThereError, ValueError):
        raise ApiError(503, "town_away", "town") from None


async def _open(services: Services, login: str) -> str:
    async with services.pool.connection() as connection, connection.transaction():
        known = await find_credentials(connection, login)
        if known is None:  # the one box makes them once the town has registered its stations
            raise ApiError(503, "town_away", "town")
        session = await open_session(connection, known.account_id)
        await write_audit(connection, services.now(), known.account_id, "session.open", login)
    return session.token


async def _link_of(connection: Connection, services: Services, stage: StageSeen) -> str:
    cursor = await connection.execute(
        "SELECT id, link_version FROM customer_order WHERE operator_id = %s AND external_id = %s", [stage.operator, stage.order]
    )
    row = await cursor.fetchone()
    return "" if row is None else f"/o/{services.signer.sign(row[0], row[1])}"
