"""One GET or POST to a road engine: JSON or a RoadsError that says what to look at. Blocking, for threads."""

import json
import urllib.error
import urllib.request
from typing import Any

from cloud.roads.ways import RoadsError

_TIMEOUT_S = 60.0  # a block of a matrix on a country's graph takes seconds
_MOST_BYTES = 64 * 1024 * 1024


def ask(url: str, body: object = None) -> tuple[int, Any]:
    """Status and JSON, also of refusals. RoadsError where nobody answers, or no JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310  # http(s), checked by `source`
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            return answer.status, _decoded(url, answer.read(_MOST_BYTES))
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _decoded(url, error.read(_MOST_BYTES))
    except (OSError, TimeoutError) as error:
        raise RoadsError(f"{url.split('?')[0]} does not answer ({error}): look at TUANTU_ROADS_URL and at the engine") from None


def _decoded(url: str, data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        raise RoadsError(f"{url.split('?')[0]} answers no JSON: is TUANTU_ROADS_URL that of a road engine?") from None
