"""Photographs of what is damaged: kept in a folder under their SHA-256, sent to the cloud by HTTPS when it can be reached.

Events carry the hash alone. The file is on the disk before its hash is given out.
"""

import asyncio
import contextlib
import hashlib
import os
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import structlog

from edge.https import CloudAwayError, CloudSettings, request
from edge.outbox import NotKeptError, Outbox
from edge.outbox.transaction import Execute

MAX_PHOTO_BYTES = 4 * 1024 * 1024  # a phone's photograph, as a page scales it down, has 0.3 MB
MAX_WAITING_BYTES = 512 * 1024 * 1024  # of those the cloud does not have; overflow policy: new ones are refused, and it is said
KEEP_SENT_MS = 7 * 24 * 3600 * 1000
FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 300.0

_SENT = (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT)
_BEGINS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}

_log = structlog.get_logger()


class PhotoRefusedError(Exception):
    """It is no photograph, or there is no room for more. The text is for staff; ``code``: for a page with words of its own."""

    def __init__(self, message: str, code: Literal["no_picture", "too_large", "no_room"]) -> None:
        super().__init__(message)
        self.code = code


class Photos:
    """``run`` sends until cancelled; ``keep`` and ``read`` at any time."""

    def __init__(
        self,
        folder: Path,
        outbox: Outbox,
        settings: CloudSettings,
        read_now_ms: Callable[[], int],
        random: Callable[[], float],
    ) -> None:
        self._folder = folder
        self._outbox = outbox
        self._settings = settings
        self._read_now_ms = read_now_ms
        self._random = random
        self._base = ""
        self._refused: set[str] = set()  # by the cloud, since the start: not tried again before the next one
        self._changed = asyncio.Event()
        self.trouble = ""

    def send_to(self, manifest_url: str) -> None:
        """They go where the manifest comes from."""
        parts = urlsplit(manifest_url)
        base = f"{parts.scheme}://{parts.netloc}/blobs/" if parts.netloc else ""
        if base != self._base:
            self._base = base
            self._changed.set()

    async def keep(self, body: bytes) -> str:
        """Put one on the disk and give its SHA-256. PhotoRefusedError, NotKeptError."""
        content_type = next((kind for begin, kind in _BEGINS.items() if body.startswith(begin)), "")
        if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
            content_type = "image/webp"
        if not content_type:
            raise PhotoRefusedError("this is no JPEG, PNG or WebP", "no_picture")
        if len(body) > MAX_PHOTO_BYTES:
            raise PhotoRefusedError(f"larger than {MAX_PHOTO_BYTES >> 20} MB", "too_large")
        waiting = await self._outbox.run(lambda store: _waiting_bytes(store.execute))
        if waiting + len(body) > MAX_WAITING_BYTES:
            raise PhotoRefusedError("too many photographs wait for the cloud", "no_room")
        sha256 = hashlib.sha256(body).hexdigest()
        try:
            await asyncio.to_thread(_write, self._folder, sha256, body)
        except OSError as error:
            raise NotKeptError(f"the disk does not take it: {error.strerror}") from error
        now_ms = self._read_now_ms()
        await self._outbox.transact(lambda transaction: _insert(transaction.execute, sha256, content_type, len(body), now_ms))
        self._changed.set()
        return sha256

    async def read(self, sha256: str) -> tuple[bytes, str] | None:
        """One with its content type; None: it is not here, or not any more."""
        content_type = await self._outbox.run(lambda store: _content_type(store.execute, sha256))
        if content_type is None:
            return None
        try:
            return await asyncio.to_thread((self._folder / sha256).read_bytes), content_type
        except OSError:
            return None

    async def run(self) -> None:
        """Send what waits, the oldest first, and forget what was sent long ago."""
        failures = 0
        while True:
            self._changed.clear()
            if self._base and await self._send_next():
                failures = 0
                continue
            await self._forget()
            failures = failures + 1 if self.trouble else 0
            wait_s = min(FIRST_WAIT_S * 2 ** min(failures - 1, 10), LONGEST_WAIT_S) if failures else LONGEST_WAIT_S
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s * (0.5 + self._random())):
                    await self._changed.wait()

    async def _send_next(self) -> bool:
        """True: one is off the list, and there may be another."""
        refused = frozenset(self._refused)
        found = await self._outbox.run(lambda store: _next(store.execute, refused))
        if found is None:
            self.trouble = ""
            return False
        sha256, content_type = found
        try:
            body = await asyncio.to_thread((self._folder / sha256).read_bytes)
            answer = await asyncio.to_thread(
                request, self._settings, "PUT", self._base + sha256, body=body, content_type=content_type
            )
        except (CloudAwayError, OSError) as error:
            return self._failed(sha256, str(error), is_lasting=isinstance(error, OSError))
        if answer.status not in _SENT:
            is_lasting = 400 <= answer.status < 500 and answer.status not in (401, 403, 408, 429)
            return self._failed(sha256, f"answered {answer.status}", is_lasting=is_lasting)
        now_ms = self._read_now_ms()
        try:
            await self._outbox.transact(lambda transaction: _mark_sent(transaction.execute, sha256, now_ms))
        except NotKeptError as error:  # it is sent again: the cloud knows it by its hash
            return self._failed(sha256, str(error), is_lasting=False)
        self.trouble = ""
        return True

    def _failed(self, sha256: str, why: str, *, is_lasting: bool) -> bool:
        if why != self.trouble:
            _log.warning("photo_not_sent", sha256=sha256[:12], error=why)
        self.trouble = why
        if is_lasting:
            self._refused.add(sha256)
        return is_lasting

    async def _forget(self) -> None:
        before_ms = self._read_now_ms() - KEEP_SENT_MS
        try:
            old = await self._outbox.transact(lambda transaction: _forget(transaction.execute, before_ms))
        except NotKeptError:
            return
        for sha256 in old:
            await asyncio.to_thread((self._folder / sha256).unlink, missing_ok=True)


def _write(folder: Path, sha256: str, body: bytes) -> None:
    """Whole or not at all, and on the disk when this returns."""
    folder.mkdir(mode=0o700, exist_ok=True)
    part = folder / f"{sha256}.part"
    with part.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / sha256)
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _insert(execute: Execute, sha256: str, content_type: str, size: int, now_ms: int) -> None:
    execute(
        "INSERT INTO photo (sha256, content_type, bytes, kept_at_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (sha256, content_type, size, now_ms),
    )


def _waiting_bytes(execute: Execute) -> int:
    ((size,),) = execute("SELECT coalesce(sum(bytes), 0) FROM photo WHERE sent_at_ms IS NULL").fetchall()
    return int(size)


def _content_type(execute: Execute, sha256: str) -> str | None:
    rows: list[tuple[str]] = execute("SELECT content_type FROM photo WHERE sha256 = ?", (sha256,)).fetchall()
    return rows[0][0] if rows else None


def _next(execute: Execute, refused: frozenset[str]) -> tuple[str, str] | None:
    rows: list[tuple[Any, ...]] = execute(
        "SELECT sha256, content_type FROM photo WHERE sent_at_ms IS NULL ORDER BY kept_at_ms LIMIT ?", (len(refused) + 1,)
    ).fetchall()
    return next(((sha256, content_type) for sha256, content_type in rows if sha256 not in refused), None)


def _mark_sent(execute: Execute, sha256: str, now_ms: int) -> None:
    execute("UPDATE photo SET sent_at_ms = ? WHERE sha256 = ?", (now_ms, sha256))


def _forget(execute: Execute, before_ms: int) -> list[str]:
    rows = execute("DELETE FROM photo WHERE sent_at_ms < ? RETURNING sha256", (before_ms,)).fetchall()
    return [sha256 for (sha256,) in rows]
