"""Which operators each site serves (table `site_operator`): what a site says under another operator's name is not taken.

A broker's rules know a site by its log-in, but not always whom it serves. What is refused stays at the site, which sends it again:
it is taken as soon as the relation is there, and what lies in quarantine is replayed by itself. Costs a look into a set a message.
"""

from collections.abc import Callable, Collection, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

from cloud.ingest.batch import Arrival, Reason, Rejected
from cloud.ingest.keys import Item
from cloud.store.kept import LATEST_ARRIVAL
from cloud.store.pool import Connection
from edge.wire.clock import Clock, utc
from edge.wire.envelope import Envelope
from edge.wire.topics import ROOT, Topic

# A relation that is taken away counts as long at most; all that is known is asked again in one query.
REFRESH_S = 60.0
# A stranger costs a query a second at most, however much it sends.
ASK_AGAIN_S = 1.0
_MAX_STRANGERS = 10_000

Pair = tuple[str, str]  # operator, site

# A relation that has ended still holds for what the site kept from before; one that is agreed for later is no stranger's.
_COUNTS = "NOT isempty(r.valid) AND coalesce(upper(r.valid) > (%(since)s::timestamptz AT TIME ZONE o.time_zone)::date, true)"

_SERVED = f"""
SELECT r.operator_id, r.site_id
FROM unnest(%(operators)s::text[], %(sites)s::text[]) AS asked (operator_id, site_id)
JOIN site_operator r USING (operator_id, site_id) JOIN operator o ON o.id = r.operator_id
WHERE {_COUNTS}
"""  # noqa: S608  # constants

# Once: a message that is refused again for another reason waits for a person.
_REQUEST = f"""
UPDATE quarantine q SET state = 'requested', state_at = %(now)s
FROM site_operator r JOIN operator o ON o.id = r.operator_id
WHERE q.state = 'kept' AND q.reason = 'relation' AND q.outcome = '' AND r.site_id = q.site_id
    AND starts_with(q.topic, %(root)s || '/' || r.operator_id || '/') AND {_COUNTS}
"""  # noqa: S608  # constants


@dataclass(slots=True)
class Relations:
    """What was last heard of them; one for all workers of a process. ``read_monotonic_s``: time.monotonic."""

    clock: Clock
    read_monotonic_s: Callable[[], float]
    _served: set[Pair] = field(default_factory=set)
    _strangers: dict[Pair, float] = field(default_factory=dict)
    _asked_s: float = 0.0

    async def admit(self, connection: Connection, items: Sequence[Item]) -> Sequence[Item]:
        """The items, those under an operator whom their site does not serve as rejected. Outside of any transaction."""
        found = await self.strangers(connection, {item.topic[:2] for item in items if item.topic is not None})
        if not found:
            return items
        return [
            item if item.topic is None or item.topic[:2] not in found else refused(item.arrival, item.topic, item.envelope)
            for item in items
        ]

    async def strangers(self, connection: Connection, pairs: AbstractSet[Pair]) -> AbstractSet[Pair]:
        """Those of the pairs that are not related. Asks the database for what it does not know, and once a minute for all."""
        now_s = self.read_monotonic_s()
        is_due = now_s - self._asked_s >= REFRESH_S
        if not is_due and pairs <= self._served:
            return frozenset()
        wanted = {pair for pair in pairs - self._served if now_s - self._strangers.get(pair, -ASK_AGAIN_S) >= ASK_AGAIN_S}
        if is_due:
            self._asked_s = now_s
            found = await self._ask(connection, self._served | wanted)
            self._served.clear()
            self._served.update(found)
        elif wanted:
            self._served.update(await self._ask(connection, wanted))
        if len(self._strangers) > _MAX_STRANGERS:
            self._strangers.clear()
        self._strangers.update(dict.fromkeys(wanted - self._served, now_s))
        return pairs - self._served

    async def _ask(self, connection: Connection, pairs: Collection[Pair]) -> set[Pair]:
        since = utc(self.clock.now_ms()) - LATEST_ARRIVAL
        values = {"operators": [pair[0] for pair in pairs], "sites": [pair[1] for pair in pairs], "since": since}
        cursor = await connection.execute(_SERVED, values)
        return {(operator, site) for operator, site in await cursor.fetchall()}


def refused(arrival: Arrival, topic: Topic, envelope: Envelope | None = None) -> Rejected:
    """What a site said under an operator whom it does not serve."""
    operator, site, _ = topic
    detail = (
        f"relation: {site} does not serve {operator}; relate them (POST /api/sites/{site}/operators), then it is taken by itself"
    )
    return Rejected(arrival, Reason.RELATION, detail, topic, envelope)


async def request_replays(connection: Connection, now: datetime) -> int:
    """Ask for the replay of what was refused for a relation that is there by now; returns of how many messages."""
    cursor = await connection.execute(_REQUEST, {"now": now, "since": now - LATEST_ARRIVAL, "root": ROOT})
    return cursor.rowcount
