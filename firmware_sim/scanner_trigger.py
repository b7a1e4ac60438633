"""A scanner that its host tells to read: it hears the commands of its maker, answers them, and reads what is in view.

The bytes are those of the makers' manuals, written out; they share no code with the agent's codec.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from firmware_sim.scanner import SimulatedScanner


class Maker(StrEnum):
    """Whose commands it understands."""

    HONEYWELL = "honeywell"
    ZEBRA_SSI = "zebra-ssi"
    NEWLAND = "newland"
    GM65 = "gm65"


@dataclass(frozen=True, slots=True)
class _Speech:
    on: bytes
    off: bytes
    accepted: bytes
    refused: bytes


_SPEECH = {
    Maker.HONEYWELL: _Speech(bytes.fromhex("16540d"), bytes.fromhex("16550d"), b"", b""),
    Maker.ZEBRA_SSI: _Speech(
        bytes.fromhex("04e40400ff14"), bytes.fromhex("04e50400ff13"), bytes.fromhex("04d00000ff2c"), bytes.fromhex("05d1000006ff24")
    ),
    Maker.NEWLAND: _Speech(
        b"~\x010000#SCNTRG1;\x03", b"~\x010000#SCNTRG0;\x03", b"\x02\x010000#SCNTRG1\x06;\x03", b"\x02\x010000#SCNTRG1\x15;\x03"
    ),
    Maker.GM65: _Speech(
        bytes.fromhex("7e000801000201abcd"), bytes.fromhex("7e000801000200abcd"),
        bytes.fromhex("02000001003331"), bytes.fromhex("02000301006a61"),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TriggerFaults:
    """What a scanner may do to a command instead of obeying."""

    is_refusing: bool = False
    is_mute: bool = False  # obeys and says nothing: another mode, or a broken wire
    is_echoing: bool = False  # sends the command back first, as half-duplex adapters do


WELL = TriggerFaults()


@dataclass(slots=True)
class TriggeredScanner:
    """``hear`` is its main loop's body: call it until it has heard what was sent."""

    scanner: SimulatedScanner
    maker: Maker
    in_view: str = ""  # the label in front of its window
    faults: TriggerFaults = WELL
    is_reading: bool = False
    heard: list[bool] = field(default_factory=list)  # each command obeyed: on or off
    _pending: bytes = b""

    def hear(self) -> None:
        """Take what the host has sent, answer and read. UnpluggedError as SimulatedScanner."""
        self._pending += self.scanner.read()
        speech = _SPEECH[self.maker]
        while self._pending:
            command = next((one for one in (speech.on, speech.off) if self._pending.startswith(one)), None)
            if command is None:
                if any(one.startswith(self._pending) for one in (speech.on, speech.off)):
                    return  # half a command
                self._pending = self._pending[1:]  # noise, or another maker's command
                continue
            self._pending = self._pending[len(command) :]
            self._obey(command == speech.on, command, speech)

    def _obey(self, is_on: bool, command: bytes, speech: _Speech) -> None:
        answer = command if self.faults.is_echoing else b""
        if not self.faults.is_mute:
            answer += speech.refused if self.faults.is_refusing else speech.accepted
        label = b""
        if not self.faults.is_refusing:
            self.heard.append(is_on)
            self.is_reading = is_on and not self.in_view
            if is_on and self.in_view:  # the answer and the label in one burst, as fast engines do
                label = (self.scanner.aim + self.in_view).encode() + self.scanner.suffix
        if answer or label:
            self.scanner.write(answer + label)
