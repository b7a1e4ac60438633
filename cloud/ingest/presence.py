"""What sites say of themselves: births, last wills, what configuration is in force. Every replica hears all of it.

Idempotent, and fenced by (boot, connect number), so that an old word never replaces a newer one. Leaves batches to the lanes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
import psycopg
import structlog

from cloud.domain.notices import RoomNotice
from cloud.domain.rooms import operator_room, site_room, sites_room
from cloud.ingest.batch import Arrival, Reason, Rejected
from cloud.ingest.floors import Claim
from cloud.ingest.rejects import keep_rejected
from cloud.ingest.relations import Relations, refused
from cloud.store.pool import Connection, is_bad_data
from cloud.store.rooms import RoomEntry, change, entry
from cloud.store.site_boxes import keep_boxes
from edge.wire.clock import to_ms
from edge.wire.codec import PayloadError, decode_reported, decode_status
from edge.wire.ids import Lane, Seq, parse_epoch
from edge.wire.messages import Birth, Reported, Will
from edge.wire.topics import Leaf, Topic

log = structlog.get_logger("ingest")


@dataclass(frozen=True, slots=True)
class Word:
    """One thing a site said of itself."""

    topic: Topic
    said: Birth | Will | Reported


@dataclass(slots=True)
class Heard:
    """What a round came to."""

    versions: list[RoomNotice] = field(default_factory=list)
    quarantined: list[Rejected] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)


# Of one (boot, connect) a birth does not raise the dead: its will came after it. A site says its birth again, each time with a
# later time, when a device of it changes; replicas hear it at different times, so an earlier one must not come back. Another epoch
# is another database file, whose numbers start over, and a lower boot of the same one may be an old image of the card put back:
# such a birth counts when it says a later time.
_STATUS = """
INSERT INTO site_status AS held (site_id, operator_id, boot, connect, online, nonce, epoch, said, heard_at)
VALUES (%(site)s, %(operator)s, %(boot)s, %(connect)s, %(online)s, %(nonce)s, %(epoch)s, %(said)s::jsonb, %(at)s)
ON CONFLICT (site_id) DO UPDATE SET
    operator_id = excluded.operator_id, boot = excluded.boot, connect = excluded.connect, online = excluded.online,
    nonce = CASE WHEN excluded.online THEN excluded.nonce ELSE held.nonce END,
    epoch = CASE WHEN excluded.online THEN excluded.epoch ELSE held.epoch END,
    said = CASE WHEN excluded.online THEN excluded.said ELSE held.said END,
    heard_at = excluded.heard_at
WHERE CASE WHEN excluded.online AND held.epoch <> '' AND (held.epoch <> excluded.epoch OR excluded.boot < held.boot)
    THEN coalesce((held.said->>'at_ms')::bigint, 0) < (excluded.said->>'at_ms')::bigint
    ELSE (held.boot, held.connect) < (excluded.boot, excluded.connect)
        OR (held.boot, held.connect) = (excluded.boot, excluded.connect) AND held.online AND (
            NOT excluded.online OR coalesce((held.said->>'at_ms')::bigint, -1) < (excluded.said->>'at_ms')::bigint)
    END
RETURNING site_id, operator_id, online, heard_at, boot, connect, said::text, reported::text
"""

_REPORTED = """
INSERT INTO site_status AS held (site_id, operator_id, boot, connect, online, reported, heard_at)
VALUES (%(site)s, %(operator)s, %(boot)s, %(connect)s, true, %(reported)s::jsonb, %(at)s)
ON CONFLICT (site_id) DO UPDATE SET reported = excluded.reported, heard_at = excluded.heard_at
WHERE (held.boot, held.connect) <= (excluded.boot, excluded.connect) AND held.reported IS DISTINCT FROM excluded.reported
    AND (coalesce((held.reported->>'boot')::int, -1), coalesce((held.reported->>'connect')::int, -1))
        <= (excluded.boot, excluded.connect)
RETURNING site_id, operator_id, online, heard_at, boot, connect, said::text, reported::text
"""


def read_word(arrival: Arrival) -> Word | Rejected | None:
    """What a message says; None for an emptied retained message, which says nothing."""
    try:
        topic = Topic.parse(arrival.topic)
    except ValueError as error:
        return Rejected(arrival, Reason.TOPIC, str(error))
    if not arrival.payload:
        return None
    try:
        match topic.leaf:
            case Leaf.STATUS:
                return Word(topic, decode_status(arrival.payload, arrival.content_type))
            case Leaf.REPORTED:
                return Word(topic, decode_reported(arrival.payload, arrival.content_type))
            case other:
                return Rejected(arrival, Reason.TOPIC, f"topic: a site says nothing of itself on {other}", topic)
    except PayloadError as error:
        return Rejected(arrival, Reason.PAYLOAD, str(error), topic)


async def hear(connection: Connection, arrivals: Sequence[Arrival], now: datetime, relations: Relations | None = None) -> Heard:
    """Write what sites said, in order of arrival, in one transaction; only changes reach the rooms.

    Where the database cannot hold one of them, each is written alone, and the bad one goes to quarantine. ``relations`` None:
    every site serves every operator.
    """
    words = _in_lock_order(arrivals)
    if relations is not None:
        pairs = {word.topic[:2] for _, word in words if word.topic is not None}
        strangers = await relations.strangers(connection, pairs)
        words = [
            (arrival, word if word.topic is None or word.topic[:2] not in strangers else refused(arrival, word.topic))
            for arrival, word in words
        ]
    try:
        return await _write_together(connection, words, now)
    except (psycopg.Error, ArithmeticError, ValueError) as error:
        if isinstance(error, psycopg.Error) and not is_bad_data(error):
            raise
    heard = Heard()
    for arrival, word in words:
        alone = await _write_alone(connection, arrival, word, now)
        heard.versions += alone.versions
        heard.claims += alone.claims
        heard.quarantined += alone.quarantined
    return heard


def _in_lock_order(arrivals: Sequence[Arrival]) -> list[tuple[Arrival, Word | Rejected]]:
    """By site, so that replicas lock in one order; a site's own words stay in the order of arrival."""
    words = [(arrival, word) for arrival in arrivals if (word := read_word(arrival)) is not None]
    return sorted(words, key=lambda pair: "" if pair[1].topic is None else pair[1].topic.site)


async def _write_together(connection: Connection, words: Sequence[tuple[Arrival, Word | Rejected]], now: datetime) -> Heard:
    heard = Heard()
    async with connection.transaction():
        entries: list[RoomEntry] = []
        for _, word in words:
            if isinstance(word, Rejected):
                heard.quarantined.append(word)
            else:
                entries += await write_word(connection, word, now)
                heard.claims += _claims_of(word)
        if heard.quarantined:
            entries += await keep_rejected(connection, heard.quarantined, now)
        heard.versions += await change(connection, entries, now)
    return heard


async def _write_alone(connection: Connection, arrival: Arrival, word: Word | Rejected, now: datetime) -> Heard:
    try:
        return await _write_together(connection, [(arrival, word)], now)
    except (psycopg.Error, ArithmeticError, ValueError) as error:
        if isinstance(error, psycopg.Error) and not is_bad_data(error):
            raise
        detail = str(error).splitlines()[0] if str(error) else type(error).__name__
    if isinstance(word, Rejected):
        log.error("message dropped: quarantine cannot hold it", topic=arrival.topic[:200], reason=word.reason.value, detail=detail)
        return Heard()
    return await _write_alone(connection, arrival, Rejected(arrival, Reason.DATABASE, detail, word.topic), now)


def _claims_of(word: Word) -> list[Claim]:
    """What a site says of lanes that are silent: after a restore nothing else tells that their end is missing."""
    if not isinstance(word.said, Birth):
        return []
    return [
        Claim(word.topic.operator, word.topic.site, parse_epoch(one.epoch), Lane(one.lane), Seq(one.floor), Seq(one.kept))
        for one in word.said.settled
    ]


async def write_word(connection: Connection, word: Word, now: datetime) -> list[RoomEntry]:
    """Write one word if it is news; returns what the rooms are to show."""
    said = word.said
    values: dict[str, object] = {
        "site": word.topic.site,
        "operator": word.topic.operator,
        "boot": said.boot,
        "connect": said.connect,
        "at": now,
    }
    if isinstance(said, Reported):
        cursor = await connection.execute(_REPORTED, {**values, "reported": msgspec.json.encode(said).decode()})
    elif isinstance(said, Birth):
        text = msgspec.json.encode(said).decode()
        cursor = await connection.execute(
            _STATUS, {**values, "online": True, "nonce": said.nonce, "epoch": said.epoch, "said": text}
        )
    else:
        cursor = await connection.execute(_STATUS, {**values, "online": False, "nonce": "", "epoch": "", "said": "{}"})
    row = await cursor.fetchone()
    if row is not None and isinstance(said, Birth):
        await keep_boxes(connection, word.topic.site, said.boxes, min(said.at_ms, to_ms(now)))
    return [] if row is None else _entries(row, await _served(connection, word.topic, now))


async def _served(connection: Connection, topic: Topic, now: datetime) -> list[str]:
    """The operators whose people are to see the site's state: those it serves today, and the one it speaks for."""
    cursor = await connection.execute(
        """
        SELECT r.operator_id FROM site_operator r JOIN operator o ON o.id = r.operator_id
        WHERE r.site_id = %s AND r.valid @> (%s::timestamptz AT TIME ZONE o.time_zone)::date
        """,
        (topic.site, now),
    )
    return sorted({topic.operator, *(operator for (operator,) in await cursor.fetchall())})


def _entries(row: Sequence[object], operators: Sequence[str]) -> list[RoomEntry]:
    site, operator, online, heard_at, boot, connect, said, reported = row
    body = {
        "site": site,
        "online": online,
        "heard_at": heard_at.isoformat().replace("+00:00", "Z") if isinstance(heard_at, datetime) else None,
        "boot": boot,
        "connect": connect,
        "said": msgspec.Raw(str(said).encode()),
        "reported": msgspec.Raw(str(reported).encode()),
    }
    return [
        entry(site_room(str(site)), "status", body),
        entry(operator_room(str(operator)), f"site/{site}", body),
        *(entry(sites_room(served), f"site/{site}", body) for served in operators),
    ]
