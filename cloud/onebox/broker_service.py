"""``python -m cloud broker``: Mosquitto, with the users that the database knows; for a cloud of containers.

A site's key or a phone that is added or revoked counts within seconds. With the database away the broker goes on with whom it knew.
Leaves the files' text to `mosquitto`, and starting it again when it has died to whoever supervises this process.
"""

import asyncio
import json
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

import psycopg
import structlog

from cloud.auth.broker_passwords import mosquitto_hash
from cloud.config import CloudConfig
from cloud.onebox.broker import mosquitto_program
from cloud.onebox.certificates import Certificate, found_certificate
from cloud.onebox.children import loopback_of
from cloud.onebox.folder import write_private
from cloud.onebox.leash import leashed
from cloud.onebox.mosquitto import Listener, configuration, passwords_text, rules_text
from cloud.onebox.sites import ANY
from cloud.store.pool import Connection, Unavailable, connect, is_unavailable
from cloud.store.site_keys import broker_sites
from cloud.store.trackers import broker_hashes
from cloud.trouble import Trouble
from edge.wire.clock import Clock

_LOOK_S = 3.0  # setting up a phone or a Pi takes longer
_STOP_S = 5.0
_KEPT = "users.json"
# MQTT 5, CONNECT without user, client "tuantu": refused, which is an answer.
_NOBODY_CONNECTS = b"\x10\x13\x00\x04MQTT\x05\x02\x00\x0a\x00\x00\x06tuantu"

T = TypeVar("T")

log = structlog.get_logger("broker")


@dataclass(frozen=True, slots=True)
class Users:
    """Whom the broker lets in besides the cloud: site → operator or ANY, phones, and the hash of each one's password."""

    sites: Mapping[str, str] = field(default_factory=dict)
    phones: Sequence[str] = ()
    hashes: Mapping[str, str] = field(default_factory=dict)


async def run(config: CloudConfig, _clock: Clock) -> None:
    """Serve until the task is cancelled. Trouble where a setting or Mosquitto is missing, or where Mosquitto ends by itself."""
    server = _Server(config)
    try:
        await server.start()
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(server.watch())
            code = await server.ended()
            watching.cancel()
    finally:
        await server.stop()
    raise Trouble(f"Mosquitto ended by itself, exit code {code}", "what it said is above; whoever supervises this starts it again")


class _Server:
    """Mosquitto as our child, its files, and what they were made of."""

    def __init__(self, config: CloudConfig) -> None:
        self._url = config.database_url.get_secret_value()
        self._owner, self._owner_hash = _owner(config)
        self._folder = _given(config.broker_dir, "TUANTU_BROKER_DIR is not set", "name a folder of its own: /var/lib/tuantu/broker")
        self._program = _given(mosquitto_program(), "Mosquitto is not installed", "apt-get install mosquitto")
        self._config = config
        self._users = Users()
        self._certificate: Certificate | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._changing = asyncio.Lock()  # held while one Mosquitto takes another's place

    async def start(self) -> None:
        """With the users of last time: sites get in before the database does."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._users = _kept(self._folder / _KEPT)
        self._certificate = await asyncio.to_thread(self._look_for_certificate)
        await self._launch()

    async def watch(self) -> None:
        """Users and certificate, until cancelled; a database that is away is waited for."""
        is_away = False
        while True:
            try:
                async with await connect(self._url, "broker-users") as connection:
                    is_away = False
                    while True:
                        await self._look(connection)
                        await asyncio.sleep(_LOOK_S)
            except (Unavailable, psycopg.Error) as error:
                if not is_unavailable(error):
                    raise
                if not is_away:
                    log.warning("the database is away: whom the broker knows gets in", error=str(error).partition("\n")[0])
                is_away = True
            await asyncio.sleep(_LOOK_S)
            await self._renew()

    async def ended(self) -> int:
        """The exit code of a Mosquitto that we did not stop."""
        while True:
            process = self._process
            if process is None:
                raise RuntimeError("started before it is waited for")
            code = await process.wait()
            async with self._changing:
                if process is self._process:
                    return code

    async def stop(self) -> None:
        """In order, killed where that takes too long."""
        async with self._changing:
            await self._end()

    async def _end(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _look(self, connection: Connection) -> None:
        users = await _known(connection, self._owner)
        if users != self._users:
            self._users = users
            await asyncio.to_thread(write_private, self._folder / _KEPT, json.dumps(asdict(users)))
            await self._tell(f"{len(users.sites)} sites and {len(users.phones)} phones are let in")
        await self._renew()

    async def _renew(self) -> None:
        certificate = await asyncio.to_thread(self._look_for_certificate)
        if certificate is None or certificate == self._certificate:
            return
        is_first = self._certificate is None
        self._certificate = certificate
        if is_first:  # a signal adds no listener
            log.info("the certificate has come: Mosquitto starts again, now with TLS", port=self._config.broker_tls_port)
            await self._replace()
        else:
            await self._tell("the certificate was renewed")

    def _look_for_certificate(self) -> Certificate | None:
        config = self._config
        if not config.broker_tls_port or config.broker_certificates is None:
            return None
        return found_certificate(config.broker_certificates, config.broker_name)

    async def _tell(self, what: str) -> None:
        """Mosquitto reads passwords, rules and certificate anew; whoever is let in no more is cut off."""
        await asyncio.to_thread(self._write)
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGHUP)
        log.info(what)

    async def _replace(self) -> None:
        async with self._changing:
            await self._end()
            await self._launch()

    async def _launch(self) -> None:
        await asyncio.to_thread(self._write)
        argv = leashed([self._program, "-c", str(self._folder / "mosquitto.conf")], -1, -1, signal.SIGTERM)
        self._process = await asyncio.create_subprocess_exec(*argv, stdin=asyncio.subprocess.DEVNULL, stdout=sys.stderr, cwd="/")
        await self._serves(self._process)

    async def _serves(self, process: asyncio.subprocess.Process) -> None:
        """Until it reads what clients say, or has ended: before, a signal to read its files anew would end it."""
        host, port = loopback_of(self._config.broker_host), self._config.broker_port
        while process.returncode is None:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    reader, writer = await asyncio.open_connection(host, port)
                    writer.write(_NOBODY_CONNECTS)
                    answered = await reader.read(1)
                    writer.close()
                if answered:
                    return
            await asyncio.sleep(0.05)

    def _write(self) -> None:
        users, folder = self._users, self._folder
        passwords, rules = folder / "passwords", folder / "rules"
        write_private(passwords, passwords_text({self._owner: self._owner_hash, **users.hashes}))
        write_private(rules, rules_text(self._owner, users.sites, users.phones))
        listeners = [Listener(self._config.broker_port, self._config.broker_host)]
        if self._certificate is not None:
            chain, key = folder / "certificate.pem", folder / "certificate-key.pem"
            write_private(chain, self._certificate.chain)
            write_private(key, self._certificate.key)
            listeners.append(Listener(self._config.broker_tls_port, self._config.broker_host, chain, key))
        write_private(folder / "mosquitto.conf", configuration(listeners, passwords, rules))


def _owner(config: CloudConfig) -> tuple[str, str]:
    parts = urlsplit(config.broker_url.get_secret_value())
    if not parts.username or not parts.password:
        raise Trouble("TUANTU_BROKER_URL names no user and password", "want mqtt://cloud:PASSWORD@broker:1883, as all have it")
    return unquote(parts.username), mosquitto_hash(unquote(parts.password))


def _given(value: T | None, what: str, remedy: str) -> T:
    if not value:
        raise Trouble(what, remedy)
    return value


async def _known(connection: Connection, owner: str) -> Users:
    """As the database has it now. The cloud's own user is nobody else's, and a phone's name no site's."""
    phones = await broker_hashes(connection)
    found = {site: known for site, known in (await broker_sites(connection)).items() if site != owner and site not in phones}
    sites = {site: known.operators[0] if len(known.operators) == 1 else ANY for site, known in found.items()}
    return Users(sites, tuple(sorted(phones)), {**{site: known.hashed for site, known in found.items()}, **phones})


def _kept(file: Path) -> Users:
    """Those of last time; none where there was none, or where the file was cut off."""
    try:
        said = json.loads(file.read_bytes())
        return Users(dict(said["sites"]), tuple(said["phones"]), dict(said["hashes"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Users()
