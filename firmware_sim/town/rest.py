"""A small HTTP client for the cloud's and the agents' JSON, blocking: called in a thread.

Leaves retries to its callers.
"""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

import msgspec

TIMEOUT_S = 10.0


class RestError(Exception):
    """The other side refused, or did not answer (status 0). The text is its own message."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(slots=True)
class Rest:
    """``base`` such as http://127.0.0.1:8080, without a slash at its end. ``token`` is a session's, after log-in.

    Cookies that are set are sent again, as a browser does.
    """

    base: str
    token: str = ""
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Any:
        return self._call("GET", path, None)

    def post(self, path: str, body: object) -> Any:
        return self._call("POST", path, body)

    def put(self, path: str, body: object) -> Any:
        return self._call("PUT", path, body)

    def _call(self, method: str, path: str, body: object) -> Any:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        data = None if body is None else msgspec.json.encode(body)
        request = urllib.request.Request(self.base + path, data, headers, method=method)  # noqa: S310  # base is configuration
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
                for said in answer.headers.get_all("Set-Cookie") or ():
                    self.cookies.update({name: morsel.value for name, morsel in SimpleCookie(said).items()})
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise RestError(error.code, f"{method} {path}: {error.code} {_message(error.read())}") from None
        except (OSError, ValueError) as error:
            raise RestError(0, f"{method} {path}: no answer ({error})") from None


def _message(body: bytes) -> str:
    try:
        fault = json.loads(body)["error"]
        return f"{fault.get('field', '')}: {fault['message']}; {fault.get('remedy', '')}"
    except (ValueError, KeyError, TypeError):
        return body[:200].decode(errors="replace")
