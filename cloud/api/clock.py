"""The clock as pages are told it (ARCHITECTURE, decision 13)."""

from pydantic import BaseModel

from edge.wire.clock import Clock


class ClockOut(BaseModel):
    """Domain time in ms since 1970. ``simulated``: every page says so; ``rate``: domain seconds a real second."""

    now_ms: int
    rate: float
    simulated: bool


def clock_out(clock: Clock) -> ClockOut:
    """The clock at this moment."""
    return ClockOut(now_ms=clock.now_ms(), rate=clock.rate, simulated=clock.is_simulated)
