"""Which clock a cloud process lives by: the town's where a clock file is named, else the machine's."""

import time

from cloud.config import CloudConfig, ConfigError
from edge.wire.clock import Clock, TownClock, WallClock


def clock_of(config: CloudConfig) -> Clock:
    """ConfigError when the clock file is named but can't be read."""
    file = config.clock_file
    if file is None:
        return WallClock(time.time)
    clock = TownClock(file.read_bytes, time.monotonic)
    try:
        clock.now_ms()
    except (OSError, ValueError) as error:
        raise ConfigError(f"TUANTU_CLOCK_FILE: {error}") from None
    return clock
