from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from firmware_sim.gnss import SimulatedGnss
from firmware_sim.modbus import ModbusFaults


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: ModbusFaults(bad_crc=2.0), "bad_crc"),
        (lambda: ModbusFaults(no_reply=-1.0), "no_reply"),
        (lambda: ModbusFaults(delay_s=-1.0), "delay_s"),
        (lambda: SimulatedGnss(Path("x"), Random(1), bad_checksum=2.0), "bad_checksum"),
    ],
)
def test_an_impossible_device_is_refused_by_name(make: Callable[[], object], field: str) -> None:
    with pytest.raises(ValueError, match=field):
        make()
