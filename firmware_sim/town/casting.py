"""Who may be followed on a day: at each station that is watched, an order with which nothing goes wrong. Pure and seeded.

Leaves to the story whom it takes, and to dispatching that the van does not come to them first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from firmware_sim.town.plan import Day, PlannedOrder, stock_of
from firmware_sim.town.settings import Station, TownSettings
from firmware_sim.town.storyboard import followed, freezer_is_used

DayOf = Callable[[Station, date], Day]


@dataclass(frozen=True, slots=True)
class Lead:
    """``is_cold``: something else lies in the freezer when the order is fetched."""

    station: Station
    order: PlannedOrder
    is_cold: bool


def leads(settings: TownSettings, day_of: DayOf, day: date) -> list[Lead]:
    """The best first; none on a day on which nobody is worth it."""
    orders = [order for station in settings.stations for order in day_of(station, day).orders]
    stock = stock_of(settings.seed, day, orders, settings.chances)
    found: list[Lead] = []
    for station in settings.stations:
        if station.is_shared:
            continue
        planned = day_of(station, day)
        order = followed(settings.seed, planned, stock, settings.chances)
        if order is not None:
            found.append(Lead(station, order, freezer_is_used(planned, order)))
    return sorted(found, key=lambda lead: (not lead.is_cold, lead.station.id))
