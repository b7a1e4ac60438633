"""Tells systemd that the agent serves, and again and again that its loop turns: one that hangs is started anew (sd_notify(3)).

Nothing else is asked: a card that hangs would hang after a restart too, and scans are refused with three long tones.
"""

import asyncio
import os
import socket
from collections.abc import Mapping

_READY, _ALIVE = b"READY=1", b"WATCHDOG=1"


class Watchdog:
    """``run`` until cancelled; does nothing where no systemd waits for it. ``every_s``: half of what systemd allows."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        is_for_us = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        limit_us = int(environment.get("WATCHDOG_USEC") or 0) if is_for_us else 0
        self.every_s = limit_us / 2_000_000

    async def run(self) -> None:
        """As long as the loop turns."""
        self._tell(_READY)
        while self.every_s and self._address:
            self._tell(_ALIVE)
            await asyncio.sleep(self.every_s)
        await asyncio.Event().wait()

    def _tell(self, word: bytes) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to_systemd:
            to_systemd.connect(self._address)
            to_systemd.send(word)
