"""Makes each site's manifest anew when anything of it has changed, or the day has. One replica at a time.

Deriving a code's key takes a core a tenth of a second: in a thread, once a code and day, outside of any transaction.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
import structlog

from cloud.auth.claims import OUTLIVES_DEADLINE, code_of
from cloud.auth.masking import masked_name
from cloud.auth.pickup import PickupKeys
from cloud.auth.residents import ResidentVault, UnreadableError
from cloud.store import manifest_facts
from cloud.store.manifest_facts import DayFacts, Newest, Stamp, StationDay
from cloud.store.pool import Connection
from edge.wire.clock import EPOCH, to_ms
from edge.wire.manifest import CodeKey, Manifest, encode_manifest
from edge.wire.pickup import Scrypt, secret_key

_log = structlog.get_logger(__name__)

# Seconds since this day number manifests, so that a database restored from a backup numbers on above what it has forgotten.
_COUNTED_FROM = EPOCH + timedelta(days=18_262)  # 2020-01-01
_LOCK = 0x74756D66  # "tumf"
_KEYS_KEPT = timedelta(days=2)
# A code that was taken back is refused as such for a day, and is no guess. Each costs a derivation a day: of one claim, a few.
_REVOKED_SAID = timedelta(days=1)
_REVOKED_MOST = 3
_OUTLIVES_MS = int(OUTLIVES_DEADLINE.total_seconds() * 1000)  # a code and its QR die together
# For what moves no stamp: a name that was corrected, a token that has expired.
_LOOK_ANYWAY = timedelta(minutes=30)


class ManifestMaker:
    """``make_all`` on a connection of its own, in autocommit."""

    def __init__(self, keys: PickupKeys, vault: ResidentVault) -> None:
        self._keys = keys
        self._vault = vault
        self._made: dict[str, tuple[Stamp, datetime]] = {}

    async def make_all(self, connection: Connection, now: datetime) -> Mapping[str, int]:
        """All stations; returns how many have a new one, and how many have one."""
        cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        if await cursor.fetchone() != (True,):
            return {"made": 0, "stations": 0}
        try:
            stamps = await manifest_facts.stamps(connection, now)
            made = 0
            for stamp in stamps:
                if self._is_due(stamp, now):
                    made += await self.make(connection, stamp.site, now)
                    self._made[stamp.site] = stamp, now
            await connection.execute("DELETE FROM pickup_code_key WHERE day < %s", [(now - _KEYS_KEPT).date()])
            return {"made": made, "stations": len(stamps)}
        finally:
            await connection.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])

    def _is_due(self, stamp: Stamp, now: datetime) -> bool:
        """Where anything was said to have changed; and now and then all the same."""
        last = self._made.get(stamp.site)
        return last is None or last[0] != stamp or not timedelta() <= now - last[1] < _LOOK_ANYWAY

    async def make(self, connection: Connection, site: str, now: datetime) -> bool:
        """One station's, if anything is new."""
        station = await manifest_facts.station_day(connection, site, now)
        match station.kind:
            case "dock":
                facts = await manifest_facts.dock_day(connection, site, station.day)
            case "van":
                facts = await manifest_facts.van_day(connection, site, station.day)
            case _:
                facts = await manifest_facts.day_facts(connection, site, station.day, now, self._masked)
        async with connection.transaction():
            for claim in facts.claims:
                if claim.done:
                    continue  # it has had its code
                await code_of(connection, self._keys, site, claim.claim, now)
        cost = Scrypt(salt=station.code_salt, n=station.code_cost)  # type: ignore[arg-type]  # checked where it is set
        codes = await self._codes(connection, station, cost, {claim.claim: claim.deadline_ms for claim in facts.claims}, now)
        plain = self._manifest(station, facts, cost, codes)
        content = hashlib.sha256(encode_manifest(plain)).hexdigest()
        last = await manifest_facts.newest(connection, site)
        if last is not None and last.content_sha256 == content:
            return False
        counted = int((now - _COUNTED_FROM).total_seconds())
        version = max(counted, 0 if last is None else last.version + 1)
        body = encode_manifest(msgspec.structs.replace(plain, version=version, made_at_ms=to_ms(now)))
        made = Newest(hashlib.sha256(body).hexdigest(), version, content)
        async with connection.transaction():
            await manifest_facts.keep(connection, site, station.day, made, body, now)
        parcels = len(facts.parcels) + sum(len(load.parcels) for load in facts.loads)
        _log.info("manifest made", site=site, day=station.day.isoformat(), parcels=parcels, bytes=len(body))
        return True

    def _masked(self, operator_id: str, sealed: bytes) -> str:
        try:
            return masked_name(self._vault.open(operator_id, sealed))
        except UnreadableError:
            return ""  # sealed under another secret: the tail is left to recognise them by

    def _manifest(self, station: StationDay, facts: DayFacts, cost: Scrypt, codes: tuple[CodeKey, ...]) -> Manifest:
        return Manifest(
            site=station.site, version=0, day=station.day.isoformat(), made_at_ms=0, code_cost=cost,
            staff_cost=Scrypt(salt=station.staff_salt), operators=facts.operators, keys=(self._keys.signing_key,),
            revoked=facts.revoked, articles=facts.articles, containers=facts.containers, claims=facts.claims, codes=codes,
            parcels=facts.parcels, others=facts.others, staff=facts.staff, shelves=facts.shelves, cells=facts.cells,
            rules=station.rules, released=facts.released, removed=facts.removed, loads=facts.loads, runs=facts.runs,
        )  # fmt: skip

    async def _codes(
        self, connection: Connection, station: StationDay, cost: Scrypt, deadlines: Mapping[str, int], now: datetime
    ) -> tuple[CodeKey, ...]:
        """Of these claims (deadline in ms by claim): those in force, and of each the last few that were taken back lately."""
        cursor = await connection.execute(
            """
            SELECT id, claim, token, sealed, key, is_revoked, expires_at FROM (
                SELECT c.id, c.claim, c.token, c.sealed, k.key, c.revoked_at IS NOT NULL AS is_revoked, t.expires_at, c.revoked_at,
                       row_number() OVER (PARTITION BY c.claim, c.revoked_at IS NULL ORDER BY c.revoked_at DESC, c.id) AS place
                FROM pickup_code c LEFT JOIN pickup_token t ON t.token = c.token
                LEFT JOIN pickup_code_key k ON k.site_id = c.site_id AND k.day = %(day)s AND k.code_id = c.id AND k.cost = %(cost)s
                WHERE c.site_id = %(site)s AND c.claim = ANY(%(claims)s)
            ) AS c WHERE NOT is_revoked OR revoked_at > %(since)s AND place <= %(most)s ORDER BY id
            """,
            {
                "day": station.day, "cost": cost.n, "site": station.site, "claims": list(deadlines),
                "since": now - _REVOKED_SAID, "most": _REVOKED_MOST,
            },
        )  # fmt: skip
        codes = []
        for code_id, claim, token, sealed, key, is_revoked, expires_at in await cursor.fetchall():
            derived = bytes(key) if key else await self._derive(connection, station, cost, code_id, bytes(sealed))
            expires_ms = deadlines[claim] + _OUTLIVES_MS if expires_at is None else to_ms(expires_at)
            codes.append(CodeKey(key=derived, claim=claim, token=token, is_revoked=is_revoked, expires_ms=expires_ms))
        # By key: the order in which codes were made is nobody's to see.
        return tuple(sorted(codes, key=lambda one: one.key))

    async def _derive(self, connection: Connection, station: StationDay, cost: Scrypt, code_id: int, sealed: bytes) -> bytes:
        code = self._keys.open(station.site, sealed)
        key = await asyncio.to_thread(secret_key, code, cost)
        await connection.execute(
            """
            INSERT INTO pickup_code_key (site_id, day, code_id, cost, key) VALUES (%s, %s, %s, %s, %s)
            ON CONFLICT (site_id, day, code_id) DO UPDATE SET cost = excluded.cost, key = excluded.key
            """,
            [station.site, station.day, code_id, cost.n, key],
        )
        return key
