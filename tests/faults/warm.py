"""Processes of ours that begin with everything imported: forked off a server that did that once a session.

Python needs up to two seconds of a core to import a process of the cloud. Tests start several hundred of them, and each is as
real as one that was started cold: a pid, a session, files and signals of its own. Benchmarks, `make faults` and `make run` start
theirs cold.
"""

import atexit
import ctypes
import multiprocessing
import os
import runpy
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from cloud.onebox.leash import PR_SET_PDEATHSIG

STANDARD_FDS = 3

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.faults.imported"])


@dataclass(frozen=True, slots=True)
class WarmProcess:
    """What of ``subprocess.Popen`` the tests use."""

    _process: ForkServerProcess

    @property
    def pid(self) -> int:
        pid = self._process.pid
        assert pid is not None
        return pid

    def poll(self) -> int | None:
        """The exit code once it has ended; of a signal, negative."""
        return self._process.exitcode

    def wait(self) -> int:
        """Until it has ended."""
        self._process.join()
        code = self._process.exitcode
        assert code is not None
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Nothing happens where it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """-9."""
        self.send_signal(signal.SIGKILL)


def open_warm(argv: Sequence[str], log: Path, environment: Mapping[str, str], folder: Path | None) -> WarmProcess:
    """``argv``: this Python, ``-m``, a module and its arguments. It is killed when we die."""
    python, flag, module, *arguments = argv
    assert (python, flag) == (sys.executable, "-m"), argv
    process = _forks.Process(target=_become, args=(module, arguments, log, dict(environment), folder))
    process.start()
    return WarmProcess(process)


@atexit.register
def _kill_all() -> None:
    """Else we would wait for them at the end."""
    for process in multiprocessing.active_children():
        process.kill()


def _become(module: str, arguments: list[str], log: Path, environment: dict[str, str], folder: Path | None) -> None:
    """In the new process: as if it had been started with that command line, environment, folder and log, and with no other file."""
    os.setsid()
    with log.open("ab") as out, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    os.closerange(STANDARD_FDS, os.sysconf("SC_OPEN_MAX"))
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # the server, which dies with us
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environment)
    if folder is not None:
        os.chdir(folder)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
