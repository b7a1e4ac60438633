"""The small chain with a simulated cold room at its station, on a clock that runs faster: a fridge takes minutes to get warm."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cloud.onebox.town_time import TOWN_ZONE
from edge.wire.clock import TownClock, TownTime, encode_town, to_ms
from firmware_sim.cold_room import ColdRoom
from tests.conftest import TestBroker
from tests.e2e.lone_station import Devices, living_devices
from tests.e2e.town import Town
from tests.faults.processes import Child

RATE = 40.0  # a minute in a second and a half: the agent looks at its alarms once a real second
FIRST_HOUR = 10


@dataclass(slots=True)
class ColdTown:
    """``jobs``: keeps the accounts; killed and started again it does everything at once."""

    town: Town
    room: ColdRoom
    devices: Devices
    clock: TownClock
    jobs: Child

    def door(self, *, is_open: bool) -> None:
        """Somebody opens or closes the fridge."""
        self.devices.do(lambda: self.room.set_door("fridge-1", is_open=is_open))

    def pass_minutes(self, minutes: float) -> None:
        """Of domain time."""
        until_ms = self.clock.now_ms() + int(minutes * 60_000)
        while self.clock.now_ms() < until_ms:
            time.sleep(0.05)

    def keep_accounts_until(self, look: Callable[[], bool], what: str) -> None:
        """The jobs' schedule is once a minute; what starts does its work at once."""
        deadline_s = time.monotonic() + 150.0
        while not look():
            assert time.monotonic() < deadline_s, what
            self.jobs.kill()
            self.jobs.start()
            worked_s = time.monotonic() + 5.0
            while not look() and time.monotonic() < worked_s:
                time.sleep(0.1)


@contextmanager
def running_cold_town(folder: Path, database_url: str, broker: TestBroker) -> Iterator[ColdTown]:
    """Everything runs inside the block."""
    file = folder / "clock.json"
    today = datetime.now(TOWN_ZONE).replace(hour=FIRST_HOUR, minute=0, second=0, microsecond=0)
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    file.write_bytes(encode_town(TownTime(to_ms(today), time.monotonic(), RATE, boot)))
    clock = TownClock(file.read_bytes, time.monotonic)
    town = Town(folder, database_url, broker, {"TUANTU_CLOCK_FILE": str(file)})
    town.prepare()
    jobs = town.child("jobs", "cloud", "jobs")
    with living_devices() as devices:
        room = devices.do(lambda: ColdRoom(folder / "cold-room", clock, "e2e"))
        plugged = room.plugged()
        devices.do(plugged.__enter__)
        try:
            devices.run(room.run())
            site = folder / "site.toml"
            text = f'{site.read_text(encoding="utf-8")}\n[clock]\ntown_file = "{file}"\n\n{room.toml()}'
            site.write_text(text, encoding="utf-8")
            with town.scanner, town.http:
                town.start_cloud()
                town.register()
                town.start_agent()
                yield ColdTown(town, room, devices, clock, jobs)
        finally:
            for child in (jobs, *reversed(town.children)):
                child.kill()
            devices.do(lambda: plugged.__exit__(None, None, None))
