"""The messages of shared/data/devices; a test that wants them skips where the folder is not there."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(os.environ.get("TUANTU_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data")) / "devices"


def _text(name: str) -> str:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} of the shared data is not here: set TUANTU_SHARED_DATA to its folder")
    return path.read_text(encoding="utf-8")


def frames(name: str) -> list[bytes]:
    return [bytes.fromhex(line) for line in _text(name).split()]


def messages(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(_text(name))
    return found


def of_family(family: str) -> str:
    return str(json.loads(_text("serial_frames.json"))[family])
