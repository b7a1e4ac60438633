"""From frozen routes to the sort wall's lanes (分拣墙) and the loading list (装车单). Routes are given here."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Route:
    """A run and its stations in the order of delivery. ValueError where a station is given twice."""

    run: str
    stops: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(set(self.stops)) != len(self.stops):
            raise ValueError(f"stops: {self.run} comes to a station twice")


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a station stands in its run. ``lane``: the run's letter and the stop's number, ``B3``; its place on the wall."""

    run: str
    number: int
    lane: str


@dataclass(frozen=True, slots=True)
class Loading:
    """The containers of one stop. A van is loaded from the first of a list to the last."""

    number: int
    site: str
    lane: str
    containers: tuple[str, ...]


def stops(routes: Sequence[Route]) -> dict[str, Stop]:
    """Each station's place. ValueError where two runs have one station."""
    found: dict[str, Stop] = {}
    for index, route in enumerate(routes):
        for number, site in enumerate(route.stops, start=1):
            if site in found:
                raise ValueError(f"routes: {site} is on {found[site].run} and on {route.run}")
            found[site] = Stop(route.run, number, f"{_letters(index)}{number}")
    return found


def with_goods(routes: Sequence[Route], stations: Collection[str]) -> list[Route]:
    """Without the stations that nothing goes to: they are no stop, take no lane, and nobody drives there."""
    kept = [Route(route.run, tuple(site for site in route.stops if site in stations)) for route in routes]
    return [route for route in kept if route.stops]


def loading_list(route: Route, places: Mapping[str, Stop], containers: Iterable[tuple[str, str]]) -> list[Loading]:
    """Last stop first, for what is unloaded first has to stand at the door. ``containers``: container and station."""
    of_site: dict[str, list[str]] = {}
    for container, site in containers:
        of_site.setdefault(site, []).append(container)
    return [
        Loading(places[site].number, site, places[site].lane, tuple(sorted(of_site[site])))
        for site in reversed(route.stops)
        if site in of_site
    ]


def _letters(index: int) -> str:
    """A … Z, AA, AB, …"""
    text = ""
    index += 1
    while index:
        index, letter = divmod(index - 1, 26)
        text = chr(ord("A") + letter) + text
    return text
