"""What the gateway asks the database: versions of rooms, entries above a version, and whether a token stands.

Every question has a deadline of its own: a database that hangs is as good as away.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from psycopg_pool import AsyncConnectionPool

from cloud.auth.links import LEADER_LINKS, Link, LinkError, LinkExpiredError, LinkSigner, looks_like_link
from cloud.auth.sessions import find_account, find_accounts, token_sha256
from cloud.domain.order import iso
from cloud.domain.scope import Role, Scope
from cloud.live.frames import Entry
from cloud.live.rooms import PAGE_ENTRIES, Fetch, Fetched
from cloud.store.heartbeat import beat, retire
from cloud.store.leaders import leader_link_versions
from cloud.store.pool import Connection, Unavailable
from edge.wire.clock import Clock, to_ms, utc

_CONNECTION_WITHIN_S = 2.0
_ANSWER_WITHIN_S = 5.0
_ADMISSIONS_AT_ONCE = 2


class TokenRefusedError(ValueError):
    """The token is not good (any more); the text is for its owner."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks on, and by what: a session (the hash of its token) or a link."""

    scope: Scope
    session: bytes = b""
    link: Link | None = None


class Reading:
    """Questions to the database. Raises what ``cloud.store.pool.is_unavailable`` knows where there is no answer."""

    def __init__(self, pool: AsyncConnectionPool[Connection], signer: LinkSigner, clock: Clock) -> None:
        self._pool = pool
        self._signer = signer
        self._leaders_signer = signer.of_kind(LEADER_LINKS)
        self._clock = clock
        # When a gateway starts, everybody comes back at once: they wait here, and leave connections for polls and fetches.
        self._admissions = asyncio.Semaphore(_ADMISSIONS_AT_ONCE)

    async def versions(self, rooms: Collection[str]) -> dict[str, int]:
        """Where these rooms stand; a room that nothing was ever written to is left out."""
        async with self._connection() as connection:
            cursor = await connection.execute("SELECT name, version FROM room WHERE name = ANY(%s)", [list(rooms)])
            return dict(await cursor.fetchall())

    async def entries(self, fetches: Sequence[Fetch]) -> list[Fetched]:
        """One statement for all: each room's version and its entries above, as of one moment."""
        found: list[list[Entry]] = [[] for _ in fetches]
        versions = [0] * len(fetches)
        async with self._connection() as connection:
            cursor = await connection.execute(
                """
                SELECT wanted.place, coalesce(room.version, 0), entry.key, entry.version, entry.at, entry.body
                FROM unnest(%(rooms)s::text[], %(above)s::bigint[]) WITH ORDINALITY AS wanted (room, above, place)
                LEFT JOIN room ON room.name = wanted.room
                LEFT JOIN LATERAL (
                    SELECT e.key, e.version, e.at, e.body::text FROM room_entry e
                    WHERE e.room = wanted.room
                      AND e.version > CASE WHEN wanted.above > coalesce(room.version, 0) THEN 0 ELSE wanted.above END
                    ORDER BY e.version FETCH FIRST %(page)s ROWS WITH TIES
                ) entry ON true
                """,
                {
                    "rooms": [fetch.room for fetch in fetches],
                    "above": [fetch.above for fetch in fetches],
                    "page": PAGE_ENTRIES,
                },
            )
            for place, version, key, entry_version, at, body in await cursor.fetchall():
                versions[place - 1] = version
                if key is not None:
                    found[place - 1].append(Entry(key, entry_version, iso(to_ms(at)), body))
        return [
            Fetched(fetch, version, sorted(news, key=lambda one: one.version), len(news) < PAGE_ENTRIES)
            for fetch, version, news in zip(fetches, versions, found, strict=True)
        ]

    async def viewer(self, token: str) -> Viewer:
        """Whose token this is. TokenRefusedError where it is not good."""
        async with self._admissions:
            return await self._viewer(token)

    async def _viewer(self, token: str) -> Viewer:
        if looks_like_link(token):
            viewer = self._by_link(token)
            if await self.standing([viewer]) == [None]:
                raise TokenRefusedError("this link was taken back")
            return viewer
        async with self._connection() as connection:
            account = await find_account(connection, utc(self._clock.now_ms()), token)
        if account is None:
            raise TokenRefusedError("this log-in has ended")
        return Viewer(account.scope, session=token_sha256(token))

    def _by_link(self, token: str) -> Viewer:
        """A resident's link, else a leader's; what it says is still to be compared with what stands."""
        try:
            link = self._signer.read(token)
        except LinkError as refusal:
            try:
                link = self._leaders_signer.read(token)
            except LinkError as error:
                # Of an expired one it is told that it has expired, whichever kind it is.
                raise TokenRefusedError(str(error if isinstance(error, LinkExpiredError) else refusal)) from None
            operator, _, leader = link.order_id.partition("/")
            return Viewer(Scope(Role.GROUP, operator, frozenset(), leader_id=leader), link=link)
        return Viewer(Scope(Role.RESIDENT, order_id=link.order_id), link=link)

    async def standing(self, viewers: Sequence[Viewer]) -> list[Viewer | None]:
        """Each as of now: None where the log-in has ended, or the link has expired or was taken back."""
        sessions = {viewer.session for viewer in viewers if viewer.session}
        orders = {viewer.link.order_id for viewer in viewers if viewer.link and viewer.scope.role is Role.RESIDENT}
        leaders = {viewer.link.order_id for viewer in viewers if viewer.link and viewer.scope.role is Role.GROUP}
        async with self._connection() as connection:
            accounts = await find_accounts(connection, utc(self._clock.now_ms()), sessions) if sessions else {}
            scopes = {key: account.scope for key, account in accounts.items()}
            versions = {Role.RESIDENT: await _link_versions(connection, orders) if orders else {}}
            versions[Role.GROUP] = await leader_link_versions(connection, leaders) if leaders else {}
        return [self._now(viewer, scopes, versions.get(viewer.scope.role, {})) for viewer in viewers]

    def _now(self, viewer: Viewer, scopes: Mapping[bytes, Scope], versions: Mapping[str, int]) -> Viewer | None:
        if viewer.link is not None:
            stands = not self._signer.is_expired(viewer.link) and versions.get(viewer.link.order_id) == viewer.link.version
            return viewer if stands else None
        scope = scopes.get(viewer.session)
        return None if scope is None else Viewer(scope, session=viewer.session)

    async def beat(self, instance: str) -> None:
        """Say that this gateway lives."""
        async with self._connection() as connection:
            await beat(connection, "live", instance)

    async def retire(self, instance: str) -> None:
        """Say that it stops on purpose."""
        async with self._connection() as connection:
            await retire(connection, "live", instance)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S), self._pool.connection(timeout=_CONNECTION_WITHIN_S) as connection:
                yield connection
        except TimeoutError:
            raise Unavailable(f"the database gave no answer within {_ANSWER_WITHIN_S:.0f} s") from None


async def _link_versions(connection: Connection, orders: Collection[str]) -> dict[str, int]:
    cursor = await connection.execute("SELECT id, link_version FROM customer_order WHERE id = ANY(%s)", [list(orders)])
    return dict(await cursor.fetchall())
