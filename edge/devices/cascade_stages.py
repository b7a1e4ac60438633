"""The stages that a picture may go through, each one more try to read it, in the order of what they are worth.

Leaves the decoders to barcode, the own readers to cascade_ean13 and cascade_code128, and who gets which stage when to cascade.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import cv2
import numpy as np

from edge.devices.barcode import BAR_FORMATS, Decoders, Symbol
from edge.devices.cascade_bars import Bars, Grey, Lines, find_bars, lines_across
from edge.devices.cascade_code128 import code128_promise, read_code128
from edge.devices.cascade_ean13 import ean13_promise, read_ean13
from edge.devices.cascade_templates import Ballot

PLACES = 2  # with bars, that a frame is searched for: the label, and the one beside it
LINE_PX = 600  # samples of a line for zxing-cpp: four to six a module
LINES_FOR_ZXING = 9  # it wants two of them to agree
TEMPLATE_LINE_PX = 400
TEMPLATE_LINES = 7
# Modules that may fit into the length of the bars as found: the code alone, with its quiet zones' rims, with an add-on.
EAN_LENGTHS = (112, 124, 136, 102, 150)
EAN_LENGTHS_BETWEEN = (118, 107, 130, 143, 97, 158, 91, 86)
CODE128_LENGTHS = tuple(float(modules) for modules in np.geomspace(60, 300, 19))
BLUR_MODULES = 0.5  # of a code at the end of what zxing-cpp reads
MORE_BLUR_MODULES = 0.8
MIN_MODULE_PX = 0.8


def _never() -> bool:
    return False


class Picture:
    """One grey picture, (H, W) uint8, and what several stages want to know of it."""

    def __init__(self, grey: Grey, is_late: Callable[[], bool] = _never, read: Sequence[tuple[float, float]] = ()) -> None:
        """``is_late`` says that what is found from now on does not count: stages of many tries look at it in between.

        ``read``: middles (x, y) of symbols that were read already; their bars are not looked at again.
        """
        self.grey = grey
        self.is_late = is_late
        self._read = read

    @cached_property
    def bars(self) -> list[Bars]:
        """Those that nobody has read, the largest first."""
        places = find_bars(self.grey, PLACES + len(self._read))
        return [place for place in places if not any(place.holds(x, y) for x, y in self._read)][:PLACES]


@dataclass(frozen=True, slots=True)
class Stage:
    """One more try. ``is_doubtful``: its bar codes count once another stage has read the same; measured on photographs."""

    name: str
    read: Callable[[Decoders, Picture], list[Symbol]]
    is_doubtful: bool = False
    is_in_parts: bool = False  # looks at Picture.is_late in between


def _plain(decoders: Decoders, picture: Picture) -> list[Symbol]:
    return decoders.by_zxing(picture.grey)


def _averaged(decoders: Decoders, picture: Picture) -> list[Symbol]:
    """Bars set straight, averaged along their length, black and white by what is around them."""
    for bars in picture.bars:
        scale = max(1.0, LINE_PX / bars.length_px)
        lines = lines_across(picture.grey, bars, LINES_FOR_ZXING, scale, 0.12)
        binary = _black_and_white(lines, bars.length_px * scale * 0.12)
        if found := decoders.by_zxing(binary, formats=BAR_FORMATS, binary=True):
            return found
    return []


def _black_and_white(lines: Lines, window: float) -> Any:
    """Above or below the middle between the lightest and the darkest within ``window`` samples: a dozen modules."""
    width = int(window) | 1
    kernel = np.ones((1, width), np.uint8)
    lightest = cv2.blur(cv2.dilate(lines, kernel), (width, 1))
    darkest = cv2.blur(cv2.erode(lines, kernel), (width, 1))
    return np.where(lines > (lightest + darkest) / 2, 255, 0).astype(np.uint8)


def _contrast(decoders: Decoders, picture: Picture) -> list[Symbol]:
    return decoders.by_zxing(_equalised(picture.grey))


def _contrast_rotated(decoders: Decoders, picture: Picture) -> list[Symbol]:
    return decoders.by_zxing(_equalised(picture.grey), rotated=True, smaller=True)


def _equalised(grey: Grey) -> Any:
    return cv2.createCLAHE(clipLimit=3.0, tileGridSize=(4, 4)).apply(grey)


def _threshold(decoders: Decoders, picture: Picture) -> list[Symbol]:
    return decoders.by_zxing(_thresholded(picture.grey), binary=True)


def _enlarged_threshold(decoders: Decoders, picture: Picture) -> list[Symbol]:
    return decoders.by_zxing(_thresholded(_enlarged(picture.grey)), rotated=True, binary=True)


def _thresholded(grey: Any) -> Any:
    window = max(11, min(grey.shape) // 4 | 1)  # pixels: as wide as a label's shadow
    return cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, window, 5)


def _negative(decoders: Decoders, picture: Picture) -> list[Symbol]:
    return decoders.by_zxing(cv2.bitwise_not(picture.grey))


def _halved(decoders: Decoders, picture: Picture) -> list[Symbol]:
    height, width = picture.grey.shape
    if min(height, width) < 32:
        return []
    return decoders.by_zxing(cv2.resize(picture.grey, (width // 2, height // 2), interpolation=cv2.INTER_AREA))


def _everything(decoders: Decoders, picture: Picture) -> list[Symbol]:
    return decoders.by_zxing(picture.grey, rotated=True, inverted=True, smaller=True)


def _enlarged_only(decoders: Decoders, picture: Picture) -> list[Symbol]:
    return decoders.by_zxing(_enlarged(picture.grey), rotated=True, smaller=True)


def _enlarged_sharpened(decoders: Decoders, picture: Picture) -> list[Symbol]:
    return decoders.by_zxing(_sharpened(_enlarged(picture.grey), 3.0, 1.5))


def _enlarged(grey: Any) -> Any:
    return cv2.resize(grey, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)


def _sharpened(grey: Any, sigma_px: float, amount: float) -> Any:
    return cv2.addWeighted(grey, 1 + amount, cv2.GaussianBlur(grey, (0, 0), sigma_px), -amount, 0)


def _turned(decoders: Decoders, picture: Picture) -> list[Symbol]:
    """By 45°: bars that neither rows nor columns cross."""
    height, width = picture.grey.shape
    side = int((height + width) * 0.7072) + 1
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 45.0, 1.0)
    turn[:, 2] += (side - width) / 2, (side - height) / 2
    return decoders.by_zxing(cv2.warpAffine(picture.grey, turn, (side, side), borderMode=cv2.BORDER_REPLICATE), rotated=True)


def _zbar(decoders: Decoders, picture: Picture) -> list[Symbol]:
    return decoders.by_zbar(picture.grey)


class _Reader(NamedTuple):
    """An own reader: of all lines, and how much one of them promises."""

    read: Callable[[Lines, float, float], list[tuple[int, Symbol]]]
    promise: Callable[[Lines, float, float], float]
    least_promise: float


_EAN13 = _Reader(read_ean13, ean13_promise, 0.7)
_CODE128 = _Reader(read_code128, code128_promise, 0.8)


def _templates(
    reader: _Reader, lengths: Iterable[float], blur_modules: float, places: int
) -> Callable[[Decoders, Picture], list[Symbol]]:
    """The own reader, at each of ``lengths`` modules that the bars may have, from both ends, the most promising first."""

    def stage(_: Decoders, picture: Picture) -> list[Symbol]:
        for bars in picture.bars[:places]:
            scale = max(1.0, TEMPLATE_LINE_PX / bars.length_px)
            lines = lines_across(picture.grey, bars, TEMPLATE_LINES, scale, 0.2)
            modules_px = (bars.length_px * scale / modules for modules in lengths)
            if winner := elected(lines, [px for px in modules_px if px >= MIN_MODULE_PX * scale], picture.is_late):
                return [winner]
        return []

    def elected(lines: Lines, modules_px: list[float], is_late: Callable[[], bool]) -> Symbol | None:
        ballot = Ballot()
        ways = (lines, np.ascontiguousarray(lines[:, ::-1]))
        tries = [(reader.promise(way, px, blur_modules), px, n) for px in modules_px for n, way in enumerate(ways) if not is_late()]
        for promise, module_px, n in sorted(tries, reverse=True):
            if promise < reader.least_promise or is_late():
                break
            ballot.count(reader.read(ways[n], module_px, blur_modules))
            if winner := ballot.winner():
                return winner
        return None

    return stage


# By what each adds to those before it for its CPU time, on photographs of shared/data/barcodes; the first six come in any order
# within half a percent. What is doubtful has misread there.
RETRIES = (
    Stage("averaged bars", _averaged),
    Stage("contrast", _contrast),
    Stage("EAN templates", _templates(_EAN13, EAN_LENGTHS, BLUR_MODULES, 1), is_in_parts=True),
    Stage("negative", _negative),
    Stage("threshold", _threshold),
    Stage("halved", _halved),
    Stage("more EAN templates", _templates(_EAN13, EAN_LENGTHS_BETWEEN, BLUR_MODULES, PLACES), is_in_parts=True),
    Stage("enlarged", _enlarged_only),
    Stage("Code 128 templates", _templates(_CODE128, CODE128_LENGTHS, BLUR_MODULES, 1), is_in_parts=True),
    Stage("contrast, rotated", _contrast_rotated),
    Stage("zbar", _zbar, is_doubtful=True),
    Stage("everything", _everything, is_doubtful=True),
    Stage("enlarged, threshold", _enlarged_threshold),
    Stage("enlarged, sharpened", _enlarged_sharpened, is_doubtful=True),
    Stage("turned", _turned, is_doubtful=True),
    Stage("blurred EAN templates", _templates(_EAN13, EAN_LENGTHS + EAN_LENGTHS_BETWEEN, MORE_BLUR_MODULES, 1), is_in_parts=True),
)
PLAIN = Stage("plain", _plain)


def stages_with(decoders: Decoders) -> tuple[Stage, ...]:
    """RETRIES, but for zbar's where it is missing."""
    return tuple(stage for stage in RETRIES if stage.read is not _zbar or decoders.has_zbar)
