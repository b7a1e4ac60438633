"""Reads bar codes too blurred for edges: each symbol of a code is compared, whole, with how it looks out of focus.

For lines across the bars as cascade_bars makes them. EAN-13 (UPC-A), EAN-8 and Code 128; leaves where the bars are to
cascade_bars. After Gallo and Manduchi, "Reading 1D barcodes with mobile phones using deformable templates", PAMI 33(9), 2011.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.devices.barcode import Symbol
from edge.devices.cascade_bars import Lines

SAMPLES = 4  # a module; the blur leaves nothing finer
SLACK = 2  # samples a symbol may be off where the last one says it is: paper bends, lenses lean
MIN_LIKENESS = 0.78  # mean correlation of a code's symbols; measured: true ones 0.82-0.97, chance 0.5-0.8
MIN_WORST = 0.4  # one symbol under a fold or a glare
MIN_START = 0.85  # likeness of a start symbol worth walking on from
MIN_LEAD = 0.035  # of each symbol over the second best: at chance 0.00-0.03
MIN_LEAD_CODE128 = 0.02  # its check symbol passes one chance in 103
FLAT = 2.0  # grey levels: what varies less is paper
AGREEING_LINES = 3  # a check digit passes one chance in ten, and two lines may share a fold

# GS1 General Specifications 5.2.1: number set A of the left half; B is its mirrored complement, the right half's C its complement.
_SET_A = ("0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111", "0001011")
_SET_B = tuple("".join("10"[int(module)] for module in reversed(digit)) for digit in _SET_A)
_FIRST_DIGIT = ("AAAAAA", "AABABB", "AABBAB", "AABBBA", "ABAABB", "ABBAAB", "ABBBAA", "ABABAB", "ABABBA", "ABBABA")

# ISO/IEC 15417 table 1: widths of bar, space, bar, …; the last is the stop.
_CODE128 = (  # noqa: SIM905  # as the standard's columns stand
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 123122 "
    "123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 232121 111323 "
    "131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131 "
    "213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 111422 121124 121421 141122 "
    "141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 111242 121142 121241 114212 124112 "
    "124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 "
    "411131 211412 211214 211232 2331112"
).split()
_STARTS = {103: "A", 104: "B", 105: "C"}
_TO_SET = {"A": {99: "C", 100: "B"}, "B": {99: "C", 101: "A"}, "C": {100: "B", 101: "A"}}
_SHIFT = 98
_FNC1 = 102
_STOP = 106
_SHIFTS = (-0.5, -0.25, 0.0, 0.25, 0.5)  # modules
_STRETCHES = (0.95, 1.0, 1.05)
_MAX_SYMBOLS = 60  # longer is no label, and no line of a camera resolves it

Samples = NDArray[np.float32]  # (lines, samples), SAMPLES a module


_EAN13_MODULES = 95


@dataclass(frozen=True, slots=True)
class _Bank:
    """Templates at one blur: rows are samples, columns symbols; each column has mean 0 and length 1."""

    ean: Samples  # 10 digits of set A, 10 of set B, left, middle and right guard
    code128: Samples
    code128_stop: Samples


def read_ean13(lines: Lines, module_px: float, blur_modules: float) -> list[tuple[int, Symbol]]:
    """(line, EAN-13) of the lines that can be read; UPC-A is one that begins with 0. Not upside down.

    EAN-8 is not among them: half of an EAN-13 is like enough to one.
    """
    samples = _resampled(lines, module_px)
    if samples.shape[1] < _EAN13_MODULES * SAMPLES:
        return []
    likeness = _likeness(samples, _bank(blur_modules).ean)
    digits, guards = likeness[:, :20], likeness[:, 20:]
    left, right = digits.max(axis=1), -digits[:, :10].min(axis=1)
    # A place is a module in front of a digit or guard; the windows of two guards begin earlier.
    steps = [_later(guards[:, 0], 3), *[left] * 6, _later(guards[:, 1], 1), *[right] * 6, guards[:, 2]]
    read = ((line, _ean13_text(digits[line].T, places)) for line, places in _paths(steps, [3, *[7] * 6, 5, *[7] * 6]))
    return [(line, Symbol(text, "E0")) for line, text in read if text]


def read_code128(lines: Lines, module_px: float, blur_modules: float) -> list[tuple[int, Symbol]]:
    """(line, Code 128) of the lines that can be read. Not upside down."""
    samples = _resampled(lines, module_px)
    bank = _bank(blur_modules)
    if samples.shape[1] < 4 * bank.code128.shape[0]:
        return []
    starts = _likeness(samples, bank.code128[:, 103:106]).max(axis=1)
    sample_px = module_px / SAMPLES
    read = (
        (line, _code128_symbol(_walk(lines[line], float(starts[line].argmax() + SAMPLES) * sample_px, module_px, bank)))
        for line in range(len(samples))
        if starts[line].max() > MIN_START
    )
    return [(line, symbol) for line, symbol in read if symbol is not None]


class Ballot:
    """Which text the lines across one place agree on."""

    def __init__(self) -> None:
        self._lines: dict[Symbol, set[int]] = {}

    def count(self, read: list[tuple[int, Symbol]]) -> None:
        for line, symbol in read:
            self._lines.setdefault(symbol, set()).add(line)

    def winner(self) -> Symbol | None:
        """What at least AGREEING_LINES read, and twice as many as anything else."""
        ordered = sorted(self._lines.items(), key=lambda pair: -len(pair[1]))
        if not ordered or len(ordered[0][1]) < AGREEING_LINES:
            return None
        if len(ordered) > 1 and len(ordered[0][1]) < 2 * len(ordered[1][1]):
            return None
        return ordered[0][0]


def _resampled(lines: Lines, module_px: float) -> Samples:
    count = int(lines.shape[1] / module_px * SAMPLES)
    across = ((np.arange(count, dtype=np.float32) + 0.5) / SAMPLES * np.float32(module_px) - 0.5)[None]
    down = np.arange(lines.shape[0], dtype=np.float32)[:, None]
    shape = (lines.shape[0], count)
    samples = cv2.remap(
        lines,
        np.ascontiguousarray(np.broadcast_to(across, shape)),
        np.ascontiguousarray(np.broadcast_to(down, shape)),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return samples.astype(np.float32, copy=False)


def _likeness(samples: Samples, templates: Samples) -> Samples:
    """(lines, templates, samples) correlation, -1 to 1, of each template with what begins at that sample."""
    length = templates.shape[0]
    windows = np.lib.stride_tricks.sliding_window_view(samples, length, axis=1)
    mean = cv2.boxFilter(samples, cv2.CV_32F, (length, 1), anchor=(0, 0))
    square = cv2.sqrBoxFilter(samples, cv2.CV_32F, (length, 1), anchor=(0, 0))
    spread = np.sqrt(np.maximum(square - mean * mean, FLAT**2) * length)
    out = np.full((len(samples), templates.shape[1], samples.shape[1]), -1.0, np.float32)
    out[:, :, : windows.shape[1]] = templates.T @ windows.swapaxes(1, 2) / spread[:, None, : windows.shape[1]]
    return out


def _later(likeness: Samples, modules: int) -> Samples:
    out = np.full_like(likeness, -1.0)
    out[:, modules * SAMPLES :] = likeness[:, : -modules * SAMPLES]
    return out


def _paths(likeness: list[Samples], advance: list[int]) -> Iterator[tuple[int, list[int]]]:
    """(line, places of its elements) along the likest path through each line that is like enough (Viterbi)."""
    window = np.ones((1, 2 * SLACK + 1), np.uint8)
    scores = [likeness[0]]
    for here, modules in zip(likeness[1:], advance, strict=True):
        step = modules * SAMPLES
        best = cv2.dilate(scores[-1], window, borderType=cv2.BORDER_CONSTANT, borderValue=-99.0)
        score = np.full_like(here, -99.0)
        score[:, step:] = best[:, : here.shape[1] - step] + here[:, step:]
        scores.append(score)
    for line in range(len(scores[-1])):
        place = int(scores[-1][line].argmax())
        if scores[-1][line, place] < MIN_LIKENESS * 0.9 * len(likeness):  # guards are short: a little less like
            continue
        places = [place]
        for score, modules in zip(reversed(scores[:-1]), reversed(advance), strict=True):
            low = max(0, place - modules * SAMPLES - SLACK)
            place = low + int(score[line, low : low + 2 * SLACK + 1].argmax())
            places.append(place)
        yield line, places[::-1]


def _ean13_text(digits: Samples, places: list[int]) -> str:
    """The digits on a path through one line; "" where one of them is not sure, or the check digit is wrong."""
    left, right = _sure(digits[places[1:7]]), _sure(-digits[places[8:14], :10])
    if left is None or right is None:
        return ""
    likeness = np.concatenate([left[1], right[1]])
    if likeness.mean() < MIN_LIKENESS or likeness.min() < MIN_WORST:
        return ""
    sets = "".join("AB"[value // 10] for value in left[0])
    if sets not in _FIRST_DIGIT:
        return ""
    text = "".join(str(value % 10) for value in (_FIRST_DIGIT.index(sets), *left[0], *right[0]))
    return text if sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(text)) % 10 == 0 else ""


def _sure(likeness: Samples) -> tuple[list[int], Samples] | None:
    """The likest template of each row and how like it is; None where another is about as like."""
    ordered = np.partition(likeness, -2, axis=1)
    if (ordered[:, -1] - ordered[:, -2]).min() < MIN_LEAD:
        return None
    return likeness.argmax(axis=1).tolist(), ordered[:, -1]


def _walk(line: NDArray[np.float32], start_px: float, module_px: float, bank: _Bank) -> list[int]:
    """Values of the symbols from ``start_px`` to the stop, both with them; [] where the way is lost."""
    values: list[int] = []
    total = 0.0
    place_px = start_px
    while len(values) < _MAX_SYMBOLS:
        if values and _looks(line, place_px, module_px, bank.code128_stop)[0].max() > MIN_LIKENESS:
            return [*values, _STOP] if total / len(values) >= MIN_LIKENESS else []
        likeness, firsts_px, modules_px = _looks(line, place_px, module_px, bank.code128)
        look, value = divmod(int(likeness.argmax()), likeness.shape[1])
        ordered = np.partition(likeness.max(axis=0), -2)
        if ordered[-1] < MIN_WORST or ordered[-1] - ordered[-2] < MIN_LEAD_CODE128:
            return []
        total += float(ordered[-1])
        values.append(value)
        place_px = float(firsts_px[look] + 11 * modules_px[look])
        module_px += 0.5 * float(modules_px[look] - module_px)  # half: one symbol measures the paper's bend, and noise
    return []


def _looks(line: NDArray[np.float32], place_px: float, module_px: float, templates: Samples) -> tuple[Samples, Samples, Samples]:
    """(looks, templates) correlation around ``place_px`` with the symbol a little shifted and stretched, and both of each look."""
    modules_px = np.repeat(module_px * np.array(_STRETCHES, np.float32), len(_SHIFTS))
    firsts_px = place_px + np.tile(np.array(_SHIFTS, np.float32), len(_STRETCHES)) * module_px
    steps = (np.arange(templates.shape[0], dtype=np.float32) + 0.5) / SAMPLES - 1.0  # its neighbour's last module stands first
    where = firsts_px[:, None] + steps * modules_px[:, None] - 0.5
    windows = np.interp(where, np.arange(len(line)), line).astype(np.float32)
    centred = windows - windows.mean(axis=1, keepdims=True)
    spread = np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), templates.shape[0] ** 0.5 * FLAT)
    correlated: Samples = (centred @ templates) / spread
    return correlated, firsts_px.astype(np.float32), modules_px


def _code128_symbol(values: list[int]) -> Symbol | None:
    """The text of start, data, check and stop; None where the check is wrong or the text not plain."""
    if len(values) < 4 or values[0] not in _STARTS:
        return None
    data, check = values[1:-2], values[-2]
    if (values[0] + sum(place * value for place, value in enumerate(data, 1))) % 103 != check:
        return None
    is_gs1 = data[0] == _FNC1
    text = _code128_text(_STARTS[values[0]], data[1:] if is_gs1 else data)
    return Symbol(text, "C1" if is_gs1 else "C0") if text else None


def _code128_text(code_set: str, data: list[int]) -> str:
    """ISO/IEC 15417 table 1, code sets A, B and C; "" for what is not text (FNC2 to FNC4)."""
    text = ""
    shifted = False
    for value in data:
        in_force = {"A": "B", "B": "A"}[code_set] if shifted else code_set
        shifted = False
        if value == _FNC1:
            text += "\x1d"
        elif in_force == "C" and value < 100:
            text += f"{value:02d}"
        elif in_force != "C" and value < 96:
            text += chr(value + 32) if in_force == "B" or value < 64 else chr(value - 64)
        elif in_force != "C" and value == _SHIFT:
            shifted = True
        elif value in _TO_SET[in_force]:
            code_set = _TO_SET[in_force][value]
        else:
            return ""
    return text


@lru_cache(maxsize=8)
def _bank(blur_modules: float) -> _Bank:
    # Every symbol stands between known neighbours: digits of the left half end dark and begin light, Code 128 the other way round.
    digits = [f"11{digit}00" for digit in (*_SET_A, *_SET_B)]
    guards = ["00000101000", "??1010101??", "?0101000000"]
    ean = np.stack([_template(modules, blur_modules, 1, 10) for modules in (*digits, *guards)], axis=1)
    patterns = ["".join("10"[place % 2] * int(width) for place, width in enumerate(widths)) for widths in _CODE128]
    code128 = np.stack([_template(f"00{pattern}11", blur_modules, 1, 14) for pattern in patterns[:_STOP]], axis=1)
    stop = _template(f"00{patterns[_STOP]}000000", blur_modules, 1, 19)[:, None]
    return _Bank(ean, code128, stop)


def _template(modules: str, blur_modules: float, first: int, end: int) -> NDArray[np.float32]:
    """Modules ``first`` to ``end`` of a row of them (1 is dark, ? either), out of focus by a Gaussian of that many modules."""
    fine = 4  # times SAMPLES
    row = np.repeat(np.array([{"1": 0.0, "?": 0.5, "0": 1.0}[module] for module in modules]), SAMPLES * fine)
    sigma = blur_modules * SAMPLES * fine
    reach = int(4 * sigma) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    blurred = np.convolve(np.pad(row, reach, mode="edge"), kernel / kernel.sum(), "valid")
    samples = blurred.reshape(-1, fine).mean(axis=1)[first * SAMPLES : end * SAMPLES]
    centred = samples - samples.mean()
    template: NDArray[np.float32] = (centred / np.linalg.norm(centred)).astype(np.float32)
    return template
