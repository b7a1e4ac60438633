"""Every error leaves as {"error": {"field", "message", "remedy"}}, whoever raised it.

Broad catching happens in one place, ``cloud.api.gate``, which turns what nobody foresaw into a 500 of the same form.
"""

import json
from collections.abc import Sequence

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg_pool import PoolTimeout, TooManyRequests
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from cloud.store.pool import Unavailable, is_serialization_conflict, is_unavailable


class Fault(BaseModel):
    """What is wrong, where, and what the reader can do."""

    field: str
    message: str
    remedy: str


class ErrorBody(BaseModel):
    """The body of every answer that is not a success."""

    error: Fault


class ApiError(Exception):
    """A refusal that a route decides on."""

    def __init__(self, status: int, field: str, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.fault = Fault(field=field, message=message, remedy=remedy)
        self.headers: dict[str, str] = {}


def not_found(field: str, what: str) -> ApiError:
    """404: not there, or not there for this account; both look alike."""
    return ApiError(404, field, f"there is no such {what}", "check the spelling, or log in as somebody who may see it")


def error_bytes(field: str, message: str, remedy: str) -> bytes:
    """The body for those who answer below FastAPI."""
    return json.dumps({"error": {"field": field, "message": message, "remedy": remedy}}, ensure_ascii=False).encode()


def install(app: FastAPI) -> None:
    """Teach the app the one form of error."""
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unforeseen)
    for kind in (psycopg.Error, Unavailable, PoolTimeout, TooManyRequests):
        app.add_exception_handler(kind, _database_error)


def _answer(status: int, fault: Fault, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": fault.model_dump()}, status_code=status, headers=headers)


async def _api_error(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, ApiError):
        raise error
    return _answer(error.status, error.fault, error.headers)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return _answer(400, Fault(field="body", message="the body is no JSON", remedy="send JSON in UTF-8"))
    return _answer(422, fault_of(first["loc"], first["msg"]))


def fault_of(location: Sequence[str | int], message: str) -> Fault:
    """A pydantic error as a fault: ``("body", "lines", 0, "sku")`` becomes ``lines[0].sku``."""
    parts = list(location)
    if parts and parts[0] in ("body", "query", "path", "header", "cookie") and len(parts) > 1:
        parts = parts[1:]
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).removeprefix(".")
    return Fault(
        field=field or "body", message=message.removeprefix("Value error, "), remedy="correct this field and send it again"
    )


_REMEDIES = {
    404: "see /api/openapi.json for the addresses there are",
    405: "see /api/openapi.json for what this address takes",
}


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    field = "path" if error.status_code == 404 else "method" if error.status_code == 405 else "body"
    message = {
        404: "there is nothing at this address",
        405: f"{request.method} is not possible at this address",
    }.get(error.status_code, str(error.detail))
    fault = Fault(field=field, message=message, remedy=_REMEDIES.get(error.status_code, "correct the request and send it again"))
    return _answer(error.status_code, fault, dict(error.headers or {}))


async def _unforeseen(_request: Request, _error: Exception) -> JSONResponse:
    # Starlette raises it again behind this answer, and the gate logs it.
    fault = Fault(field="", message="something went wrong here; it has been logged", remedy="try again, or tell the operator")
    return _answer(500, fault)


async def _database_error(_request: Request, error: Exception) -> JSONResponse:
    if is_unavailable(error) or is_serialization_conflict(error):
        fault = Fault(field="", message="the database cannot serve now; nothing was changed", remedy="try again in a few seconds")
        return _answer(503, fault, {"Retry-After": "5"})
    raise error
