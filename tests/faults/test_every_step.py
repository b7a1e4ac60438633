"""Agent and ingest die by kill -9 at every named step between a scan and the note that the cloud has it; the books stay even.

The many seeds are ``make faults``; this is each window once, on one stack.
"""

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

import pytest

from cloud.onebox.broker import BrokerKind, choose
from edge.wire.labels import parcel_label
from tests.faults.ledger import Ledger, balance, is_all_there
from tests.faults.plan import EDGE_WINDOW, INGEST_WINDOW
from tests.faults.processes import Child, eventually
from tests.faults.site import Person, Site
from tests.faults.stack import Stack, running_stack

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

SITE = "every-step"
DIES_WITHIN_S = 15.0
SETTLES_WITHIN_S = 60.0
LOOK_S = 0.1
UPWARD = ("sealed", *EDGE_WINDOW)


@dataclass
class World:
    """A stack, a site, a person, and numbers for labels."""

    stack: Stack
    site: Site
    ledger: Ledger
    person: Person
    labels: list[str] = field(default_factory=lambda: [parcel_label(n) for n in range(500)])

    async def scan(self, count: int) -> None:
        labels, self.labels = self.labels[:count], self.labels[count:]
        await self.person.scan_all(labels, "received")

    async def until_settled(self) -> None:
        """All that was told is in the database, and the site has been told so."""
        for _ in range(int(SETTLES_WITHIN_S / LOOK_S)):
            if await self.site.waiting() == 0 and is_all_there(self.stack.database_url, self.ledger):
                return
            await asyncio.sleep(LOOK_S)
        raise AssertionError(f"not settled: {await self.site.waiting()} batches wait; {self.site.log_tail()}")

    async def scan_while_it_dies(self, child: Child, start: Callable[[str], None], step: str, times: int = 2) -> None:
        """The child is started so that it kills itself the ``times``-th time it comes to a step, while the person scans on."""
        child.kill()
        start(f"{step}:{times}")
        async with asyncio.TaskGroup() as group:
            group.create_task(self.scan(3))
            died = await eventually(lambda: not child.is_running, DIES_WITHIN_S)
            assert died, f"{child.name} did not come to {step}: {child.log.read_text(errors='replace')[-1000:]}"
            assert child.exit_code == -signal.SIGKILL
            start("")

    def assert_even(self) -> None:
        books = balance(self.stack.database_url, self.ledger)
        assert (books.lost, books.doubled, books.odd) == ((), (), ())
        assert books.events == len(self.ledger.told)


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    if choose() is not BrokerKind.MOSQUITTO:
        pytest.skip("Mosquitto is not installed")
    async with running_stack([SITE], {}, is_warm=True) as stack:
        site = Site(stack, SITE, stack.folder / "site", "machine-a", Random(1), is_warm=True)
        ledger = Ledger([SITE])
        try:
            site.scanner.plug()
            site.start()
            await site.until_up()
            yield World(stack, site, ledger, Person(site, ledger))
        finally:
            await site.close()


async def test_the_agent_may_die_at_every_step_of_a_scan() -> None:
    async with world() as here:
        await here.scan(2)
        for step in UPWARD:
            await here.scan_while_it_dies(here.site.agent, here.site.start, step)
        await here.until_settled()
        here.assert_even()


async def test_ingest_may_die_at_every_step_of_a_flush() -> None:
    async with world() as here:
        await here.scan(2)
        for step in INGEST_WINDOW:
            await here.scan_while_it_dies(here.stack.ingest, here.stack.start_ingest, step, times=1)
        await here.until_settled()
        here.assert_even()


async def test_the_agent_may_die_while_a_conflict_is_being_settled() -> None:
    async with world() as here:
        await here.scan(2)
        await here.until_settled()
        here.site.agent.kill()
        card = shutil.copytree(here.site.folder / "data", here.site.folder / "old")
        here.site.start()
        await here.scan(4)
        await here.until_settled()
        for step in ("moving", "moved"):
            here.site.agent.kill()
            here.site.put_card(card)  # its next numbers are taken in the cloud
            await here.scan_while_it_dies(here.site.agent, here.site.start, step, times=1)
            await here.until_settled()
        here.assert_even()


async def test_the_agent_may_die_while_it_sends_again_what_a_restored_cloud_misses() -> None:
    async with world() as here:
        await here.scan(2)
        await here.until_settled()
        here.stack.back_up()
        await here.scan(6)
        await here.until_settled()
        here.stack.ingest.kill()
        here.stack.restore()
        here.stack.start_ingest()
        await here.scan_while_it_dies(here.site.agent, here.site.start, "resending", times=1)
        here.stack.ingest.kill()  # it would ask again only half a minute later
        here.stack.start_ingest()
        await here.scan(1)
        await here.until_settled()
        here.assert_even()
