"""The decoders and what they say in common: one symbol, its text and its AIM identifier.

Blocking and without state; leaves which stages a picture goes through to cascade, and which frames to believe to sightings.
"""

from collections.abc import Collection
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

# What pyzbar calls a symbol → AIM identifier. No ITF: half a symbol reads as a shorter one, and zbar has no second look.
_ZBAR_AIM = {"CODE128": "C0", "EAN13": "E0", "EAN8": "E4", "UPCA": "E0", "QRCODE": "Q1"}
BAR_FORMATS = ("Code128", "EAN13", "EAN8", "UPCA", "ITF")
_FORMATS = (*BAR_FORMATS, "QRCode", "DataMatrix", "PDF417")
_MATRIX = frozenset("QdL")  # AIM code characters of QR, Data Matrix, PDF417: error-corrected, one frame is enough
MAX_BAR_TEXT = 80  # characters; ISO/IEC 15417 4.4 and GS1 allow 48, no line of a camera resolves more than this
MIN_CODE128_TEXT = 2  # stripes of cloth make one symbol, with its check, once in a while
MIN_ITF_TEXT = 6  # what is shorter has been cut off: the end of ITF looks like its middle


@dataclass(frozen=True, slots=True)
class Symbol:
    """One decoded symbol: its text as encoded (GS kept) and its AIM identifier without ``]``, such as ``E0``."""

    text: str
    symbology: str

    @property
    def is_matrix(self) -> bool:
        return self.symbology[:1] in _MATRIX

    @property
    def has_check(self) -> bool:
        """Whether a check digit or error correction says that it was read right. Not so for ITF."""
        return self.symbology[:1] != "I"

    @property
    def is_plausible(self) -> bool:
        """Whether its length is one that a whole symbol has."""
        match self.symbology[:1]:
            case "C":
                return MIN_CODE128_TEXT <= len(self.text) <= MAX_BAR_TEXT
            case "I":
                return MIN_ITF_TEXT <= len(self.text) <= MAX_BAR_TEXT and len(self.text) % 2 == 0
            case _:
                return bool(self.text)


class Decoders:
    """zxing-cpp, and zbar where it is. ``second_opinion`` is empty, or says why zbar does not help and what would."""

    def __init__(self, zxing: ModuleType, pyzbar: ModuleType | None, second_opinion: str) -> None:
        self._zxing = zxing
        self._formats = {name: getattr(zxing.BarcodeFormat, name) for name in _FORMATS}
        self._pyzbar = pyzbar
        self._zbar_symbols = [pyzbar.ZBarSymbol[name] for name in _ZBAR_AIM] if pyzbar is not None else []
        self.second_opinion = second_opinion

    @classmethod
    def load(cls) -> "Decoders":
        """Import the libraries. ImportError without zxing-cpp; without zbar it reads a little less."""
        zxing = import_module("zxingcpp")
        try:
            return cls(zxing, import_module("pyzbar.pyzbar"), "")
        except (ImportError, OSError):
            return cls(zxing, None, "no second opinion: zbar is missing; apt-get install libzbar0")

    @property
    def has_zbar(self) -> bool:
        return self._pyzbar is not None

    def by_zxing(
        self,
        grey: Any,
        *,
        formats: Collection[str] = _FORMATS,
        rotated: bool = False,
        inverted: bool = False,
        smaller: bool = False,
        binary: bool = False,
    ) -> list[Symbol]:
        """The symbols in ``grey``, an (H, W) uint8 array, and in its turns by 90°, its negative and its halves where asked.

        ``binary`` says that it is black and white already. EAN add-ons are no symbols of their own.
        """
        found = self._read_by_zxing(grey, formats, rotated, inverted, smaller, binary)
        return _plausible(Symbol(barcode.text, barcode.symbology_identifier.removeprefix("]")) for barcode in found)

    def places_by_zxing(self, grey: Any) -> dict[Symbol, list[tuple[float, float]]]:
        """What ``by_zxing`` reads as it stands, and the middles (x, y) of where: one article may lie there several times."""
        places: dict[Symbol, list[tuple[float, float]]] = {}
        for barcode in self._read_by_zxing(grey, _FORMATS, False, False, False, False):
            symbol = Symbol(barcode.text, barcode.symbology_identifier.removeprefix("]"))
            if symbol.is_plausible:
                at = barcode.position
                corners = (at.top_left, at.top_right, at.bottom_right, at.bottom_left)
                middle = sum(corner.x for corner in corners) / 4, sum(corner.y for corner in corners) / 4
                places.setdefault(symbol, []).append(middle)
        return places

    def _read_by_zxing(
        self, grey: Any, formats: Collection[str], rotated: bool, inverted: bool, smaller: bool, binary: bool
    ) -> Any:
        return self._zxing.read_barcodes(
            grey,
            formats=[self._formats[name] for name in formats],
            try_rotate=rotated,
            try_downscale=smaller,
            try_invert=inverted,
            text_mode=self._zxing.TextMode.Plain,
            binarizer=self._zxing.Binarizer.FixedThreshold if binary else self._zxing.Binarizer.LocalAverage,
            ean_add_on_symbol=self._zxing.EanAddOnSymbol.Ignore,
        )

    def by_zbar(self, grey: Any) -> list[Symbol]:
        """The symbols that zbar finds; none where it is missing."""
        if self._pyzbar is None:
            return []
        return _plausible(_from_zbar(decoded) for decoded in self._pyzbar.decode(grey, symbols=self._zbar_symbols))


def _plausible(symbols: Any) -> list[Symbol]:
    return [symbol for symbol in dict.fromkeys(symbols) if symbol.is_plausible]


def _from_zbar(decoded: Any) -> Symbol:
    text = decoded.data.decode("utf-8", "replace")
    # UPC-A is written as zxing-cpp writes it: an EAN-13 that starts with 0.
    return Symbol(text.zfill(13) if decoded.type == "UPCA" else text, _ZBAR_AIM[decoded.type])
