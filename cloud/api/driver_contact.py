"""Who drives a run, for those who plan: whether the link was opened, and whom to call.

A phone is sealed, shown masked, and in full only to call it, on record.
"""

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from cloud.api.context import Planner, Services, ServicesDep, Transaction
from cloud.api.errors import ApiError, not_found
from cloud.api.order_forms import PhoneText
from cloud.api.text import iso_or_none
from cloud.auth.accounts import Account
from cloud.auth.audit import write_audit
from cloud.auth.masking import masked_phone
from cloud.auth.residents import normal_phone
from cloud.store.pool import Connection
from cloud.store.runs import RunStanding, listed

router = APIRouter(prefix="/api/runs/{run_id}", tags=["driver"])


class DriverPhoneIn(BaseModel):
    """Null: nobody's any more."""

    model_config = ConfigDict(extra="forbid")
    phone: PhoneText | None


class DriverPhoneOut(BaseModel):
    phone: str


class DriverContactOut(BaseModel):
    """``opened_at``: when the driver opened the link, on the day itself if so; ``phone``: masked; null: nobody wrote one down."""

    run: int
    vehicle: str | None
    opened_at: str | None
    phone: str | None


@router.get("/driver")
async def look_at_driver(run_id: int, account: Planner, services: ServicesDep, connection: Transaction) -> DriverContactOut:
    """Whether the driver has looked, and the last digits of whom to call."""
    return await _contact(connection, services, await _run(connection, account, run_id))


@router.put("/driver-phone")
async def set_driver_phone(
    run_id: int, wanted: DriverPhoneIn, account: Planner, services: ServicesDep, connection: Transaction
) -> DriverContactOut:
    """Of who drives this run's vehicle for its operator, from now on. It is kept by vehicle: tomorrow's run has it too."""
    run = await _run(connection, account, run_id)
    if run.vehicle_id is None:
        raise ApiError(409, "run_no_vehicle", "phone", run=run.name)
    if wanted.phone is None:
        await connection.execute(
            "DELETE FROM driver_phone WHERE operator_id = %s AND site_id = %s", [run.operator_id, run.vehicle_id]
        )
    else:
        await connection.execute(
            """
            INSERT INTO driver_phone (operator_id, site_id, encrypted, set_by, set_at) VALUES (%s, %s, %s, %s, %s)
            ON CONFLICT (operator_id, site_id) DO UPDATE SET
                encrypted = excluded.encrypted, set_by = excluded.set_by, set_at = excluded.set_at
            """,
            [
                run.operator_id, run.vehicle_id, services.vault.seal(run.operator_id, normal_phone(wanted.phone)), account.id,
                services.now(),
            ],
        )  # fmt: skip
    await write_audit(connection, services.now(), account.id, "driver_phone.set", f"{run.operator_id}/{run.vehicle_id}")
    return await _contact(connection, services, run)


@router.post("/driver-phone/reveal")
async def reveal_driver_phone(
    run_id: int, account: Planner, response: Response, services: ServicesDep, connection: Transaction
) -> DriverPhoneOut:
    """In full, to call it. Who looked is written down."""
    response.headers["Cache-Control"] = "no-store"
    run = await _run(connection, account, run_id)
    phone = await _phone(connection, services, run)
    if phone is None:
        raise ApiError(404, "no_driver_phone", "run_id", run=run.name)
    await write_audit(connection, services.now(), account.id, "driver_phone.reveal", f"{run.operator_id}/{run.vehicle_id}")
    return DriverPhoneOut(phone=phone)


async def _run(connection: Connection, account: Account, run_id: int) -> RunStanding:
    found = await listed(connection, account.scope, None, run_id)
    if not found:
        raise not_found("run_id", "run_id")
    return found[0]


async def _phone(connection: Connection, services: Services, run: RunStanding) -> str | None:
    cursor = await connection.execute(
        "SELECT encrypted FROM driver_phone WHERE operator_id = %s AND site_id = %s", [run.operator_id, run.vehicle_id]
    )
    row = await cursor.fetchone()
    return None if row is None else services.vault.open(run.operator_id, row[0])


async def _contact(connection: Connection, services: Services, run: RunStanding) -> DriverContactOut:
    cursor = await connection.execute("SELECT driver_opened_at FROM run WHERE id = %s", [run.id])
    row = await cursor.fetchone()
    phone = await _phone(connection, services, run)
    return DriverContactOut(
        run=run.id, vehicle=run.vehicle_id, opened_at=iso_or_none(None if row is None else row[0]),
        phone=None if phone is None else masked_phone(phone),
    )  # fmt: skip
