"""What the camera's process and the agent say to each other, one JSON line each: the task one way, these words the other."""

import msgspec

from edge.devices.ports import CameraSettings, DeviceState

MAX_TEXT = 8192  # characters of one symbol: the largest QR code holds 7,089
MAX_SYMBOLS = 50  # of one frame: more is wallpaper
MAX_LINE = 4 << 20  # bytes; MAX_SYMBOLS of MAX_TEXT, escaped


class Task(msgspec.Struct, frozen=True):
    """What to look at, as CameraSettings says it. ``hurry``: a folder or file as fast as it can be decoded."""

    name: str
    source: str
    frames_per_s: float
    loop: bool
    gap_s: float
    hurry: bool = False

    def settings(self) -> CameraSettings:
        return CameraSettings(self.name, self.source, self.frames_per_s, self.loop, self.gap_s)


class Opened(msgspec.Struct, frozen=True, tag="opened"):
    """Pictures come. ``second_opinion`` says why zbar does not help; ``unreadable`` frames so far made the libraries fail."""

    second_opinion: str
    unreadable: int = 0


class SymbolWord(msgspec.Struct, frozen=True, array_like=True):
    text: str
    symbology: str


class Seen(msgspec.Struct, frozen=True, tag="seen"):
    """What became scans with the frame of ``at_s`` (time.monotonic, which all processes of a machine share)."""

    at_s: float
    symbols: list[SymbolWord]


class Alive(msgspec.Struct, frozen=True, tag="alive"):
    """Nothing to tell."""


class Lost(msgspec.Struct, frozen=True, tag="lost"):
    """The source is not there or not usable; the process waits for ``again``."""

    state: DeviceState
    text: str


class Through(msgspec.Struct, frozen=True, tag="through"):
    """A folder or file has been shown to its end."""

    second_opinion: str


Word = Opened | Seen | Alive | Lost | Through

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Word)


def task_line(settings: CameraSettings, *, hurry: bool) -> bytes:
    task = Task(settings.name, settings.source, settings.frames_per_s, settings.loop, settings.gap_s, hurry)
    return _encoder.encode(task) + b"\n"


def encode_word(word: Word) -> str:
    return _encoder.encode(word).decode() + "\n"


def decode_word(line: bytes) -> Word:
    """ValueError (msgspec's) for what is no word."""
    word: Word = _decoder.decode(line)
    return word
