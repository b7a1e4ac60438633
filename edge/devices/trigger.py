"""Telling a serial scanner to read and to stop, sans I/O: the commands of each maker, and what their scanners answer.

::

    Honeywell   16 54 0D | 16 55 0D                                     no answer
    Zebra SSI   LEN OPCODE 04 00 CK CK                                  LEN D0 | D1 00 STATUS [cause] CK CK
    Newland     7E 01 "0000" "#SCNTRG1" 3B 03                           02 01 "0000" "#SCNTRG1" 06 | 15 | 05 3B 03
    GM65        7E 00 08 01 00 02 01 AB CD                              02 00 TYPE 01 DATA CRC CRC

Leaves writing and waiting to serial_scanner.
"""

import re
from binascii import crc_hqx
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

MAX_REPLY_BYTES = 31  # less than the shortest frame that is cut as too long: a reply is never cut in two


class TriggerKind(StrEnum):
    """``trigger`` of a ``[[scanner]]``."""

    HONEYWELL = "honeywell"
    ZEBRA_SSI = "zebra-ssi"
    NEWLAND = "newland"
    GM65 = "gm65"


@dataclass(frozen=True, slots=True)
class TriggerCommands:
    """What starts and stops reading; ``is_answered`` where the scanner says that it has understood."""

    on: bytes
    off: bytes
    is_answered: bool


@dataclass(frozen=True, slots=True)
class ReplyFrame:
    """What a scanner answered to a command; never a label."""

    is_accepted: bool


def _ssi_checksum(head: bytes) -> bytes:
    return (-sum(head) & 0xFFFF).to_bytes(2, "big")


def ssi_packet(opcode: int, data: bytes = b"") -> bytes:
    """From the host. The checksum is the two's complement of the sum of all before it, 16 bits, high byte first."""
    head = bytes((4 + len(data), opcode, 0x04, 0x00)) + data
    return head + _ssi_checksum(head)


def newland_command(text: str) -> bytes:
    """A setting that the scanner forgets when it loses power (``#``)."""
    return b"~\x010000#" + text.encode("ascii") + b";\x03"


def gm65_write(address: int, value: int) -> bytes:
    """One byte into a zone; AB CD stands for "no checksum" in commands, never in answers."""
    return b"\x7e\x00\x08\x01" + address.to_bytes(2, "big") + bytes((value,)) + b"\xab\xcd"


_GM65_TRIGGER = 0x0002  # zone bit: 1 reads until a label or its own time-out, 0 stops

TRIGGERS = {
    TriggerKind.HONEYWELL: TriggerCommands(b"\x16T\r", b"\x16U\r", is_answered=False),
    TriggerKind.ZEBRA_SSI: TriggerCommands(ssi_packet(0xE4), ssi_packet(0xE5), is_answered=True),
    TriggerKind.NEWLAND: TriggerCommands(newland_command("SCNTRG1"), newland_command("SCNTRG0"), is_answered=True),
    TriggerKind.GM65: TriggerCommands(gm65_write(_GM65_TRIGGER, 1), gm65_write(_GM65_TRIGGER, 0), is_answered=True),
}

_ACK = 0x06
_NEWLAND = re.compile(rb"\x02\x010000[@#][^\x03\r\n]{0,22}?([\x06\x15\x05]);\x03")
_SSI_ACK, _SSI_NAK = 0xD0, 0xD1


def take_reply(data: bytes | bytearray) -> tuple[ReplyFrame | None, int] | None:
    """The reply that ``data`` begins with and how many bytes it is; None where it begins with none, or with half of one.

    A command of ours that a half-duplex adapter sends back is bytes without a reply.
    """
    if not data or data[0] not in _FIRST_BYTES:
        return None
    head = bytes(data[:MAX_REPLY_BYTES])
    for echo in _ECHOES:
        if head.startswith(echo):
            return None, len(echo)
    reader = _READERS.get(head[0])
    return None if reader is None else reader(head)


def _starts_with_stx(data: bytes) -> tuple[ReplyFrame, int] | None:
    if match := _NEWLAND.match(data):
        return ReplyFrame(match[1][0] == _ACK), match.end()
    # GM65: type 0 done, 1 bad checksum, 3 no such command.
    if len(data) >= 7 and data[1] == 0 and data[3] == 1 and crc_hqx(data[2:5], 0) == int.from_bytes(data[5:7], "big"):
        return ReplyFrame(data[2] == 0), 7
    return None


def _starts_with_ssi_length(data: bytes) -> tuple[ReplyFrame, int] | None:
    length = data[0]
    if len(data) < length + 2 or data[1] not in (_SSI_ACK, _SSI_NAK) or data[2] not in (0x00, 0x04):
        return None
    if data[length : length + 2] != _ssi_checksum(data[:length]):
        return None
    return ReplyFrame(data[1] == _SSI_ACK), length + 2


_READERS: dict[int, Callable[[bytes], tuple[ReplyFrame, int] | None]] = {
    0x02: _starts_with_stx,
    0x04: _starts_with_ssi_length,
    0x05: _starts_with_ssi_length,  # a refusal has a byte of cause
}
# Without the CR of Honeywell's, which ends the frame by itself.
_ECHOES = [command.rstrip(b"\r") for commands in TRIGGERS.values() for command in (commands.on, commands.off)]
_FIRST_BYTES = frozenset([*_READERS, *(echo[0] for echo in _ECHOES)])
