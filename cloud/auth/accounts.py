"""Accounts: who may log in, as what, and for which sites.

Leaves what a role may see to ``cloud.domain.scope``. Every function runs in the caller's transaction.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from psycopg.rows import class_row

from cloud.auth.passwords import hash_password
from cloud.domain.scope import Role, Scope
from cloud.store.pool import Connection
from edge.wire.codec import check_text

MAX_LOGIN = 80
ACCOUNT_ROLES = (Role.ADMIN, Role.DISPATCHER, Role.LEADER, Role.STAFF)


class AccountError(ValueError):
    """An account cannot be made or changed so; ``field`` names what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it stands now. ``site_ids``: a dispatcher's are all sites of the operator, today.

    ``shared_site_ids``: sites of a dispatcher's operator that serve, or served, another one too.
    """

    id: int
    login: str
    display_name: str
    role: str
    operator_id: str | None
    site_ids: list[str]
    shared_site_ids: list[str]
    disabled_at: datetime | None

    @property
    def scope(self) -> Scope:
        """The limits of what this account sees."""
        role = Role(self.role)
        if role is Role.ADMIN:
            return Scope(role)
        return Scope(role, self.operator_id, frozenset(self.site_ids), shared_site_ids=frozenset(self.shared_site_ids))


# Stands in a SELECT over account AS a; takes %(now)s: relations of sites are dated in the operator's own days.
ACCOUNT_COLUMNS: LiteralString = """
    a.id, a.login, a.display_name, a.role, a.operator_id, a.disabled_at,
    CASE WHEN a.role = 'dispatcher' THEN ARRAY(
        SELECT so.site_id FROM site_operator so JOIN operator o ON o.id = so.operator_id
        WHERE so.operator_id = a.operator_id AND so.valid @> (%(now)s::timestamptz AT TIME ZONE o.time_zone)::date
        ORDER BY so.site_id
    ) ELSE ARRAY(SELECT s.site_id FROM account_site s WHERE s.account_id = a.id ORDER BY s.site_id) END AS site_ids,
    CASE WHEN a.role = 'dispatcher' THEN ARRAY(
        SELECT so.site_id FROM site_operator so
        WHERE so.operator_id = a.operator_id
          AND EXISTS (SELECT FROM site_operator other WHERE other.site_id = so.site_id AND other.operator_id <> so.operator_id)
    ) ELSE '{}' END AS shared_site_ids
"""


def normal_login(login: str) -> str:
    """A log-in name as it is kept: trimmed, lower case. AccountError where it is none."""
    login = login.strip().lower()
    if not 1 <= len(login) <= MAX_LOGIN:
        raise AccountError("login", f"want 1 to {MAX_LOGIN} characters")
    try:
        check_text("login", login)
    except ValueError as error:
        raise AccountError("login", str(error)) from None
    return login


async def add_account(
    connection: Connection, now: datetime, *, login: str, password: str, display_name: str, role: Role,
    operator_id: str | None = None, site_ids: Collection[str] = (),
) -> int:  # fmt: skip
    """Make an account and return its id. AccountError names what is wrong. Hashing blocks for some 50 ms."""
    login = normal_login(login)
    _check_role(role, operator_id, site_ids)
    try:
        password_hash = hash_password(password)
    except ValueError as error:
        raise AccountError("password", str(error)) from None
    await _check_places(connection, operator_id, site_ids)
    cursor = await connection.execute(
        """
        INSERT INTO account (login, password_hash, display_name, role, operator_id, created_at)
        VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (login) DO NOTHING RETURNING id
        """,
        [login, password_hash, display_name, role, operator_id, now],
    )
    row = await cursor.fetchone()
    if row is None:
        raise AccountError("login", f"{login} is taken")
    account_id = int(row[0])
    await connection.execute(
        "INSERT INTO account_site (account_id, site_id) SELECT %s, unnest(%s::text[])", [account_id, sorted(site_ids)]
    )
    return account_id


async def ensure_account(
    connection: Connection, now: datetime, *, login: str, password: str, display_name: str, role: Role,
    operator_id: str | None = None, site_ids: Collection[str] = (),
) -> int:  # fmt: skip
    """The id of the account with this log-in, made where it is not there; its sites are completed, nothing else is changed."""
    cursor = await connection.execute("SELECT id FROM account WHERE login = %s", [normal_login(login)])
    row = await cursor.fetchone()
    if row is None:
        return await add_account(
            connection, now, login=login, password=password, display_name=display_name, role=role,
            operator_id=operator_id, site_ids=site_ids,
        )  # fmt: skip
    await connection.execute(
        "INSERT INTO account_site (account_id, site_id) SELECT %s, unnest(%s::text[]) ON CONFLICT DO NOTHING",
        [row[0], sorted(site_ids)],
    )
    return int(row[0])


async def set_password(connection: Connection, login: str, password: str) -> int:
    """Give an account a new password and end its sessions; returns its id."""
    try:
        password_hash = hash_password(password)
    except ValueError as error:
        raise AccountError("password", str(error)) from None
    cursor = await connection.execute(
        "UPDATE account SET password_hash = %s WHERE login = %s RETURNING id", [password_hash, normal_login(login)]
    )
    return await _ended_sessions_of(connection, login, await cursor.fetchone())


async def disable_account(connection: Connection, now: datetime, login: str) -> int:
    """Refuse further log-ins and end the account's sessions; returns its id."""
    cursor = await connection.execute(
        "UPDATE account SET disabled_at = coalesce(disabled_at, %s) WHERE login = %s RETURNING id", [now, normal_login(login)]
    )
    return await _ended_sessions_of(connection, login, await cursor.fetchone())


async def list_accounts(connection: Connection, now: datetime) -> list[Account]:
    """All accounts by log-in."""
    async with connection.cursor(row_factory=class_row(Account)) as cursor:
        await cursor.execute(f"SELECT {ACCOUNT_COLUMNS} FROM account a ORDER BY a.login", {"now": now})  # noqa: S608  # literals only
        return await cursor.fetchall()


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a log-in is verified against."""

    account_id: int
    password_hash: str


async def find_credentials(connection: Connection, login: str) -> Credentials | None:
    """None where no enabled account has this log-in."""
    async with connection.cursor(row_factory=class_row(Credentials)) as cursor:
        await cursor.execute(
            "SELECT id AS account_id, password_hash FROM account WHERE login = %s AND disabled_at IS NULL", [login]
        )
        return await cursor.fetchone()


async def _ended_sessions_of(connection: Connection, login: str, row: tuple[int] | tuple[object, ...] | None) -> int:
    if row is None:
        raise AccountError("login", f"no account {login!r}")
    await connection.execute("DELETE FROM session WHERE account_id = %s", [row[0]])
    return int(str(row[0]))


def _check_role(role: Role, operator_id: str | None, site_ids: Collection[str]) -> None:
    if role not in ACCOUNT_ROLES:
        raise AccountError("role", f"want one of {', '.join(ACCOUNT_ROLES)}")
    if role is not Role.ADMIN and operator_id is None:
        raise AccountError("operator", f"an account with the role {role} belongs to an operator")
    if role in (Role.LEADER, Role.STAFF) and not site_ids:
        raise AccountError("site", f"an account with the role {role} needs at least one site")


async def _check_places(connection: Connection, operator_id: str | None, site_ids: Collection[str]) -> None:
    cursor = await connection.execute(
        """
        SELECT %(operator)s::text IS NULL OR EXISTS (SELECT FROM operator WHERE id = %(operator)s),
               ARRAY(SELECT wanted FROM unnest(%(sites)s::text[]) wanted WHERE NOT EXISTS (SELECT FROM site WHERE id = wanted))
        """,
        {"operator": operator_id, "sites": sorted(site_ids)},
    )
    row = await cursor.fetchone()
    if row is None or not row[0]:
        raise AccountError("operator", f"no operator {operator_id!r}")
    if row[1]:
        raise AccountError("site", f"no site {', '.join(row[1])}")
