"""The town's roads and map: drawn by the simulator, imported like any extract, once; beside the start, which waits for nothing.

Leaves roads that somebody has imported alone.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from cloud.roads import graph
from cloud.roads.importing import version_of
from cloud.roads.versions import About, Versions

_NAME = "town-"
_NICENESS = 10  # whoever opens the first page does not wait for a map
_LAST_WORDS = 300


def is_wanted(about: About | None, name: str) -> bool:
    """Whether the town's map ``name`` is to be imported where ``about`` is in use: nothing, or the town's of before."""
    if about is None:
        return True
    if not about.source.startswith(_NAME):
        return False
    made_alike = about.version.startswith(version_of("")[:2])
    return about.source != name or not made_alike


async def ensure(root: Path, town: Path, roads: Path, environment: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Until the town has its roads; what goes wrong is said, and ways are estimated then. Cancelled, it ends what it started."""
    try:
        await _ensure(root, town, roads, environment, say)
    except OSError as error:
        say(f"roads    none, ways are estimated: {error}")


async def _ensure(root: Path, town: Path, roads: Path, environment: Mapping[str, str], say: Callable[[str], None]) -> None:
    seed = environment.get("TUANTU_TOWN_SEED") or "1"
    drawn, said = await _run(root, {}, "-m", "firmware_sim", "map", "--data", str(town), "--seed", seed)
    if drawn != 0:
        say(f"roads    none, ways are estimated: {said}")
        return
    file, attribution = said.splitlines()[-2:]
    versions = Versions(roads)
    if is_wanted(versions.current(), Path(file).name):
        shared = {**environment, "TUANTU_ROADS_DIR": str(roads)}
        done, said = await _run(root, shared, "-m", "cloud", "roads", "import", file, "--attribution", attribution)
        if done != 0:
            say(f"roads    none, ways are estimated: {said[-_LAST_WORDS:]}")
            return
    about = versions.current()
    if about is not None and not about.has_graph:
        say(f"roads    a map, and ways are estimated: {graph.NO_WHEEL}")
    elif about is not None:
        say(f"roads    of {about.source}: {about.roads:,} of them, {about.ratio} times the straight line")


async def _run(root: Path, more: Mapping[str, str], *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=root, env={**os.environ, **more}, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, preexec_fn=_step_back,
    )  # fmt: skip
    try:
        said, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    return process.returncode or 0, said.decode(errors="replace").strip()


def _step_back() -> None:
    os.nice(_NICENESS)
