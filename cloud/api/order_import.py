"""Brings orders into the database: new ones, changed ones while nothing of them was scanned; known ones stay untouched.

One transaction, and imports follow one another. Parcels scanned before their order came are attached, and everything is folded.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

import psycopg
import structlog

from cloud.api.errors import ApiError
from cloud.api.order_facts import (
    free_labels,
    frozen_dates,
    kept_orders,
    lock_imports,
    parcel_owners,
    with_known_places,
)
from cloud.api.order_forms import GivenUp, LineFault, Numbered
from cloud.api.order_plans import Planned, plan, without_repeats
from cloud.api.order_writing import left, write
from cloud.auth.residents import ResidentVault
from cloud.domain.notices import RoomNotice
from cloud.store.folding import refold
from cloud.store.pool import Connection, is_serialization_conflict
from cloud.store.rooms import change

log = structlog.get_logger()

# A morning's orders of fifty stations; more is sent in parts, so that parcels are not locked for long.
MAX_ORDERS = 2_000
# Scans of the very parcels lock them too. A try costs the second after which PostgreSQL notices a deadlock.
TRIES = 5
_MAX_RETRY_DELAY_S = 0.5


@dataclass(slots=True)
class Imported:
    """What was done."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    faults: list[LineFault] = field(default_factory=list)
    rooms: list[RoomNotice] = field(default_factory=list)


async def import_orders(
    connection: Connection, now: datetime, vault: ResidentVault, operator_id: str, orders: Sequence[Numbered],
    given_up: Sequence[GivenUp] = (),
) -> Imported:  # fmt: skip
    """Write what can be written; faults of each order that cannot, also of what is ``given_up``. In the caller's transaction.

    A conflict with scans (40P01, 40001) undoes this part of the transaction, frees its locks and is tried again; else ApiError 503.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            async with connection.transaction():  # a savepoint: the caller's transaction has begun
                return await _import(connection, now, vault, operator_id, orders, given_up)
        except psycopg.Error as error:
            if not is_serialization_conflict(error):
                raise
            log.warning("an import met scans of its parcels", operator=operator_id, sqlstate=error.sqlstate, tries_left=tries_left)
        if tries_left:
            await asyncio.sleep(random.uniform(0, _MAX_RETRY_DELAY_S))  # noqa: S311  # spreads retries, guards nothing
    busy = ApiError(503, "import_busy", "", times=TRIES)
    busy.headers["Retry-After"] = "60"
    raise busy


async def _import(
    connection: Connection, now: datetime, vault: ResidentVault, operator_id: str, orders: Sequence[Numbered],
    given_up: Sequence[GivenUp],
) -> Imported:  # fmt: skip
    # A label that two imports give away at once has one owner: the second import sees the first one's.
    await lock_imports(connection)
    done = Imported()
    first = without_repeats(orders, done.faults)
    wanted, misplaced = await with_known_places(connection, now, operator_id, first, given_up)
    done.faults += misplaced
    owners = await parcel_owners(connection, operator_id, wanted)
    kept = await kept_orders(connection, operator_id, [numbered.order.external_id for numbered in wanted])
    labels = await free_labels(connection, sum(len(numbered.order.lines) for numbered in wanted))
    frozen = await frozen_dates(connection, operator_id)
    planned: list[Planned] = []
    taken: dict[str, str] = {}
    for numbered in wanted:
        match plan(numbered, operator_id, kept.get(numbered.order.external_id), owners, taken, labels, vault, frozen):
            case LineFault() as fault:
                done.faults.append(fault)
            case "unchanged":
                done.unchanged += 1
            case Planned() as made:
                planned.append(made)
                taken.update(dict.fromkeys(made.parcels, made.id))
            case other:
                assert_never(other)
    await write(connection, now, vault, operator_id, planned)
    folded = await refold(connection, {parcel for one in planned for parcel in one.parcels}, now)
    done.rooms = await change(connection, [*left(planned), *folded.entries], now)
    done.created = sum(one.kept is None for one in planned)
    done.updated = len(planned) - done.created
    return done
