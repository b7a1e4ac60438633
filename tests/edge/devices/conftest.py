"""Drivers' patience for tests: what real lines and people with a plug in the hand need, a pseudo-terminal does not."""

import pytest

from edge.devices import serial_port
from edge.devices.supervised import Backoff


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Backoff.__init__, "__defaults__", (0.02, 0.3))  # least_s, most_s
    monkeypatch.setattr(serial_port, "READ_TIMEOUT_S", 0.01)
