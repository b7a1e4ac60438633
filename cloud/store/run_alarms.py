"""Alarms of vehicles on a run: silent for longer than any tunnel, or beside the planned way. Raised and cleared by the cloud."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cloud.domain.alarm import Alarm
from cloud.store.alarm_folding import OFF_ROUTE, VAN_SILENT, AlarmKey, keep_own, lock_site
from cloud.store.pool import Connection
from cloud.store.rooms import RoomEntry
from edge.wire.clock import to_ms

RULES = (VAN_SILENT, OFF_ROUTE)


@dataclass(frozen=True, slots=True)
class Told:
    """Entries for the rooms, and how many alarms were raised."""

    entries: tuple[RoomEntry, ...] = ()
    raised: int = 0


async def tell(connection: Connection, vehicle_id: str, wrong_since_ms: Mapping[str, int | None], now: datetime) -> Told:
    """Raise what begins and clear what is over. ``wrong_since_ms``: of each rule since when; None: it is well.

    An alarm's name has the moment it began: the same, however often it is looked at. In the caller's transaction.
    """
    standing = await _standing(connection, vehicle_id)
    changed: dict[AlarmKey, Alarm] = {}
    for rule, since_ms in wrong_since_ms.items():
        there = standing.get(rule)
        if since_ms is not None and there is None:
            changed[AlarmKey(vehicle_id, f"{vehicle_id}/{rule}/{since_ms}")] = _alarm(vehicle_id, rule, since_ms, to_ms(now))
        elif since_ms is None and there is not None:
            changed[there.key] = _alarm(vehicle_id, rule, there.since_ms, there.raised_ms, to_ms(now))
    if not changed:
        return Told()
    await lock_site(connection, vehicle_id)
    return Told(await keep_own(connection, changed, now), sum(alarm.cleared_ms is None for alarm in changed.values()))


async def clear_of(connection: Connection, vehicle_id: str, now: datetime) -> tuple[RoomEntry, ...]:
    """Its run is over: what stood is over too. In the caller's transaction."""
    return (await tell(connection, vehicle_id, dict.fromkeys(RULES), now)).entries


def _alarm(vehicle_id: str, rule: str, since_ms: int, raised_ms: int, cleared_ms: int | None = None) -> Alarm:
    return Alarm(vehicle_id, rule, "warning", raised_ms, since_ms, raised_by="warning", cleared_ms=cleared_ms)


@dataclass(frozen=True, slots=True)
class _Standing:
    key: AlarmKey
    since_ms: int
    raised_ms: int


async def _standing(connection: Connection, vehicle_id: str) -> dict[str, _Standing]:
    cursor = await connection.execute(
        """
        SELECT rule, alarm, coalesce(since, raised_at), raised_at FROM alarm
        WHERE site_id = %s AND is_of_cloud AND cleared_at IS NULL AND rule = ANY(%s)
        """,
        [vehicle_id, list(RULES)],
    )
    return {
        rule: _Standing(AlarmKey(vehicle_id, alarm), to_ms(since), to_ms(raised))
        for rule, alarm, since, raised in await cursor.fetchall()
    }
