"""The one box's own MQTT broker: Mosquitto where it is installed, else iotcore; both with passwords.

Writes the configuration and says how to start it. Running and restarting it is the supervisor's; ``running`` is for tests.
"""

import json
import shutil
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from cloud.auth.broker_passwords import mosquitto_hash
from cloud.onebox import mosquitto
from cloud.onebox.serving import Service, serving
from cloud.onebox.sites import ANY
from cloud.onebox.unprivileged import Unprivileged, server_user
from cloud.trouble import Trouble

ROOT = Path(__file__).resolve().parents[2]
_NONE: Mapping[str, str] = {}


class BrokerKind(StrEnum):
    """Which program serves."""

    MOSQUITTO = "mosquitto"
    IOTCORE = "iotcore"


@dataclass(frozen=True, slots=True)
class Broker:
    """A configured broker: how to start it and how to reach it."""

    kind: BrokerKind
    argv: list[str]
    run_as: Unprivileged | None
    host: str
    port: int
    logins: Mapping[str, str]  # user → password

    def url(self, user: str) -> str:
        return f"mqtt://{quote(user, safe='')}:{quote(self.logins[user], safe='')}@{self.host}:{self.port}"


def mosquitto_program() -> str | None:
    """Where Mosquitto lies, if it is installed."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin")


def choose(wanted: str | None = None) -> BrokerKind:
    """``wanted`` (mosquitto or iotcore), else Mosquitto where installed, else iotcore."""
    if not wanted:
        return BrokerKind.MOSQUITTO if mosquitto_program() else BrokerKind.IOTCORE
    try:
        kind = BrokerKind(wanted)
    except ValueError:
        raise Trouble(f"BROKER={wanted} is no broker we know", "BROKER=mosquitto or BROKER=iotcore") from None
    if kind is BrokerKind.MOSQUITTO and mosquitto_program() is None:
        raise Trouble("Mosquitto is not installed", "apt-get install mosquitto, or BROKER=iotcore")
    return kind


def prepare(
    kind: BrokerKind, folder: Path, port: int, logins: Mapping[str, str], owner: str = "cloud",
    operators: Mapping[str, str] = _NONE, host: str = "127.0.0.1", phones: Mapping[str, str] = _NONE,
) -> Broker:  # fmt: skip
    """Write configuration and passwords (0600) into ``folder``.

    Mosquitto lets ``owner`` do everything and every other user what a site named like the user has to say and hear, under its
    operator where ``operators`` names it (site → operator); iotcore has no such rules and so stays on loopback, whatever ``host``.
    ``phones`` (user → password as Mosquitto hashes it) may each say where they are, under their own names; iotcore knows plain
    passwords only, and so no phones. Whose site it is, ingest checks too: it knows the relations, which change while a broker runs.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if kind is BrokerKind.MOSQUITTO:
        sites = {site: operators.get(site, ANY) for site in logins if site != owner}
        return _prepare_mosquitto(folder, host, port, logins, mosquitto.rules_text(owner, sites, list(phones)), phones)
    return _prepare_iotcore(folder, port, logins)


def _prepare_mosquitto(
    folder: Path, host: str, port: int, logins: Mapping[str, str], rules_text: str, phones: Mapping[str, str]
) -> Broker:
    program = mosquitto_program()
    if program is None:
        raise Trouble("Mosquitto is not installed", "apt-get install mosquitto, or BROKER=iotcore")
    # Root in a private folder stays root: any other user could not read the passwords there.
    user = server_user(("mosquitto", "nobody"))
    run_as = user if user is not None and user.reaches(folder.parent) else None
    passwords, rules, config = folder / "passwords", folder / "rules", folder / "mosquitto.conf"
    hashes = {name: mosquitto_hash(password) for name, password in logins.items()}
    _write_private(passwords, mosquitto.passwords_text({**hashes, **phones}))
    _write_private(rules, rules_text)
    _write_private(config, mosquitto.configuration([mosquitto.Listener(port, host)], passwords, rules))
    if run_as is not None:
        run_as.own(folder)
    return Broker(BrokerKind.MOSQUITTO, [program, "-c", str(config)], run_as, _near(host), port, dict(logins))


def _near(host: str) -> str:
    """Where this machine reaches what listens there."""
    return "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104  # compared, not bound


def _prepare_iotcore(folder: Path, port: int, logins: Mapping[str, str]) -> Broker:
    users = "".join(f"{json.dumps(name)} = {json.dumps(password)}\n" for name, password in logins.items())
    config = folder / "iotcore.toml"
    # [v5.1] makes it speak MQTT 5; a client whose payload passes max_payload_size is dropped, not answered.
    _write_private(
        config,
        f"""\
id = 0

[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10

[v5.1]
name = "loopback"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1

[v5.1.connections]
connection_timeout_ms = 60000
max_payload_size = {mosquitto.MESSAGE_LIMIT_BYTES}
max_inflight_count = 500

[v5.1.connections.auth]
{users}""",
    )
    argv = [sys.executable, "-m", "cloud.onebox.iotcore_broker", str(config)]
    return Broker(BrokerKind.IOTCORE, argv, None, "127.0.0.1", port, dict(logins))


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)


def answers(broker: Broker) -> bool:
    """Whether it takes connections now."""
    try:
        socket.create_connection((broker.host, broker.port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def running(broker: Broker, log: Path, start_timeout_s: float = 20.0) -> Iterator[Broker]:
    """Run the broker in the block; stopped in order, killed after 5 s."""
    service = Service("the broker", broker.argv, broker.run_as, log, ROOT, signal.SIGTERM, start_timeout_s, 5.0)
    with serving(service, lambda: answers(broker)):
        yield broker
