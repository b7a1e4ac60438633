"""Devices that are not ours and tell where a vehicle is: enrolled, found by what they call themselves, last heard of."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from psycopg.rows import class_row

from cloud.domain.scope import TRACKERS_IN_SCOPE, Scope
from cloud.store.pool import Connection


class TrackerProtocol(StrEnum):
    """``osmand``: OsmAnd's query and Traccar Client's JSON."""

    OSMAND = "osmand"
    OWNTRACKS = "owntracks"
    JT808 = "jt808"


@dataclass(frozen=True, slots=True)
class Tracker:
    """One that is enrolled and not revoked. ``is_personal``: a person carries it."""

    id: int
    operator_id: str
    site_id: str
    protocol: TrackerProtocol
    is_personal: bool
    token_sha256: bytes | None
    terminal: str | None


@dataclass(frozen=True, slots=True)
class _TrackerRow:
    id: int
    operator_id: str
    site_id: str
    protocol: str
    is_personal: bool
    token_sha256: bytes | None
    terminal: str | None

    def tracker(self) -> Tracker:
        protocol = TrackerProtocol(self.protocol)
        return Tracker(self.id, self.operator_id, self.site_id, protocol, self.is_personal, self.token_sha256, self.terminal)


@dataclass(frozen=True, slots=True)
class Asked:
    """By what trackers are to be found: hashes of tokens, terminals' numbers, numbers of ours."""

    tokens: Sequence[bytes] = ()
    terminals: Sequence[str] = ()
    numbers: Sequence[int] = ()

    @classmethod
    def all(cls, parts: "Iterable[Asked]") -> "Asked":
        """Everything that is asked, in one."""
        tokens: list[bytes] = []
        terminals: list[str] = []
        numbers: list[int] = []
        for part in parts:
            tokens += part.tokens
            terminals += part.terminals
            numbers += part.numbers
        return cls(tokens, terminals, numbers)


def broker_user(tracker_id: int) -> str:
    """The name by which an OwnTracks phone logs in to the broker; its topics begin with it."""
    return f"{_BROKER_USER}{tracker_id}"


def broker_number(user: str) -> int | None:
    """The other way round; None for other users."""
    number = user.removeprefix(_BROKER_USER)
    return int(number) if number != user and number.isascii() and number.isdecimal() and len(number) < _DIGITS else None


_BROKER_USER = "tracker-"
_DIGITS = 18  # fits a bigint


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a tracker is made of. Of ``token`` and ``terminal`` one is given, by protocol; only the token's hash is kept."""

    operator_id: str
    site_id: str
    protocol: TrackerProtocol
    name: str
    is_personal: bool
    token: str | None = None
    terminal: str | None = None
    broker_hash: str = ""


@dataclass(frozen=True, slots=True)
class TrackerStanding:
    """A tracker as people look at it, with what was last heard of it; None: nothing yet."""

    id: int
    operator_id: str
    site_id: str
    site_name: str
    protocol: str
    name: str
    is_personal: bool
    terminal: str | None
    device: str
    created_at: datetime
    revoked_at: datetime | None
    heard_at: datetime | None
    fix_at: datetime | None
    battery: float | None
    fixes: int | None
    repeated: int | None
    unheard: int | None
    refused: int | None
    refusal: str | None
    refused_at: datetime | None


@dataclass(frozen=True, slots=True)
class Said:
    """What one flush heard of a tracker: how many fixes came to what, and the newest of it."""

    tracker_id: int
    fix_at: datetime | None = None
    battery: float | None = None
    fixes: int = 0
    repeated: int = 0
    unheard: int = 0
    refused: int = 0
    refusal: str = ""


def token_hash(token: str) -> bytes:
    """As it is kept: a token has 128 bits of chance, so one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).digest()


async def enrol(connection: Connection, wanted: Enrolment, at: datetime) -> int | None:
    """Its number; None where the terminal is enrolled already, whoever's it is."""
    cursor = await connection.execute(
        """
        INSERT INTO tracker (operator_id, site_id, protocol, name, is_personal, token_sha256, terminal, broker_hash, created_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (terminal) WHERE revoked_at IS NULL DO NOTHING RETURNING id
        """,
        [
            wanted.operator_id, wanted.site_id, wanted.protocol, wanted.name, wanted.is_personal,
            None if wanted.token is None else token_hash(wanted.token), wanted.terminal, wanted.broker_hash, at,
        ],
    )  # fmt: skip
    row = await cursor.fetchone()
    return None if row is None else int(row[0])


async def revoke(connection: Connection, scope: Scope, tracker_id: int, at: datetime) -> bool:
    """From the next flush on it is a stranger. False where there is none in scope; said again nothing changes."""
    cursor = await connection.execute(
        f"UPDATE tracker t SET revoked_at = coalesce(revoked_at, %(at)s) WHERE id = %(id)s AND {TRACKERS_IN_SCOPE} RETURNING id",  # noqa: S608
        {**scope.order_filter(), "id": tracker_id, "at": at},
    )
    return await cursor.fetchone() is not None


async def listed(connection: Connection, scope: Scope, tracker_id: int | None = None) -> list[TrackerStanding]:
    """Those that count first, then revoked ones; by vehicle."""
    async with connection.cursor(row_factory=class_row(TrackerStanding)) as cursor:
        await cursor.execute(
            f"""
            SELECT t.id, t.operator_id, t.site_id, s.name AS site_name, t.protocol, t.name, t.is_personal, t.terminal, t.device,
                t.created_at, t.revoked_at, h.heard_at, h.fix_at, h.battery, h.fixes, h.repeated, h.unheard, h.refused, h.refusal,
                h.refused_at
            FROM tracker t JOIN site s ON s.id = t.site_id LEFT JOIN tracker_heard h ON h.tracker_id = t.id
            WHERE {TRACKERS_IN_SCOPE} AND (%(id)s::bigint IS NULL OR t.id = %(id)s)
            ORDER BY t.revoked_at IS NOT NULL, t.site_id, t.id
            """.encode(),  # noqa: S608  # a constant
            {**scope.order_filter(), "id": tracker_id},
        )
        return await cursor.fetchall()


async def found(connection: Connection, asked: Asked) -> list[Tracker]:
    """Those that count."""
    async with connection.cursor(row_factory=class_row(_TrackerRow)) as cursor:
        await cursor.execute(
            """
            SELECT id, operator_id, site_id, protocol, is_personal, token_sha256, terminal FROM tracker
            WHERE revoked_at IS NULL AND (
                token_sha256 = ANY(%s) OR terminal = ANY(%s) OR (id = ANY(%s) AND protocol = 'owntracks')
            )
            """,
            [list(asked.tokens), list(asked.terminals), list(asked.numbers)],
        )
        return [row.tracker() for row in await cursor.fetchall()]


async def broker_hashes(connection: Connection) -> dict[str, str]:
    """The broker's users of phones with OwnTracks that count, and their passwords as Mosquitto keeps them."""
    cursor = await connection.execute("SELECT id, broker_hash FROM tracker WHERE revoked_at IS NULL AND broker_hash <> ''")
    return {broker_user(number): hashed for number, hashed in await cursor.fetchall()}


async def pin_device(connection: Connection, tracker_id: int, device: str) -> bool:
    """Remember which device registers under a terminal's number; False where it is another than the first one."""
    cursor = await connection.execute(
        "UPDATE tracker SET device = %(device)s WHERE id = %(id)s AND device IN ('', %(device)s) RETURNING id",
        {"id": tracker_id, "device": device},
    )
    return await cursor.fetchone() is not None


async def vehicles_underway(connection: Connection, sites: Sequence[str]) -> set[str]:
    """Those of which a run is being loaded, driven or interrupted: while it lasts, a courier's phone is heard."""
    cursor = await connection.execute(
        "SELECT DISTINCT vehicle_id FROM run WHERE vehicle_id = ANY(%s) AND state IN ('loading', 'departed', 'paused')",
        [list(sites)],
    )
    return {site for (site,) in await cursor.fetchall()}


_HEARD = """
INSERT INTO tracker_heard AS held (tracker_id, heard_at, fix_at, battery, fixes, repeated, unheard, refused, refusal, refused_at)
SELECT id, %(now)s, fix_at, battery, fixes, repeated, unheard, refused, refusal, CASE WHEN refused > 0 THEN %(now)s::timestamptz END
FROM unnest(
    %(ids)s::bigint[], %(fix_at)s::timestamptz[], %(battery)s::real[], %(fixes)s::bigint[], %(repeated)s::bigint[],
    %(unheard)s::bigint[], %(refused)s::bigint[], %(refusal)s::text[]
) AS said (id, fix_at, battery, fixes, repeated, unheard, refused, refusal) ORDER BY id
ON CONFLICT (tracker_id) DO UPDATE SET
    heard_at = greatest(held.heard_at, excluded.heard_at), fix_at = greatest(held.fix_at, excluded.fix_at),
    battery = coalesce(excluded.battery, held.battery), fixes = held.fixes + excluded.fixes,
    repeated = held.repeated + excluded.repeated, unheard = held.unheard + excluded.unheard,
    refused = held.refused + excluded.refused,
    refusal = CASE WHEN excluded.refused > 0 THEN excluded.refusal ELSE held.refusal END,
    refused_at = coalesce(excluded.refused_at, held.refused_at)
"""


async def note_heard(connection: Connection, said: Sequence[Said], now: datetime) -> None:
    """Add up what was heard. Of each tracker once."""
    await connection.execute(
        _HEARD,
        {
            "now": now,
            "ids": [one.tracker_id for one in said],
            "fix_at": [one.fix_at for one in said],
            "battery": [one.battery for one in said],
            "fixes": [one.fixes for one in said],
            "repeated": [one.repeated for one in said],
            "unheard": [one.unheard for one in said],
            "refused": [one.refused for one in said],
            "refusal": [one.refusal for one in said],
        },
    )
