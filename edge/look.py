"""``python -m edge status``: what the site's file says, read beside the agent or without it."""

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from edge.config import ConfigError, EdgeConfig
from edge.outbox.look import depth_of_file
from edge.wire.clock import Clock, TownClock, WallClock, utc
from edge.wire.ids import Lane
from edge.wire.order import Hlc, hlc_ms

# An agent whose machine's clock nobody sets goes by the cloud's, and writes its times; two clocks that are set differ by less.
_SAME_S = 1.0


class LaneSeen(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a lane waits."""

    unsent: int
    batches: int
    readings: int
    oldest_ms: int | None
    damaged: int = 0


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """The whole look. Times are ms since 1970 by the site's clock."""

    site: str
    operator: str
    file: str
    exists: bool
    now_ms: int
    is_town: bool
    order_ms: int | None = None  # where the site's order of events stands
    epoch: str = ""
    boot: int = 0
    last_sync_ms: int | None = None
    queue: dict[str, LaneSeen] = {}
    kept_bytes: int = 0
    file_bytes: int = 0
    damage: str = ""  # what the card has spoilt

    def json_text(self) -> str:
        """One line."""
        return msgspec.json.encode(self).decode()


def look(config: EdgeConfig) -> Seen:
    """Read it. ConfigError where the town's clock cannot be read."""
    clock = read_clock(config)
    depth = depth_of_file(config.database)
    seen = Seen(
        site=config.site.id,
        operator=config.site.operator,
        file=str(config.database),
        exists=depth is not None,
        now_ms=clock.now_ms(),
        is_town=clock.is_simulated,
    )
    if depth is None:
        return seen
    return msgspec.structs.replace(
        seen,
        order_ms=hlc_ms(Hlc(depth.hlc)),
        epoch=str(depth.epoch),
        boot=depth.boot,
        last_sync_ms=depth.last_sync_ms,
        queue={
            lane.value: LaneSeen(
                unsent=one.batches + one.readings,
                batches=one.batches,
                readings=one.readings,
                oldest_ms=one.oldest_ms,
                damaged=one.damaged,
            )
            for lane, one in depth.lanes.items()
        },
        kept_bytes=depth.kept_bytes,
        file_bytes=depth.file_bytes,
        damage=depth.damage,
    )


def read_clock(config: EdgeConfig) -> Clock:
    """The site's. ConfigError where the town's clock cannot be read."""
    town_file = config.clock.town_file
    return WallClock(time.time) if town_file is None else TownClock(_reader(town_file), time.monotonic)


def as_text(seen: Seen) -> str:
    """For people."""
    if not seen.exists:
        return f"{seen.operator}/{seen.site}: no file yet at {seen.file}; the agent has not run here"
    clock = "town" if seen.is_town else "wall"
    lines = [
        f"{seen.operator}/{seen.site}  epoch {seen.epoch}  boot {seen.boot}",
        f"clock      {_when(seen.now_ms, None)} ({clock}), order of events at {_when(seen.order_ms, None)}",
        f"last sync  {_when(seen.last_sync_ms, seen.now_ms)}",
    ]
    for lane in Lane:
        one = seen.queue[lane.value]
        what = f"{one.batches} batches" + (f", {one.readings} readings" if one.readings else "")
        lines.append(f"{lane.value:<10} {what} wait" + (f", oldest {_when(one.oldest_ms, seen.now_ms)}" if one.unsent else ""))
    lines.append(f"file       {seen.file}, {seen.file_bytes:,} bytes, of them {seen.kept_bytes:,} kept for a restored cloud")
    if seen.damage:
        lines.append(f"DAMAGED    {seen.damage}")
    return "\n".join(lines)


def _when(moment_ms: int | None, now_ms: int | None) -> str:
    if moment_ms is None:
        return "never"
    text = utc(moment_ms).strftime("%Y-%m-%d %H:%M:%S UTC")
    if now_ms is None:
        return text
    ago_s = (now_ms - moment_ms) / 1000
    if ago_s <= -_SAME_S:
        return f"{text} (the cloud's clock is ahead of this one's, by {-ago_s:,.0f} s or more)"
    return f"{text} ({max(0.0, ago_s):,.0f} s ago)"


def _reader(town_file: Path) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            return town_file.read_bytes()
        except OSError as error:
            raise ConfigError(f"{town_file}: {error.strerror}; [clock] town_file is only for the simulated town") from None

    return read
