"""The captured frames of shared/data/devices, by family and name; a test that wants them skips where the folder is not there."""

import json
import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("TUANTU_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))
FRAMES = SHARED / "devices" / "serial_frames.json"


def golden(family: str, name: str) -> bytes:
    if not FRAMES.exists():
        pytest.skip(f"{FRAMES.name} of the shared data is not here: set TUANTU_SHARED_DATA to its folder")
    return bytes.fromhex(json.loads(FRAMES.read_text())[family]["frames"][name])
