"""Drives a paho client on the event loop, by paho's own interface for loops of others: a message costs no switch of threads.

What messages mean is the link's. The cloud's twin of this is ``cloud/mqtt/loop.py``: the two ends share only what is pure.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho

KEEPALIVE_LOOK_S = 1.0


class LoopDriver:
    """Reads and writes for ``client`` on the running loop, from `watch` to `close`.

    ``report_lost``: what the broker sent cannot be read, so the connection is over though paho does not say so.
    """

    def __init__(self, client: paho.Client, report_lost: Callable[[str], None]) -> None:
        self._client = client
        self._report_lost = report_lost
        self._loop = asyncio.get_running_loop()
        self._socket: int | None = None  # the descriptor the loop watches
        self._is_writing = False  # the loop watches for room to write
        self._keepalive: asyncio.TimerHandle | None = None
        client.on_socket_open = _send_at_once
        client.on_socket_close = self._hear_close

    def watch(self) -> bool:
        """Take over from the thread that connected. False: the broker has closed the connection meanwhile."""
        connection = self._client.socket()
        if connection is None:
            return False
        self._socket = connection.fileno()
        self._loop.add_reader(self._socket, self._read)
        self.flush()
        self._keep_alive()
        return True

    def flush(self) -> None:
        """After every publish: paho writes at once what the socket takes; the loop says when there is room for the rest."""
        want = self._socket is not None and self._client.want_write()
        if want == self._is_writing or self._socket is None:
            return
        self._is_writing = want
        if want:
            self._loop.add_writer(self._socket, self._write)
        else:
            self._loop.remove_writer(self._socket)

    def close(self) -> None:
        """Say goodbye, if the socket takes it, and let go of it."""
        self._client.disconnect()
        if self._keepalive is not None:
            self._keepalive.cancel()
        self._forget_socket()
        with contextlib.suppress(OSError, AttributeError):
            connection = self._client.socket()  # where saying goodbye has not closed it
            if connection is not None:
                connection.close()

    def _read(self) -> None:
        try:
            self._client.loop_read()
            while isinstance(connection := self._client.socket(), ssl.SSLSocket) and connection.pending():
                self._client.loop_read()  # what TLS has read already the selector does not see
        except Exception as error:  # noqa: BLE001  # whatever the broker sent that paho cannot read: this connection is over
            self._forget_socket()
            self._report_lost(f"what the broker sent cannot be read: {type(error).__name__}: {error}")
            return
        self.flush()

    def _write(self) -> None:
        self._client.loop_write()
        self.flush()

    def _keep_alive(self) -> None:
        self._client.loop_misc()
        self.flush()
        self._keepalive = self._loop.call_later(KEEPALIVE_LOOK_S, self._keep_alive)

    def _forget_socket(self) -> None:
        """Before it is closed: the number may be another file's at once."""
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket = None
            self._is_writing = False

    def _hear_close(self, _client: paho.Client, _userdata: object, connection: Any) -> None:
        if self._socket is not None and connection.fileno() == self._socket:
            self._forget_socket()


def _send_at_once(_client: paho.Client, _userdata: object, connection: Any) -> None:
    """No Nagle: small batches are two to three times slower with it, and paho does not set this."""
    with contextlib.suppress(OSError, AttributeError):  # a unix socket has no such option
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
