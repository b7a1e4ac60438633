"""Drives a paho client on the event loop, by paho's own interface for loops of others, instead of a thread beside it.

ARCHITECTURE, decision 15. With a thread each message waits for two turns of the interpreter's lock, and a publish for a third
before it is written: a millisecond where the rest of the way takes three. Leaves what messages mean, and connecting again, to its
users.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from cloud.mqtt.client import LoopClient

_MISC_EVERY_S = 1.0
# Read in one go before anything else on the loop has its turn.
_PACKETS_AT_ONCE = 64


class PahoLoop:
    """Reads and writes for ``client`` on the running loop, from `connect` to `close`; all its callbacks are called there."""

    def __init__(self, client: LoopClient, report_lost: Callable[[str], None]) -> None:
        """``report_lost``: the connection is over though paho does not say so, for what the broker sent cannot be read."""
        self._client = client
        self._report_lost = report_lost
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = None
        self._is_writer_set = False
        self._misc: asyncio.TimerHandle | None = None
        client.on_socket_close = self._detach

    async def connect(self, connect: Callable[[], object]) -> None:
        """Run ``connect``, which blocks, in a thread, then take over. OSError and ValueError as paho raises them."""
        opening = asyncio.ensure_future(asyncio.to_thread(connect))
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            await asyncio.wait([opening])  # a thread can't be cancelled, and `close` has to find the socket it opens
            raise
        taken = self._opened()
        if taken is None:
            raise ConnectionError("the connection was closed as it was opened")
        self._socket = taken
        # paho leaves Nagle's algorithm on: small packets would wait for 40 ms.
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop.add_reader(taken, self._read)
        self._keep_alive()
        self.flush()

    def flush(self) -> None:
        """Write what the client has queued; what the socket does not take now follows when it does. After every publish or ack."""
        if self._socket is None:
            return
        if self._client.want_write():
            self._client.loop_write()
        # The write may have found the connection lost.
        is_wanted = self._client.want_write() and self._socket is not None
        if is_wanted != self._is_writer_set and self._socket is not None:
            self._is_writer_set = is_wanted
            if is_wanted:
                self._loop.add_writer(self._socket, self.flush)
            else:
                self._loop.remove_writer(self._socket)

    def close(self) -> None:
        """Say goodbye, if the socket takes it, and let go of it."""
        self._client.disconnect()
        left = self._opened()
        if left is not None:  # it did not
            self._detach()
            with suppress(OSError):
                left.close()

    def _opened(self) -> socket.socket | None:
        return cast("socket.socket | None", self._client.socket())  # websockets, paho's other kind, are not used

    def _read(self) -> None:
        try:
            for _ in range(_PACKETS_AT_ONCE):
                before = self._client.messages_read
                self._client.loop_read()
                if self._socket is None or not (self._client.messages_read > before or self._has_decrypted()):
                    break
        except Exception as error:  # noqa: BLE001  # else the loop would only log it, and the connection hang half read
            self._detach()
            self._report_lost(f"what the broker sent cannot be read: {type(error).__name__}: {error}")
            return
        self.flush()

    def _has_decrypted(self) -> bool:
        """True where TLS holds bytes that the socket will not announce again."""
        pending = getattr(self._socket, "pending", None)
        return pending is not None and pending() > 0

    def _keep_alive(self) -> None:
        self._client.loop_misc()
        self.flush()
        if self._socket is not None:
            self._misc = self._loop.call_later(_MISC_EVERY_S, self._keep_alive)

    def _detach(self, *_arguments: Any) -> None:
        """Paho closes the socket next."""
        left, self._socket = self._socket, None
        if left is None:
            return
        self._loop.remove_reader(left)
        self._loop.remove_writer(left)
        self._is_writer_set = False
        if self._misc is not None:
            self._misc.cancel()
