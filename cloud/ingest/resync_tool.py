"""``python -m cloud resync [--site SITE]``: after a restore, ask sites to send again what they keep of acknowledged batches.

Ingest notices most of what is missing by itself (`floors`); this asks for everything at once. What is there already is a duplicate.
"""

import argparse
import asyncio
import secrets
import sys
from collections.abc import Sequence
from typing import NamedTuple

from paho.mqtt.client import MQTT_ERR_SUCCESS

from cloud.config import CloudConfig
from cloud.ingest.batch import LANE_OF_NUMBER
from cloud.ingest.floors import resend
from cloud.ingest.lane import publish_answers
from cloud.ingest.session import BrokerAddress, BrokerLost, open_session
from cloud.store.pool import Connection, Unavailable, connect
from cloud.trouble import Trouble
from edge.wire.clock import Clock, utc
from edge.wire.ids import Epoch, Lane

_LAST_SEQ = 2**62 - 1
_SEND_TIMEOUT_S = 10.0


class _Stream(NamedTuple):
    operator: str
    site: str
    epoch: Epoch
    lane: Lane


def parser() -> argparse.ArgumentParser:
    """Its arguments."""
    made = argparse.ArgumentParser(prog="python -m cloud resync", description="Ask sites to send again what they keep")
    made.add_argument("--site", help="only this site; every site the database knows otherwise")
    return made


async def main(arguments: Sequence[str], config: CloudConfig, clock: Clock) -> int:
    """Exit code 0 where every site that is known was asked, 1 where there is none to ask."""
    options = parser().parse_args(arguments)
    try:
        connection = await connect(config.database_url.get_secret_value(), "resync")
    except Unavailable as error:
        raise Trouble(str(error), "start it, or correct TUANTU_DATABASE_URL") from None
    try:
        streams = await known_streams(connection, options.site)
    finally:
        await connection.close()
    if not streams:
        sys.stdout.write("no site is known to ask\n")
        return 1
    now = utc(clock.now_ms())
    requests = [resend(*stream, range(1, _LAST_SEQ + 1), now) for stream in streams]
    try:
        address = BrokerAddress.parse(config.broker_url.get_secret_value())
        async with open_session(address, f"tuantu-resync-{secrets.token_hex(4)}", (), clock) as session:
            for sent in publish_answers(session, requests):
                if sent.rc != MQTT_ERR_SUCCESS:
                    raise BrokerLost(f"publish: return code {sent.rc}")
                await asyncio.to_thread(sent.wait_for_publish, _SEND_TIMEOUT_S)
    except (BrokerLost, ValueError, RuntimeError) as error:
        raise Trouble(f"can't ask the sites: {error}", "start the broker, or correct TUANTU_BROKER_URL") from None
    sites = {stream.site for stream in streams}
    sys.stdout.write(f"asked {len(sites)} sites ({len(streams)} lanes); a site that is offline has to be asked again\n")
    return 0


async def known_streams(connection: Connection, site: str | None) -> list[_Stream]:
    """Every lane of every epoch the database knows of, from batches, floors and what sites last said of themselves."""
    cursor = await connection.execute(
        """
        WITH stream AS (
            SELECT site_id, epoch::text, lane FROM lane_floor
            UNION SELECT site_id, epoch::text, lane FROM batch
            UNION SELECT site_id, epoch, lane FROM site_status, generate_series(1, 3) AS lane
            WHERE epoch ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
        )
        SELECT coalesce(s.operator_id, e.operator_id, o.operator_id), stream.site_id, stream.epoch::uuid, stream.lane
        FROM stream
        LEFT JOIN site_status s ON s.site_id = stream.site_id
        LEFT JOIN LATERAL (SELECT operator_id FROM event WHERE event.site_id = stream.site_id LIMIT 1) e ON true
        LEFT JOIN LATERAL (SELECT operator_id FROM sensor WHERE sensor.site_id = stream.site_id LIMIT 1) o ON true
        WHERE (%(site)s::text IS NULL OR stream.site_id = %(site)s)
            AND coalesce(s.operator_id, e.operator_id, o.operator_id) IS NOT NULL
        ORDER BY 2, 3, 4
        """,
        {"site": site},
    )
    return [_Stream(operator, name, Epoch(epoch), LANE_OF_NUMBER[lane]) for operator, name, epoch, lane in await cursor.fetchall()]
