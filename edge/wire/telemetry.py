"""Readings and positions in columns: the payload of ``up/live`` and ``up/backfill``."""

from typing import Annotated

from msgspec import Meta, field

from edge.wire.fields import MAX_BATCH_READINGS, BootNumber, ClockQuality, Message, Milliseconds, Offset, Quality, Reading, Thinned


class Series(Message, frozen=True):
    """One sensor's readings in columns.

    Reading i was taken at ``t0 + dt[i]`` ms since 1970. ``v`` is in the unit that the sensor's id ends with (``_c``, ``_pct``…);
    None is "asked, no answer". ``q``: 0 good, 1 doubtful, 2 bad; a single number holds for all.
    """

    sensor: str
    t0: Milliseconds
    dt: Annotated[list[Offset], Meta(min_length=1, max_length=MAX_BATCH_READINGS)]
    v: list[Reading | None]
    q: Quality | list[Quality] = 0
    thinned: Thinned = 0


class Track(Message, frozen=True):
    """Positions of the site itself (a van) in columns: WGS-84 degrees, m/s, degrees clockwise from north."""

    t0: Milliseconds
    dt: Annotated[list[Offset], Meta(min_length=1, max_length=MAX_BATCH_READINGS)]
    lat: list[Annotated[float, Meta(ge=-90, le=90)]]
    lon: list[Annotated[float, Meta(ge=-180, le=180)]]
    speed_m_s: list[Annotated[float, Meta(ge=0, le=100)] | None]
    heading_deg: list[Annotated[float, Meta(ge=0, lt=360)] | None]
    thinned: Thinned = 0


class TelemetryBatch(Message, frozen=True):
    """The payload of ``up/live`` and ``up/backfill``."""

    boot: BootNumber
    clock: ClockQuality
    series: list[Series] = field(default_factory=list)
    tracks: list[Track] = field(default_factory=list)
