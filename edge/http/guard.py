"""Who may talk to the station's page at all: a browser on a page of ours, asking for us by a name that is ours, with little to say.

Stands before the application, for HTTP and sockets alike. Leaves who the person is to the acts.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.http.refusals import Refusal

MAX_BODY_BYTES = 64 << 10  # the longest form there is, 200 parcels to hand out, is a fifth of it
READS = ("GET", "HEAD", "OPTIONS")

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]/@\s]+)(?::([0-9]{1,5}))?")
_ORIGIN = re.compile(r"(https?)://(.+)")
_PORTS = {"http": "80", "https": "443"}


class Guard:
    """An ASGI application around another. ``streamed``: paths that read their bodies themselves, with the bytes each may have."""

    def __init__(self, app: ASGIApp, names: Iterable[str], streamed: Mapping[str, int]) -> None:
        self._app = app
        self._names = frozenset(names)
        self._streamed = streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        try:
            self._admit(scope)
            if scope["type"] == "http" and scope["method"] not in READS and scope["path"] not in self._streamed:
                receive = replayed(await read_body(receive), receive)
        except Refusal as refusal:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008, "reason": str(refusal)})
            else:
                await refusal.response()(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _admit(self, scope: Scope) -> None:
        """Refusal, before anything of the body is read."""
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        if len(headers.getlist("host")) != 1 or not self._is_ours(host):
            # A name of the attacker's that was made to point here: his page would count as of the same site as ours.
            raise Refusal(
                421,
                "host",
                f"{host[:100]!r} is no name of this station",
                "use its address or host name, or put the name into [http] names of the site's file",
                "other_host",
            )
        if scope["type"] == "http" and scope["method"] in READS:
            return
        origin = headers.get("origin", "").lower()
        # Browsers leave Sec-Fetch-Site out on plain http; Origin they send with every POST and every socket.
        is_elsewhere = headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
        if is_elsewhere or ("origin" in headers and not is_same(origin, host)):
            raise Refusal(403, "origin", "this came from another site's page", "use the station's own page", "other_site")
        length = headers.get("content-length", "0")
        most = self._streamed.get(scope["path"], MAX_BODY_BYTES)
        if not length.isdigit() or int(length) > most:
            raise _too_large(most)

    def _is_ours(self, host: str) -> bool:
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = match[1].strip("[]").removesuffix(".")
        try:
            ipaddress.ip_address(name)  # nobody can make an address point elsewhere
        except ValueError:
            return name in self._names
        return True


def own_names(host_name: str, more: Iterable[str]) -> frozenset[str]:
    """What this machine is called on the local network: by itself, by mDNS, and as the site's file says."""
    own, short = host_name.lower(), host_name.lower().partition(".")[0]
    return frozenset({"localhost", own, short, f"{short}.local", *(name.lower() for name in more)})


def is_same(origin: str, host: str) -> bool:
    """Whether a page of ``origin`` is a page of ``host``; a port left out is the scheme's."""
    match = _ORIGIN.fullmatch(origin)
    if match is None:  # such as null, of a sandboxed page
        return False
    said, asked = _HOST.fullmatch(match[2]), _HOST.fullmatch(host)
    if said is None or asked is None:
        return False
    port = _PORTS[match[1]]
    return (said[1], said[2] or port) == (asked[1], asked[2] or port)


async def read_body(receive: Receive) -> bytes:
    """All of it. Refusal at the first byte too many: one that is sent in pieces does not say how long it is."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":  # gone in the middle of it
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise _too_large(MAX_BODY_BYTES)
        if not message.get("more_body", False):
            return bytes(body)


def replayed(body: bytes, receive: Receive) -> Receive:
    """``receive`` as it was before the body was read."""
    whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return whole.pop() if whole else await receive()

    return again


def _too_large(most: int) -> Refusal:
    return Refusal(413, "", f"larger than {most >> 10} KB", "send less, or a smaller photograph", "too_large")
