"""Phones and trackers that tell where a vehicle is: enrolled, with what sets them up; looked at; revoked."""

import secrets
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.context import Planner, ServicesDep, Transaction
from cloud.api.errors import ApiError, not_found
from cloud.api.qr import qr_rows
from cloud.api.sites import require_vehicle
from cloud.api.text import OperatorIdText, SiteIdText, Text, iso_of, iso_or_none
from cloud.api.tracker_links import Addresses, SetUp, set_ups
from cloud.auth.audit import write_audit
from cloud.auth.broker_passwords import mosquitto_hash
from cloud.config import CloudConfig
from cloud.store.trackers import Enrolment, TrackerProtocol, TrackerStanding, enrol, listed, revoke

router = APIRouter(prefix="/api/trackers", tags=["positions"])

_TOKEN_BYTES = 16


class TrackerIn(BaseModel):
    """``vehicle``: a site of kind van. ``terminal``: the number of a JT/T 808 terminal; of phones none.

    ``is_personal``: somebody carries it; it is heard only while a run of the vehicle is underway.
    """

    model_config = ConfigDict(extra="forbid")
    operator: OperatorIdText
    vehicle: SiteIdText
    protocol: Literal["osmand", "owntracks", "jt808"]
    name: Text = Field(min_length=1, max_length=60)
    is_personal: bool = True
    terminal: str | None = Field(default=None, pattern=r"^[0-9a-fA-F]{1,20}$")


class TrackerOut(BaseModel):
    """``fix_at``: as of when its newest position is. ``unheard``: fixes of a person without a run underway, not kept."""

    id: int
    operator: str
    vehicle: str
    vehicle_name: str
    protocol: str
    name: str
    is_personal: bool
    terminal: str | None
    device: str
    enrolled_at: str
    revoked_at: str | None
    heard_at: str | None
    fix_at: str | None
    battery: float | None
    fixes: int
    repeated: int
    unheard: int
    refused: int
    refusal: str
    refused_at: str | None


class TrackerList(BaseModel):
    trackers: list[TrackerOut]


class Setting(BaseModel):
    name: str
    value: str


class SetUpOut(BaseModel):
    """``qr``: rows of 0 and 1, of ``link``; [] where there is none."""

    app: str
    link: str
    qr: list[str]
    settings: list[Setting]


class EnrolledOut(BaseModel):
    """Shown this once: only the token's hash is kept."""

    tracker: TrackerOut
    set_ups: list[SetUpOut]


@router.get("")
async def list_trackers(account: Planner, connection: Transaction) -> TrackerList:
    """All of the operator's, those that count first."""
    return TrackerList(trackers=[_out(one) for one in await listed(connection, account.scope)])


@router.post("", status_code=201)
async def add_tracker(wanted: TrackerIn, account: Planner, services: ServicesDep, connection: Transaction) -> EnrolledOut:
    """Enrol a device for a vehicle."""
    if not account.scope.may_act_for(wanted.operator):
        raise ApiError(403, "not_your_operator", "operator", operator=wanted.operator)
    await require_vehicle(connection, wanted.operator, wanted.vehicle, services.now())
    protocol = TrackerProtocol(wanted.protocol)
    terminal = (wanted.terminal or "").lower().lstrip("0")
    if protocol is TrackerProtocol.JT808 and not terminal:
        raise ApiError(422, "terminal_missing", "terminal")
    token = None if protocol is TrackerProtocol.JT808 else secrets.token_urlsafe(_TOKEN_BYTES)
    enrolment = Enrolment(
        wanted.operator, wanted.vehicle, protocol, wanted.name, wanted.is_personal, token,
        terminal if protocol is TrackerProtocol.JT808 else None,
        mosquitto_hash(token) if token and protocol is TrackerProtocol.OWNTRACKS else "",
    )  # fmt: skip
    number = await enrol(connection, enrolment, services.now())
    if number is None:
        raise ApiError(409, "terminal_taken", "terminal", terminal=terminal)
    await write_audit(connection, services.now(), account.id, "tracker.enrol", f"{wanted.vehicle}/{number}", {"protocol": protocol})
    (standing,) = await listed(connection, account.scope, number)
    ways = set_ups(protocol, number, token or terminal, _addresses(services.config))
    return EnrolledOut(tracker=_out(standing), set_ups=[_set_up(way) for way in ways])


@router.delete("/{tracker_id}", status_code=204)
async def revoke_tracker(tracker_id: int, account: Planner, services: ServicesDep, connection: Transaction) -> None:
    """From now on it is a stranger. What it told stays."""
    if not await revoke(connection, account.scope, tracker_id, services.now()):
        raise not_found("tracker_id", "tracker")
    await write_audit(connection, services.now(), account.id, "tracker.revoke", str(tracker_id))


def _addresses(config: CloudConfig) -> Addresses:
    return Addresses(config.positions_url, config.phones_mqtt_url, config.jt808_address)


def _set_up(way: SetUp) -> SetUpOut:
    settings = [Setting(name=name, value=value) for name, value in way.settings]
    return SetUpOut(app=way.app, link=way.link, qr=qr_rows(way.link) if way.link else [], settings=settings)


def _out(one: TrackerStanding) -> TrackerOut:
    return TrackerOut(
        id=one.id, operator=one.operator_id, vehicle=one.site_id, vehicle_name=one.site_name, protocol=one.protocol, name=one.name,
        is_personal=one.is_personal, terminal=one.terminal, device=one.device, enrolled_at=iso_of(one.created_at),
        revoked_at=iso_or_none(one.revoked_at), heard_at=iso_or_none(one.heard_at), fix_at=iso_or_none(one.fix_at),
        battery=one.battery, fixes=one.fixes or 0, repeated=one.repeated or 0, unheard=one.unheard or 0, refused=one.refused or 0,
        refusal=one.refusal or "", refused_at=iso_or_none(one.refused_at),
    )  # fmt: skip
