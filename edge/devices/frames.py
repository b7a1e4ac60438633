"""Where a camera's frames come from: a video device, a video file, or a folder of photographs as if it were a camera.

Blocking, on OpenCV; called in the camera's own thread. Leaves decoding to barcode.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from edge.devices.ports import CameraSettings, DeviceError, DeviceState

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
FRAMES_EACH = 5  # of one photograph: a bar code has to be seen twice or thrice, and the best stages get their turn


class CameraError(DeviceError):
    """The frames' source is not there or not usable."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture. ``grey`` is (H, W) uint8, None where nothing is in view; ``at_s`` is of time.monotonic."""

    grey: Any
    at_s: float


def load_opencv() -> Any:
    """Import OpenCV; CameraError names the system package that it lacks."""
    try:
        cv2 = import_module("cv2")
    except ImportError as error:
        raise CameraError(DeviceState.FAILED, f"OpenCV: {error}; apt-get install libgl1 libglib2.0-0") from error
    cv2.utils.logging.setLogLevel(
        cv2.utils.logging.LOG_LEVEL_SILENT
    )  # a device that is not there is our health's matter, not standard error's
    return cv2


def frames(settings: CameraSettings, cv2: Any, wait: Callable[[float], None]) -> Iterator[Frame]:
    """Frames at ``settings.frames_per_s``. Ends after a folder or file that does not loop; CameraError when a device is lost.

    ``wait`` sleeps for so many seconds. A folder's and a file's frames carry the time they are due at, not the time they
    were read at: a slow disk changes nothing of what is seen.
    """
    source = Path(settings.source)
    if source.is_dir():
        return _photographs(source, settings, cv2, wait)
    if source.is_file():
        return _video_file(source, settings, cv2, wait)
    return _device(settings, cv2)


def _photographs(folder: Path, settings: CameraSettings, cv2: Any, wait: Callable[[float], None]) -> Iterator[Frame]:
    interval_s = 1.0 / settings.frames_per_s
    due_s = time.monotonic()
    while True:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
        if not paths:
            raise CameraError(DeviceState.LOST, f"{folder}: no photographs in it")
        for path in paths:
            grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
            for _ in range(FRAMES_EACH):
                wait(due_s - time.monotonic())
                yield Frame(grey, due_s)
                due_s += interval_s
            yield Frame(None, due_s)
            due_s += settings.gap_s
        if not settings.loop:
            return


def _video_file(file: Path, settings: CameraSettings, cv2: Any, wait: Callable[[float], None]) -> Iterator[Frame]:
    begun_s = time.monotonic()
    while True:
        capture = cv2.VideoCapture(str(file))
        next_s = 0.0
        try:
            if not capture.isOpened():
                raise CameraError(DeviceState.FAILED, f"{file}: neither a folder nor a video that OpenCV can read")
            while capture.grab():
                position_s = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0
                if position_s < next_s:
                    continue
                next_s = position_s + 1.0 / settings.frames_per_s
                ok, image = capture.retrieve()
                if ok:
                    wait(begun_s + position_s - time.monotonic())
                    yield Frame(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), begun_s + position_s)
        finally:
            capture.release()
        if not settings.loop:
            return
        begun_s = time.monotonic()


def _device(settings: CameraSettings, cv2: Any) -> Iterator[Frame]:
    source: int | str = int(settings.source) if settings.source.isdecimal() else settings.source
    if isinstance(source, str) and not Path(source).exists():
        raise CameraError(
            DeviceState.LOST, f"{source}: not there; plug the camera in, or correct source in the site's configuration"
        )
    capture = cv2.VideoCapture(source)
    try:
        if not capture.isOpened():
            raise CameraError(
                DeviceState.LOST, f"{source}: no camera answers; plug it in, and add the agent's user to the group video"
            )
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest picture, not one of a second ago
        next_s = 0.0
        while capture.grab():
            now_s = time.monotonic()
            if now_s < next_s:
                continue
            next_s = now_s + 1.0 / settings.frames_per_s
            ok, image = capture.retrieve()
            if ok:
                yield Frame(image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), now_s)
    finally:
        capture.release()
    raise CameraError(DeviceState.LOST, f"{source}: gives no pictures any more; plug the camera in again")
