"""What ``make run`` understands."""

from pathlib import Path

import pytest

from cloud.onebox import wishes
from cloud.trouble import Trouble


def test_nothing_asked_is_a_town_on_loopback() -> None:
    read = wishes.read({}, Path("/x"))
    assert (read.with_town, read.fresh, read.host, read.port, read.data) == (True, False, "127.0.0.1", 8080, Path("/x/.data"))
    assert (read.stations, read.vans) == (54, 3)


def test_every_wish_is_heard() -> None:
    asked = {"FRESH": "1", "TOWN": "0", "HOST": "0.0.0.0", "PORT": "9000", "RATE": "60", "TUANTU_DATA": "/d", "BROKER": "iotcore"}
    read = wishes.read(asked, Path("/x"))
    assert (read.fresh, read.with_town, read.host, read.port, read.rate, read.data, read.broker) == (
        True, False, "0.0.0.0", 9000, 60.0, Path("/d"), "iotcore",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "65535"),
        ("PORT", "0"),
        ("TOWN", "maybe"),
        ("RATE", "fast"),
        ("RATE", "301"),
        ("RATE", "nan"),
        ("STATIONS", "0"),
        ("STATIONS", "55"),
        ("STATIONS", "many"),
        ("VANS", "10"),
    ],
)
def test_a_wish_nobody_understands_is_named(name: str, value: str) -> None:
    with pytest.raises(Trouble, match=f"{name}={value}"):
        wishes.read({name: value}, Path("/x"))
