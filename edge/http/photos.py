"""Photographs over the local API: taken at the page, kept by the station, shown again. Thin."""

import asyncio
from collections.abc import Callable
from typing import Annotated

from fastapi import FastAPI, Path, Request, Response

from edge.http.act_forms import PhotoAnswer
from edge.http.refusals import Refusal
from edge.photos import MAX_PHOTO_BYTES, PhotoRefusedError, Photos
from edge.station.station import Who

PHOTOS = "/api/photos"
BODY_WITHIN_S = 30.0  # a telephone at the edge of the network sends a photograph in ten

Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]


def add_photos(app: FastAPI, photos: Photos, who: Callable[[Request, str], Who]) -> None:
    """Both. ``who``: who acts, or a refusal: photographs may show people."""

    @app.post(PHOTOS)
    async def keep(request: Request) -> PhotoAnswer:
        who(request, "")
        body = await read_picture(request, MAX_PHOTO_BYTES)
        try:
            return PhotoAnswer(sha256=await photos.keep(body))
        except PhotoRefusedError as error:
            raise Refusal(415, "", str(error), "send a JPEG, PNG or WebP, or wait for the cloud", error.code) from None

    @app.get(PHOTOS + "/{sha256}")
    async def show(sha256: Sha256, request: Request) -> Response:
        who(request, "")
        found = await photos.read(sha256)
        if found is None:
            raise Refusal(404, "sha256", "no such photograph here", "the cloud has those of more than a week ago")
        body, content_type = found
        return Response(body, media_type=content_type, headers={"Cache-Control": "private, max-age=86400"})


async def read_picture(request: Request, most: int) -> bytes:
    """The body. Refusal at the first byte too many, and where it does not come."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise Refusal(413, "", f"larger than {most >> 20} MB", "send a smaller photograph", "too_large")
    except TimeoutError:
        raise Refusal(408, "", "the photograph did not arrive", "go nearer to the network, then try again", "photo_late") from None
    return bytes(body)
