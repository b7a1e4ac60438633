"""Every error leaves as {"error": {"field", "message", "remedy", "code", "params"}}, whoever raised it.

Broad catching happens in one place, ``cloud.api.gate``, which turns what nobody foresaw into a 500 of the same form.
"""

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg_pool import PoolTimeout, TooManyRequests
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from cloud.api.faults import Fault, Param, fault, form_fault
from cloud.store.pool import Unavailable, is_serialization_conflict, is_unavailable


class ErrorBody(BaseModel):
    """The body of every answer that is not a success."""

    error: Fault


class ApiError(Exception):
    """A refusal that a route decides on; ``code`` and ``params`` are of `faults`."""

    def __init__(self, status: int, code: str, field: str, **params: Param) -> None:
        super().__init__(code)
        self.status = status
        self.fault = fault(code, field, **params)
        self.headers: dict[str, str] = {}


def not_found(field: str, what: str) -> ApiError:
    """404: not there, or not there for this account; both look alike."""
    return ApiError(404, f"no_{what}", field)


def error_bytes(said: Fault) -> bytes:
    """The body for those who answer below FastAPI."""
    return ErrorBody(error=said).model_dump_json().encode()


def install(app: FastAPI) -> None:
    """Teach the app the one form of error."""
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unforeseen)
    for kind in (psycopg.Error, Unavailable, PoolTimeout, TooManyRequests):
        app.add_exception_handler(kind, _database_error)


def _answer(status: int, said: Fault, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": said.model_dump()}, status_code=status, headers=headers)


async def _api_error(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, ApiError):
        raise error
    return _answer(error.status, error.fault, error.headers)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return _answer(400, fault("no_json", "body"))
    return _answer(422, form_fault(first))


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    match error.status_code:
        case 404:
            said = fault("nothing_here", "path")
        case 405:
            said = fault("wrong_method", "method", method=request.method)
        case _:
            said = fault("bad_request", "body", detail=str(error.detail))
    return _answer(error.status_code, said, dict(error.headers or {}))


async def _unforeseen(_request: Request, _error: Exception) -> JSONResponse:
    # Starlette raises it again behind this answer, and the gate logs it.
    return _answer(500, fault("unforeseen", ""))


async def _database_error(_request: Request, error: Exception) -> JSONResponse:
    if is_unavailable(error) or is_serialization_conflict(error):
        return _answer(503, fault("database_away", ""), {"Retry-After": "5"})
    raise error
