"""What passes through the positions process: a message and who sent it, and what came of it."""

from dataclasses import dataclass
from enum import StrEnum

from cloud.positions.report import Report
from cloud.store.trackers import Asked, TrackerProtocol, broker_number


class Refusal(StrEnum):
    """Why something is in quarantine, in the words of its table."""

    STRANGER = "relation"  # nobody enrolled this device, or it was revoked
    UNREADABLE = "hash"  # bytes that are no message: a bad checksum
    NOT_APPLIED = "payload"  # it cannot be read, or cannot be true


@dataclass(frozen=True, slots=True)
class Caller:
    """Who says it: by the hash of a token, by a terminal's number, or by the broker's user."""

    protocol: TrackerProtocol
    token_sha256: bytes | None = None
    terminal: str = ""

    @property
    def asked(self) -> Asked:
        """How to find it."""
        return Asked(
            [] if self.token_sha256 is None else [self.token_sha256],
            [self.terminal] if self.protocol is TrackerProtocol.JT808 and self.terminal else [],
            [number] if self.protocol is TrackerProtocol.OWNTRACKS and (number := broker_number(self.terminal)) is not None else [],
        )

    @property
    def topic(self) -> str:
        """How quarantine names where it came from; a token's hash is cut, for it only has to be told apart."""
        name = self.terminal if self.token_sha256 is None else self.token_sha256.hex()[:12]
        return f"tracker/{self.protocol}/{name or '-'}"


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``content``: as it came, without the sender's secret; ``wrong``: why it could not be read, its report None."""

    caller: Caller
    received_at_ms: int
    content: bytes
    content_type: str
    report: Report | None
    wrong: str = ""
    is_unreadable: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a message, durably. ``refused``: why, of each fix that cannot be true; they are in quarantine."""

    is_known: bool = True
    kept: int = 0
    repeated: int = 0
    unheard: int = 0
    refused: tuple[str, ...] = ()
