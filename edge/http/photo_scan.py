"""A photograph of labels over the local API, for a phone whose page gets no live camera: what stands on it, to be booked or not.

Thin: reading is edge.devices.photo's, in a process of its own; booking is POST /api/scan, as for a scanner that types.
"""

from collections.abc import Callable

from fastapi import FastAPI, Request

from edge.devices.camera import scan_of
from edge.devices.eye_words import SymbolWord
from edge.devices.photo import MAX_BYTES, PhotoError, PhotoReader
from edge.http.act_forms import CodeView, PhotoCodes
from edge.http.photos import read_picture
from edge.http.refusals import Refusal
from edge.station.station import Who
from edge.wire.labels import LabelKind, classify

PHOTO_SCAN = "/api/photo-scan"
MAX_WAITING = 3  # of up to MAX_BYTES each, one after another; overflow policy: refused, and the page says so

_STATUS = {"no_picture": 415, "too_large": 413, "photo_slow": 503, "photo_failed": 503}


def add_photo_scan(app: FastAPI, reader: PhotoReader, who: Callable[[Request, str], Who]) -> None:
    """``who``: who acts, or a refusal."""
    waiting = 0

    def refuse_if_full() -> None:
        if waiting >= MAX_WAITING:
            raise Refusal(503, "", f"{MAX_WAITING} photographs are being read already", "wait a moment, then try again", "busy")

    @app.post(PHOTO_SCAN)
    async def read(request: Request) -> PhotoCodes:
        nonlocal waiting
        who(request, "")
        refuse_if_full()  # nobody sends megabytes for nothing
        picture = await read_picture(request, MAX_BYTES)
        refuse_if_full()  # only what is here waits for the reader: who never ends sending holds up nobody
        waiting += 1
        try:
            symbols = await reader.read(picture)
        except PhotoError as error:
            message, _, remedy = str(error).partition(": ")
            raise Refusal(_STATUS[error.code], "", message, remedy, error.code) from None
        finally:
            waiting -= 1
        return PhotoCodes(codes=[code_view(symbol) for symbol in symbols])


def code_view(symbol: SymbolWord) -> CodeView:
    """One code as a camera's scan of it would be."""
    scan = scan_of(symbol, "", 0, 0.0)
    kind = LabelKind.UNKNOWN if scan.fault else classify(scan.text, symbology=scan.symbology).kind
    return CodeView(text=scan.text, symbology=scan.symbology, kind=kind.value, fault=scan.fault)
