"""The small shops of the town: no devices of their own, their agents in one process, their staff at their pages.

The same agent and the same acts as at the stations that are watched; scans come from a scanner that types, at the page.
"""

from collections.abc import Coroutine, Iterator
from typing import Any

from firmware_sim.town.agents import Agent, edge_command
from firmware_sim.town.house import Tools
from firmware_sim.town.settings import TownSettings
from firmware_sim.town.site_files import write_site
from firmware_sim.town.staff import Staff


class Quarter:
    """``settings.stations`` that share a process."""

    def __init__(self, tools: Tools) -> None:
        self._settings: TownSettings = tools.settings
        self.shops = [one for one in tools.settings.stations if one.is_shared]
        self.staff = {
            shop.id: Staff(shop, None, tools.office, tools.memory, tools.clock, tools.settings, tools.round) for shop in self.shops
        }
        folder = tools.settings.folder / "stations"
        self.agent = Agent("the quarter", edge_command(*(shop.config_path for shop in self.shops)), folder / "quarter.log")

    def write_files(self) -> None:
        """Each shop's TOML."""
        for shop in self.shops:
            write_site(self._settings, shop, (self._settings.broker_host, self._settings.broker_port))

    def machines(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """What runs by itself, whether or not anybody is there."""
        if self.shops:
            yield "agents of the quarter", self.agent.run()

    def people(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """Who works there."""
        for name, staff in self.staff.items():
            yield f"staff {name}", staff.live()

    def status(self) -> Iterator[str]:
        """One line for all of them, and one for each that waits."""
        if not self.shops:
            return
        yield f"{len(self.shops)} shops that share a process, started {self.agent.starts} times"
        for name, staff in self.staff.items():
            if staff.waits_for:
                yield f"{name}: waits: {staff.waits_for}"
