"""Reads Code 128 from lines across bars out of focus: from what looks like a start symbol, symbol by symbol, to the stop.

Leaves which lines to believe to cascade_templates.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from edge.devices.barcode import Symbol
from edge.devices.cascade_bars import Lines
from edge.devices.cascade_templates import FLAT, MIN_WORST, SAMPLES, Line, Samples, likeness_of, resampled, template

MIN_START = 0.82  # likeness of a start symbol worth walking on from
MOST_STARTS = 3
MIN_LIKENESS = 0.78  # mean correlation of its symbols; true ones have 0.82-0.97
MIN_LEAD = 0.02  # of each symbol over the second best; the check symbol passes one chance in 103

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


@dataclass(frozen=True, slots=True)
class _Templates:
    """Rows are samples, columns symbols; each column has mean 0 and length 1."""

    symbols: Samples
    stop: Samples


def code128_promise(lines: Lines, module_px: float, blur_modules: float) -> float:
    """How like a start symbol something on the middle line is."""
    samples = resampled(lines[len(lines) // 2 :][:1], module_px)
    templates = _templates(blur_modules)
    if samples.shape[1] < 4 * templates.symbols.shape[0]:
        return 0.0
    return float(likeness_of(samples, templates.symbols[:, 103:106]).max())


def read_code128(lines: Lines, module_px: float, blur_modules: float) -> list[tuple[int, Symbol]]:
    """(line, Code 128) of the lines that can be read. Not upside down."""
    samples = resampled(lines, module_px)
    templates = _templates(blur_modules)
    if samples.shape[1] < 4 * templates.symbols.shape[0]:
        return []
    starts = likeness_of(samples, templates.symbols[:, 103:106]).max(axis=1)
    sample_px = module_px / SAMPLES
    read = []
    for line in range(len(samples)):
        for place in _likeliest(starts[line]):
            symbol = _symbol(_walk(lines[line], (place + SAMPLES) * sample_px, module_px, templates))
            if symbol is not None:
                read.append((line, symbol))
                break
    return read


def _likeliest(likeness: Line) -> list[int]:
    """A few places that look like a start symbol, the likest first: in the midst of a code, something may look more like it."""
    left = likeness.copy()
    places: list[int] = []
    while len(places) < MOST_STARTS and left[place := int(left.argmax())] > MIN_START:
        places.append(place)
        left[max(0, place - 4 * SAMPLES) : place + 4 * SAMPLES + 1] = -1.0
    return places


def _walk(line: Line, start_px: float, module_px: float, templates: _Templates) -> list[int]:
    """Values of the symbols from ``start_px`` to the stop, both with them; [] where the way is lost."""
    values: list[int] = []
    total = 0.0
    place_px = start_px
    while len(values) < _MAX_SYMBOLS:
        if values and _looks(line, place_px, module_px, templates.stop)[0].max() > MIN_LIKENESS:
            return [*values, _STOP] if total / len(values) >= MIN_LIKENESS else []
        likeness, firsts_px, modules_px = _looks(line, place_px, module_px, templates.symbols)
        look, value = divmod(int(likeness.argmax()), likeness.shape[1])
        ordered = np.partition(likeness.max(axis=0), -2)
        if ordered[-1] < MIN_WORST or ordered[-1] - ordered[-2] < MIN_LEAD:
            return []
        total += float(ordered[-1])
        values.append(value)
        place_px = float(firsts_px[look] + 11 * modules_px[look])
        module_px += 0.5 * float(modules_px[look] - module_px)  # half: one symbol measures the paper's bend, and noise
    return []


def _looks(line: Line, place_px: float, module_px: float, templates: Samples) -> tuple[Samples, Samples, Samples]:
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


def _symbol(values: list[int]) -> Symbol | None:
    """The text of start, data, check and stop; None where the check is wrong or the text not plain."""
    if len(values) < 4 or values[0] not in _STARTS:
        return None
    data, check = values[1:-2], values[-2]
    if (values[0] + sum(place * value for place, value in enumerate(data, 1))) % 103 != check:
        return None
    is_gs1 = data[0] == _FNC1
    text = _text(_STARTS[values[0]], data[1:] if is_gs1 else data)
    return Symbol(text, "C1" if is_gs1 else "C0") if text else None


def _text(code_set: str, data: list[int]) -> str:
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
def _templates(blur_modules: float) -> _Templates:
    # Every symbol stands between known neighbours: it follows a space, and a bar follows it.
    patterns = ["".join("10"[place % 2] * int(width) for place, width in enumerate(widths)) for widths in _CODE128]
    symbols = np.stack([template(f"??0{pattern}1??", blur_modules, 2, 15) for pattern in patterns[:_STOP]], axis=1)
    return _Templates(symbols, template(f"??0{patterns[_STOP]}000000", blur_modules, 2, 20)[:, None])
