"""How operator, stations, staff, shelves and lockers are set up in the cloud, as an office would do it: by REST, once."""

from collections.abc import Callable

from firmware_sim.town.arrivals import SLOTS_A_SHELF
from firmware_sim.town.cabinet import CELLS
from firmware_sim.town.goods import GOODS
from firmware_sim.town.memory import Memory
from firmware_sim.town.rest import RestError
from firmware_sim.town.settings import OPERATOR, OPERATOR_NAME, Station, TownSettings

STAFF, STAFF_NAME = "chen", "陈姐"
_SHELVES = (("F", "frozen"), ("C", "chilled"), ("A", "ambient"), ("B", "ambient"))
_CAPACITY = 4
# What one derivation of a code's key costs. A town's day takes minutes, and its codes open nothing.
_CODE_COST = 1024
_CONFLICT = 409

Call = Callable[[str, str, object], object]  # method, path, body


def set_up_town(call: Call, settings: TownSettings, memory: Memory) -> None:
    """Everything that is missing. RestError."""
    call("POST", "/api/operators", {"id": OPERATOR, "name": OPERATOR_NAME, "time_zone": "Asia/Shanghai"})
    for station in (*settings.stations, *([settings.dock] if settings.dock else []), *settings.vans):
        _register(call, station)
        if station.kind == "van":
            continue
        like = f"2/{settings.pin}/{'cabinet' if station.has_cabinet else ''}"
        if not memory.is_set_up(station.id, like):
            _furnish(call, station, settings.pin)
            memory.set_up(station.id, like)
    if not memory.is_set_up(OPERATOR, "articles"):
        articles = [{"sku": good.sku, "name": good.name} for goods in GOODS.values() for good in goods]
        call("PUT", f"/api/operators/{OPERATOR}/articles", {"articles": articles})
        memory.set_up(OPERATOR, "articles")


def _register(call: Call, station: Station) -> None:
    place = station.place
    if station.kind == "van":
        call("POST", "/api/sites", {"id": station.id, "kind": "van", "name": place.name, "operators": [OPERATOR]})
        call("POST", f"/api/sites/{station.id}/credentials", {"key": station.password})
        return
    there = {"address": place.address, "lat": place.lat, "lon": place.lon}
    site = {"id": station.id, "kind": station.kind, "name": place.name, **there, "operators": [OPERATOR]}
    try:
        call("POST", "/api/sites", site)
    except RestError as error:
        if error.status != _CONFLICT:
            raise
        # Until the town had a map its stations stood elsewhere.
        call("PUT", f"/api/sites/{station.id}/place", there)
        call("POST", "/api/sites", site)
    # By its password at the broker the agent fetches its manifest too.
    call("POST", f"/api/sites/{station.id}/credentials", {"key": station.password})


def _furnish(call: Call, station: Station, pin: str) -> None:
    site = f"/api/sites/{station.id}"
    call("PUT", f"{site}/staff/{STAFF}", {"name": STAFF_NAME, "pin": pin})
    if station.kind == "dock":
        return
    shelves = [
        {"slot": f"{shelf}{n}", "zone": zone, "capacity": _CAPACITY}
        for shelf, zone in _SHELVES
        for n in range(1, SLOTS_A_SHELF + 1)
    ]
    call("PUT", f"{site}/shelves", {"shelves": shelves})
    cells = [{"cell": cell, "zone": zone, "size": size} for cell, zone, size in CELLS] if station.has_cabinet else []
    call("PUT", f"{site}/cells", {"cells": cells})
    call("PUT", f"{site}/rules", {"rules": {}, "code_cost": _CODE_COST})
