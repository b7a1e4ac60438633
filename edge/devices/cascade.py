"""Reads what zxing-cpp alone does not: a list of stages, of which each frame gets one, or a single picture all of them.

Blocking. Leaves the decoders to barcode, the own reader to cascade_templates, and which frames to believe to sightings.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import cv2
import numpy as np

from edge.devices.barcode import BAR_FORMATS, Decoders, Symbol
from edge.devices.cascade_bars import Bars, Grey, Lines, find_bars, lines_across
from edge.devices.cascade_templates import Ballot, read_code128, read_ean13

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
LATE = 0.85  # of the budget: what has begun is still to end
SCENE_PX = (32, 24)
SCENE_GREY = 6  # grey levels of a cell; lamps flicker by 2 to 4
RESTS_AFTER = 2  # rounds of all stages
DOUBT_S = 1.5  # a doubtful reading waits this long for another stage to say the same


def _never() -> bool:
    return False


class Picture:
    """One grey picture, (H, W) uint8, and what several stages want to know of it."""

    def __init__(self, grey: Grey, is_late: Callable[[], bool] = _never) -> None:
        """``is_late`` says that what is found from now on does not count: stages of many tries look at it in between."""
        self.grey = grey
        self.is_late = is_late

    @cached_property
    def bars(self) -> list[Bars]:
        return find_bars(self.grey, PLACES)


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


def _sharpened_only(decoders: Decoders, picture: Picture) -> list[Symbol]:
    return decoders.by_zxing(_sharpened(picture.grey, 1.5, 1.5))


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


def _templates(
    read: Callable[[Lines, float, float], list[tuple[int, Symbol]]], lengths: Iterable[float], blur_modules: float, places: int
) -> Callable[[Decoders, Picture], list[Symbol]]:
    """The own reader, at each of ``lengths`` modules that the bars may have, from both ends."""

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
        upside_down = np.ascontiguousarray(lines[:, ::-1])
        for module_px in modules_px:
            if is_late():
                break
            for way in (lines, upside_down):
                ballot.count(read(way, module_px, blur_modules))
            if winner := ballot.winner():
                return winner
        return ballot.winner()

    return stage


# In the order of what each adds to those before it for its CPU time, on photographs of shared/data/barcodes.
RETRIES = (
    Stage("averaged bars", _averaged),
    Stage("contrast", _contrast),
    Stage("EAN templates", _templates(read_ean13, EAN_LENGTHS, BLUR_MODULES, 1), is_in_parts=True),
    Stage("negative", _negative),
    Stage("threshold", _threshold),
    Stage("halved", _halved),
    Stage("more EAN templates", _templates(read_ean13, EAN_LENGTHS_BETWEEN, BLUR_MODULES, PLACES), is_in_parts=True),
    Stage("enlarged", _enlarged_only),
    Stage("contrast, rotated", _contrast_rotated),
    Stage("zbar", _zbar, is_doubtful=True),
    Stage("sharpened", _sharpened_only, is_doubtful=True),
    Stage("enlarged, threshold", _enlarged_threshold),
    Stage("enlarged, sharpened", _enlarged_sharpened, is_doubtful=True),
    Stage(
        "blurred EAN templates", _templates(read_ean13, EAN_LENGTHS + EAN_LENGTHS_BETWEEN, MORE_BLUR_MODULES, 1), is_in_parts=True
    ),
    Stage("Code 128 templates", _templates(read_code128, CODE128_LENGTHS, BLUR_MODULES, 1), is_in_parts=True),
    Stage("everything", _everything, is_doubtful=True),
    Stage("turned", _turned, is_doubtful=True),
)
PLAIN = Stage("plain", _plain)


@dataclass(slots=True)
class _Doubts:
    """Readings that one more stage has to confirm: of doubtful stages, and of codes without a check digit."""

    _stages: dict[Symbol, dict[str, float]] = field(default_factory=dict)

    def settle(self, stage: Stage, found: list[Symbol], at_s: float) -> list[Symbol]:
        """What of ``found`` may be passed on."""
        self._stages = {
            symbol: stages for symbol, stages in self._stages.items() if any(at_s - seen_s < DOUBT_S for seen_s in stages.values())
        }
        passed = []
        for symbol in found:
            if symbol.is_matrix or (symbol.has_check and not stage.is_doubtful):
                passed.append(symbol)
                continue
            stages = self._stages.setdefault(symbol, {})
            stages[stage.name] = at_s
            if sum(at_s - seen_s < DOUBT_S for seen_s in stages.values()) > 1:
                passed.append(symbol)
        return passed


class _Scene:
    """How long a picture has not changed."""

    def __init__(self) -> None:
        self._small: Any = None
        self._alike = 0

    def frames_alike(self, grey: Grey) -> int:
        """How many frames before this one showed the same."""
        small = cv2.resize(grey, SCENE_PX, interpolation=cv2.INTER_AREA)
        is_alike = self._small is not None and int(cv2.absdiff(small, self._small).max()) <= SCENE_GREY
        if is_alike:
            self._alike += 1
        else:
            # Compared with where it began, so that a slow change is one, too.
            self._small, self._alike = small, 0
        return self._alike


class Cascade:
    """What a camera's frames go through, one after another."""

    def __init__(self, decoders: Decoders) -> None:
        self._decoders = decoders
        self._retries = _retries(decoders)
        self._turn = 0
        self._doubts = _Doubts()
        self._scene = _Scene()

    def blank(self) -> None:
        """Nothing is in view: what comes next begins with the best stage."""
        self._turn = 0
        self._scene = _Scene()

    def frame(self, grey: Grey, at_s: float) -> list[Symbol]:
        """The symbols in a frame taken at ``at_s``, none twice: zxing-cpp's, or else those of the one stage whose turn it is.

        A stage that reads keeps its turn, so that the next frame can agree. Once all stages have had theirs on a scene that does
        not change, they rest until it does: an empty counter costs zxing-cpp's time and no more.
        """
        picture = Picture(grey)
        found = self._doubts.settle(PLAIN, PLAIN.read(self._decoders, picture), at_s)
        frames_alike = self._scene.frames_alike(grey)
        if found:
            return found
        if frames_alike >= RESTS_AFTER * len(self._retries):
            self._turn = 0
            return []
        stage = self._retries[self._turn]
        found = self._doubts.settle(stage, stage.read(self._decoders, picture), at_s)
        if not found:
            self._turn = (self._turn + 1) % len(self._retries)
        return found


@dataclass(frozen=True, slots=True)
class Still:
    """What was read off one picture, by which stage, and what it cost."""

    symbols: list[Symbol]
    stage: str
    cpu_s: float


class StillReader:
    """One picture and no next frame, so all stages, within a budget of CPU time."""

    def __init__(self, decoders: Decoders, cpu: Callable[[], float] = time.thread_time) -> None:
        self._decoders = decoders
        self._retries = _retries(decoders)
        self._cpu = cpu
        self._likely_s: dict[tuple[str, int], float] = {}

    def read(self, grey: Grey, budget_s: float = float("inf")) -> Still:
        """The symbols of the first stage that reads. What is found after ``budget_s`` of CPU does not count.

        A stage that, by what it took before on pictures of this size, would not end in time is passed over.
        """
        began_s = self._cpu()
        picture = Picture(grey, lambda: self._cpu() - began_s > LATE * budget_s)
        doubts = _Doubts()
        for stage in (PLAIN, *self._retries):
            stage_began_s = self._cpu()
            kind = (stage.name, grey.size.bit_length())
            likely_s = 0.0 if stage.is_in_parts else self._likely_s.get(kind, 0.0)
            if stage is not PLAIN and stage_began_s - began_s + likely_s > budget_s:
                continue
            found = doubts.settle(stage, stage.read(self._decoders, picture), 0.0)
            ended_s = self._cpu()
            took_s = ended_s - stage_began_s
            self._likely_s[kind] = 0.8 * self._likely_s.get(kind, took_s) + 0.2 * took_s
            if found and ended_s - began_s <= budget_s:
                return Still(found, stage.name, ended_s - began_s)
        return Still([], "", self._cpu() - began_s)


def _retries(decoders: Decoders) -> tuple[Stage, ...]:
    return tuple(stage for stage in RETRIES if stage.read is not _zbar or decoders.has_zbar)
