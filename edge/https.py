"""One request to the cloud with the site's own credentials; blocks, so never on the loop.

No redirect is followed: the credentials are this server's. No part of a URL's query or of the credentials is in an error's text.
"""

import base64
import http.client
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

TIMEOUT_S = 30.0


class CloudAwayError(Exception):
    """It could not be asked, or would not answer; the text says why."""


@dataclass(frozen=True, slots=True)
class CloudSettings:
    """Who we are to the cloud. ``may_be_plain``: the broker is reached without TLS too (one box, tests)."""

    username: str
    password: str = field(repr=False)
    ca_file: Path | None = None
    may_be_plain: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; at most ``limit`` bytes of it."""

    status: int
    body: bytes


def request(
    settings: CloudSettings, method: str, url: str, *, body: bytes | None = None, content_type: str = "", held: str = "",
    limit: int = 65_536,
) -> Answer:  # fmt: skip
    """Ask. ``held``: the entity tag of what is here already. CloudAwayError: no answer, or one of more than ``limit`` bytes."""
    parts = urlsplit(url)
    host = parts.hostname
    if parts.scheme not in ("https", "http") or not host or (parts.scheme == "http" and not settings.may_be_plain):
        raise CloudAwayError("url: want https://host/…")
    credentials = base64.b64encode(f"{settings.username}:{settings.password}".encode()).decode()
    wanted = {"Authorization": f"Basic {credentials}", "Content-Type": content_type, "If-None-Match": f'"{held}"' if held else ""}
    headers = {name: value for name, value in wanted.items() if value}
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    connection = _connection(parts.scheme, host, parts.port, settings)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        found = Answer(answer.status, answer.read(limit + 1))
    except (OSError, http.client.HTTPException) as error:
        raise CloudAwayError(f"{host}: {str(error) or type(error).__name__}") from None
    finally:
        connection.close()
    if len(found.body) > limit:
        raise CloudAwayError(f"{host}: answered more than {limit} bytes")
    return found


def _connection(scheme: str, host: str, port: int | None, settings: CloudSettings) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ValueError) as error:
        raise CloudAwayError(f"ca_file: {error}") from None
    return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)
