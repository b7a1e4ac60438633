"""Fetches the manifest that `desired` announces, by HTTPS with the site's own credentials, and puts it in force.

Names travel here and never by MQTT. The bytes must hash to what was announced; a redirect is not followed, for the credentials are
this server's. What fails is tried again, and the manifest that is in force goes on.
"""

import asyncio
import base64
import http.client
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from edge.outbox import NotKeptError
from edge.station.manifests import ManifestBook, ManifestRefusedError
from edge.wire.codec import PayloadError
from edge.wire.manifest import MAX_MANIFEST_BYTES

FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 300.0  # the cloud may be building it; a station without its manifest cannot read codes
TIMEOUT_S = 30.0

_log = structlog.get_logger()


class FetchError(Exception):
    """It could not be had; the text says why. No part of the URL's query or of the credentials is in it."""


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """Who we are to the cloud. ``may_be_plain``: the broker is reached without TLS too (one box, tests)."""

    username: str
    password: str = field(repr=False)
    ca_file: Path | None = None
    may_be_plain: bool = False


class ManifestFetch:
    """``run`` until cancelled. ``applied`` is told the hash of what came into force; ``random`` gives 0 to 1."""

    def __init__(
        self,
        settings: FetchSettings,
        manifests: ManifestBook,
        read_now_ms: Callable[[], int],
        applied: Callable[[str], Awaitable[None]],
        random: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._manifests = manifests
        self._read_now_ms = read_now_ms
        self._applied = applied
        self._random = random
        self._wanted = ("", "")
        self._changed = asyncio.Event()
        self.trouble = ""

    def want(self, url: str, sha256: str) -> None:
        """The cloud announced one. An empty hash: none."""
        if (url, sha256) != self._wanted:
            self._wanted = (url, sha256)
            self._changed.set()

    async def run(self) -> None:
        """Fetch what is wanted and is not in force, until it is or another is wanted."""
        wait_s = FIRST_WAIT_S
        while True:
            url, sha256 = self._wanted
            self._changed.clear()
            if not sha256 or sha256 == self._manifests.sha256 or await self._try(url, sha256):
                wait_s = FIRST_WAIT_S
                await self._changed.wait()
                continue
            try:
                async with asyncio.timeout(wait_s * (0.5 + self._random())):
                    await self._changed.wait()
                wait_s = FIRST_WAIT_S
            except TimeoutError:
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    async def _try(self, url: str, sha256: str) -> bool:
        """True: nothing more is to be done about this one."""
        try:
            body = await asyncio.to_thread(fetch, url, self._settings)
            await self._manifests.apply(body, sha256, self._read_now_ms())
            await self._applied(sha256)
        except (FetchError, NotKeptError, ManifestRefusedError, PayloadError) as error:
            if str(error) != self.trouble:
                _log.warning("manifest_not_in_force", error=str(error))
            self.trouble = str(error)
            return False
        _log.info("manifest_in_force", sha256=sha256[:12])
        self.trouble = ""
        return True


def fetch(url: str, settings: FetchSettings) -> bytes:
    """The bytes behind a URL; blocks for at most some timeouts. FetchError."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or (parts.scheme == "http" and not settings.may_be_plain):
        raise FetchError("manifest_url: want https://host/…")
    try:
        connection = _connection(parts.scheme, parts.hostname, parts.port, settings)
    except (OSError, ValueError) as error:
        raise FetchError(f"ca_file: {error}") from None
    credentials = base64.b64encode(f"{settings.username}:{settings.password}".encode()).decode()
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    try:
        connection.request("GET", path, headers={"Authorization": f"Basic {credentials}", "Accept": "application/json"})
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise FetchError(f"{parts.hostname}: answered {answer.status}")
        body = answer.read(MAX_MANIFEST_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        raise FetchError(f"{parts.hostname}: {str(error) or type(error).__name__}") from None
    finally:
        connection.close()
    if len(body) > MAX_MANIFEST_BYTES:
        raise FetchError(f"{parts.hostname}: more than {MAX_MANIFEST_BYTES} bytes")
    return body


def _connection(scheme: str, host: str, port: int | None, settings: FetchSettings) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    context = ssl.create_default_context(cafile=settings.ca_file)
    return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)
