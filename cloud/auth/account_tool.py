"""``python -m cloud account add|password|disable|list``: accounts from the command line, for whoever has the database's URL."""

import argparse
import asyncio
import getpass
import sys
from collections.abc import Sequence

from cloud.auth.accounts import ACCOUNT_ROLES, AccountError, add_account, disable_account, list_accounts, set_password
from cloud.auth.audit import write_audit
from cloud.config import CloudConfig
from cloud.domain.scope import Role
from cloud.store.pool import Unavailable, connect
from edge.wire.clock import Clock, utc


def main(argv: Sequence[str], config: CloudConfig, clock: Clock) -> int:
    """Run one command; returns the process's exit code: 0 done, 1 refused, 2 called wrongly."""
    arguments = parser().parse_args(argv)
    try:
        print(asyncio.run(_run(arguments, config, clock)))  # noqa: T201  # this is the command's answer
    except (AccountError, Unavailable) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """Its arguments."""
    made = argparse.ArgumentParser(prog="python -m cloud account", description="Accounts of people who log in.")
    commands = made.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="make an account; the password is asked for, or read from standard input")
    add.add_argument("login")
    add.add_argument("--role", required=True, choices=[role.value for role in ACCOUNT_ROLES])
    add.add_argument("--name", default="", help="shown beside what the person did; the log-in where left out")
    add.add_argument("--operator", help="the operator's id; not for an admin")
    add.add_argument("--site", action="append", default=[], help="a station of a leader or staff member; may be repeated")
    for name, text in (("password", "give a new password and end the sessions"), ("disable", "refuse further log-ins")):
        commands.add_parser(name, help=text).add_argument("login")
    commands.add_parser("list", help="all accounts")
    return made


async def _run(arguments: argparse.Namespace, config: CloudConfig, clock: Clock) -> str:
    now = utc(clock.now_ms())
    connection = await connect(config.database_url.get_secret_value(), "account")
    async with connection, connection.transaction():
        match arguments.command:
            case "add":
                login, password = arguments.login, _ask_password()
                await add_account(
                    connection, now, login=login, password=password, display_name=arguments.name or login,
                    role=Role(arguments.role), operator_id=arguments.operator, site_ids=arguments.site,
                )  # fmt: skip
                done = f"account {login} made"
            case "password":
                login = arguments.login
                await set_password(connection, login, _ask_password())
                done = f"account {login} has a new password; its sessions are ended"
            case "disable":
                login = arguments.login
                await disable_account(connection, now, login)
                done = f"account {login} is disabled; its sessions are ended"
            case _:
                accounts = await list_accounts(connection, now)
                return "\n".join(
                    f"{account.login}\t{account.role}\t{account.operator_id or '-'}\t"
                    f"{','.join(account.site_ids) if account.role in (Role.LEADER, Role.STAFF) else '-'}\t"
                    f"{'disabled' if account.disabled_at else 'active'}"
                    for account in accounts
                )
        await write_audit(connection, now, None, f"account.{arguments.command}", login, {"by": "command line"})
    return done


def _ask_password() -> str:
    return getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
