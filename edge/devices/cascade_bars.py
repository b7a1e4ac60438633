"""Finds where the bars of bar codes stand in a picture, and turns each place into a few averaged lines across the bars.

Leaves what the bars say to cascade_templates and zxing-cpp.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Lines = NDArray[np.float32]  # (lines, samples)

CELL = 8  # pixels: a cell holds a few bars of the smallest codes worth trying, and makes the rest of the work cheap
MIN_COHERENCE = 0.55  # 1 is bars, 0 is letters and leaves; measured: lower joins the digits below to the bars
MIN_STRENGTH = 0.12  # of the strong edges of the picture: a blurred code beside a sharp carton
LARGE_PX = 360  # codes that fill a tenth of such a picture survive halving it, and it takes a quarter of the time
NOISE = 4.0  # Sobel steps that a dark camera makes of nothing
MIN_CELLS = 6
DIRECTIONS = 4  # of half a turn
MAX_OFF_RAD = float(np.radians(30))  # from a direction: each cell is of one or two of them
MAX_TURN_RAD = float(np.radians(15))  # bars of one code are parallel, but for perspective
MIN_LENGTH_PX = 40.0  # a pixel a module of EAN-8 is the end of all reading
MIN_HEIGHT_PX = 4.0


@dataclass(frozen=True, slots=True)
class Bars:
    """A place with bars: across them (``u``, at ``angle_rad`` from x) and along them (``v``), pixels of the picture."""

    angle_rad: float
    u0: float
    u1: float
    v0: float
    v1: float

    @property
    def length_px(self) -> float:
        return self.u1 - self.u0

    @property
    def centre(self) -> tuple[float, float]:
        """x, y."""
        u, v = (self.u0 + self.u1) / 2, (self.v0 + self.v1) / 2
        cosine, sine = float(np.cos(self.angle_rad)), float(np.sin(self.angle_rad))
        return u * cosine - v * sine, u * sine + v * cosine

    def holds(self, x: float, y: float) -> bool:
        """Whether a point of the picture lies among its bars."""
        cosine, sine = float(np.cos(self.angle_rad)), float(np.sin(self.angle_rad))
        u, v = x * cosine + y * sine, y * cosine - x * sine
        return self.u0 <= u <= self.u1 and self.v0 - CELL <= v <= self.v1 + CELL

    def is_about(self, other: "Bars") -> bool:
        """Whether it is the same place, found from two directions."""
        apart = np.hypot(self.centre[0] - other.centre[0], self.centre[1] - other.centre[1])
        turned = abs((self.angle_rad - other.angle_rad + np.pi / 2) % np.pi - np.pi / 2)
        return bool(apart < 3 * CELL and turned < MAX_TURN_RAD)


def find_bars(grey: Grey, at_most: int) -> list[Bars]:
    """Places where all edges of ``grey`` run one way, the largest first.

    The structure tensor, summed over cells: Bigün and Granlund, "Optimal orientation detection of linear symmetry", 1987.
    Weighted by the gradient's length and not its square, so that many weak bars count more than one strong rim.
    """
    height, width = grey.shape
    if min(height, width) < 2 * CELL:
        return []
    is_large = min(height, width) >= LARGE_PX
    smaller = cv2.resize(grey, (width // 2, height // 2), interpolation=cv2.INTER_AREA) if is_large else grey
    xx, yy, xy = _tensor(smaller, (width // CELL, height // CELL))
    difference, cross, strength = xx - yy, 2.0 * xy, xx + yy
    coherence = cv2.magnitude(difference, cross) / (strength + 1e-3)
    floor = max(NOISE, MIN_STRENGTH * _at_share(strength.ravel(), 0.95))
    mask = (coherence > MIN_COHERENCE) & (strength > floor)
    doubled = cv2.phase(difference, cross)  # twice the angle, 0 to 2π
    step = np.array([width / xx.shape[1], height / xx.shape[0]])
    found: list[tuple[float, Bars]] = []
    # By direction: the rim of a label runs both ways and would join its bars to the carton's edge.
    for direction in range(DIRECTIONS):
        off = np.abs(np.remainder(doubled - 2.0 * np.pi * direction / DIRECTIONS + np.pi, 2.0 * np.pi) - np.pi)
        towards = (mask & (off < 2.0 * MAX_OFF_RAD)).astype(np.uint8)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(towards, connectivity=8)
        areas = stats[:, cv2.CC_STAT_AREA]
        for label in np.argsort(-areas[1:])[:at_most] + 1 if count > 1 else ():
            if areas[label] < MIN_CELLS:
                break
            rows, columns = np.nonzero(labels == label)
            place = _place(difference[rows, columns], cross[rows, columns], strength[rows, columns], columns, rows, step)
            if place is not None:
                found.append((float(strength[rows, columns].sum()), place))
    found.sort(key=lambda pair: -pair[0])
    places: list[Bars] = []
    for _, place in found:
        if not any(place.is_about(other) for other in places):
            places.append(place)
    return places[:at_most]


def lines_across(grey: Grey, bars: Bars, count: int, samples_per_px: float, margin: float) -> Lines:
    """``count`` lines across the bars, each the mean of its share of the bars' height; ``margin`` of the length at either end."""
    u0, u1 = bars.u0 - margin * bars.length_px, bars.u1 + margin * bars.length_px
    height = bars.v1 - bars.v0
    v0, v1 = bars.v0 + 0.05 * height, bars.v1 - 0.05 * height
    rows, columns = max(count, int(v1 - v0)), max(1, int((u1 - u0) * samples_per_px))
    cosine, sine = np.cos(bars.angle_rad), np.sin(bars.angle_rad)
    u_step, v_step = 1.0 / samples_per_px, (v1 - v0) / rows
    v_first = v0 + 0.5 * v_step
    turn = np.array(
        [
            [cosine * u_step, -sine * v_step, cosine * u0 - sine * v_first],
            [sine * u_step, cosine * v_step, sine * u0 + cosine * v_first],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    patch = cv2.warpAffine(grey, turn, (columns, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    lines = cv2.resize(patch.astype(np.float32), (columns, count), interpolation=cv2.INTER_AREA)
    return lines.astype(np.float32, copy=False)


def _tensor(grey: Any, cells: tuple[int, int]) -> tuple[Any, Any, Any]:
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    length = cv2.magnitude(across, down) + 1.0
    xx, yy, xy = (
        cv2.blur(cv2.resize(product / length, cells, interpolation=cv2.INTER_AREA), (3, 3))
        for product in (across * across, down * down, across * down)
    )
    return xx, yy, xy


def _place(difference: Any, cross: Any, strength: Any, columns: Any, rows: Any, step: Any) -> Bars | None:
    """The rectangle of one component of cells; None where it is no bars."""
    angle = 0.5 * float(np.arctan2(cross.sum(), difference.sum()))
    if np.hypot(difference.sum(), cross.sum()) < 0.5 * strength.sum():
        return None
    turned = 0.5 * np.abs(np.angle(np.exp(1j * (np.arctan2(cross, difference) - 2.0 * angle))))
    kept = turned < MAX_TURN_RAD
    if kept.sum() < MIN_CELLS:
        return None
    x, y = (columns[kept] + 0.5) * step[0], (rows[kept] + 0.5) * step[1]
    cosine, sine = np.cos(angle), np.sin(angle)
    u, v = x * cosine + y * sine, y * cosine - x * sine
    u0, u1 = _at_share(u, 0.01) - 0.75 * CELL, _at_share(u, 0.99) + 0.75 * CELL
    v0, v1 = _at_share(v, 0.03) - 0.25 * CELL, _at_share(v, 0.97) + 0.25 * CELL
    bars = Bars(angle, u0, u1, v0, v1)
    if bars.length_px < MIN_LENGTH_PX or bars.v1 - bars.v0 < MIN_HEIGHT_PX:
        return None
    return bars


def _at_share(values: Any, share: float) -> float:
    """The percentile, nearest rank: numpy's own takes as long as all the rest of a place."""
    rank = round(share * (len(values) - 1))
    return float(np.partition(values, rank)[rank])
