"""A day that is under way, as facts: which van is where and when it can go on, what is aboard, what lies where, what has happened.

Leaves reading these facts to `cloud.api`, and what follows to `disruption` and `replanning`. Seconds since midnight there.
"""

from typing import Literal

import msgspec


class Delay(msgspec.Struct, frozen=True, tag="delay", tag_field="kind"):
    """A van stands for so long: a queue, a flat tyre."""

    van: str
    delay_s: int


class Breakdown(msgspec.Struct, frozen=True, tag="breakdown", tag_field="kind"):
    """A van drives no more today. What is aboard is fetched by others, where it stands."""

    van: str


class Closed(msgspec.Struct, frozen=True, tag="closed_station", tag_field="kind"):
    """Nobody takes anything there. ``until_s`` None: for the rest of the day; its goods come back."""

    site: str
    until_s: int | None = None


class NewStop(msgspec.Struct, frozen=True, tag="new_stop", tag_field="kind"):
    """A station that no van comes to as planned; what it gets stands in the day's stations."""

    site: str


class NewTimes(msgspec.Struct, frozen=True, tag="new_times", tag_field="kind"):
    """Goods are taken at other times than was planned: they stand in the day's stations."""


Event = Delay | Breakdown | Closed | NewStop | NewTimes


class Ahead(msgspec.Struct, frozen=True):
    """A stop still to be served. ``trip``: of the committed plan."""

    site: str
    trip: int = 1


class VanNow(msgspec.Struct, frozen=True):
    """``run``: its name, "" where it has none. ``is_loaded``: what its ``ahead`` gets is aboard, but for what is `Lying`.

    ``free_s``: when it can go on from where it is. ``heads``: what it is on the way to. ``is_out``: drives no more today.
    """

    id: str
    run: str
    lat: float
    lon: float
    free_s: int
    is_loaded: bool
    ahead: tuple[Ahead, ...] = ()
    heads: tuple[str, ...] = ()
    served: int = 0
    is_out: bool = False


class Lying(msgspec.Struct, frozen=True):
    """Goods that lie somewhere, to be fetched by whoever brings them. ``van``: it stands there with them; "": the depot."""

    site: str
    lat: float
    lon: float
    van: str = ""


class Aside(msgspec.Struct, frozen=True):
    """Still aboard of a van, and nobody is to be brought it: a station that is closed, or that cannot be reached in time."""

    site: str
    van: str


class Pin(msgspec.Struct, frozen=True):
    """A person's word: this van and no other."""

    site: str
    van: str


class Situation(msgspec.Struct, frozen=True):
    """``base``: the committed plan that is underway. ``event`` None: not yet told. ``answer``: what is asked for."""

    base: int
    now_s: int
    vans: tuple[VanNow, ...]
    served: tuple[str, ...] = ()
    lying: tuple[Lying, ...] = ()
    aside: tuple[Aside, ...] = ()
    closed: tuple[str, ...] = ()
    pins: tuple[Pin, ...] = ()
    event: Event | None = None
    answer: Literal["smallest", "best"] = "smallest"

    @property
    def van(self) -> dict[str, VanNow]:
        return {one.id: one for one in self.vans}

    @property
    def van_of(self) -> dict[str, VanNow]:
        """Who is to come where, as committed."""
        return {ahead.site: van for van in self.vans for ahead in van.ahead}

    @property
    def is_lying(self) -> dict[str, Lying]:
        return {one.site: one for one in self.lying}

    def is_aboard(self, site: str) -> bool:
        """Of the van that is to come, as far as anybody knows."""
        van = self.van_of.get(site)
        return van is not None and van.is_loaded and site not in self.is_lying
