"""``python -m edge run|status|devices --config FILE``: the agent, a look at it from outside, and at what is plugged in.

For tests/faults only: TUANTU_FAULT_STEP=committed:3 kills the process, as kill -9 does, the third time it passes that step
(``edge.outbox.STEPS``), and ``run --mutant NAME`` runs it wrong on purpose (``edge.mutants``).
"""

import argparse
import asyncio
import gc
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path

import uvloop

from edge.config import ConfigError, EdgeConfig, load


def main() -> int:
    """The exit code: 0 stopped when asked, or all devices answered; 1 one did not; 2 a setting is wrong."""
    arguments = _parser().parse_args()
    try:
        if arguments.command == "devices":
            return _devices(arguments.config, arguments.seconds, as_json=arguments.json)
        config = load(arguments.config)
        if arguments.command == "status":
            return _status(config, as_json=arguments.json)
        return _run(config, arguments.mutant)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m edge", description="Tuantu's agent at a station, in a van, at a dock")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run the agent until SIGTERM")
    run.add_argument("--mutant", default="", help=argparse.SUPPRESS)  # for tests/faults: edge.mutants
    status = commands.add_parser("status", help="what waits, since when, and the clock; works whether the agent runs or not")
    status.add_argument("--json", action="store_true", help="one JSON object")
    devices = commands.add_parser("devices", help="what is plugged in, and whether each configured device answers")
    devices.add_argument("--json", action="store_true", help="one JSON object")
    devices.add_argument("--seconds", type=float, default=15.0, help="how long each device may take to answer (15)")
    for command in (run, status, devices):
        command.add_argument("--config", type=Path, required=command is not devices, help="the site's TOML")
    return parser


def _status(config: EdgeConfig, *, as_json: bool) -> int:
    from edge.look import as_text, look  # cameras and servers are not needed to look

    seen = look(config)
    print(seen.json_text() if as_json else as_text(seen))
    return 0


def _devices(config_file: Path | None, within_s: float, *, as_json: bool) -> int:
    from edge.devices_tool.found import Machine  # a running agent needs none of this
    from edge.devices_tool.report import Report
    from edge.devices_tool.tried import try_devices
    from edge.logs import log_nothing
    from edge.look import read_clock

    log_nothing()  # the table says it
    configured = None
    if config_file is not None:
        config = load(config_file)
        configured = asyncio.run(try_devices(config, read_clock(config), within_s))
    report = Report(machine=Machine().look(), configured=configured)
    print(report.as_json() if as_json else report.as_text())
    return 0 if report.is_well else 1


def _run(config: EdgeConfig, mutant: str) -> int:
    from edge.app import StartError, agent_of  # as above, the other way round
    from edge.logs import log_as_json
    from edge.memory import give_back_large_blocks

    give_back_large_blocks()
    log_as_json()
    try:
        agent = agent_of(config, mutant, os.environ.get("TUANTU_FAULT_STEP", ""))
        gc.collect()
        gc.freeze()  # what is here by now stays: looking through it again would hold up a scan, now and then
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_until_signalled(agent.run()))
    except StartError as error:
        raise ConfigError(str(error)) from None
    return 0


async def _until_signalled(agent: Coroutine[None, None, None]) -> None:
    """Run it; SIGTERM and SIGINT cancel it, and it says goodbye."""
    task = asyncio.ensure_future(agent)
    is_asked = False

    def stop() -> None:
        nonlocal is_asked
        is_asked = True
        task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not is_asked:
            raise


if __name__ == "__main__":
    sys.exit(main())
