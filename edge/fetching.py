"""Fetches the manifest that `desired` announces, by HTTPS with the site's own credentials, and puts it in force.

Names travel here and never by MQTT. The bytes must hash to what was announced. What fails is tried again, and the manifest that is
in force goes on.
"""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import structlog

from edge.https import CloudAwayError, CloudSettings, request
from edge.outbox import NotKeptError
from edge.station.manifests import ManifestBook, ManifestRefusedError
from edge.wire.codec import PayloadError
from edge.wire.manifest import MAX_MANIFEST_BYTES

FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 300.0  # the cloud may be building it; a station without its manifest cannot read codes

_log = structlog.get_logger()


class ManifestFetch:
    """``run`` until cancelled. ``applied`` is told the hash of what came into force; ``random`` gives 0 to 1."""

    def __init__(
        self,
        settings: CloudSettings,
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
            body = await asyncio.to_thread(fetch, url, self._settings, self._manifests.sha256)
            if body is None:  # the word was older than what is in force
                self.trouble = ""
                return True
            await self._manifests.apply(body, sha256, self._read_now_ms())
            await self._applied(sha256)
        except (CloudAwayError, NotKeptError, ManifestRefusedError, PayloadError) as error:
            if str(error) != self.trouble:
                _log.warning("manifest_not_in_force", error=str(error))
            self.trouble = str(error)
            return False
        _log.info("manifest_in_force", sha256=sha256[:12])
        self.trouble = ""
        return True


def fetch(url: str, settings: CloudSettings, held_sha256: str = "") -> bytes | None:
    """The bytes behind a URL; None: they are those that are held (304). Blocks. CloudAwayError."""
    answer = request(settings, "GET", url, held=held_sha256, limit=MAX_MANIFEST_BYTES)
    if answer.status == HTTPStatus.NOT_MODIFIED and held_sha256:
        return None
    if answer.status != HTTPStatus.OK:
        raise CloudAwayError(f"manifest_url: answered {answer.status}")
    return answer.body
