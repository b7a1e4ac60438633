"""Who a site is, by HTTP: Basic with its id and a key of which the database has the SHA-256."""

import base64
import binascii
import hashlib
from typing import Annotated

from fastapi import Depends, Request

from cloud.api.context import Transaction
from cloud.api.errors import ApiError


async def current_site(request: Request, connection: Transaction) -> str:
    """The id of the site that asks; 401 where it is none of ours."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    username, password = _credentials(given) if scheme.lower() == "basic" else ("", "")
    # By hash, in the database: there is nothing to compare byte by byte, and so nothing to time.
    cursor = await connection.execute(
        "SELECT FROM site_credential WHERE site_id = %s AND key_sha256 = %s AND revoked_at IS NULL LIMIT 1",
        [username, hashlib.sha256(password.encode()).digest()],
    )
    if await cursor.fetchone() is None:
        raise not_the_site()
    return username


CurrentSite = Annotated[str, Depends(current_site, scope="function")]


def not_the_site() -> ApiError:
    """401, with what is wanted."""
    error = ApiError(401, "not_the_site", "authorization")
    error.headers["WWW-Authenticate"] = 'Basic realm="site"'
    return error


def _credentials(given: str) -> tuple[str, str]:
    try:
        username, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return ("", "") if "\0" in username else (username, password)
