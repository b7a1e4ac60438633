"""``python -m cloud COMMAND``: every process and tool of the cloud. Imports only what the command needs.

Services are ``run(config, clock)``, tools ``main(arguments, config, clock) -> exit code``; both may be coroutines. A tool's
``parser()`` says what it can, with no database and no settings.
"""

import argparse
import asyncio
import gc
import importlib
import inspect
import os
import signal
import sys
from pathlib import Path
from types import FrameType

import uvloop

from cloud.trouble import Trouble

SERVICES = {
    "ingest": ("cloud.ingest.app", "bytes in, one transaction, ack, notice"),
    "live": ("cloud.live.app", "the WebSocket gateway"),
    "api": ("cloud.api.app", "REST and the pages"),
    "positions": ("cloud.positions.app", "hears couriers' phones and trackers: HTTP, MQTT, JT/T 808"),
    "jobs": ("cloud.jobs.app", "scheduled and queued work"),
    "broker": ("cloud.onebox.broker_service", "Mosquitto, with the users that the database knows"),
}
TOOLS = {
    "quarantine": ("cloud.ingest.quarantine_tool", "list, show, replay or discard what could not be applied"),
    "resync": ("cloud.ingest.resync_tool", "ask sites to send again what they keep, after a restore"),
    "account": ("cloud.auth.account_tool", "add, disable or list accounts"),
    "losses": ("cloud.api.losses_tool", "what is gone for good; take note of it"),
    "site": ("cloud.onebox.site_tool", "add a station of your own, with its user at the broker"),
    "books": ("cloud.api.books_tool", "whether what was sent was released, returned, disposed of or is in a case"),
    "roads": ("cloud.roads.roads_tool", "make roads and map of an OpenStreetMap extract; which are in use"),
    "phones": ("cloud.positions.phones_tool", "passwords of OwnTracks phones for your own Mosquitto"),
    "status": ("cloud.api.status_tool", "what GET /health says, for people"),
}


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done, 1 failed, 2 something is in the way that the reader can remove."""
    parser = argparse.ArgumentParser(prog="python -m cloud", description="Tuantu's cloud")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("run", help="everything on one box: database, broker, cloud, a town", add_help=False)
    commands.add_parser("migrate", help="bring the database to the newest schema")
    for name, (_, text) in {**SERVICES, **TOOLS}.items():
        commands.add_parser(name, help=text, add_help=name in SERVICES)
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command in {*SERVICES, "migrate"}:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        return _dispatch(options.command, rest)
    except Trouble as trouble:
        print(f"tuantu {options.command}: {trouble}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0


def _dispatch(command: str, rest: list[str]) -> int:
    if command == "run":
        from cloud.onebox.run import main as run_onebox

        return run_onebox(rest)
    if command in TOOLS:
        if not {"-h", "--help"}.isdisjoint(rest):
            parser: argparse.ArgumentParser = importlib.import_module(TOOLS[command][0]).parser()
            parser.epilog = "--data DIR names the data folder of a `make run`; else .data, or what the environment names"
            parser.parse_args(rest)  # says it and ends
        from cloud.onebox import stored

        rest, settings = stored.found(rest, os.environ, Path(__file__).resolve().parents[1])
        os.environ.update(settings)
    from cloud import logs
    from cloud.clock import clock_of
    from cloud.config import ConfigError, load

    try:
        config = load()
        clock = clock_of(config)
    except ConfigError as error:
        raise Trouble(str(error), "set it in the environment; `make run` sets everything by itself") from None
    logs.configure(command)
    if command == "migrate":
        from cloud.store.migrate import migrate

        print(f"the database is up to date, mode {migrate(config.database_url.get_secret_value())}")
        return 0
    # A service is stopped by SIGTERM as by Ctrl-C: asyncio then cancels its main task and everything closes in order.
    # Whom a script starts in the background, SIGINT is ignored for; asyncio would then leave it so, and SIGTERM were ignored too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _as_interrupt)
    if command in SERVICES:
        outcome = importlib.import_module(SERVICES[command][0]).run(config, clock)
    else:
        outcome = importlib.import_module(TOOLS[command][0]).main(rest, config, clock)
    if inspect.iscoroutine(outcome):
        gc.collect()
        gc.freeze()  # what is here by now stays: looking through it again would hold up a scan, now and then
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            outcome = runner.run(outcome)
    return outcome if isinstance(outcome, int) else 0


def _as_interrupt(_signal: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)


if __name__ == "__main__":
    sys.exit(main())
