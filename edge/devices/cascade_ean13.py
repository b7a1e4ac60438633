"""Reads EAN-13, and UPC-A which is one, from lines across bars out of focus: the likest path from guard to guard, digit by digit.

Each digit is judged between its neighbours, until all stay as they are. Leaves which lines to believe to cascade_templates.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.devices.barcode import Symbol
from edge.devices.cascade_bars import Lines
from edge.devices.cascade_templates import (
    AGREEING_LINES,
    FLAT,
    MIN_WORST,
    SAMPLES,
    Samples,
    likeness_of,
    out_of_focus,
    resampled,
    template,
)

SLACK = 2  # samples a symbol may be off where the last one says it is: paper bends, lenses lean
MIN_PROMISE = 0.7  # mean correlation before neighbours are known; guards are short, and a little less like
MIN_LIKENESS = 0.85  # mean correlation of its digits; true ones have 0.87-0.98, a blurred Code 128 read as one had 0.82
MIN_LEAD = 0.035  # of each digit over the second best: at chance 0.00-0.03
BLURS = (0.35, 0.5, 0.65, 0.8, 1.0)  # modules; beyond, digits are told apart by luck
MOST_ROUNDS = 4  # of judging each digit anew between its neighbours; true ones stay after one or two

_MODULES = 95
_ADVANCE = [3, *[7] * 6, 5, *[7] * 6]  # modules from guard to digit to digit …
_CONTEXT = 2  # modules to either side of a digit that its window shows
_CONTEXT_WINDOW = (7 + 2 * _CONTEXT) * SAMPLES

# GS1 General Specifications 5.2.1: number set A of the left half; B is its mirrored complement, the right half's C its complement.
_SET_A = ("0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111", "0001011")
_SET_B = tuple("".join("10"[int(module)] for module in reversed(digit)) for digit in _SET_A)
_FIRST_DIGIT = ("AAAAAA", "AABABB", "AABBAB", "AABBBA", "ABAABB", "ABBAAB", "ABBBAA", "ABABAB", "ABABBA", "ABBABA")
_SET_C = tuple("".join("10"[int(module)] for module in digit) for digit in _SET_A)
# What stands beside the first and last digits of each half; ? is a module of a digit beyond.
_BESIDE = ("0000101", "?101010", "010101?", "1010000")
_LEFT_GUARD, _MIDDLE_BEFORE, _MIDDLE_AFTER, _RIGHT_GUARD = 30, 31, 32, 33


def ean13_promise(lines: Lines, module_px: float, blur_modules: float) -> float:
    """How like an EAN-13 the middle line is at its likest, about 0 to 1: what is worth read_ean13 with all lines."""
    samples = resampled(lines[len(lines) // 2 :][:1], module_px)
    if samples.shape[1] < _MODULES * SAMPLES:
        return 0.0
    _, steps = _steps(samples, blur_modules)
    return float(_scores(steps, _ADVANCE)[-1].max()) / len(steps)


def read_ean13(lines: Lines, module_px: float, blur_modules: float) -> list[tuple[int, Symbol]]:
    """(line, EAN-13) of the lines that can be read; UPC-A is one that begins with 0. Not upside down.

    EAN-8 is not among them: half of an EAN-13 is like enough to one.
    """
    samples = resampled(lines, module_px)
    if samples.shape[1] < _MODULES * SAMPLES:
        return []
    digits, steps = _steps(samples, blur_modules)
    paths = list(_paths(steps, _ADVANCE))
    if len(paths) < AGREEING_LINES:
        return []
    on_path = [line for line, _ in paths]
    places = np.array([[*places[1:7], *places[8:14]] for _, places in paths])
    guess = np.stack([_first_guess(digits[line], where) for line, where in zip(on_path, places, strict=True)])
    texts = _texts(samples[on_path], guess, places)
    return [(line, Symbol(text, "E0")) for line, text in zip(on_path, texts, strict=True) if text]


def _steps(samples: Samples, blur_modules: float) -> tuple[Samples, list[Samples]]:
    """Likeness of each of the 20 left digits everywhere, and of what stands at each step along the code, the guards with it."""
    likeness = likeness_of(samples, _templates(blur_modules))
    digits, guards = likeness[:, :20], likeness[:, 20:]
    left, right = digits.max(axis=1), -digits[:, :10].min(axis=1)
    # A place is a module in front of a digit or guard; the windows of two guards begin before theirs.
    return digits, [_later(guards[:, 0], 3), *[left] * 6, _later(guards[:, 1], 1), *[right] * 6, guards[:, 2]]


def _later(likeness: Samples, modules: int) -> Samples:
    out = np.full_like(likeness, -1.0)
    out[:, modules * SAMPLES :] = likeness[:, : -modules * SAMPLES]
    return out


def _scores(likeness: list[Samples], advance: list[int]) -> list[Samples]:
    """The likest way to each place at each step, SLACK samples more or less from one to the next (Viterbi)."""
    window = np.ones((1, 2 * SLACK + 1), np.uint8)
    scores = [likeness[0]]
    for here, modules in zip(likeness[1:], advance, strict=True):
        step = modules * SAMPLES
        best = cv2.dilate(scores[-1], window, borderType=cv2.BORDER_CONSTANT, borderValue=-99.0)
        score = np.full_like(here, -99.0)
        score[:, step:] = best[:, : here.shape[1] - step] + here[:, step:]
        scores.append(score)
    return scores


def _paths(likeness: list[Samples], advance: list[int]) -> Iterator[tuple[int, list[int]]]:
    """(line, places of its elements) along the likest path through each line that is like enough."""
    scores = _scores(likeness, advance)
    for line in range(len(scores[-1])):
        place = int(scores[-1][line].argmax())
        if scores[-1][line, place] < MIN_PROMISE * len(likeness):
            continue
        places = [place]
        for score, modules in zip(reversed(scores[:-1]), reversed(advance), strict=True):
            low = max(0, place - modules * SAMPLES - SLACK)
            place = low + int(score[line, low : low + 2 * SLACK + 1].argmax())
            places.append(place)
        yield line, places[::-1]


def _first_guess(digits: Samples, places: NDArray[np.intp]) -> NDArray[np.intp]:
    """What each digit on a path is most like: 0-9 of set A, 10-19 of set B, 20-29 of set C."""
    left, right = digits[:, places[:6]].argmax(axis=0), digits[:10, places[6:]].argmin(axis=0) + 20
    return np.concatenate([left, right])


def _texts(samples: Samples, guess: NDArray[np.intp], places: NDArray[np.intp]) -> list[str]:
    """The digits of each line, each digit judged between its neighbours until all stay as they are.

    ``guess`` and ``places`` are (lines, 12). "" where a digit is not sure, or the parity or the check digit is wrong.
    """
    first = places + SAMPLES - _CONTEXT * SAMPLES  # a place is a module in front of its digit
    reach = np.clip(first[..., None] + np.arange(_CONTEXT_WINDOW), 0, samples.shape[1] - 1)
    windows = np.take_along_axis(samples[:, None], reach, axis=2)
    windows = windows - windows.mean(axis=2, keepdims=True)
    windows /= np.maximum(np.linalg.norm(windows, axis=2, keepdims=True), _CONTEXT_WINDOW**0.5 * FLAT)
    tried = [_between_neighbours(windows, guess, _surroundings(blur)) for blur in BLURS]
    best = max(range(len(BLURS)), key=lambda n: float(tried[n].max(axis=2).sum()))
    likeness = tried[best]
    for _ in range(MOST_ROUNDS):
        better = likeness.argmax(axis=2)
        stays = (better == guess).all(axis=1)
        if stays.all():
            break
        guess = better
        likeness = _between_neighbours(windows, guess, _surroundings(BLURS[best]))
    stays = (likeness.argmax(axis=2) == guess).all(axis=1)
    return [_sure_text(likeness[line], guess[line]) if stays[line] else "" for line in range(len(guess))]


def _sure_text(likeness: Samples, guess: NDArray[np.intp]) -> str:
    ordered = np.partition(likeness, -2, axis=1)
    best = ordered[:, -1]
    if best.mean() < MIN_LIKENESS or best.min() < MIN_WORST or (best - ordered[:, -2]).min() < MIN_LEAD:
        return ""
    sets = "".join("AB"[value // 10] for value in guess[:6])
    if sets not in _FIRST_DIGIT:
        return ""
    text = "".join(str(value % 10) for value in (_FIRST_DIGIT.index(sets), *guess))
    return text if sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(text)) % 10 == 0 else ""


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What each pattern takes of a digit's window where it stands before, at and after it, and how these overlap.

    Blur is linear: what three neighbours take together is the sum, and its length follows from their products.
    """

    rows: tuple[Samples, Samples, Samples]  # (patterns, samples), each with mean 0
    products: dict[tuple[int, int], Samples]  # (patterns, patterns)


def _between_neighbours(windows: Samples, guess: NDArray[np.intp], around: _Surroundings) -> Samples:
    """(lines, 12, 30) correlation of each window with each digit between the digits and guards that stand beside it."""
    lines = len(guess)
    guards = np.broadcast_to(np.array([_LEFT_GUARD, _MIDDLE_BEFORE, _MIDDLE_AFTER, _RIGHT_GUARD]), (lines, 4))
    before = np.concatenate([guards[:, :1], guess[:, :5], guards[:, 1:2], guess[:, 6:11]], axis=1)
    after = np.concatenate([guess[:, 1:6], guards[:, 2:3], guess[:, 7:12], guards[:, 3:4]], axis=1)
    alike = [windows @ rows.T for rows in around.rows]
    beside = np.take_along_axis(alike[0], before[..., None], 2) + np.take_along_axis(alike[2], after[..., None], 2)
    squared = (
        (around.products[0, 0][before, before] + around.products[2, 2][after, after] + 2 * around.products[0, 2][before, after])[
            ..., None
        ]
        + np.diagonal(around.products[1, 1])[:30]
        + 2 * around.products[0, 1][before][..., :30]
        + 2 * around.products[2, 1][after][..., :30]
    )
    correlation: Samples = (alike[1][..., :30] + beside) / np.sqrt(squared)
    correlation[:, :6, 20:] = -1.0
    correlation[:, 6:, :20] = -1.0
    return correlation


@lru_cache(maxsize=len(BLURS))
def _surroundings(blur_modules: float) -> _Surroundings:
    patterns = [*_SET_A, *_SET_B, *_SET_C, *_BESIDE]
    rows = []
    for shift in (-7, 0, 7):
        padded = ("0" * (14 + shift) + pattern + "0" * (14 - shift) for pattern in patterns)
        light = np.stack([out_of_focus(row, blur_modules, 14 - _CONTEXT, 21 + _CONTEXT) for row in padded])
        rows.append(light - light.mean(axis=1, keepdims=True))
    products = {(one, other): rows[one] @ rows[other].T for one in range(3) for other in range(3)}
    return _Surroundings((rows[0], rows[1], rows[2]), products)


@lru_cache(maxsize=8)
def _templates(blur_modules: float) -> Samples:
    """(samples, 23): 10 digits of set A, 10 of set B, left, middle and right guard."""
    # Every digit stands between known neighbours: of the left half, it follows a bar and a space follows it.
    digits = [f"??1{digit}0??" for digit in (*_SET_A, *_SET_B)]
    guards = ["000000101000", "???1010101???", "??0101000000"]
    return np.stack([template(modules, blur_modules, 2, 11) for modules in (*digits, *guards)], axis=1)
