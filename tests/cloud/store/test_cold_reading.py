"""A chart's line: a short pause between two readings is none, a silence is one gap."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from cloud.store.cold_reading import ColdPoint, without_pauses

START, MINUTE = datetime(2026, 3, 2, tzinfo=UTC), timedelta(minutes=1)


@pytest.mark.parametrize(
    ("given", "drawn"),
    [
        ("3.3..3", "3 3 3"),
        ("3......3", "3 . 3"),
        ("....3", ". 3"),
        ("3......", "3 ."),
        ("3...", "3"),
        ("......", "."),
        ("", ""),
    ],
)
def test_a_pause_is_no_gap_and_a_silence_is_one(given: str, drawn: str) -> None:
    points = [point(n, None if said == "." else float(said)) for n, said in enumerate(given)]
    assert shown(without_pauses(points, MINUTE)) == drawn


def point(n: int, value: float | None) -> ColdPoint:
    return ColdPoint(START + n * MINUTE, value, value, value)


def shown(points: Sequence[ColdPoint]) -> str:
    return " ".join("." if one.mean is None else f"{one.mean:g}" for one in points)
