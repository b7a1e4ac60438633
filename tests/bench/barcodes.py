"""``make bench NAME=barcodes`` (``DATA=`` another folder with such a manifest): the cascade on single photographs, and its peers.

Scored as shared/data/barcodes/README.md says. ``exact``: every photograph goes through the stages until one reads.
``exact_budget``: the same, and what is found after 7 times zxing-cpp's median CPU time of this run does not count. All is measured
in CPU time of one thread, peers and ours turn about on each photograph. A camera has more than this: many frames of one label.
"""

import csv
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from edge.devices.own_process import ONE_THREAD
from tests.bench.conditions import finish, percentile

ROOT = Path(__file__).parents[2]
BUDGET = 7.0  # times zxing-cpp's median
# AIM code character (ISO/IEC 15424) → the manifest's format; E is told apart by its modifier.
_FORMATS = {"C": "Code128", "E": "EAN13", "I": "ITF", "Q": "QRCode", "d": "DataMatrix", "L": "PDF417"}
_ZBAR = {"CODE128": "Code128", "EAN13": "EAN13", "EAN8": "EAN8", "UPCA": "UPCA", "I25": "ITF", "QRCODE": "QRCode"}
_OPENCV = {"EAN_13": "EAN13", "EAN_8": "EAN8", "UPC_A": "UPCA"}


class Reading(NamedTuple):
    """A format and a text, as the scoring compares them."""

    format: str
    text: str


class Photograph(NamedTuple):
    file: str
    grey: Any
    truth: Reading | None  # None: no code is on it


@dataclass
class Score:
    """How one decoder did."""

    exact_s: list[float] = field(default_factory=list)  # CPU time of each photograph that was read right
    wrong: list[str] = field(default_factory=list)
    negatives_read: list[str] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)

    def count(self, photograph: Photograph, found: list[Reading], cpu_s: float) -> None:
        self.cpu_s.append(cpu_s)
        if not found:
            return
        if photograph.truth is None:
            self.negatives_read.append(photograph.file)
        elif photograph.truth in found:
            self.exact_s.append(cpu_s)
        else:
            self.wrong.append(photograph.file)

    def within(self, budget_s: float, readable: int) -> float:
        """What share was read right in that time."""
        return round(sum(cpu_s <= budget_s for cpu_s in self.exact_s) / readable, 4)

    def figures(self, readable: int) -> dict[str, Any]:
        return {
            "exact": round(len(self.exact_s) / readable, 4),
            "wrong": len(self.wrong),
            "negatives_read": len(self.negatives_read),
            "cpu_ms_median": round(statistics.median(self.cpu_s) * 1000, 2),
            "cpu_ms_mean": round(statistics.fmean(self.cpu_s) * 1000, 2),
            "cpu_ms_p95": round(percentile(self.cpu_s, 0.95) * 1000, 2),
        }


def reading(symbology: str, text: str) -> Reading:
    """Without GS and outer spaces, UPC-A as the EAN-13 that it is."""
    text = text.replace("\x1d", "").strip()
    return Reading("EAN13", text.zfill(13)) if symbology == "UPCA" else Reading(symbology, text)


def photographs(folder: Path) -> list[Photograph]:
    import cv2

    found = []
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            grey = cv2.imread(str(folder / row["file"]), cv2.IMREAD_GRAYSCALE)
            if grey is None:
                raise SystemExit(f"{folder / row['file']}: not a picture that OpenCV can read")
            truth = None if row["format"] == "NONE" else reading(row["format"], row["text"])
            found.append(Photograph(row["file"], grey, truth))
    return found


def peers() -> dict[str, Callable[[Any], list[Reading]]]:
    """Each with its defaults and the formats of the scoring, as far as it has them."""
    import cv2
    import zxingcpp

    formats: Any = [getattr(zxingcpp.BarcodeFormat, name) for name in (*set(_FORMATS.values()), "EAN8", "UPCA")]
    bars, matrix = cv2.barcode.BarcodeDetector(), cv2.QRCodeDetector()

    def by_zxing(grey: Any) -> list[Reading]:
        found = zxingcpp.read_barcodes(grey, formats=formats, text_mode=zxingcpp.TextMode.Plain)
        return [_of_symbol(barcode.symbology_identifier.removeprefix("]"), barcode.text) for barcode in found]

    def by_opencv(grey: Any) -> list[Reading]:
        found: list[Reading] = []
        try:
            _, texts, kinds, _ = bars.detectAndDecodeWithType(grey)
            found += [reading(_OPENCV[kind], text) for text, kind in zip(texts, kinds, strict=True) if text and kind in _OPENCV]
            text, _, _ = matrix.detectAndDecode(grey)
            found += [reading("QRCode", text)] if text else []
        except (UnicodeDecodeError, cv2.error):  # other encodings, and modes that it does not know
            pass
        return found

    named: dict[str, Callable[[Any], list[Reading]]] = {"zxing-cpp": by_zxing, "opencv": by_opencv}
    try:
        from pyzbar import pyzbar
    except ImportError:
        return named
    symbols = [pyzbar.ZBarSymbol[name] for name in _ZBAR]

    def by_zbar(grey: Any) -> list[Reading]:
        found = pyzbar.decode(grey, symbols=symbols)
        return [reading(_ZBAR[decoded.type], decoded.data.decode("utf-8", "replace")) for decoded in found]

    return {**named, "pyzbar": by_zbar}


def _of_symbol(symbology: str, text: str) -> Reading:
    return reading("EAN8" if symbology == "E4" else _FORMATS[symbology[0]], text)


def main() -> None:
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):  # read when numpy is loaded
        os.execve(sys.executable, [sys.executable, "-m", "tests.bench.barcodes"], {**os.environ, **ONE_THREAD})
    import cv2

    from edge.devices.barcode import Decoders
    from edge.devices.cascade import StillReader

    cv2.setNumThreads(1)
    folder = Path(
        os.environ.get("DATA") or Path(os.environ.get("TUANTU_SHARED_DATA", ROOT.parent / "shared" / "data")) / "barcodes"
    )
    if not (folder / "manifest.csv").is_file():
        raise SystemExit(f"{folder}: no manifest.csv; say DATA=folder, of the form of shared/data/barcodes")
    shown = photographs(folder)
    readable = sum(photograph.truth is not None for photograph in shown)
    decoders = Decoders.load()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # it warns of codes that it cannot read
    print(f"{folder}: {readable} photographs with a code, {len(shown) - readable} without; OpenCV {cv2.__version__}", flush=True)
    if decoders.second_opinion:
        print(decoders.second_opinion, flush=True)
    others = peers()
    scores = {name: Score() for name in others}
    ours, stages, began_s = Score(), Counter[str](), time.monotonic()
    reader = StillReader(decoders)
    for photograph in shown:
        for name, read in others.items():
            began_cpu_s = time.thread_time()
            found = read(photograph.grey)
            scores[name].count(photograph, found, time.thread_time() - began_cpu_s)
        still = reader.read(photograph.grey)
        ours.count(photograph, [_of_symbol(symbol.symbology, symbol.text) for symbol in still.symbols], still.cpu_s)
        stages[still.stage or "(nothing)"] += 1
    budget_s = BUDGET * statistics.median(scores["zxing-cpp"].cpu_s)
    within = Score()
    reader = StillReader(decoders)
    for photograph in shown:
        still = reader.read(photograph.grey, budget_s)
        within.count(photograph, [_of_symbol(symbol.symbology, symbol.text) for symbol in still.symbols], still.cpu_s)
    for name, count in stages.most_common():
        print(f"  {count:4d} {name}")
    print("wrong:", ", ".join(ours.wrong) or "none")
    finish(
        {
            **ours.figures(readable),
            "exact_budget": round(len(within.exact_s) / readable, 4),
            "wrong_budget": len(within.wrong),
            "negatives_read_budget": len(within.negatives_read),
            "budget_ms": round(budget_s * 1000, 2),
            "over_budget": sum(cpu_s > budget_s for cpu_s in within.cpu_s),
            "photographs": readable,
            "negatives": len(shown) - readable,
            "zbar": decoders.second_opinion or "there",
            "seconds": round(time.monotonic() - began_s, 1),
            "peers": {
                name: score.figures(readable) | {"exact_budget": score.within(budget_s, readable)} for name, score in scores.items()
            },
        },
        floors={"exact": 0.91, "exact_budget": 0.86},
        ceilings={"wrong": 8, "negatives_read": 0, "wrong_budget": 8, "negatives_read_budget": 0},
    )


if __name__ == "__main__":
    main()
