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
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from edge.config import ConfigError, EdgeConfig, load

if TYPE_CHECKING:
    from edge.app import Agent


def main() -> int:
    """The exit code: 0 stopped when asked, or all devices answered; 1 one did not; 2 a setting is wrong."""
    arguments = _parser().parse_args()
    try:
        if arguments.command == "devices":
            return _devices(arguments.config, arguments.seconds, as_json=arguments.json)
        if arguments.command == "status":
            return _status(load(arguments.config), as_json=arguments.json)
        return _run([load(one) for one in arguments.config], arguments.mutant)
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
    several = "the site's TOML; several times: several sites in one process"
    run.add_argument("--config", type=Path, required=True, action="append", help=several)
    for command in (status, devices):
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


def _run(configs: Sequence[EdgeConfig], mutant: str) -> int:
    from edge.app import StartError, agent_of  # as above, the other way round
    from edge.logs import log_as_json
    from edge.memory import give_back_large_blocks

    _require_apart(configs)
    give_back_large_blocks()
    log_as_json()
    try:
        agents = [agent_of(config, mutant, os.environ.get("TUANTU_FAULT_STEP", "")) for config in configs]
        gc.collect()
        gc.freeze()  # what is here by now stays: looking through it again would hold up a scan, now and then
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_until_signalled(agents[0].run() if len(agents) == 1 else _side_by_side(agents)))
    except* StartError as group:
        raise ConfigError("\n".join(dict.fromkeys(_texts(group)))) from None
    return 0


def _require_apart(configs: Sequence[EdgeConfig]) -> None:
    """What two sites of one process cannot share. Each would find it free, for none has taken it yet. ConfigError."""
    pages: dict[int, str] = {}
    files: dict[Path, str] = {}
    for config in configs:
        site, port = config.site.id, config.http.port
        if port and port in pages:
            raise ConfigError(f"{site}: [http] port {port} is the page's of {pages[port]}; choose another port")
        if config.database in files:
            raise ConfigError(f"{site}: data_dir is that of {files[config.database]}; choose another folder")
        pages[port], files[config.database] = site, site


async def _side_by_side(agents: Sequence["Agent"]) -> None:
    """Sites that share a process: each with a file, a connection and a page of its own. One that cannot start ends them all."""
    async with asyncio.TaskGroup() as tasks:
        for agent in agents:
            tasks.create_task(agent.run())


def _texts(error: BaseException) -> list[str]:
    if isinstance(error, BaseExceptionGroup):
        return [text for inner in error.exceptions for text in _texts(inner)]
    return [str(error)]


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
