"""Mosquitto's files: configuration, who may log in, what each may say and hear. Texts only; others write them and start it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.wire.topics import ROOT as ROOT_TOPIC
from edge.wire.topics import Leaf

# A sealed batch is at most 64 KiB; what is bigger than this is refused before it costs anyone memory.
MESSAGE_LIMIT_BYTES = 1024 * 1024
# Above the sum of all sites' credit, so that the broker never drops what the edge was allowed to send.
MAX_QUEUED_MESSAGES = 100_000
MAX_INFLIGHT_MESSAGES = 2_000
# The leaves a site publishes and those it subscribes to.
_SAYS = (Leaf.UP_EVENT, Leaf.UP_LIVE, Leaf.UP_BACKFILL, Leaf.STATUS, Leaf.RESPONSE, Leaf.REPORTED)
_HEARS = (Leaf.ACK, Leaf.COMMAND, Leaf.DESIRED)
PHONES_TOPIC = "owntracks"  # as the app names it (cloud/positions/owntracks.py)


@dataclass(frozen=True, slots=True)
class Listener:
    """Where it listens; with a certificate and its key, by TLS only."""

    port: int
    host: str = ""  # "": all of this machine
    certificate: Path | None = None
    key: Path | None = None

    def lines(self) -> str:
        """As mosquitto.conf has it."""
        text = f"listener {self.port} {self.host}".rstrip() + "\n"
        if self.certificate is not None:
            text += f"certfile {self.certificate}\nkeyfile {self.key}\ntls_version tlsv1.2\n"
        return text


def configuration(listeners: Sequence[Listener], passwords: Path, rules: Path) -> str:
    """mosquitto.conf. "user" says whom to become when root starts it; who starts it has changed by itself where that is wanted."""
    return (
        "".join(listener.lines() for listener in listeners)
        + f"""\
user root
allow_anonymous false
password_file {passwords}
acl_file {rules}
set_tcp_nodelay true
max_queued_messages {MAX_QUEUED_MESSAGES}
max_inflight_messages {MAX_INFLIGHT_MESSAGES}
message_size_limit {MESSAGE_LIMIT_BYTES}
persistence false
log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages false
"""
    )


def rules_text(owner: str, sites: Mapping[str, str], phones: Sequence[str]) -> str:
    """The acl_file: a site (site → operator, or `sites.ANY`) can neither forge what the cloud says to it nor hear another one.

    A phone says where it is, under its own name. The owner may do everything.
    """
    parts = [f"user {owner}\ntopic readwrite #\n"]
    for site, operator in sites.items():
        place = f"{ROOT_TOPIC}/{operator}/{site}"
        rules = [f"topic write {place}/{leaf}" for leaf in _SAYS] + [f"topic read {place}/{leaf}" for leaf in _HEARS]
        parts.append("\n".join([f"user {site}", *rules]) + "\n")
    parts += [f"user {user}\ntopic write {PHONES_TOPIC}/{user}/+\n" for user in phones]
    return "\n".join(parts)


def passwords_text(hashes: Mapping[str, str]) -> str:
    """The password_file: user → as `mosquitto_hash` makes it."""
    return "".join(f"{user}:{hashed}\n" for user, hashed in hashes.items())
