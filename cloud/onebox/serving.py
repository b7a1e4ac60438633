"""A server of the one box for the length of a block, on a leash: for tests and tools. `make run` has its supervisor."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cloud.onebox.leash import leashed
from cloud.onebox.unprivileged import Unprivileged
from cloud.trouble import Trouble

_LOOK_AGAIN_S = 0.02


@dataclass(frozen=True, slots=True)
class Service:
    """What to start and how to stop it. ``name`` is how a person is told of it."""

    name: str
    argv: Sequence[str]
    run_as: Unprivileged | None
    log: Path
    folder: Path
    stop: signal.Signals
    start_timeout_s: float
    stop_timeout_s: float


@contextmanager
def serving(service: Service, answers: Callable[[], bool]) -> Iterator[None]:
    """Started and answering in the block; stopped in order afterwards, killed where that takes too long. Trouble with its log."""
    user = service.run_as
    argv = leashed(list(service.argv), user.uid if user else -1, user.gid if user else -1, service.stop)
    with service.log.open("ab") as out:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=service.folder, start_new_session=True
        )
        try:
            _wait_for(service, answers, process)
            yield
        finally:
            process.send_signal(service.stop)
            try:
                process.wait(service.stop_timeout_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(service: Service, answers: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + service.start_timeout_s
    while not answers():
        if process.poll() is not None or time.monotonic() > deadline_s:
            said = service.log.read_text(errors="replace")[-400:]
            raise Trouble(f"{service.name} did not start: {said}", f"read {service.log}")
        time.sleep(_LOOK_AGAIN_S)
