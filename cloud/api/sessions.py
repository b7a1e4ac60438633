"""Logging in and out, and who I am."""

from datetime import datetime

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from cloud.api.context import CurrentAccount, Services, ServicesDep, Transaction, token_of
from cloud.api.errors import ApiError
from cloud.api.links import live_address
from cloud.api.text import Text
from cloud.auth.accounts import Account, AccountError, find_credentials, normal_login
from cloud.auth.audit import write_audit
from cloud.auth.sessions import COOKIE, SESSION_LIFE_S, close_session, find_account, open_session
from cloud.domain.rooms import site_room, sites_room
from cloud.domain.scope import Role

router = APIRouter(prefix="/api", tags=["session"])
_MOST_ROOMS = 100  # a socket joins no more (cloud.live)


class LoginIn(BaseModel):
    login: Text = Field(min_length=1, max_length=80)
    password: str = Field(min_length=1, max_length=1000)


class AccountOut(BaseModel):
    """An account; ``sites`` empty and ``operator`` null mean no limit for an admin."""

    id: int
    login: str
    display_name: str
    role: str
    operator: str | None
    sites: list[str]


class LiveOut(BaseModel):
    """The live socket's address, which takes the session's cookie, and the rooms that hold what this account's sites say."""

    url: str
    rooms: list[str]


class LoginOut(BaseModel):
    token: str
    expires_at: datetime
    account: AccountOut


def _account_out(account: Account) -> AccountOut:
    return AccountOut(
        id=account.id, login=account.login, display_name=account.display_name, role=account.role,
        operator=account.operator_id, sites=account.site_ids,
    )  # fmt: skip


@router.post("/login")
async def log_in(wanted: LoginIn, request: Request, response: Response, services: ServicesDep) -> LoginOut:
    """Open a session. Ten failures in a quarter of an hour lock a log-in for the rest of it."""
    address = request.client.host if request.client else "unknown"
    try:
        login = normal_login(wanted.login)
    except AccountError as error:
        raise ApiError(422, "bad_login", error.field, wanted=error.message) from None
    await _admit(services, login, address)
    # The password is verified outside of any transaction: it takes long, and a connection is worth more than that.
    async with services.pool.connection() as connection:
        credentials = await find_credentials(connection, login)
    password_hash = None if credentials is None else credentials.password_hash
    if not await services.verifier.matches(password_hash, wanted.password) or credentials is None:
        services.meters.logins.labels("refused").inc()
        raise ApiError(401, "wrong_password", "password")
    async with services.pool.connection() as connection, connection.transaction():
        await services.attempts.succeeded(connection, login, address)
        session = await open_session(connection, credentials.account_id)
        account = await find_account(connection, services.now(), session.token)
        if account is None:  # disabled since the password was looked up
            raise ApiError(401, "account_disabled", "login")
        await write_audit(connection, services.now(), account.id, "session.open", account.login)
    services.meters.logins.labels("accepted").inc()
    response.set_cookie(
        COOKIE, session.token, max_age=SESSION_LIFE_S, httponly=True, samesite="strict",
        secure=services.config.public_url.startswith("https://"),
    )  # fmt: skip
    response.headers["Cache-Control"] = "no-store"
    return LoginOut(token=session.token, expires_at=session.expires_at, account=_account_out(account))


async def _admit(services: Services, login: str, address: str) -> None:
    # Its own transaction: the attempt counts even where everything after it fails.
    async with services.pool.connection() as connection, connection.transaction():
        admission = await services.attempts.admit(connection, login, address)
    if not admission.allowed:
        services.meters.logins.labels("locked").inc()
        error = ApiError(429, "too_many_attempts", "login", minutes=-(-admission.wait_s // 60))
        error.headers["Retry-After"] = str(admission.wait_s)
        raise error


@router.post("/logout", status_code=204)
async def log_out(request: Request, response: Response, connection: Transaction) -> None:
    """End the session of this request; without one nothing happens."""
    token = token_of(request)
    if token:
        await close_session(connection, token)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")


@router.get("/me")
async def me(account: CurrentAccount) -> AccountOut:
    """The account of this request."""
    return _account_out(account)


@router.get("/live")
async def live(account: CurrentAccount, services: ServicesDep, connection: Transaction) -> LiveOut:
    """Where pages of people who log in follow their sites; leaders and staff have their sites' own rooms."""
    if account.role in (Role.LEADER, Role.STAFF):
        rooms = [site_room(site_id) for site_id in account.site_ids]
    else:
        cursor = await connection.execute(
            "SELECT id FROM operator WHERE %(only)s::text IS NULL OR id = %(only)s ORDER BY id", {"only": account.operator_id}
        )
        rooms = [sites_room(row[0]) for row in await cursor.fetchall()]
    return LiveOut(url=live_address(services), rooms=rooms[:_MOST_ROOMS])
