"""Folds alarms again and writes what came out, in the caller's transaction (ARCHITECTURE, decision 3).

Whoever folds an alarm holds its site's lock, as whoever writes the site's events does (`cloud.ingest.clocks`). Called by ingest for
what events are about, by the api for what people say, by jobs for sites that are silent.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from cloud.domain.alarm import Alarm, CloudWord, WordKind, fold_alarm, with_words
from cloud.domain.order import iso
from cloud.domain.rooms import site_room, sites_room
from cloud.store.fold_facts import EventRow, recorded
from cloud.store.pool import Connection
from cloud.store.rooms import RoomEntry, entry

# The rules of the cloud's own alarms: of a site, and of a vehicle on a run.
SITE_SILENT = "site_silent"
VAN_SILENT = "van_silent"
OFF_ROUTE = "off_route"
OF_CLOUD = frozenset({SITE_SILENT, VAN_SILENT, OFF_ROUTE})


@dataclass(frozen=True, slots=True, order=True)
class AlarmKey:
    """An alarm's name is unique within its site."""

    site: str
    alarm: str

    @classmethod
    def of_entity(cls, entity_id: str) -> "AlarmKey":
        """As event_subject has it; a site's id holds no slash."""
        site, _, alarm = entity_id.partition("/")
        return cls(site, alarm)

    @property
    def entity_id(self) -> str:
        return f"{self.site}/{self.alarm}"


class AlarmEntry(msgspec.Struct, frozen=True):
    """Body of ``alarm/{number}`` in the site's room and in those of its operators' sites, while it is open."""

    id: int
    site: str
    alarm: str
    subject: str
    rule: str
    severity: str
    state: str
    since: str | None
    raised_at: str
    value: float | None
    limit: float | None
    explained: str
    detail: str
    acknowledged_at: str | None
    acknowledged_by: str
    note: str
    cleared_at: str | None


async def lock_site(connection: Connection, site: str) -> None:
    """Until the transaction ends nobody else folds this site's alarms, and none of its events goes in."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 20))", [site])


async def refold_alarms(connection: Connection, keys: Collection[AlarmKey], now: datetime) -> tuple[RoomEntry, ...]:
    """Fold these and write their rows; the entries are for the rooms. The caller holds the lock of each site."""
    if not keys:
        return ()
    asked = sorted(keys)
    values = {
        "entities": [key.entity_id for key in asked], "sites": [key.site for key in asked], "alarms": [key.alarm for key in asked],
    }  # fmt: skip
    row: Any = await (await connection.execute(_FACTS, values)).fetchone()
    events, _ = recorded([] if row[0] is None else _EVENTS.decode(row[0]))
    words = _words([] if row[1] is None else _WORDS.decode(row[1]))
    own = {AlarmKey(one.site, one.alarm): one for one in ([] if row[2] is None else _OWN.decode(row[2]))}
    folded: dict[AlarmKey, Alarm] = {}
    for key in asked:
        said = words.get(key, [])
        alarm = with_words(_own(own[key]), said) if key in own else fold_alarm(events.get(key.entity_id, ()), said)
        if alarm is not None:
            folded[key] = alarm
    ids = await _write(connection, folded, is_of_cloud=False)
    await connection.execute(_TOUCHES, values)
    ids |= await _forget(connection, [key for key in asked if key not in folded])
    operators = await _operators(connection, {key.site for key in ids}, now)
    return tuple(
        made for key, number in ids.items() for made in _entries(number, key, folded.get(key), operators.get(key.site, ()))
    )  # fmt: skip


async def keep_own(connection: Connection, raised: dict[AlarmKey, Alarm], now: datetime) -> tuple[RoomEntry, ...]:
    """Alarms that the cloud itself raises, makes worse or clears, as they are; then folded with what people said of them."""
    await _write(connection, raised, is_of_cloud=True)
    return await refold_alarms(connection, raised.keys(), now)


# What the events are about each alarm, undos included; what people said; and what the cloud raised itself.
_FACTS = """
SELECT
    (SELECT json_agg(json_build_array(
            s.entity_id, e.site_id, e.epoch, e.n, e.hlc, (extract(epoch FROM e.measured_at) * 1000)::bigint,
            (extract(epoch FROM e.received_at) * 1000)::bigint, e.clock, e.fact, coalesce(c.offset_ms, 0), e.boot, NULL, NULL,
            e.actor, e.device))::text
     FROM event_subject s
     JOIN event e ON (e.site_id, e.epoch, e.n) = (s.site_id, s.epoch, s.n)
     LEFT JOIN clock_correction c ON (c.site_id, c.epoch, c.boot) = (e.site_id, e.epoch, e.boot)
     WHERE s.entity = 'alarm' AND s.entity_id = ANY(%(entities)s)),
    (SELECT json_agg(json_build_array(site_id, alarm, kind, (extract(epoch FROM at) * 1000)::bigint, name, note, seen))::text
     FROM alarm_word WHERE (site_id, alarm) IN (SELECT * FROM unnest(%(sites)s::text[], %(alarms)s::text[]))),
    (SELECT json_agg(json_build_array(
            site_id, alarm, subject, rule, severity, (extract(epoch FROM raised_at) * 1000)::bigint,
            (extract(epoch FROM since) * 1000)::bigint, (extract(epoch FROM cleared_at) * 1000)::bigint))::text
     FROM alarm WHERE is_of_cloud AND (site_id, alarm) IN (SELECT * FROM unnest(%(sites)s::text[], %(alarms)s::text[])))
"""


# Parcels that lie there now have their accounts computed at once (cold_accounts.py), and not when their turn comes.
_TOUCHES = """
INSERT INTO cold_late (sensor_id, hour)
SELECT s.id, date_trunc('hour', a.raised_at) FROM alarm a JOIN sensor s ON (s.site_id, s.name) = (a.site_id, a.subject)
WHERE (a.site_id, a.alarm) IN (SELECT * FROM unnest(%(sites)s::text[], %(alarms)s::text[])) AND right(s.name, 2) = '_c'
"""


class _WordRow(msgspec.Struct, frozen=True, array_like=True):
    site: str
    alarm: str
    kind: WordKind
    at_ms: int
    name: str
    note: str
    seen: str


class _OwnRow(msgspec.Struct, frozen=True, array_like=True):
    site: str
    alarm: str
    subject: str
    rule: str
    severity: str
    raised_ms: int
    since_ms: int | None
    cleared_ms: int | None


_EVENTS = msgspec.json.Decoder(list[EventRow])
_WORDS = msgspec.json.Decoder(list[_WordRow])
_OWN = msgspec.json.Decoder(list[_OwnRow])


def _words(rows: Iterable[_WordRow]) -> dict[AlarmKey, list[CloudWord]]:
    words: dict[AlarmKey, list[CloudWord]] = {}
    for row in rows:
        words.setdefault(AlarmKey(row.site, row.alarm), []).append(CloudWord(row.kind, row.at_ms, row.name, row.note, row.seen))
    return words


def _own(row: _OwnRow) -> Alarm:
    return Alarm(
        row.subject, row.rule, row.severity, row.raised_ms, row.since_ms, raised_by=row.severity, cleared_ms=row.cleared_ms
    )  # fmt: skip


class _Row(msgspec.Struct, frozen=True):
    site_id: str
    alarm: str
    is_of_cloud: bool
    subject: str
    rule: str
    severity: str
    state: str
    is_open: bool
    since: str | None
    raised_at: str
    raised_by: str
    value: float | None
    bound: float | None
    explained: str
    detail: str
    acknowledged_at: str | None
    acknowledged_by: str
    note: str
    cleared_at: str | None
    cleared_value: float | None
    closed_at: str | None
    closed_by: str
    close_note: str


_NAMES = _Row.__struct_fields__
_TYPES = {
    "is_of_cloud": "boolean", "is_open": "boolean", "value": "float8", "bound": "float8", "cleared_value": "float8",
    **dict.fromkeys(("since", "raised_at", "acknowledged_at", "cleared_at", "closed_at"), "timestamptz"),
}  # fmt: skip
_COLUMNS = ", ".join(_NAMES)
_WRITE = f"""
INSERT INTO alarm ({_COLUMNS})
SELECT {_COLUMNS} FROM jsonb_to_recordset(%s::jsonb) AS new ({", ".join(f"{name} {_TYPES.get(name, 'text')}" for name in _NAMES)})
ORDER BY site_id, alarm
ON CONFLICT (site_id, alarm) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _NAMES if name != "is_of_cloud")}
RETURNING site_id, alarm, id
"""  # noqa: S608  # our own columns


async def _write(connection: Connection, folded: dict[AlarmKey, Alarm], *, is_of_cloud: bool) -> dict[AlarmKey, int]:
    rows = [_row(key, alarm, is_of_cloud=is_of_cloud) for key, alarm in folded.items()]
    cursor = await connection.execute(_WRITE, [msgspec.json.encode(rows).decode()])
    return {AlarmKey(site, alarm): number for site, alarm, number in await cursor.fetchall()}


async def _forget(connection: Connection, keys: Sequence[AlarmKey]) -> dict[AlarmKey, int]:
    """What was raised by mistake, and undone, was no alarm."""
    if not keys:
        return {}
    cursor = await connection.execute(
        """
        DELETE FROM alarm WHERE (site_id, alarm) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
        RETURNING site_id, alarm, id
        """,
        [[key.site for key in keys], [key.alarm for key in keys]],
    )
    return {AlarmKey(site, alarm): number for site, alarm, number in await cursor.fetchall()}


def _row(key: AlarmKey, alarm: Alarm, *, is_of_cloud: bool) -> _Row:
    return _Row(
        key.site, key.alarm, is_of_cloud, alarm.subject, alarm.rule, alarm.severity, alarm.state, alarm.is_open,
        _iso(alarm.since_ms), iso(alarm.raised_ms), alarm.raised_by, alarm.value, alarm.limit, alarm.explained, alarm.detail,
        _iso(alarm.acknowledged_ms), alarm.acknowledged_by, alarm.note, _iso(alarm.cleared_ms), alarm.cleared_value,
        _iso(alarm.closed_ms), alarm.closed_by, alarm.close_note,
    )  # fmt: skip


async def _operators(connection: Connection, sites: Collection[str], now: datetime) -> dict[str, list[str]]:
    """Whose people are to see it: those the site serves today, and the one it speaks for."""
    cursor = await connection.execute(
        """
        SELECT r.site_id, r.operator_id FROM site_operator r JOIN operator o ON o.id = r.operator_id
        WHERE r.site_id = ANY(%(sites)s) AND r.valid @> (%(now)s::timestamptz AT TIME ZONE o.time_zone)::date
        UNION SELECT site_id, operator_id FROM site_status WHERE site_id = ANY(%(sites)s) ORDER BY 1, 2
        """,
        {"sites": sorted(sites), "now": now},
    )
    operators: dict[str, list[str]] = {}
    for site, operator in await cursor.fetchall():
        operators.setdefault(site, []).append(operator)
    return operators


def _entries(number: int, key: AlarmKey, alarm: Alarm | None, operators: Sequence[str]) -> Iterable[RoomEntry]:
    body = None
    if alarm is not None and alarm.is_open:
        body = AlarmEntry(
            id=number, site=key.site, alarm=key.alarm, subject=alarm.subject, rule=alarm.rule, severity=alarm.severity,
            state=alarm.state, since=_iso(alarm.since_ms), raised_at=iso(alarm.raised_ms), value=alarm.value, limit=alarm.limit,
            explained=alarm.explained, detail=alarm.detail, acknowledged_at=_iso(alarm.acknowledged_ms),
            acknowledged_by=alarm.acknowledged_by, note=alarm.note, cleared_at=_iso(alarm.cleared_ms),
        )  # fmt: skip
    for room in (site_room(key.site), *map(sites_room, operators)):
        yield entry(room, f"alarm/{number}", body)


def _iso(ms: int | None) -> str | None:
    return None if ms is None else iso(ms)


async def say(
    connection: Connection, key: AlarmKey, word: WordKind, seen: str, account_id: int, name: str, note: str, now: datetime
) -> tuple[RoomEntry, ...]:
    """What somebody says of an alarm from here, and what becomes of it. Takes the site's lock."""
    await connection.execute(
        """
        INSERT INTO alarm_word (site_id, alarm, kind, at, account_id, name, note, seen) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
        """,
        [key.site, key.alarm, word, now, account_id, name, note, seen],
    )
    return await refold_alarms(connection, [key], now)
