"""How a process that decodes pictures is started and kept small: camera's eye, and the reader of single photographs.

Leaves what it does to eye and photo.
"""

import os
import signal
import sys
from pathlib import Path

import edge

NICENESS = 10  # scans of serial scanners and their commits come first
MEMORY_BYTES = 1 << 30  # of data; OpenCV and four pictures of 8 megapixels need a third of it
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # the matrices are small: more threads only wait for each other


def command(module: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module)


def environment() -> dict[str, str]:
    """Ours, such that the process finds this very package, wherever the agent was started from."""
    inherited = {**os.environ, **ONE_THREAD}
    paths = [inherited.get("PYTHONPATH", ""), str(Path(edge.__file__).parents[1])]
    return {**inherited, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}


def be_modest() -> None:
    """In the process itself, first thing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the agent's to hear
    if sys.platform == "win32":
        return
    import resource

    os.nice(NICENESS)
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES if most < 0 else min(MEMORY_BYTES, most), most))


def how_it_ended(code: int) -> str:
    """``code`` as subprocess gives it: negative is a signal."""
    if code >= 0:
        return f"ended with exit code {code}"
    return f"was killed by {signal.Signals(-code).name}"
