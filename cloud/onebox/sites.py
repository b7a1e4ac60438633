"""Stations of one's own on the one box's broker: which there are, and that a running broker lets a new one in."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

from cloud.onebox.folder import write_private

FILE = "sites.json"
ANY = "+"  # a site of several operators: ingest knows which
_LOOK_S = 1.0


def read_sites(folder: Path) -> dict[str, str]:
    """Site → operator, as the broker's rules need it."""
    file = folder / FILE
    return {str(site): str(operator) for site, operator in json.loads(file.read_bytes()).items()} if file.exists() else {}


def add_site(folder: Path, operator: str, site: str) -> None:
    """For this start's broker, where one runs, and all later ones."""
    sites = read_sites(folder)
    sites[site] = operator if sites.get(site, operator) == operator else ANY
    write_private(folder / FILE, json.dumps(sites))


def forget_site(folder: Path, site: str) -> None:
    """The broker lets it in no more."""
    sites = read_sites(folder)
    if sites.pop(site, None) is not None:
        write_private(folder / FILE, json.dumps(sites))


async def watch(folder: Path, told: dict[str, str], tell: Callable[[dict[str, str]], Awaitable[None]]) -> None:
    """Tell the broker of what is not in ``told``, until cancelled."""
    while True:
        await asyncio.sleep(_LOOK_S)
        sites = read_sites(folder)
        if sites != told:
            await tell(sites)
            told = sites
