"""A station fetches its manifest here, with its own credentials (HTTP Basic); names and last fours never travel by MQTT."""

import base64
import binascii
import hashlib

from fastapi import APIRouter, Request, Response

from cloud.api.context import Transaction
from cloud.api.errors import ApiError, not_found
from cloud.store.pool import Connection

router = APIRouter(prefix="/api", tags=["manifests"])


@router.get("/sites/{site_id}/manifest/{sha256}", response_class=Response)
async def fetch_manifest(site_id: str, sha256: str, request: Request, connection: Transaction) -> Response:
    """The bytes that hash to what `desired` announced. 401 without the site's key, 404 where a newer one has taken its place."""
    await _authenticate(connection, site_id, request.headers.get("authorization", ""))
    if request.headers.get("if-none-match") == f'"{sha256}"':
        return Response(status_code=304)
    cursor = await connection.execute("SELECT body FROM manifest WHERE site_id = %s AND sha256 = %s", [site_id, sha256])
    row = await cursor.fetchone()
    if row is None:
        raise not_found("sha256", "manifest")
    headers = {"ETag": f'"{sha256}"', "Cache-Control": "private, no-store"}
    return Response(bytes(row[0]), media_type="application/json", headers=headers)


async def _authenticate(connection: Connection, site_id: str, authorization: str) -> None:
    """The site's own: another site's key opens nothing here."""
    scheme, _, given = authorization.partition(" ")
    username, password = _credentials(given) if scheme.lower() == "basic" else ("", "")
    # By hash, in the database: there is nothing to compare byte by byte, and so nothing to time.
    cursor = await connection.execute(
        "SELECT FROM site_credential WHERE site_id = %s AND key_sha256 = %s AND revoked_at IS NULL",
        [site_id, hashlib.sha256(password.encode()).digest()],
    )
    if username != site_id or await cursor.fetchone() is None:
        error = ApiError(401, "not_the_site", "authorization")
        error.headers["WWW-Authenticate"] = 'Basic realm="site"'
        raise error


def _credentials(given: str) -> tuple[str, str]:
    try:
        username, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return username, password
