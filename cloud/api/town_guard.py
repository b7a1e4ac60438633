"""Who may play with the simulated town: a browser on this machine, on a page of ours, and only where `make run` has a town.

Everything else must not know that there are such addresses: in production their router is not even there.
"""

import ipaddress
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from cloud.api.context import ServicesDep
from cloud.api.errors import ApiError
from cloud.auth.origins import is_own_origin
from cloud.config import CloudConfig
from cloud.trouble import Trouble
from edge.wire.clock import Clock

_READS = ("GET", "HEAD")
_PROXIED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def has_town(config: CloudConfig, clock: Clock) -> bool:
    """Whether the town's addresses are served. Trouble where somebody has asked for them in production."""
    if config.town_dir is None:
        return False
    if not clock.is_simulated or urlsplit(config.public_url).scheme == "https":
        raise Trouble(
            "TUANTU_TOWN_DIR lets whoever sits at this machine play with a simulated town, and this is none: "
            "it has a real clock, or a public https address",
            "leave TUANTU_TOWN_DIR out; only make run sets it",
        )
    return True


def town_folder(request: Request, services: ServicesDep) -> Path:
    """Where the town's sockets are. 403 for who is elsewhere, and for another site's page."""
    folder = services.config.town_dir
    if folder is None:
        raise ApiError(404, "nothing_here", "path")
    headers = request.headers
    host = headers.get("host", "")
    is_here = request.client is not None and _is_loopback(request.client.host) and _is_loopback(_name_of(host))
    if not is_here or any(name in headers for name in _PROXIED):
        raise ApiError(403, "town_elsewhere", "host")
    is_foreign = headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
    # The public URL is no page of ours here: by the LAN's address nobody is on this machine.
    if is_foreign or (request.method not in _READS and not is_own_origin(headers.get("origin"), host, f"http://{host}")):
        raise ApiError(403, "foreign_page", "origin")
    return folder


TownFolder = Annotated[Path, Depends(town_folder)]


def _name_of(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
