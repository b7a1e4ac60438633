"""``python -m cloud site add OPERATOR SITE --name …``: a station of one's own, and its user at the broker; ``site retire``."""

import argparse
import asyncio
import os
import secrets
import sys
from collections.abc import Sequence
from datetime import datetime
from enum import Enum, auto
from pathlib import Path
from urllib.parse import unquote, urlsplit

from paho.mqtt import MQTTException, publish
from paho.mqtt.enums import MQTTProtocolVersion

from cloud.auth.audit import write_audit
from cloud.auth.broker_passwords import mosquitto_hash
from cloud.config import CloudConfig
from cloud.onebox.folder import load_secrets
from cloud.onebox.sites import add_site, forget_site
from cloud.onebox.stored import FOLDER_VARIABLE
from cloud.store.pool import Connection, Unavailable, connect
from cloud.store.retiring import retire
from cloud.store.site_keys import add_key
from cloud.trouble import Trouble
from edge.wire.clock import Clock, utc
from edge.wire.codec import check_text
from edge.wire.ids import operator_id, site_id
from edge.wire.topics import ROOT as TOPICS
from edge.wire.topics import Leaf

_KEY_BYTES = 18


class _Before(Enum):
    """What a site was before it was added."""

    NEW = auto()
    SAME = auto()  # with this operator and this password
    OTHER_KEY = auto()
    OTHER_OPERATOR = auto()


_WORDS = {
    _Before.NEW: "",
    _Before.SAME: "{site} was registered already: nothing has changed, its password is the one it had.\n",
    _Before.OTHER_KEY: "{site} was registered already: this password is new, and the broker takes no other.\n",
    _Before.OTHER_OPERATOR: "{site} was registered already: new is that it serves {operator}, with this password.\n",
}


async def main(arguments: Sequence[str], config: CloudConfig, clock: Clock) -> int:
    """Exit code 0: it is registered; said again, that is said. On a one box its password stays, elsewhere it gets another."""
    options = parser().parse_args(arguments)
    if options.action == "retire":
        return await _retire(options.site, config, clock)
    try:
        operator, site, name = operator_id(options.operator), site_id(options.site), options.name
        check_text("name", name)
    except ValueError as error:
        raise Trouble(str(error), "correct it and call this again") from None
    box = os.environ.get(FOLDER_VARIABLE)
    if box and site == "cloud":
        raise Trouble("'cloud' is the broker's own user", "give the site another id")
    password = load_secrets(Path(box)).site_key(site) if box else secrets.token_urlsafe(_KEY_BYTES)
    async with await _connected(config) as connection, connection.transaction():
        before = await _register(connection, utc(clock.now_ms()), operator, site, options.kind, name, password)
    say = sys.stdout.write
    say(f"{site} is a {options.kind} of {operator}\n  broker user  {site}\n  password     {password}\n")
    say(_WORDS[before].format(site=site, operator=operator))
    if options.kind != "station":
        say(f'In its file: kind = "{options.kind}" under [site].\n')
    if box:
        add_site(Path(box), operator, site)
        say("The one box's broker lets it in within seconds (iotcore: after the next start).\n")
        say("Its port is in the line `broker … on port …` of what `make run` prints.\n")
    else:
        say("`python -m cloud broker` (docker compose) lets it in within seconds. To another broker add this user;\n")
        say(f"let it write tt/v1/{operator}/{site}/# and read the same, and nothing else.\n")
    return 0


def parser() -> argparse.ArgumentParser:
    """Its arguments."""
    made = argparse.ArgumentParser(prog="python -m cloud site", description="Sites of your own")
    actions = made.add_subparsers(dest="action", required=True)
    retire = actions.add_parser(
        "retire", help="a site that is closed: its keys open nothing, nobody waits for it; `add` brings it back"
    )
    retire.add_argument("site", help="its id")
    add = actions.add_parser("add", help="register a site, its operator and its user")
    add.add_argument("operator", help="its id; registered too where it is new")
    add.add_argument("site", help="its id: a-z, 0-9 and '-'")
    add.add_argument("--name", required=True, help="what residents read")
    add.add_argument("--kind", choices=["station", "van", "dock"], default="station")
    return made


async def _connected(config: CloudConfig) -> Connection:
    try:
        return await connect(config.database_url.get_secret_value(), "site")
    except Unavailable as error:
        raise Trouble(str(error), "start `make run` first, or correct TUANTU_DATABASE_URL") from None


async def _retire(site: str, config: CloudConfig, clock: Clock) -> int:
    box = os.environ.get(FOLDER_VARIABLE)
    now = utc(clock.now_ms())
    async with await _connected(config) as connection, connection.transaction():
        operators = await retire(connection, site, now)
        if operators is None:
            raise Trouble(f"there is no site {site}", "see the sites on the operations page")
        await write_audit(connection, now, None, "site.retire", site, {"by": "command line"})
    if box:
        forget_site(Path(box), site)
    say = sys.stdout.write
    say(f"{site} is retired: its keys open nothing, nobody waits for it\n")
    # What it last said is kept by the broker for whoever starts; ingest would take it for a site that is away.
    topics = [f"{TOPICS}/{operator}/{site}/{leaf}" for operator in operators for leaf in (Leaf.STATUS, Leaf.REPORTED, Leaf.DESIRED)]
    try:
        await asyncio.to_thread(_forget_retained, config.broker_url.get_secret_value(), topics)
    except (OSError, MQTTException, ValueError) as error:
        say(f"The broker could not be told ({error}): call this again once it runs.\n")
        return 1
    return 0


def _forget_retained(url: str, topics: Sequence[str]) -> None:
    parts = urlsplit(url)
    if not parts.hostname or not topics:
        return
    is_tls = parts.scheme == "mqtts"
    publish.multiple(
        [{"topic": topic, "payload": None, "qos": 1, "retain": True} for topic in topics],
        hostname=parts.hostname, port=parts.port or (8883 if is_tls else 1883), protocol=MQTTProtocolVersion.MQTTv5,
        auth={"username": unquote(parts.username or ""), "password": unquote(parts.password or "")},
        tls={"ca_certs": None} if is_tls else None,  # type: ignore[arg-type]  # the system's
    )  # fmt: skip


async def _register(
    connection: Connection, now: datetime, operator: str, site: str, kind: str, name: str, password: str
) -> _Before:  # fmt: skip
    await connection.execute("INSERT INTO operator (id, name) VALUES (%s, %s) ON CONFLICT DO NOTHING", [operator, operator])
    made = await connection.execute(
        "INSERT INTO site (id, kind, name, address, created_at) VALUES (%s, %s, %s, '', %s) ON CONFLICT DO NOTHING",
        [site, kind, name, now],
    )
    cursor = await connection.execute("SELECT kind, name FROM site WHERE id = %s", [site])
    there = await cursor.fetchone()
    if there != (kind, name):
        raise Trouble(f"{site} is registered already, as {there}", "choose another id, or give the same name and kind")
    related = await connection.execute(
        "INSERT INTO site_operator (site_id, operator_id) VALUES (%s, %s) ON CONFLICT DO NOTHING", [site, operator]
    )
    # By the same password the agent fetches its manifests.
    is_other_key = await add_key(connection, site, password, mosquitto_hash(password), now)
    await write_audit(connection, now, None, "site.add", site, {"by": "command line", "operator": operator})
    if made.rowcount:
        return _Before.NEW
    if related.rowcount:
        return _Before.OTHER_OPERATOR
    return _Before.OTHER_KEY if is_other_key else _Before.SAME
