"""What each fault does to a schedule. A function of its name for each."""

import asyncio
import shutil
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING

from tests.faults.plan import CLOCK_JUMPS_S, EDGE_WINDOW, INGEST_WINDOW, Aim, Fault
from tests.faults.processes import Child, eventually
from tests.faults.proxy import Line
from tests.faults.site import AT_ONCE, Person, Site
from tests.faults.stack import ROOT

if TYPE_CHECKING:
    from tests.faults.schedule import Schedule

CLONE_PARCELS = 20
LOOK_S = 0.5
SECOND_PULSE_S = 2.0  # an agent that would pulse again after its start does so within this; the next strike might forestall it
# A process that does not come to the step it should die at is killed then. What was under way when its forerunner died comes
# again after 5 to 6 s, after 10 to 12 s where that was a repeat, and a start takes a second or two.
AIM_S = 30.0

# False where it found nothing to strike at.
Effect = Callable[["Schedule"], Awaitable[bool | None]]


async def _dies(schedule: "Schedule", child: Child, start: Callable[[str], None], steps: Sequence[str], most: int) -> None:
    """Start it so that it kills itself at a step, somewhere among the next times it gets there; the person scans on."""
    step = schedule.random.choice(steps)
    child.kill()
    start(f"{step}:{schedule.random.randint(1, most)}")
    until_s = time.monotonic() + AIM_S
    while child.is_running and time.monotonic() < until_s:
        schedule.allowed = schedule.person.done + AT_ONCE  # without traffic no step is reached
        await eventually(lambda: not child.is_running, LOOK_S)
    schedule.aims.append(Aim(child.name.split()[0], step, has_hit=child.exit_code == -signal.SIGKILL))
    child.kill()


async def edge_step(schedule: "Schedule") -> None:
    await _dies(schedule, schedule.site.agent, schedule.site.start, EDGE_WINDOW, 10)
    schedule.site.start()
    await schedule.site.until_up()


async def edge_step_power(schedule: "Schedule") -> None:
    await _dies(schedule, schedule.site.agent, schedule.site.start, EDGE_WINDOW, 10)
    schedule.site.cut_power()
    schedule.site.start()
    await schedule.site.until_up()


async def ingest_step(schedule: "Schedule") -> None:
    await _dies(schedule, schedule.stack.ingest, schedule.stack.start_ingest, INGEST_WINDOW, 3)
    schedule.stack.start_ingest()


async def cell_pulse(schedule: "Schedule") -> None:
    """The agent dies when the board has heard that it is to pulse; half the time the power goes too. Doors are shut meanwhile."""
    agent, cabinet = schedule.site.agent, schedule.cabinet
    cabinet.on_pulse = agent.kill
    opening = asyncio.create_task(schedule.keeper.open_something())
    has_hit = await eventually(lambda: cabinet.on_pulse is None, AIM_S)
    schedule.aims.append(Aim("agent", "pulse", has_hit))
    cabinet.on_pulse = None
    agent.kill()
    if schedule.random.random() < 0.5:
        schedule.site.cut_power()
    cabinet.shut_all()
    schedule.site.start()
    await schedule.site.until_up()
    await opening
    await asyncio.sleep(SECOND_PULSE_S)


async def edge_kill(schedule: "Schedule") -> None:
    schedule.site.agent.kill()
    schedule.site.start()
    await schedule.site.until_up()


async def power_cut(schedule: "Schedule") -> None:
    schedule.site.cut_power()
    schedule.site.start()
    await schedule.site.until_up()


async def broker_kill(schedule: "Schedule") -> None:
    """It keeps nothing on disk: sessions, queues and retained messages are gone."""
    schedule.stack.broker.kill()
    await asyncio.sleep(schedule.random.uniform(0.0, 0.5))
    await schedule.stack.start_broker_and_wait()


async def ingest_kill(schedule: "Schedule") -> None:
    schedule.stack.ingest.kill()
    await asyncio.sleep(schedule.random.uniform(0.0, 0.5))
    schedule.stack.start_ingest()


async def database_kill(schedule: "Schedule") -> None:
    await asyncio.to_thread(schedule.stack.database.kill)
    await asyncio.sleep(schedule.random.uniform(0.0, 0.5))
    await schedule.stack.start_database_and_wait()


async def _line(schedule: "Schedule", line: Line, longest_s: float) -> None:
    schedule.stack.proxy.set(line)
    await asyncio.sleep(schedule.random.uniform(0.2, longest_s))
    schedule.stack.proxy.set(Line.OPEN)


async def line_cut(schedule: "Schedule") -> None:
    await _line(schedule, Line.CUT, 2.0)


async def line_held(schedule: "Schedule") -> None:
    await _line(schedule, Line.HELD, 3.0)


async def line_half_open(schedule: "Schedule") -> None:
    await _line(schedule, Line.SWALLOWED, 4.0)


async def line_slow(schedule: "Schedule") -> None:
    await _line(schedule, Line.SLOW, 3.0)


async def repeated_delivery(schedule: "Schedule") -> None:
    for _ in range(3):
        schedule.repeater.repeat(schedule.site_id, schedule.random, 60)
        await asyncio.sleep(0.2)


async def clock_jump(schedule: "Schedule") -> None:
    """Twice, once while the agent is down."""
    schedule.site.set_clock(schedule.random.choice(CLOCK_JUMPS_S) * 1000)
    await asyncio.sleep(0.5)
    schedule.site.agent.kill()
    schedule.site.set_clock(schedule.random.choice(CLOCK_JUMPS_S) * 1000)
    schedule.site.start()
    await schedule.site.until_up()


async def disk_full(schedule: "Schedule") -> None:
    schedule.site.fill_card(schedule.random.choice((0, 4_096, 60_000)))
    await asyncio.sleep(schedule.random.uniform(0.5, 2.5))
    schedule.site.empty_card()


async def unplug(schedule: "Schedule") -> None:
    """The scanner's line, and the cabinet's."""
    schedule.site.scanner.unplug()
    schedule.cabinet.lockers.unplug()
    await asyncio.sleep(0.3)
    schedule.site.scanner.plug()
    schedule.cabinet.lockers.plug()


async def cloned_card(schedule: "Schedule") -> bool:
    """The card is copied while the agent is down; the copy runs in another board, or in one that says it is the same."""
    if schedule.clone is not None:
        return False
    schedule.site.agent.kill()
    schedule.ledger.has_twins = True
    machine = schedule.random.choice(("machine-b", schedule.site.machine))
    schedule.used["cloned_card:other_machine" if machine == "machine-b" else "cloned_card:same_machine"] += 1
    shutil.copytree(schedule.site.folder / "data", schedule.folder / "clone" / "data")
    schedule.clone = Site(
        schedule.stack, schedule.site_id, schedule.folder / "clone", machine, Random(schedule.seed), schedule.mutant
    )
    schedule.clone.scanner.plug()
    schedule.site.start()
    schedule.clone.start()
    await schedule.clone.until_up()
    await Person(schedule.clone, schedule.ledger).scan_all(schedule.take(CLONE_PARCELS), "received")
    return True


async def old_card(schedule: "Schedule") -> bool:
    """A backup of the card is put back: what it has forgotten is in the cloud, and its next numbers are taken."""
    if schedule.clone is not None:
        return False
    async with schedule.keeper.hands:  # doors that were opened meanwhile nobody would know of
        return await _put_old_card_back(schedule)


async def _put_old_card_back(schedule: "Schedule") -> bool:
    schedule.site.agent.kill()
    backup = schedule.folder / "backup"
    shutil.copytree(schedule.site.folder / "data", backup)
    schedule.site.start()
    remembered = set(schedule.ledger.told)
    await schedule.until_scanned(20)
    async with schedule.person.hands:
        # What only the card had would be gone for good, and nobody could have it.
        if not await _all_sent(schedule):
            return False
        schedule.used["old_card:put_back"] += 1
        schedule.ledger.has_twins = True
        schedule.site.agent.kill()
        schedule.site.put_card(backup)
        schedule.site.start()
        await schedule.site.until_up()
        await schedule.site.set_mode(schedule.site.mode)  # the card has the one of its day
        schedule.forgotten |= {label for _, label in set(schedule.ledger.told) - remembered}
    return True


async def _all_sent(schedule: "Schedule") -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(20.0):
            while await schedule.site.waiting() != 0:
                await asyncio.sleep(0.05)
            return True
    return False


async def restored_cloud(schedule: "Schedule") -> None:
    """The database of some scans ago comes back; half the time somebody asks for a resync, else it must be noticed."""
    await asyncio.to_thread(schedule.stack.back_up)
    await schedule.until_scanned(30)
    schedule.stack.ingest.kill()
    await schedule.audited()  # what was acknowledged until now will rightly be missing
    await asyncio.to_thread(schedule.stack.restore)
    schedule.repeater.forget_acks(schedule.site_id)
    schedule.stack.start_ingest()
    if schedule.random.random() < 0.5:
        schedule.used["restored_cloud:resync"] += 1
        await asyncio.sleep(1.0)
        asked = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cloud", "resync", "--site", schedule.site_id,
            cwd=ROOT, env=dict(schedule.stack.ingest.env or {}), stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        await asked.wait()


EFFECTS: Mapping[Fault, Effect] = {fault: globals()[fault.value] for fault in Fault}
