"""Moves each lane's floor over the keys that are all there, and notices what a restored database misses. Outside the hot path.

Keys below the floor are deleted; those of events are all kept, one beside the rows of its batch: a cloned card, or an old image of
one put back, writes other content under old numbers, and that has to be told from a repeat.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from cloud.ingest.answers import Answer
from cloud.ingest.batch import LANE_NUMBER, LANE_OF_NUMBER, Sealed
from cloud.ingest.keys import Item
from cloud.store.pool import Connection
from edge.wire.clock import utc
from edge.wire.ids import Epoch, Lane, OperatorId, Seq, SiteId
from edge.wire.messages import Resend
from edge.wire.topics import Leaf, Topic

_log = structlog.get_logger(__name__)

# A site needs this long to find and send what it keeps; asking again sooner would only send it twice.
RESEND_EVERY_S = 30.0
_LANES_A_ROUND = 500
# For the same batch in a row, at RESEND_EVERY_S or more: twenty minutes of a site that is there and sends all it has. What it
# moved to another epoch, or a twin of its card wrote, it can never send.
MOST_ASKED = 40


@dataclass(frozen=True, slots=True)
class Claim:
    """What a site last said of one lane: below ``floor`` all is acknowledged, below ``kept`` nothing can be sent again."""

    operator: OperatorId
    site: SiteId
    epoch: Epoch
    lane: Lane
    floor: Seq
    kept: Seq
    heard_at_ms: int | None = None  # None: looked up again, not heard


@dataclass(frozen=True, slots=True)
class Advance:
    """What came of one round: sites to ask again, and batches that are gone for good."""

    resends: tuple[Answer, ...]
    lost: int


@dataclass(slots=True)
class Claims:
    """The newest claim of each lane since the last round. Bounded by the number of lanes; a newer claim replaces an older."""

    _newest: dict[tuple[SiteId, Epoch, Lane], Claim] = field(default_factory=dict)

    def hear(self, items: Iterable[Item]) -> None:
        """Take in what a flush's batches claim."""
        for item in items:
            if not isinstance(item, Sealed):
                continue
            said, heard_at_ms = item.envelope, item.arrival.received_at_ms
            self.add([Claim(item.topic.operator, item.topic.site, said.epoch, said.lane, said.floor, said.kept, heard_at_ms)])

    def add(self, claims: Iterable[Claim]) -> None:
        """Take in what sites claim of lanes that are silent."""
        for claim in claims:
            key = (claim.site, claim.epoch, claim.lane)
            known = self._newest.get(key)
            if known is None or (known.floor, known.kept) < (claim.floor, claim.kept):
                self._newest[key] = claim

    def take(self) -> list[Claim]:
        """Claims to work on, each once, in the order in which lanes are locked."""
        taken = sorted(self._newest)[:_LANES_A_ROUND]
        return [self._newest.pop(key) for key in taken]


_RECORD = """
INSERT INTO lane_floor (site_id, epoch, lane, claimed, kept, heard_at) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (site_id, epoch, lane) DO UPDATE SET claimed = greatest(lane_floor.claimed, excluded.claimed),
    kept = greatest(lane_floor.kept, excluded.kept), heard_at = greatest(lane_floor.heard_at, excluded.heard_at)
RETURNING floor, claimed, kept
"""

# Usually none: a lane's floor is what it claims, but for what a restored database misses. The sites longest unheard come last.
_UNSETTLED = """
SELECT s.operator_id, f.site_id, f.epoch, f.lane, f.claimed, f.kept
FROM (SELECT * FROM lane_floor WHERE floor < claimed) f JOIN site_status s ON s.site_id = f.site_id
WHERE s.online ORDER BY s.heard_at DESC, 2, 3, 4 LIMIT %s
"""

# Neighbours in the key's index: the first gap is where the next key is not one more.
_FIRST_MISSING = """
SELECT coalesce(
    (SELECT %(from)s::bigint WHERE NOT EXISTS (
        SELECT FROM batch WHERE (site_id, epoch, lane, seq) = (%(site)s, %(epoch)s, %(lane)s, %(from)s))),
    (SELECT min(seq) + 1 FROM (
        SELECT seq, lead(seq) OVER (ORDER BY seq) AS following FROM batch
        WHERE (site_id, epoch, lane) = (%(site)s, %(epoch)s, %(lane)s) AND seq >= %(from)s AND seq < %(to)s
    ) AS neighbours WHERE following IS DISTINCT FROM seq + 1)
)
"""


@dataclass(slots=True)
class Floors:
    """Moves floors on one connection. ``read_monotonic_s``: time.monotonic."""

    read_monotonic_s: Callable[[], float]
    _asked_s: dict[tuple[SiteId, Epoch, Lane], float] = field(default_factory=dict)
    _looked_s: float | None = None

    async def unanswered(self, connection: Connection) -> list[Claim]:
        """Every ``RESEND_EVERY_S``: the claims of lanes that still miss something, also where the site has nothing new to say.

        A request reaches nobody where the site is offline or dies while it answers; else it would wait for the site's next batch.
        """
        now_s = self.read_monotonic_s()
        if self._looked_s is not None and now_s - self._looked_s < RESEND_EVERY_S:
            return []
        self._looked_s = now_s
        cursor = await connection.execute(_UNSETTLED, (_LANES_A_ROUND,))
        return [
            Claim(OperatorId(operator), SiteId(site), Epoch(epoch), LANE_OF_NUMBER[lane], Seq(claimed), Seq(kept))
            for operator, site, epoch, lane, claimed, kept in await cursor.fetchall()
        ]

    async def advance(self, connection: Connection, claims: Sequence[Claim], now: datetime) -> Advance:
        """One short transaction a lane. Returns what to ask for again; the caller publishes it."""
        resends: list[Answer] = []
        lost = 0
        for claim in claims:
            async with connection.transaction():
                missing, gone = await _advance_one(connection, claim)
                is_asked = missing is not None and self._may_ask(claim)
                if missing is not None and is_asked and await _times_asked(connection, claim, missing.start) > MOST_ASKED:
                    gone, is_asked = gone + await _give_up(connection, claim, missing), False
            lost += gone
            if missing is not None and is_asked:
                resends.append(resend(claim.operator, claim.site, claim.epoch, claim.lane, missing, now))
        return Advance(tuple(resends), lost)

    def _may_ask(self, claim: Claim) -> bool:
        now_s = self.read_monotonic_s()
        self._asked_s = {key: asked_s for key, asked_s in self._asked_s.items() if now_s - asked_s < RESEND_EVERY_S}
        key = (claim.site, claim.epoch, claim.lane)
        if key in self._asked_s:
            return False
        self._asked_s[key] = now_s
        return True


def resend(operator: str, site: str, epoch: Epoch, lane: Lane, wanted: range, now: datetime) -> Answer:
    """Ask a site for what it keeps of a range of seqs."""
    topic = Topic(OperatorId(operator), SiteId(site), Leaf.ACK)
    return Answer(
        str(topic),
        Resend(
            epoch=str(epoch),
            lane=lane.value,
            from_seq=wanted.start,
            to_seq=wanted.stop - 1,
            cloud_time_ms=int(now.timestamp() * 1000),
        ),
    )


async def _advance_one(connection: Connection, claim: Claim) -> tuple[range | None, int]:
    """Returns the range to ask for, None where nothing is missing, and how many batches turned out to be gone."""
    lane = LANE_NUMBER[claim.lane]
    key = (claim.site, claim.epoch, lane)
    heard_at = None if claim.heard_at_ms is None else utc(claim.heard_at_ms)
    cursor = await connection.execute(_RECORD, (*key, claim.floor, claim.kept, heard_at))
    row = await cursor.fetchone()
    if row is None:
        return None, 0
    floor, claimed, kept = row
    lost = await _missing_below(connection, key, floor, kept) if kept > floor else 0
    begin = max(floor, kept)
    reached = claimed
    wanted: range | None = None
    if begin < claimed:
        first = await _first_missing(connection, key, begin, claimed)
        if first < claimed:
            reached, wanted = first, range(first, claimed)
    reached = max(reached, floor)
    if reached > floor or lost:
        await connection.execute(
            "UPDATE lane_floor SET floor = %s, lost = lost + %s WHERE (site_id, epoch, lane) = (%s, %s, %s)", (reached, lost, *key)
        )
    if reached > floor and claim.lane is not Lane.EVENT:
        await connection.execute("DELETE FROM batch WHERE (site_id, epoch, lane) = (%s, %s, %s) AND seq < %s", (*key, reached))
    return wanted, lost


async def _times_asked(connection: Connection, claim: Claim, first: int) -> int:
    """With this time, and with the same batch the first that is missing."""
    cursor = await connection.execute(
        """
        UPDATE lane_floor SET asked = CASE WHEN asked_from = %(first)s THEN asked + 1 ELSE 1 END, asked_from = %(first)s
        WHERE (site_id, epoch, lane) = (%(site)s, %(epoch)s, %(lane)s) RETURNING asked
        """,
        {"first": first, "site": claim.site, "epoch": claim.epoch, "lane": LANE_NUMBER[claim.lane]},
    )
    row = await cursor.fetchone()
    return 0 if row is None else int(row[0])


async def _give_up(connection: Connection, claim: Claim, missing: range) -> int:
    """The site does not have it: lost, and told so in /health until somebody takes note. Up to the next batch that is there.

    What comes of an event lane after all is taken, as everything below its floor is.
    """
    key = (claim.site, claim.epoch, LANE_NUMBER[claim.lane])
    cursor = await connection.execute(
        "SELECT min(seq) FROM batch WHERE (site_id, epoch, lane) = (%s, %s, %s) AND seq >= %s AND seq < %s",
        (*key, missing.start, missing.stop),
    )
    row = await cursor.fetchone()
    following = missing.stop if row is None or row[0] is None else int(row[0])
    lost = following - missing.start
    await connection.execute(
        "UPDATE lane_floor SET floor = greatest(floor, %s), lost = lost + %s WHERE (site_id, epoch, lane) = (%s, %s, %s)",
        (following, lost, *key),
    )
    _log.warning(
        "a site cannot send again what the cloud misses", site=claim.site, epoch=str(claim.epoch), lane=claim.lane.value,
        from_seq=missing.start, to_seq=following - 1, asked=MOST_ASKED,
    )  # fmt: skip
    return lost


async def _missing_below(connection: Connection, key: tuple[SiteId, Epoch, int], floor: int, kept: int) -> int:
    cursor = await connection.execute(
        "SELECT count(*) FROM batch WHERE (site_id, epoch, lane) = (%s, %s, %s) AND seq >= %s AND seq < %s", (*key, floor, kept)
    )
    row = await cursor.fetchone()
    return kept - floor - (0 if row is None else row[0])


async def _first_missing(connection: Connection, key: tuple[SiteId, Epoch, int], begin: int, end: int) -> int:
    """The first seq in [begin, end) that has no key; ``end`` where all are there."""
    site, epoch, lane = key
    cursor = await connection.execute(_FIRST_MISSING, {"site": site, "epoch": epoch, "lane": lane, "from": begin, "to": end})
    row = await cursor.fetchone()
    return end if row is None or row[0] is None else min(end, row[0])
