"""``python -m firmware_sim town``: the town; ``scan``, ``unplug``, ``door`` and so on: its buttons, for people and scripts."""

import argparse
import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import structlog

from edge.wire.clock import TownClock
from firmware_sim.cold_room import INCIDENTS
from firmware_sim.map.pbf import ATTRIBUTION, VERSION, WriterMissingError, write_map
from firmware_sim.town.control import ControlError, Request, ask
from firmware_sim.town.house import PLUGS
from firmware_sim.town.life import Town
from firmware_sim.town.memory import ForgottenError
from firmware_sim.town.rest import RestError
from firmware_sim.town.settings import SettingsError, settings
from firmware_sim.town.site_files import SCANNER


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done, 1 refused or failed, 2 called wrongly."""
    options = _parser().parse_args(arguments)
    if options.command == "town":
        return _run_town(options)
    if options.command == "map":
        return _draw_map(options)
    request = Request(
        do=options.command, site=getattr(options, "site", ""), label=getattr(options, "label", ""), aim=getattr(options, "aim", ""),
        data_hex=getattr(options, "hex", ""), rate=getattr(options, "rate", 1.0),
        device=getattr(options, "device", ""), way=getattr(options, "way", ""),
    )  # fmt: skip
    try:
        answer = ask(options.data, request)
    except ControlError as error:
        print(error, file=sys.stderr)
        return 1
    print(answer.text, file=sys.stdout if answer.done else sys.stderr)
    return 0 if answer.done else 1


def _run_town(options: argparse.Namespace) -> int:
    try:
        told = settings(options.data.absolute(), vars(options), os.environ)
        clock = TownClock(told.clock_file.read_bytes, time.monotonic)
        clock.now_ms()
    except (SettingsError, ValueError, OSError) as error:
        print(f"town: {error}", file=sys.stderr)
        return 2
    _log_as_json()
    return asyncio.run(_live(Town(told, clock, time.monotonic)))


def _draw_map(options: argparse.Namespace) -> int:
    """Once for a seed and a version of the generator. The last two lines are the file and what a map of it is to say."""
    file = options.data / f"town-{options.seed}-{VERSION}.osm.pbf"
    try:
        options.data.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            write_map(options.seed, file)
    except (WriterMissingError, OSError) as error:
        print(f"map: {error}", file=sys.stderr)
        return 2
    print(f"{file.absolute()}\n{ATTRIBUTION}")
    return 0


async def _live(town: Town) -> int:
    """Until Ctrl-C or SIGTERM; everything the town has started is gone when this returns."""
    loop = asyncio.get_running_loop()
    living = asyncio.ensure_future(town.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, living.cancel)
    await asyncio.wait([living])
    if living.cancelled():
        return 0
    try:
        living.result()
    except* (RestError, ForgottenError) as group:
        for line in dict.fromkeys(_texts(group)):
            print(f"town: {line}", file=sys.stderr)
    return 1


def _log_as_json() -> None:
    """One JSON object a line on standard error, as the cloud and the agents do."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _texts(error: BaseException) -> list[str]:
    if isinstance(error, BaseExceptionGroup):
        return [text for inner in error.exceptions for text in _texts(inner)]
    return [str(error)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m firmware_sim", description="Tuantu's simulated devices and town")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    town = commands.add_parser("town", help="run the town (its log-in comes from TUANTU_TOWN_LOGIN and TUANTU_TOWN_PASSWORD)")
    for flag, text in (
        ("--api", "the cloud, such as http://127.0.0.1:8080 (TUANTU_TOWN_API)"),
        ("--broker", "host:port (TUANTU_TOWN_BROKER)"),
        ("--logins", "JSON file, user to password; each user st-… is a station (TUANTU_TOWN_BROKER_LOGINS)"),
        ("--clock-file", "the town's clock (TUANTU_CLOCK_FILE)"),
        ("--agent-port", "HTTP port of the first station's agent (TUANTU_TOWN_AGENT_PORT, 8090)"),
        ("--host", "address the agents serve their page on (TUANTU_TOWN_HOST, 127.0.0.1)"),
        ("--seed", "TUANTU_TOWN_SEED, 1"),
    ):
        town.add_argument(flag, help=text)
    drawn = commands.add_parser("map", help="draw the town's map as an .osm.pbf into its folder")
    drawn.add_argument("--seed", type=int, default=1)
    scan = commands.add_parser("scan", help="write a label's bytes to a station's scanner line")
    scan.add_argument("--label", default="", help="the next parcel expected there, if left out")
    scan.add_argument("--aim", default="", help="AIM identifier such as ]C1, instead of the scanner's own")
    write = commands.add_parser("write", help="write bytes to a station's scanner line as they are")
    write.add_argument("--hex", required=True, help="such as fffe0d")
    pace = commands.add_parser("pace", help="how fast the town's clock runs; 0 pauses it")
    pace.add_argument("--rate", type=float, required=True)
    status = commands.add_parser("status", help="the stations and their agents")
    unplug = commands.add_parser("unplug", help="pull a plug of a station")
    replug = commands.add_parser("replug", help="plug it in again")
    for command in (unplug, replug):
        plugs = "|".join(PLUGS)
        command.add_argument("--device", default="", help=f"{plugs} (line: to the broker); {SCANNER}, if left out")
    door = commands.add_parser("door", help="open or close a fridge's door")
    door.add_argument("--way", required=True, choices=("open", "closed"))
    cold = commands.add_parser("cold", help="break a fridge or its thermometer, or mend it")
    cold.add_argument("--way", required=True, choices=sorted(INCIDENTS))
    van = commands.add_parser("van", help="break a van down where it is, or mend it")
    van.add_argument("--way", required=True, choices=("broken", "sound"))
    for command in (door, cold):
        command.add_argument("--device", required=True, help="such as fridge-1 or freezer-1")
    for command in (scan, write, unplug, replug, door, cold, van):
        command.add_argument("--site", required=True, help="such as st-0001")
    for command in (town, drawn, scan, write, pace, status, unplug, replug, door, cold, van):
        command.add_argument("--data", type=Path, required=True, help="the town's folder")
    return parser


if __name__ == "__main__":
    sys.exit(main())
