"""The vans that come to this station, as the cloud said last: kept over restarts, so that a page without a network says as of when.

When it is worth saying is the cloud's; where they stand on the screen is the page's.
"""

import msgspec
import structlog

from edge.outbox import Outbox
from edge.outbox.store import Store
from edge.wire.messages import ComingVan, Desired

_log = structlog.get_logger()


class Coming(msgspec.Struct, frozen=True):
    """``said_ms`` 0: nothing was ever said; then it is not known whether one comes."""

    said_ms: int = 0
    vans: tuple[ComingVan, ...] = ()


class ComingBook:
    """``load`` before use; ``now`` is what was said last."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.now = Coming()

    async def load(self) -> None:
        """At start."""
        body = await self._outbox.run(_read)
        if body is not None:
            try:
                self.now = msgspec.json.decode(body, type=Coming)
            except msgspec.DecodeError as error:  # of a release before or after this one
                _log.warning("coming_vans_not_read", error=str(error))

    async def apply(self, desired: Desired) -> None:
        """The cloud's word, unless it is older than the last, or none. NotKeptError."""
        if desired.coming_at_ms <= self.now.said_ms:
            return
        coming = Coming(desired.coming_at_ms, desired.coming)
        body = msgspec.json.encode(coming)
        await self._outbox.transact(
            lambda transaction: transaction.execute(
                "INSERT INTO coming (one, body) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET body = excluded.body", (body,)
            )
        )
        self.now = coming


def _read(store: Store) -> bytes | None:
    for (body,) in store.execute("SELECT body FROM coming").fetchall():
        return bytes(body)
    return None
