"""One terminal's connection as a machine without input or output: it registers, logs in, and then is heard.

Leaves to its shell who is enrolled, what is kept and when that is durable: each effect that asks names the method that answers.
"""

from dataclasses import dataclass, field

from cloud.positions import jt808
from cloud.positions.jt808 import Message, Parts, Registering, Registration, Result
from cloud.positions.jt808_frames import BadFrame, Frames, Packet, write_packet
from cloud.positions.report import Report, ReportError

MAX_FAULTS = 20  # of one connection: then it is no terminal, or a wrong port


@dataclass(frozen=True, slots=True)
class Send:
    """Bytes for the terminal."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Register:
    """Ask whether this terminal is enrolled; answer with `Session.registered`."""

    packet: Packet
    said: Registering


@dataclass(frozen=True, slots=True)
class LogIn:
    """Ask whether the code is this terminal's; answer with `Session.logged_in`."""

    packet: Packet
    code: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A report of the terminal that is logged in; answer with `Session.kept`."""

    packet: Packet
    report: Report


@dataclass(frozen=True, slots=True)
class Refused:
    """What cannot be applied, for quarantine. ``is_unreadable``: the bytes are no message, so nobody knows whose they are."""

    terminal: str
    content: bytes
    why: str
    is_unreadable: bool = False


@dataclass(frozen=True, slots=True)
class Close:
    """End the connection."""

    why: str


Effect = Send | Register | LogIn | Heard | Refused | Close


@dataclass(slots=True)
class Session:
    """A connection speaks for one terminal: the one that has logged in."""

    terminal: str = ""
    faults: int = 0
    _frames: Frames = field(default_factory=Frames)
    _parts: Parts = field(default_factory=Parts)
    _serial: int = 0

    def receive(self, data: bytes) -> list[Effect]:
        """What came."""
        effects: list[Effect] = []
        for found in self._frames.feed(data):
            effects += self._bad(found) if isinstance(found, BadFrame) else self._take(found)
            if effects and isinstance(effects[-1], Close):
                break
        return effects

    def registered(self, packet: Packet, result: Registration, code: str = "") -> bytes:
        """The answer to a registration."""
        return write_packet(jt808.registration_answer(packet, result, self._next(), code))

    def logged_in(self, packet: Packet, *, is_right: bool) -> bytes:
        """The answer to a log-in; from now on the terminal is heard if it is right."""
        self.terminal = packet.name if is_right else ""
        return self.answered(packet, Result.DONE if is_right else Result.FAILED)

    def answered(self, packet: Packet, result: Result) -> bytes:
        """The answer to a report, or to anything else."""
        return write_packet(jt808.answer(packet, result, self._next()))

    def _next(self) -> int:
        self._serial = (self._serial + 1) & 0xFFFF
        return self._serial

    def _bad(self, frame: BadFrame) -> list[Effect]:
        # Nothing can be answered: not even the serial is to be believed.
        return [Refused(self.terminal, frame.content, frame.why, is_unreadable=True), *self._fault(frame.why)]

    def _fault(self, why: str) -> list[Effect]:
        self.faults += 1
        return [Close(f"{MAX_FAULTS} faults, the last: {why}")] if self.faults >= MAX_FAULTS else []

    def _take(self, packet: Packet) -> list[Effect]:
        try:
            whole = self._parts.take(packet)
            if whole is None:
                return [Send(self.answered(packet, Result.DONE))]
            return self._understood(whole)
        except ReportError as error:
            return [
                Refused(packet.name, packet.body, str(error)),
                Send(self.answered(packet, Result.BAD_MESSAGE)),
                *self._fault(str(error)),
            ]

    def _understood(self, packet: Packet) -> list[Effect]:
        match packet.message_id:
            case Message.REGISTER:
                return [Register(packet, jt808.read_registration(packet))]
            case Message.LOG_IN:
                return [LogIn(packet, jt808.read_log_in(packet))]
            case Message.ANSWER:
                return []
            case Message.LOG_OUT:
                self.terminal = ""
                return [Send(self.answered(packet, Result.DONE))]
        if not self.terminal or self.terminal != packet.name:
            why = "it has not logged in on this connection: it has to register (0x0100) and log in (0x0102) first"
            return [Refused(packet.name, packet.body, why), Send(self.answered(packet, Result.FAILED)), *self._fault(why)]
        match packet.message_id:
            case Message.HEARTBEAT:
                return [Heard(packet, Report("", (), "heartbeat"))]
            case Message.POSITION | Message.POSITIONS:
                return [Heard(packet, jt808.read_report(packet.message_id, packet.body))]
            case _:
                return [Send(self.answered(packet, Result.NOT_SUPPORTED))]
