"""What a request stands on: the services of the process, one transaction, and who is asking.

Scoping itself is ``cloud.domain.scope``'s; here it is only fetched.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, cast

from fastapi import Depends, Request
from psycopg_pool import AsyncConnectionPool

from cloud.api.errors import ApiError, not_found
from cloud.api.health_check import HealthCheck
from cloud.api.meters import Meters
from cloud.auth.accounts import Account
from cloud.auth.attempts import AttemptCounter
from cloud.auth.links import LinkSigner
from cloud.auth.passwords import PasswordVerifier
from cloud.auth.residents import ResidentVault
from cloud.auth.sessions import COOKIE, find_account
from cloud.config import CloudConfig
from cloud.domain.scope import Role
from cloud.roads.matrix import MatrixService
from cloud.roads.sources import Roads
from cloud.store.pool import Connection
from edge.wire.clock import Clock, utc


@dataclass(frozen=True, slots=True)
class Services:
    """What all requests of a process share. Nobody waits for ``pool`` who holds a connection, of either."""

    config: CloudConfig
    clock: Clock
    pool: AsyncConnectionPool[Connection]
    counting: AsyncConnectionPool[Connection]  # for attempts that count while a request holds one of the others
    signer: LinkSigner
    vault: ResidentVault
    attempts: AttemptCounter
    verifier: PasswordVerifier
    meters: Meters
    health: HealthCheck
    roads: Roads
    matrix: MatrixService

    def now(self) -> datetime:
        """Domain time."""
        return utc(self.clock.now_ms())


def services_of(request: Request) -> Services:
    """The process's services."""
    return cast(Services, request.app.state.services)


ServicesDep = Annotated[Services, Depends(services_of)]


async def transaction(services: ServicesDep) -> AsyncIterator[Connection]:
    """One request, one transaction: committed before the answer is sent, rolled back where the route raises."""
    async with services.pool.connection() as connection, connection.transaction():
        yield connection


Transaction = Annotated[Connection, Depends(transaction, scope="function")]


def token_of(request: Request) -> str | None:
    """The session token of the Authorization header, else of the cookie."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    return request.cookies.get(COOKIE)


async def current_account(request: Request, services: ServicesDep, connection: Transaction) -> Account:
    """Who is asking; 401 without a log-in that stands."""
    token = token_of(request)
    account = await find_account(connection, services.now(), token) if token else None
    if account is None:
        error = ApiError(401, "no_log_in", "authorization")
        error.headers["WWW-Authenticate"] = "Bearer"
        raise error
    return account


CurrentAccount = Annotated[Account, Depends(current_account, scope="function")]


_A = {Role.ADMIN: "an admin", Role.DISPATCHER: "a dispatcher"}


def _only(*roles: Role) -> Callable[[Account], Account]:
    def check(account: CurrentAccount) -> Account:
        if account.role not in roles:
            raise ApiError(403, "role_may_not", "authorization", role=account.role, roles=" or ".join(_A[role] for role in roles))
        return account

    return check


async def _planner_apart(request: Request, services: ServicesDep) -> Account:
    async with services.pool.connection() as connection, connection.transaction():
        account = await current_account(request, services, connection)
    return _only(Role.ADMIN, Role.DISPATCHER)(account)


Admin = Annotated[Account, Depends(_only(Role.ADMIN))]
Planner = Annotated[Account, Depends(_only(Role.ADMIN, Role.DISPATCHER))]
# The same, whose connection is given back before the route begins: for one that waits for another, or for long.
PlannerApart = Annotated[Account, Depends(_planner_apart)]


def require_operator(account: Account, operator_id: str) -> None:
    """404 for another operator's addresses, as if there were none."""
    scope = account.scope
    if scope.operator_id is not None and scope.operator_id != operator_id:
        raise not_found("operator_id", "operator")


async def require_known_operator(connection: Connection, operator_id: str) -> None:
    """404 where there is no such operator."""
    cursor = await connection.execute("SELECT FROM operator WHERE id = %s", [operator_id])
    if await cursor.fetchone() is None:
        raise not_found("operator_id", "operator")
