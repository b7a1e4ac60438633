"""Whose page a browser sends from: where only a cookie says who is asking, another site's page must not ask.

SameSite alone does not do it: to the browser every port of a host, and every host of a domain, is the same site.
"""

from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def is_own_origin(origin: str | None, host: str, public_url: str) -> bool:
    """Whether a request with this Origin and Host comes from a page of ours. Without Origin: from no page, browsers name it."""
    if origin is None:
        return True
    there = _place(origin)
    if there is None:  # "null" too: a sandbox, a file
        return False
    # Behind a proxy that ends TLS we don't know our own scheme: what Host leaves out is the origin's own default.
    return there in (_place(f"{urlsplit(origin).scheme}://{host}"), _place(public_url))


def is_own_host(origin: str | None, host: str, public_url: str) -> bool:
    """The same where the page comes from another port of the same host, as beside the live socket's."""
    if origin is None:
        return True
    there = _place(origin)
    if there is None:
        return False
    own = _place(f"http://{host}")
    return (own is not None and own[0] == there[0]) or there == _place(public_url)


def _place(url: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(url)
        name, port = parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (name, port) if name and port else None
