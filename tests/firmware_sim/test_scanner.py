import os
from pathlib import Path
from random import Random

import pytest
import serial

from firmware_sim.faults import LineFaults, pieces
from firmware_sim.scanner import SimulatedScanner
from firmware_sim.terminal import UnpluggedError


def test_the_other_end_reads_what_the_scanner_sends(tmp_path: Path) -> None:
    device = SimulatedScanner(tmp_path / "by-id" / "desk", Random(1), aim="]E0", suffix=b"\r\n")
    with device, serial.Serial(str(device.path), timeout=5) as port:
        device.scan("6901234567892")
        assert port.read(18) == b"]E06901234567892\r\n"


def test_unplugging_hangs_up_the_line_and_takes_the_path_away(tmp_path: Path) -> None:
    device = SimulatedScanner(tmp_path / "desk", Random(1))
    with device, serial.Serial(str(device.path), timeout=5) as port:
        device.unplug()
        with pytest.raises(serial.SerialException):
            port.read(1)
        assert not os.path.lexists(device.path)
        with pytest.raises(UnpluggedError):
            device.scan("TTP")
        device.plug()
        with serial.Serial(str(device.path), timeout=5) as again:
            device.scan("TTP")
            assert again.read(4) == b"TTP\r"
    assert not device.is_plugged


def test_what_nobody_reads_ends_in_a_time_out_instead_of_hanging(tmp_path: Path) -> None:
    with SimulatedScanner(tmp_path / "desk", Random(1), sleep=lambda _: None) as device, pytest.raises(TimeoutError):
        device.write(b"x" * 1_000_000)


def test_the_same_seed_gives_the_same_pieces_and_together_they_are_the_frame() -> None:
    faults = LineFaults(split=1.0, noise=0.5, pause_s=0.01)
    for seed in range(100):
        plan = pieces(b"TTP0000000011\r", faults, Random(seed))
        assert plan == pieces(b"TTP0000000011\r", faults, Random(seed))
        sent = b"".join(piece.data for piece in plan)
        assert sent.endswith(b"TTP0000000011\r")
        assert sent.count(b"\r") in (1, 2)
        assert len(plan) >= 2


@pytest.mark.parametrize(("name", "value"), [("split", 1.5), ("noise", -0.1), ("pause_s", -1.0)])
def test_an_impossible_line_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        LineFaults(**{name: value})
