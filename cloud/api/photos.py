"""Photographs of what is damaged: put here by sites under their SHA-256, looked at by whoever may see the site."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from cloud.api.context import CurrentAccount, ServicesDep, Transaction
from cloud.api.errors import ApiError, not_found
from cloud.api.site_login import CurrentSite

router = APIRouter(tags=["photos"])

Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
MAX_PHOTO_BYTES = 4 * 1024 * 1024  # as the agents have it
# A year of a station's damage. Overflow policy: new ones are refused with 507, and the agent keeps them and says so.
MAX_SITE_BYTES = 2 * 1024**3
_BEGINS = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n", "image/webp": b"RIFF"}


def picture_type(body: bytes) -> str | None:
    """What kind of picture this is, by how it begins; None: none that is taken here."""
    return next((kind for kind, begins in _BEGINS.items() if body.startswith(begins)), None)


@router.put("/blobs/{sha256}", status_code=201)
async def put_photo(
    sha256: Sha256, request: Request, response: Response, site: CurrentSite, services: ServicesDep, connection: Transaction
) -> None:
    """Keep a photograph: 201, or 200 where it was here before. The body has to hash to its name and to be a picture."""
    body = await request.body()
    content_type = request.headers.get("content-type", "")
    if len(body) > MAX_PHOTO_BYTES:
        raise ApiError(413, "too_large", "body", most=MAX_PHOTO_BYTES)
    if hashlib.sha256(body).hexdigest() != sha256:
        raise ApiError(422, "other_bytes", "sha256")
    if content_type not in _BEGINS or not body.startswith(_BEGINS[content_type]):
        raise ApiError(422, "no_picture", "body")
    cursor = await connection.execute("SELECT coalesce(sum(bytes), 0) FROM photo WHERE site_id = %s", [site])
    row = await cursor.fetchone()
    if row is not None and row[0] + len(body) > MAX_SITE_BYTES:
        raise ApiError(507, "photos_full", "body")
    cursor = await connection.execute(
        """
        INSERT INTO photo (site_id, sha256, content_type, bytes, body, received_at) VALUES (%s, %s, %s, %s, %s, %s)
        ON CONFLICT DO NOTHING
        """,
        [site, sha256, content_type, len(body), body, services.now()],
    )
    if not cursor.rowcount:
        response.status_code = 200


@router.get("/api/sites/{site_id}/photos/{sha256}", response_class=Response)
async def look_at_photo(site_id: str, sha256: Sha256, account: CurrentAccount, connection: Transaction) -> Response:
    """One, as the site sent it."""
    if not account.scope.may_see_site(site_id):
        raise not_found("site_id", "site")
    cursor = await connection.execute("SELECT content_type, body FROM photo WHERE site_id = %s AND sha256 = %s", [site_id, sha256])
    row = await cursor.fetchone()
    if row is None:
        raise not_found("sha256", "photo")
    # Never run by a browser, whatever is in it: the type is one of three, and nothing is sniffed.
    headers = {"Cache-Control": "private, max-age=86400", "Content-Disposition": "inline"}
    return Response(bytes(row[1]), media_type=row[0], headers=headers)
