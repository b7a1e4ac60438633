"""Parcel labels as pictures: printed, then photographed by a hand that is not steady, under a lamp that is not even. Seeded.

Leaves what stands on a label to edge.wire.labels.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Any

import cv2
import numpy as np
import zxingcpp

_MODULE_PIXELS = 3  # of a label printer's bars in a photograph from a hand's distance
_MARGIN_PIXELS = 40


class Print(StrEnum):
    """What is printed."""

    CODE128 = "Code128"
    QR = "QRCode"


@dataclass(frozen=True, slots=True)
class Defects:
    """How bad print and photograph are; all zero is the label as the printer's memory holds it."""

    tilt_deg: float = 0.0  # at most, either way
    blur_sigma: float = 0.0  # at most, pixels
    noise_sigma: float = 0.0  # of 255 grey levels
    shade: float = 0.0  # share of light missing at the dark side
    streaks: int = 0  # worn elements of the print head: white lines across the bars' length

    def __post_init__(self) -> None:
        if not 0.0 <= self.shade < 1.0:
            raise ValueError(f"shade: want 0 to below 1, got {self.shade}")


AS_PRINTED = Defects()
HAND_HELD = Defects(tilt_deg=3.0, blur_sigma=1.0, noise_sigma=6.0, shade=0.4)
WORN_HEAD = Defects(streaks=2)


def label_image(text: str, kind: Print, defects: Defects, random: Random) -> Any:
    """A photograph of the label of ``text``: (H, W) uint8."""
    code = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, kind.value))
    image = np.array(code.to_image(scale=_MODULE_PIXELS), dtype=np.uint8)
    image = np.pad(image, _MARGIN_PIXELS, constant_values=255)
    cv2.putText(image, text, (_MARGIN_PIXELS, image.shape[0] - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 0, 2)
    generator = np.random.default_rng(random.getrandbits(64))
    for step in (_streaked, _tilted, _blurred, _shaded, _noisy):
        image = step(image, defects, random, generator)
    return image


def write_label(folder: Path, text: str, kind: Print, defects: Defects, random: Random) -> Path:
    """The photograph as a PNG named after its text; OSError if it can't be written."""
    path = folder / f"{text}.png"
    ok, data = cv2.imencode(".png", label_image(text, kind, defects, random))
    if not ok:
        raise OSError(f"{path}: OpenCV can't write PNG")
    path.write_bytes(data.tobytes())
    return path


def _streaked(image: Any, defects: Defects, random: Random, _: np.random.Generator) -> Any:
    for _streak in range(defects.streaks):
        row = random.randrange(_MARGIN_PIXELS, image.shape[0] - _MARGIN_PIXELS)
        image[row : row + 2] = 255
    return image


def _tilted(image: Any, defects: Defects, random: Random, _: np.random.Generator) -> Any:
    if defects.tilt_deg == 0.0:
        return image
    height, width = image.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), random.uniform(-defects.tilt_deg, defects.tilt_deg), 1.0)
    return cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_CONSTANT, borderValue=255)


def _blurred(image: Any, defects: Defects, random: Random, _: np.random.Generator) -> Any:
    sigma = random.uniform(0.0, defects.blur_sigma)
    return cv2.GaussianBlur(image, (0, 0), sigma) if sigma > 0.1 else image


def _shaded(image: Any, defects: Defects, random: Random, _: np.random.Generator) -> Any:
    light = np.linspace(1.0, 1.0 - defects.shade, image.shape[1])
    return (image * (light if random.random() < 0.5 else light[::-1])).astype(np.uint8)


def _noisy(image: Any, defects: Defects, _: Random, generator: np.random.Generator) -> Any:
    if defects.noise_sigma == 0.0:
        return image
    return np.clip(image + generator.normal(0.0, defects.noise_sigma, image.shape), 0, 255).astype(np.uint8)
