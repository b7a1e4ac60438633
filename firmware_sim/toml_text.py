"""Strings as TOML writes them, for the files of sites whose devices are simulated."""

from pathlib import Path

import msgspec


def quoted(value: str | Path) -> str:
    """A basic string; JSON's escapes are all TOML's too, and JSON strings may stand in TOML as they are."""
    return msgspec.json.encode(str(value)).decode()
