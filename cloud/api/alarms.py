"""Alarms of the sites: what is open, what each is about, and what people say of it from here.

A person at the station and one here say the same things; of two who say the same the first counts (`cloud.domain.alarm`).
"""

import secrets
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.context import CurrentAccount, ServicesDep, Transaction
from cloud.api.errors import ApiError, not_found
from cloud.api.text import Text, iso_of, iso_or_none
from cloud.auth.accounts import Account
from cloud.auth.audit import write_audit
from cloud.domain.alarm import WordKind
from cloud.domain.scope import SITES_IN_SCOPE
from cloud.store.alarm_folding import OF_CLOUD, AlarmKey, lock_site, say
from cloud.store.downlink_call import call_downlink
from cloud.store.pool import Connection
from cloud.store.rooms import change

router = APIRouter(prefix="/api/alarms", tags=["alarms"])

_TOLD_WITHIN_S = 60.0  # a station that is connected hears of it in a second


class AlarmOut(BaseModel):
    """``subject``: the sensor, or the site itself (rule ``site_silent``). ``acknowledged_by``: a name, or staff's id there.

    ``stands``: what it complains of goes on. ``is_open``: it stands, or nobody has seen it.
    """

    id: int
    site: str
    site_name: str
    alarm: str
    subject: str
    rule: str
    severity: str
    state: str
    stands: bool
    is_open: bool
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
    cleared_value: float | None
    closed_at: str | None
    closed_by: str
    close_note: str


class AlarmList(BaseModel):
    """``after``: give it back as a parameter for older ones; null on the last page."""

    alarms: list[AlarmOut]
    after: int | None


class WordIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    note: Text = Field(default="", max_length=500)


# Names of who acknowledged at the site are the station's own list of staff.
_COLUMNS = """a.id, a.site_id, coalesce(s.name, a.site_id), a.alarm, a.subject, a.rule, a.severity, a.state,
    a.cleared_at IS NULL AND a.closed_at IS NULL, a.is_open, a.since, a.raised_at, a.value, a.bound, a.explained, a.detail,
    a.acknowledged_at, coalesce(seen.name, a.acknowledged_by), a.note, a.cleared_at, a.cleared_value,
    a.closed_at, coalesce(done.name, a.closed_by), a.close_note"""
_ALARMS = """alarm a JOIN site s ON s.id = a.site_id
    LEFT JOIN staff_member seen ON seen.site_id = a.site_id AND seen.staff = a.acknowledged_by
    LEFT JOIN staff_member done ON done.site_id = a.site_id AND done.staff = a.closed_by"""


@router.get("")
async def list_alarms(
    account: CurrentAccount,
    connection: Transaction,
    site: Annotated[Text | None, Query(max_length=80)] = None,
    show: Literal["open", "all"] = "open",
    after: Annotated[int | None, Query(ge=1)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> AlarmList:
    """The open ones by severity, then the newest first; ``show=all``: all that ever were, the newest first."""
    where = f"{SITES_IN_SCOPE} AND (%(site)s::text IS NULL OR a.site_id = %(site)s)"
    if show == "all":  # by number alone, so that the index hands out a page and what is older is not even read
        order = f"WHERE {where} AND (%(after)s::bigint IS NULL OR a.id < %(after)s) ORDER BY a.id DESC"
    else:
        order = f"""WHERE {where} AND a.is_open
            ORDER BY array_position(ARRAY['critical', 'warning', 'info'], a.severity), a.raised_at DESC, a.id DESC"""
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM {_ALARMS} {order} LIMIT %(limit)s",  # noqa: S608  # literals only
        {**account.scope.site_filter(), "site": site, "after": after, "limit": limit},
    )
    found = [_alarm(row) for row in await cursor.fetchall()]
    return AlarmList(alarms=found, after=found[-1].id if show == "all" and len(found) == limit else None)


@router.get("/{alarm_id}")
async def look_at_alarm(alarm_id: int, account: CurrentAccount, connection: Transaction) -> AlarmOut:
    """One with its whole life."""
    return (await _find(connection, account, alarm_id))[0]


@router.post("/{alarm_id}/acknowledge")
async def acknowledge_alarm(
    alarm_id: int, said: WordIn, account: CurrentAccount, services: ServicesDep, connection: Transaction
) -> AlarmOut:
    """I have seen it and look after it. Again, or after somebody else, it changes nothing.

    A site that is connected is told, and its buzzer is quiet; at one that is away staff acknowledge it too.
    """
    return await _say(connection, account, alarm_id, WordKind.ACKNOWLEDGED, said.note, services.now())


@router.post("/{alarm_id}/close")
async def close_alarm(
    alarm_id: int, said: WordIn, account: CurrentAccount, services: ServicesDep, connection: Transaction
) -> AlarmOut:
    """I have dealt with it. 409 while what it complains of goes on."""
    return await _say(connection, account, alarm_id, WordKind.CLOSED, said.note, services.now())


async def _say(
    connection: Connection, account: Account, alarm_id: int, word: WordKind, note: str, now: datetime
) -> AlarmOut:  # fmt: skip
    alarm, _ = await _find(connection, account, alarm_id)
    await lock_site(connection, alarm.site)
    alarm, raised_by = await _find(connection, account, alarm_id)  # as nobody changes it any more
    if word is WordKind.CLOSED and alarm.stands:
        raise ApiError(409, "alarm_stands", "alarm_id")
    if alarm.closed_at is not None or (word is WordKind.ACKNOWLEDGED and alarm.acknowledged_at is not None):
        return alarm
    key = AlarmKey(alarm.site, alarm.alarm)
    entries = await say(connection, key, word, raised_by, account.id, account.display_name, note, now)
    if word is WordKind.ACKNOWLEDGED and alarm.rule not in OF_CLOUD:
        await _tell_site(connection, account.id, alarm, note, now)
    await write_audit(connection, now, account.id, f"alarm.{word}", key.entity_id, {"note": note})
    await change(connection, entries, now)
    return (await _find(connection, account, alarm_id))[0]


async def _tell_site(connection: Connection, account_id: int, alarm: AlarmOut, note: str, now: datetime) -> None:
    """So that its buzzer is quiet too. A command, which may be lost: where the site is away, staff there acknowledge it again."""
    detail = {"alarm": alarm.alarm, "severity": alarm.severity, "note": note[:200]}
    await connection.execute(
        """
        INSERT INTO command (id, site_id, action, account_id, reason, asked_at, expires_at, ttl_s, detail)
        SELECT %(id)s, %(site)s, 'acknowledge_alarm', %(account)s, %(reason)s, %(now)s, now() + make_interval(secs => %(ttl)s),
               %(ttl)s, %(detail)s
        FROM site_status t WHERE t.site_id = %(site)s AND t.online AND t.nonce <> ''
        """,
        {
            "id": secrets.token_hex(12), "site": alarm.site, "account": account_id, "reason": note or alarm.alarm, "now": now,
            "ttl": _TOLD_WITHIN_S, "detail": Jsonb(detail),
        },
    )  # fmt: skip
    await call_downlink(connection)


async def _find(connection: Connection, account: Account, alarm_id: int) -> tuple[AlarmOut, str]:
    """With what tells its newest raising."""
    cursor = await connection.execute(
        f"""
        SELECT {_COLUMNS}, a.raised_by FROM {_ALARMS} WHERE a.id = %(id)s AND {SITES_IN_SCOPE}
        """,  # noqa: S608  # literals only
        {**account.scope.site_filter(), "id": alarm_id},
    )
    row = await cursor.fetchone()
    if row is None:
        raise not_found("alarm_id", "alarm")
    return _alarm(row), row[-1]


def _alarm(row: tuple[Any, ...]) -> AlarmOut:
    return AlarmOut(
        id=row[0], site=row[1], site_name=row[2], alarm=row[3], subject=row[4], rule=row[5], severity=row[6], state=row[7],
        stands=row[8], is_open=row[9], since=iso_or_none(row[10]), raised_at=iso_of(row[11]), value=row[12], limit=row[13],
        explained=row[14], detail=row[15], acknowledged_at=iso_or_none(row[16]), acknowledged_by=row[17], note=row[18],
        cleared_at=iso_or_none(row[19]), cleared_value=row[20], closed_at=iso_or_none(row[21]), closed_by=row[22],
        close_note=row[23],
    )  # fmt: skip
