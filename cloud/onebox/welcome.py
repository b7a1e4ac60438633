"""What `make run` prints once everything runs: for each role where it works and how it logs in, in Chinese and in English."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import segno

from cloud.domain.scope import Role
from cloud.onebox import demo
from cloud.onebox.children import DOCK, Addresses, TownSites
from cloud.onebox.folder import Secrets

_PAGES = {
    Role.ADMIN: ("管理员", "admin", "/ops.html"),
    Role.DISPATCHER: ("调度员", "dispatcher", "/dispatch.html"),
    Role.LEADER: ("团长", "leader", "/ops.html"),
    Role.STAFF: ("店员", "staff", "/ops.html"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to be told of. ``hours``: the town's hour in words, Chinese and English; ``today``: its date.

    ``leader``: the link of who leads the group of ``order``, None: nobody.
    """

    at: Addresses
    folder: Path
    secrets: Secrets
    accounts: Sequence[demo.DemoAccount]
    order: demo.DemoOrder | None
    has_town: bool
    hours: tuple[str, str]
    today: date | None
    sites: TownSites
    leader: str | None = None


def welcome(told: Told) -> str:
    """The whole of it."""
    at, order = told.at, told.order
    lines = ["", f"团途 Tuantu is running at {at.public_url}/"]
    if told.has_town:
        chinese, english = told.hours
        lines += [
            f"  演示台 the town's page    {at.public_url}/",
            f"  演示时间 in the town      {chinese}",
            f"                            {english}",
        ]
    if order is not None:
        lines += _of_resident(told, order)
    elif told.has_town:
        lines.append("  居民 a resident's order   小镇还没有订单，先看演示台 the town has none yet: see the town's page")
    if told.leader is not None:
        lines.append(f"  团长 its leader's page    {told.leader}")
    if told.has_town:
        lines += [
            f"  自提点 station {name}    http://{at.reachable}:{at.agent_port + n}/" for n, name in enumerate(told.sites.watched)
        ]
        lines.append(f"  网格仓 dock {DOCK}     http://{at.reachable}:{at.agent_port + len(told.sites.watched)}/")
        lines.append(
            f"  店员 PIN the staff's PIN  {told.secrets.staff_pin}   (自提点和网格仓页面 at a station's or the dock's page)"
        )
    lines.append("  账号 log-ins")
    for account in told.accounts:
        chinese, english, page = _PAGES[account.role]
        login = f"{account.login:<11} {told.secrets.derived(account.login)}"
        lines.append(f"    {login}   {chinese} {english:<11} {at.public_url}{page}")
    lines += [
        f"  健康 health               {at.public_url}/health",
        f"  数据和日志 data and logs  {told.folder}",
        "Ctrl-C 全部停止 stops everything.",
    ]
    if at.reachable != at.host:
        qr = segno.make(order.url if order else at.public_url, error="l")
        where = "居民页面 the resident's page" if order else "各页面 the pages"
        lines += ["", _drawn(qr), f"({where})"]
    return "\n".join(lines)


def _of_resident(told: Told, order: demo.DemoOrder) -> Iterator[str]:
    yield f"  居民 a resident's order   {order.url}"
    if order.phone_tail:
        yield f"  提货码 its pickup code    手机尾号 asks for the phone's last four: {order.phone_tail}"
    if order.label:
        command = f"{Path(sys.executable)} -m firmware_sim scan --data {told.folder / 'town'} --site {order.site}"
        yield f"  扫一件 scan its parcel    {command} --label {order.label}"
    elif told.today is not None and order.day > told.today:
        yield (
            f"  扫一件 scan its parcel    现在没有可扫的，{order.day:%m-%d} 7:30 起到站 "
            f"nothing to scan now: its parcels come {order.day:%a %d %b}, from about 07:30 of the town"
        )
    else:
        yield "  扫一件 scan its parcel    已到，现在没有可扫的，明早再来 nothing to scan now: all came, the next in the morning"


def _drawn(qr: segno.QRCode) -> str:
    """Two modules a character, dark on light whatever the terminal's colours."""
    rows = [[bool(cell) for cell in row] for row in qr.matrix_iter(border=2)]
    rows += [[False] * len(rows[0])] if len(rows) % 2 else []
    halves = {(True, True): " ", (True, False): "▄", (False, True): "▀", (False, False): "█"}
    lines = ["".join(halves[pair] for pair in zip(rows[n], rows[n + 1], strict=True)) for n in range(0, len(rows), 2)]
    if sys.stdout.isatty():  # white on black: scanners do not like it the other way round
        lines = [f"\x1b[97;40m{line}\x1b[0m" for line in lines]
    return "\n".join(lines)
