"""Reads the barcodes in one grey image: zxing-cpp first, zbar where that finds nothing and the library is there.

Blocking and without state; leaves which frames to believe to sightings.
"""

from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

# What pyzbar calls a symbol → AIM identifier. No ITF: half a symbol reads as a shorter one, and zbar has no second look.
_ZBAR_AIM = {"CODE128": "C0", "EAN13": "E0", "EAN8": "E4", "UPCA": "E0", "QRCODE": "Q1"}
_ZXING_FORMATS = ("Code128", "EAN13", "EAN8", "UPCA", "ITF", "QRCode", "DataMatrix", "PDF417")
_MATRIX = frozenset("QdL")  # AIM code characters of QR, Data Matrix, PDF417: error-corrected, one frame is enough


@dataclass(frozen=True, slots=True)
class Symbol:
    """One decoded symbol: its text as encoded (GS kept) and its AIM identifier without ``]``, such as ``E0``."""

    text: str
    symbology: str

    @property
    def is_matrix(self) -> bool:
        return self.symbology[:1] in _MATRIX


class BarcodeReader:
    """Holds the libraries. ``second_opinion`` is empty, or says why zbar does not help and what would."""

    def __init__(self, zxing: ModuleType, pyzbar: ModuleType | None, second_opinion: str) -> None:
        self._zxing = zxing
        self._formats = [getattr(zxing.BarcodeFormat, name) for name in _ZXING_FORMATS]
        self._pyzbar = pyzbar
        self._zbar_symbols = [pyzbar.ZBarSymbol[name] for name in _ZBAR_AIM] if pyzbar is not None else []
        self.second_opinion = second_opinion

    @classmethod
    def load(cls) -> "BarcodeReader":
        """Import the libraries. ImportError without zxing-cpp; without zbar it reads a little less."""
        zxing = import_module("zxingcpp")
        try:
            return cls(zxing, import_module("pyzbar.pyzbar"), "")
        except (ImportError, OSError):
            return cls(zxing, None, "no second opinion: zbar is missing; apt-get install libzbar0")

    def read(self, grey: Any) -> list[Symbol]:
        """The symbols in ``grey``, an (H, W) uint8 array; none twice. For a barcode-free image an empty list."""
        found = self._zxing.read_barcodes(grey, formats=self._formats, text_mode=self._zxing.TextMode.Plain)
        symbols = [Symbol(barcode.text, barcode.symbology_identifier.removeprefix("]")) for barcode in found]
        if not symbols and self._pyzbar is not None:
            symbols = [_from_zbar(decoded) for decoded in self._pyzbar.decode(grey, symbols=self._zbar_symbols)]
        return list(dict.fromkeys(symbols))


def _from_zbar(decoded: Any) -> Symbol:
    text = decoded.data.decode("utf-8", "replace")
    # UPC-A is written as zxing-cpp writes it: an EAN-13 that starts with 0.
    return Symbol(text.zfill(13) if decoded.type == "UPCA" else text, _ZBAR_AIM[decoded.type])
