"""What a station was told of its vans is said again when it is worth it."""

import pytest
from msgspec.structs import replace

from cloud.domain.coming import MOST_VANS, is_news
from edge.wire.codec import encode
from edge.wire.messages import ComingVan, Desired

MINUTE_MS = 60_000
VAN = ComingVan(
    run="A1", state="departed", planned_ms=0, early_ms=60 * MINUTE_MS, late_ms=90 * MINUTE_MS, stops_before=4, as_of_ms=0,
    containers={"ambient": 3},
)  # fmt: skip


def test_what_has_hardly_moved_is_not_said_again() -> None:
    hardly = replace(VAN, early_ms=62 * MINUTE_MS, late_ms=88 * MINUTE_MS, as_of_ms=9 * MINUTE_MS)
    assert not is_news((VAN,), (hardly,))
    assert not is_news((), ())


@pytest.mark.parametrize(
    "changed",
    [
        replace(VAN, early_ms=57 * MINUTE_MS),
        replace(VAN, late_ms=93 * MINUTE_MS),
        replace(VAN, stops_before=3),
        replace(VAN, state="paused"),
        replace(VAN, containers={"ambient": 2}),
        replace(VAN, early_ms=None, late_ms=None),
        replace(VAN, as_of_ms=10 * MINUTE_MS),  # nothing moved, and that it was heard is news
        replace(VAN, run="A2"),
    ],
)
def test_what_somebody_would_act_on_is_said(changed: ComingVan) -> None:
    assert is_news((VAN,), (changed,))


def test_a_van_more_or_less_is_said() -> None:
    assert is_news((), (VAN,))
    assert is_news((VAN,), ())


def test_the_most_there_is_to_say_fits_into_the_message() -> None:
    at_ms, many = 1_767_225_600_000, {"ambient": 99, "chilled": 99, "frozen": 99}
    van = replace(VAN, planned_ms=at_ms, early_ms=at_ms, late_ms=at_ms, as_of_ms=at_ms, is_estimate=True, containers=many)
    said = Desired(
        version=1, hlc=2**60, mode="release", manifest_sha256="0" * 64, coming_at_ms=at_ms,
        manifest_url="https://cloud.example/api/sites/a-station/manifest/" + "0" * 64,
        coming=tuple(replace(van, run=f"南环三号线-{n}" * 2) for n in range(MOST_VANS)),
    )  # fmt: skip
    assert len(encode(said)) < 4096
