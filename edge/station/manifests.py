"""The manifest in force: kept whole in the site's file, indexed in memory, replaced in one commit.

Fetching it from the cloud is the caller's; what is not the announced one, or older than what is in force, is refused here.
"""

import hashlib

from edge.outbox import Outbox
from edge.outbox.store import Store
from edge.outbox.transaction import Transaction
from edge.station.day import Day
from edge.station.station import Station
from edge.wire.manifest import Manifest, decode_manifest


class ManifestRefusedError(Exception):
    """It is not for us, not the one that was announced, or older; the text says which. What was in force stays."""


class ManifestBook:
    """``load`` before use. The station's ``day`` is what is in force, the same for the whole of an act."""

    def __init__(self, station: Station, outbox: Outbox) -> None:
        self._station = station
        self._outbox = outbox
        self.sha256 = ""

    async def load(self) -> None:
        """At start."""
        found = await self._outbox.run(_read)
        if found is not None:
            body, self.sha256 = found
            self._station.day = Day.of(decode_manifest(body))

    async def apply(self, body: bytes, sha256: str, now_ms: int) -> bool:
        """Put one in force. False: it is the one in force. ManifestRefusedError, PayloadError, NotKeptError."""
        if hashlib.sha256(body).hexdigest() != sha256:
            raise ManifestRefusedError("manifest: these are not the bytes that were announced")
        if sha256 == self.sha256:
            return False
        manifest = decode_manifest(body)
        if manifest.site != self._station.site:
            raise ManifestRefusedError(f"manifest: meant for {manifest.site}, and this is {self._station.site}")
        in_force = self._station.day.manifest
        if in_force is not None and manifest.version <= in_force.version:
            raise ManifestRefusedError(f"manifest: version {manifest.version}, and {in_force.version} is in force")
        await self._outbox.transact(lambda transaction: _keep(transaction, manifest, body, sha256, now_ms))
        self._station.day, self.sha256 = Day.of(manifest), sha256
        return True


def _read(store: Store) -> tuple[bytes, str] | None:
    for body, sha256 in store.execute("SELECT body, sha256 FROM manifest").fetchall():
        return body, sha256
    return None


def _keep(transaction: Transaction, manifest: Manifest, body: bytes, sha256: str, now_ms: int) -> None:
    transaction.execute(
        """INSERT INTO manifest (one, version, sha256, body, applied_at_ms) VALUES (1, ?, ?, ?, ?)
           ON CONFLICT (one) DO UPDATE SET version = excluded.version, sha256 = excluded.sha256, body = excluded.body,
               applied_at_ms = excluded.applied_at_ms""",
        (manifest.version, sha256, body, now_ms),
    )
