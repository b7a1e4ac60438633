"""Keeps each chilled or frozen parcel's cold-chain account, and says on the parcel where it was too warm for too long.

What is to be computed anew is noted where it happens: a fold in `cold_note`, late readings in `cold_late`, boxes in `site_boxes`;
the rest is what still lies somewhere. One at a time (the job holds a lock), so no note is lost between two. May be killed
anywhere: notes go in the transaction that did what they asked for.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from cloud.domain.boxes import Leg, legs
from cloud.domain.breach import breach_of
from cloud.domain.cold_account import ColdAccount, cold_account, goods_of, site_of
from cloud.domain.order import iso
from cloud.domain.stays import Stay, stays
from cloud.store import fold_facts
from cloud.store.cold_facts import Breached, ColdFacts, ColdParcel, read_facts, read_readings
from cloud.store.folding import refold
from cloud.store.pool import Connection
from cloud.store.rooms import change
from edge.rules.alarm_limits import Limits
from edge.wire.clock import to_ms
from edge.wire.messages import GoodsLimits

# What lies somewhere is looked at again after so much domain time; what an alarm, a scan or late readings touch, at once.
AGAIN_AFTER = timedelta(minutes=10)
# Goods that nobody fetched or threw away for so long are not told of any more: a forgotten row must not grow for ever.
LONGEST = timedelta(days=14)
BATCH = 50  # parcels: their readings of a day are some MB
LATE_ROWS = 10_000


async def pass_on_late(connection: Connection) -> int:
    """Late readings, and what sites newly said of their boxes, become notes of the parcels that lay there; returns how many."""
    passed = 0
    async with connection.transaction():
        cursor = await connection.execute(_NEW_BOXES)
        passed += cursor.rowcount
    while True:
        async with connection.transaction():
            cursor = await connection.execute(
                "DELETE FROM cold_late WHERE id IN (SELECT id FROM cold_late ORDER BY id LIMIT %s) RETURNING sensor_id, hour",
                [LATE_ROWS],
            )
            late = set(await cursor.fetchall())
            if not late:
                return passed
            cursor = await connection.execute(_LATE, [[one[0] for one in late], [one[1] for one in late]])
            passed += cursor.rowcount


# A stay's sensors by name: one that had never said anything has no number. A reading holds for a while past its hour.
_LATE = """
INSERT INTO cold_note (parcel_id)
SELECT DISTINCT stay.parcel_id
FROM unnest(%s::int[], %s::timestamptz[]) AS late (sensor_id, hour)
JOIN sensor s ON s.id = late.sensor_id
JOIN cold_stay stay ON stay.site_id = s.site_id AND s.name = ANY(stay.sensors)
    AND stay.from_at < late.hour + interval '3 hours' AND stay.from_at > late.hour - interval '15 days'
    AND (NOT stay.is_over OR stay.to_at > late.hour)
"""

_NEW_BOXES = """
WITH told AS (
    UPDATE site_boxes SET is_noted = true WHERE NOT is_noted RETURNING site_id, since
)
INSERT INTO cold_note (parcel_id)
SELECT DISTINCT stay.parcel_id FROM told JOIN cold_stay stay USING (site_id)
WHERE NOT stay.is_over OR stay.to_at > told.since
    OR NOT EXISTS (SELECT FROM site_boxes b WHERE b.site_id = told.site_id AND b.since < told.since)
        AND stay.from_at > told.since - interval '15 days'
"""


async def account_batch(connection: Connection, now: datetime) -> tuple[int, int]:
    """The next ones that wait; returns how many those were, and of how many it changed since when they were too warm."""
    async with connection.transaction():
        notes, ids = await _next(connection, now)
        if not ids:
            return 0, 0
        facts = await read_facts(connection, ids)
        changed = await _compute(connection, facts, now)
        gone = sorted(set(ids) - {one.id for one in facts.parcels})
        await connection.execute("DELETE FROM cold_account WHERE parcel_id = ANY(%s)", [gone])
        await connection.execute("DELETE FROM cold_stay WHERE parcel_id = ANY(%s)", [gone])
        await connection.execute("DELETE FROM cold_note WHERE id = ANY(%s)", [notes])
        changed |= await _no_longer_breached(connection, gone)
        await _say_breaches(connection, changed, now)
    return len(ids), len(changed)


async def _next(connection: Connection, now: datetime) -> tuple[list[int], list[str]]:
    """Noted ones first, then those that wait longest."""
    cursor = await connection.execute("SELECT id, parcel_id FROM cold_note ORDER BY id LIMIT %s", [BATCH])
    notes = await cursor.fetchall()
    ids = {parcel_id for _, parcel_id in notes}
    if len(ids) < BATCH:
        cursor = await connection.execute(
            "SELECT parcel_id FROM cold_account WHERE NOT is_settled AND computed_at <= %s ORDER BY computed_at LIMIT %s",
            [now - AGAIN_AFTER, BATCH - len(ids)],
        )
        ids |= {row[0] for row in await cursor.fetchall()}
    return [number for number, _ in notes], sorted(ids)


async def _compute(connection: Connection, facts: ColdFacts, now: datetime) -> dict[str, Breached | None]:
    """Write the accounts; returns those of which it changed since when or where they were too warm."""
    whereabouts: dict[str, tuple[Stay, ...]] = {}
    legs_of: dict[str, tuple[Leg, ...]] = {}
    for parcel in facts.parcels:
        found = stays(facts.events.get(parcel.id, ()), facts.containers(parcel), parcel.planned_container)
        until_ms = min([to_ms(now), *(one.from_ms + LONGEST // timedelta(milliseconds=1) for one in found[:1])])
        whereabouts[parcel.id] = found
        legs_of[parcel.id] = legs(found, parcel.zone, facts.boxes, facts.vans_for(parcel), until_ms)
    measured = [(site_of(leg, facts.vans_for(one)), leg) for one in facts.parcels for leg in legs_of[one.id]]
    readings = await read_readings(connection, measured)
    rows: list[_AccountRow] = []
    stay_rows: list[_StayRow] = []
    changed: dict[str, Breached | None] = {}
    for parcel in facts.parcels:
        goods = goods_of(parcel.zone, parcel.classes)
        if goods is None:
            continue
        limits, vans = facts.limits_for(parcel, goods), facts.vans_for(parcel)
        judged = cold_account(goods, limits, legs_of[parcel.id], readings, vans)
        is_settled = _is_settled(whereabouts[parcel.id], facts.closed_to, now)
        rows.append(_account_row(parcel, judged, limits, now, is_settled=is_settled))
        stay_rows += _stay_rows(parcel, judged, vans)
        ms, where = judged.breached_ms, breach_of(judged, facts.kinds, vans)
        breached = None if ms is None else Breached(ms, where)
        if breached != parcel.breached:
            changed[parcel.id] = breached
    await connection.execute(_WRITE_ACCOUNTS, [msgspec.json.encode(rows).decode()])
    await connection.execute("DELETE FROM cold_stay WHERE parcel_id = ANY(%s)", [[one.id for one in facts.parcels]])
    await connection.execute(_WRITE_STAYS, [msgspec.json.encode(stay_rows).decode()])
    return changed


def _is_settled(found: Sequence[Stay], closed_to: datetime | None, now: datetime) -> bool:
    """It has left (or was never here), and whatever of its time arrives from now on is noted."""
    if not found:
        return True
    if closed_to is None:
        return False
    last = found[-1]
    if last.to_ms is not None:
        return last.to_ms <= to_ms(closed_to)
    return found[0].from_ms <= to_ms(min(now, closed_to) - LONGEST)


async def _no_longer_breached(connection: Connection, ids: Sequence[str]) -> dict[str, Breached | None]:
    """Of those that nobody has to keep cold any more: what was said of them is taken back."""
    cursor = await connection.execute("SELECT id FROM parcel WHERE id = ANY(%s) AND breached_at IS NOT NULL", [ids])
    return {row[0]: None for row in await cursor.fetchall()}


async def _say_breaches(connection: Connection, changed: dict[str, Breached | None], now: datetime) -> None:
    """On the parcel, and so on its order and in the rooms; in the order in which everybody locks them."""
    if not changed:
        return
    await fold_facts.lock(connection, sorted(changed))
    await connection.execute(
        """
        UPDATE parcel SET breached_at = new.at, breached_in = new.place, breached_site = new.site
        FROM jsonb_to_recordset(%s::jsonb) AS new (id text, at timestamptz, place text, site text) WHERE parcel.id = new.id
        """,
        [msgspec.json.encode([_breached_row(parcel_id, breached) for parcel_id, breached in changed.items()]).decode()],
    )
    folded = await refold(connection, changed, now)
    await change(connection, folded.entries, now)


class _BreachedRow(msgspec.Struct, frozen=True):
    id: str
    at: str | None
    place: str | None
    site: str


def _breached_row(parcel_id: str, breached: Breached | None) -> _BreachedRow:
    breach = None if breached is None else breached.breach
    return _BreachedRow(
        parcel_id, None if breached is None else iso(breached.ms), None if breach is None else breach.place,
        "" if breach is None else breach.site,
    )  # fmt: skip


class _AccountRow(msgspec.Struct, frozen=True):
    parcel_id: str
    goods: str
    limits: GoodsLimits
    computed_at: str
    is_settled: bool
    verdict: str
    basis: str
    observed_min: float
    expected_min: float
    above_min: float
    below_min: float
    above_c_min: float
    below_c_min: float
    mean_kinetic_c: float | None
    coldest_c: float | None
    warmest_c: float | None
    excursions: list["ExcursionRow"]


class ExcursionRow(msgspec.Struct, frozen=True, rename={"from_at": "from", "to_at": "to"}):
    """One of ``cold_account.excursions``. ``severity`` "": not for long enough to matter."""

    from_at: str
    to_at: str
    rule: str
    minutes: float
    peak_c: float
    severity: str


class _StayRow(msgspec.Struct, frozen=True):
    parcel_id: str
    n: int
    from_at: str
    to_at: str
    is_over: bool
    site_id: str
    place: str
    container_id: str
    is_aboard: bool
    basis: str
    box: str
    sensor: str
    sensors: list[str]
    observed_min: float
    out_min: float


def _account_row(parcel: ColdParcel, judged: ColdAccount, limits: Limits, now: datetime, *, is_settled: bool) -> _AccountRow:
    total = judged.total
    return _AccountRow(
        parcel.id, judged.goods, _wire(limits), iso(to_ms(now)), is_settled, judged.verdict, judged.basis, total.observed_min,
        total.expected_min, total.above_min, total.below_min, total.above_c_min, total.below_c_min,
        total.mean_kinetic_c if parcel.zone == "chilled" else None, judged.coldest_c, judged.warmest_c,
        [
            ExcursionRow(
                iso(one.from_ms), iso(one.to_ms), one.rule, one.minutes, one.peak_c, one.severity.value if one.severity else ""
            )
            for one in judged.excursions
        ],
    )  # fmt: skip


def _wire(limits: Limits) -> GoodsLimits:
    return GoodsLimits(
        low_c=limits.low_c, high_c=limits.high_c, rebound_c=limits.rebound_c, at_once_c=limits.at_once_c,
        warn_s=int(limits.warn_s), alarm_s=int(limits.alarm_s), clear_c=limits.clear_c, clear_s=int(limits.clear_s),
    )  # fmt: skip


def _stay_rows(parcel: ColdParcel, judged: ColdAccount, vans: Mapping[str, str]) -> Sequence[_StayRow]:
    return [
        _StayRow(
            parcel.id, n, iso(one.leg.from_ms), iso(one.leg.to_ms), one.leg.stay.to_ms is not None,
            site_of(one.leg, vans), one.leg.stay.place, one.leg.stay.container, one.leg.stay.is_aboard, one.leg.basis,
            one.box.name if one.box else "", one.box.sensor if one.box else "", [box.sensor for box in one.leg.boxes],
            one.exposure.observed_min, one.exposure.above_min + one.exposure.below_min,
        )
        for n, one in enumerate(judged.legs)
    ]  # fmt: skip


_ACCOUNT_TYPES = {
    "limits": "jsonb", "computed_at": "timestamptz", "is_settled": "boolean", "excursions": "jsonb",
    **dict.fromkeys(
        ("observed_min", "expected_min", "above_min", "below_min", "above_c_min", "below_c_min", "mean_kinetic_c", "coldest_c",
         "warmest_c"), "float8",
    ),
}  # fmt: skip
_STAY_TYPES = {
    "n": "int", "from_at": "timestamptz", "to_at": "timestamptz", "is_over": "boolean", "is_aboard": "boolean", "sensors": "text[]",
    "observed_min": "float8", "out_min": "float8",
}  # fmt: skip


def _recordset(names: Collection[str], types: dict[str, str]) -> str:
    return ", ".join(f"{name} {types.get(name, 'text')}" for name in names)


_ACCOUNT = _AccountRow.__struct_fields__
_STAY = _StayRow.__struct_fields__
_WRITE_ACCOUNTS = f"""
INSERT INTO cold_account ({", ".join(_ACCOUNT)})
SELECT {", ".join(_ACCOUNT)} FROM jsonb_to_recordset(%s::jsonb) AS new ({_recordset(_ACCOUNT, _ACCOUNT_TYPES)})
ON CONFLICT (parcel_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _ACCOUNT if name != "parcel_id")}
"""  # noqa: S608  # our own columns
_WRITE_STAYS = f"""
INSERT INTO cold_stay ({", ".join(_STAY)})
SELECT {", ".join(_STAY)} FROM jsonb_to_recordset(%s::jsonb) AS new ({_recordset(_STAY, _STAY_TYPES)})
"""  # noqa: S608  # our own columns
