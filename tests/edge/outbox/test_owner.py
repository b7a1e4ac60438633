"""The outbox as the loop sees it: whoever sends hears at once that there is something to send."""

import asyncio
from pathlib import Path

from edge.outbox import Outbox
from tests.edge.outbox.sites import record, settings

NOW_MS = 1_795_390_000_000


async def test_a_recorded_fact_wakes_the_sender_and_a_question_does_not(tmp_path: Path) -> None:
    async with Outbox(settings(tmp_path), lambda: NOW_MS) as outbox:
        woken = asyncio.Event()
        outbox.on_sealed(woken.set)
        await outbox.run(lambda store: store.depth())
        assert not woken.is_set()
        await outbox.run(lambda store: record(store, 1))
        async with asyncio.timeout(5.0):
            await woken.wait()
