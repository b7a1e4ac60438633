"""Bar codes too blurred for edges: each symbol is compared, whole, with how it looks out of focus. What all such readers share.

For lines across the bars as cascade_bars makes them. Leaves EAN-13 to cascade_ean13 and Code 128 to cascade_code128. After Gallo
and Manduchi, "Reading 1D barcodes with mobile phones using deformable templates", PAMI 33(9), 2011.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.devices.barcode import Symbol
from edge.devices.cascade_bars import Lines

SAMPLES = 4  # a module; the blur leaves nothing finer
MIN_WORST = 0.4  # one symbol under a fold or a glare
FLAT = 2.0  # grey levels: what varies less is paper
AGREEING_LINES = 3  # a check digit passes one chance in ten, and two lines may share a fold

Line = NDArray[np.float32]
Samples = NDArray[np.float32]  # (lines, samples), SAMPLES a module


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


def resampled(lines: Lines, module_px: float) -> Samples:
    """SAMPLES a module, where a module is ``module_px`` samples of ``lines``."""
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


def likeness_of(samples: Samples, templates: Samples) -> Samples:
    """(lines, templates, samples) correlation, -1 to 1, of each template with what begins at that sample."""
    length = templates.shape[0]
    windows = np.lib.stride_tricks.sliding_window_view(samples, length, axis=1)
    mean = cv2.boxFilter(samples, cv2.CV_32F, (length, 1), anchor=(0, 0))
    square = cv2.sqrBoxFilter(samples, cv2.CV_32F, (length, 1), anchor=(0, 0))
    spread = np.sqrt(np.maximum(square - mean * mean, FLAT**2) * length)
    out = np.full((len(samples), templates.shape[1], samples.shape[1]), -1.0, np.float32)
    out[:, :, : windows.shape[1]] = templates.T @ windows.swapaxes(1, 2) / spread[:, None, : windows.shape[1]]
    return out


def template(modules: str, blur_modules: float, first: int, end: int) -> Line:
    """As out_of_focus, with mean 0 and length 1."""
    samples = out_of_focus(modules, blur_modules, first, end)
    centred = samples - samples.mean()
    unit: Line = centred / np.linalg.norm(centred)
    return unit


def out_of_focus(modules: str, blur_modules: float, first: int, end: int) -> Line:
    """Light on modules ``first`` to ``end`` of a row of them (1 is dark, ? either), blurred by a Gaussian of that many modules."""
    fine = 4  # times SAMPLES
    row = np.repeat(np.array([{"1": 0.0, "?": 0.5, "0": 1.0}[module] for module in modules]), SAMPLES * fine)
    sigma = blur_modules * SAMPLES * fine
    reach = int(4 * sigma) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    blurred = np.convolve(np.pad(row, reach, mode="edge"), kernel / kernel.sum(), "valid")
    light: Line = blurred.reshape(-1, fine).mean(axis=1)[first * SAMPLES : end * SAMPLES].astype(np.float32)
    return light
