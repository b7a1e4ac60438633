"""The town's clock on one box (ARCHITECTURE, decision 13): resumed with the data, paused when everything stops.

``clock.json`` is the line all processes read. ``clock-seen.json`` says every second how far it has come, so that after a
kill the time goes on from there: never back, and no time passes while nothing runs.
"""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cloud.onebox.folder import write_private
from edge.wire.clock import TownTime, decode_town, encode_town, to_ms, utc

BEAT_S = 1.0
DEFAULT_RATE = 30.0
TOWN_ZONE = timezone(timedelta(hours=8), "Asia/Shanghai")
FIRST_HOUR, FIRST_MINUTE = 6, 30  # the van is loaded: the day's parcels are about to come

# From which hour of the town's day on what happens, in words for whoever watches.
_THE_DAY = (
    (0, "已截单，网格仓按路线排筐", "orders are closed; the warehouse plans its containers"),
    (1, "路线已定，3 点起分拣，5 点起装筐", "routes are frozen; the warehouse sorts from 03:00, packs from 05:00"),
    (
        6,
        "网格仓装最后几筐，装车；自提点约 7:30 起到货",
        "the warehouse packs the last containers and loads the van; stations get theirs from about 07:30",
    ),
    (
        7,
        "车在路上，自提点签收、清点，到约 9:30；居民下明天的单",
        "the van is on its way: stations sign for containers and count, until about 09:30; people order for tomorrow",
    ),
    (
        10,
        "包裹在货架上；居民下明天的单，11 点起提货",
        "parcels lie on the shelves; people order for tomorrow, pickups begin at 11:00",
    ),
    (
        11,
        "居民来提货，中午和 17 点后最多；23 点前下明天的单",
        "residents pick up, most at noon and after 17:00; people order for tomorrow until 23:00",
    ),
    (
        21,
        "没人提的算逾期，明早处理；23 点截单",
        "what nobody fetched is overdue, and goes tomorrow morning; orders close at 23:00",
    ),
    (23, "明天的单已截，已分配", "orders for tomorrow are closed and given out"),
)


@dataclass(frozen=True, slots=True)
class Machine:
    """Clocks of a machine, handed in so that tests need not wait."""

    wall: Callable[[], datetime]
    monotonic_s: Callable[[], float]
    boot_id: str


def this_machine() -> Machine:
    """The real ones."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    return Machine(lambda: datetime.now(TOWN_ZONE), time.monotonic, boot.read_text().strip() if boot.exists() else "unknown")


def hour_words(town: TownTime, monotonic_s: float) -> tuple[str, str]:
    """What time it is in the town, how fast it goes, and what happens there at this hour: in Chinese, and in English."""
    moment = utc(town.at(monotonic_s)).astimezone(TOWN_ZONE)
    chinese, english = next((zh, en) for hour, zh, en in reversed(_THE_DAY) if moment.hour >= hour)
    return f"{moment:%H:%M} ×{town.rate:g}：{chinese}", f"{moment:%H:%M}, {town.rate:g} times as fast: {english}"


class TownTimeFile:
    """Owns ``clock.json`` between ``resume`` and ``pause``; others may change the rate in between."""

    def __init__(self, folder: Path, machine: Machine) -> None:
        self.file = folder / "clock.json"
        self._seen = folder / "clock-seen.json"
        self._machine = machine
        self.first_rate: float | None = None  # of a time that is held

    @property
    def exists(self) -> bool:
        return self.file.exists()

    def resume(self, rate: float | None = None, *, is_held: bool = False) -> TownTime:
        """Run on from where it stood, at the rate it had (or ``rate``); the first time from half past six of today.

        ``is_held``: the first time it stands, until the town is ready and lets it go at ``first_rate``.
        """
        now_s = self._machine.monotonic_s()
        if self.exists:
            line = decode_town(self.file.read_bytes())
            seen_ms, seen_rate = self._read_seen()
            # At most one beat passed unseen before a kill; adding it keeps the time from going back.
            unseen_ms = int(BEAT_S * 1000 * line.rate)
            start_ms, old_rate = max(line.simulated_ms, seen_ms + unseen_ms), line.rate or seen_rate
        else:
            today = self._machine.wall().astimezone(TOWN_ZONE)
            start_ms, old_rate = to_ms(today.replace(hour=FIRST_HOUR, minute=FIRST_MINUTE, second=0, microsecond=0)), DEFAULT_RATE
        pace = old_rate if rate is None else rate
        if is_held and not self.exists:
            self.first_rate, pace = pace, 0.0
        town = TownTime(start_ms, now_s, pace, self._machine.boot_id)
        self._write(town)
        return town

    def beat(self) -> None:
        """Note how far the time has come."""
        town = decode_town(self.file.read_bytes())
        self._note(town.at(self._machine.monotonic_s()), town.rate)

    def pause(self) -> None:
        """Stop the time; the rate to go on with is kept."""
        town = decode_town(self.file.read_bytes())
        self.beat()
        self._write(town.changed(self._machine.monotonic_s(), 0.0), rate=town.rate)

    async def keep_beating(self) -> None:
        """Until cancelled; then paused."""
        try:
            while True:
                self.beat()
                await asyncio.sleep(BEAT_S)
        finally:
            self.pause()

    def _write(self, town: TownTime, rate: float | None = None) -> None:
        unfinished = self.file.with_suffix(".part")
        unfinished.write_bytes(encode_town(town))
        unfinished.replace(self.file)
        self._note(town.simulated_ms, town.rate if rate is None else rate)

    def _note(self, simulated_ms: int, rate: float) -> None:
        write_private(self._seen, json.dumps({"simulated_ms": simulated_ms, "rate": rate}))

    def _read_seen(self) -> tuple[int, float]:
        with suppress(OSError, ValueError, KeyError):
            said = json.loads(self._seen.read_text())
            return int(said["simulated_ms"]), float(said["rate"])
        return 0, DEFAULT_RATE
