"""``python -m cloud.routing.solver``: solves one day in a process of its own, which can be stopped, and be killed without harm.

In: a `Task` in MessagePack behind its length in eight bytes; whatever comes after it, or the end, means stop now. Out: a line
of JSON (`Told`) each time there is something to tell, the last with the plan.
"""

import os
import struct
import sys
import threading
from typing import BinaryIO

import msgspec
import numpy as np

from cloud.routing.answer import PlanSaid, answer
from cloud.routing.day import Day, problem_of
from cloud.routing.engine import Effort, Progress, Watch
from cloud.routing.matrix import Matrix
from cloud.routing.planning import solve
from cloud.routing.replanning import replanned

HEAD = struct.Struct(">Q")
# A plan is no reason for scans to wait.
_MODESTY = 5


class Task(msgspec.Struct, frozen=True):
    """``distance_m``, ``duration_s``: (places, places) int64, row by row, as their bytes."""

    day: Day
    distance_m: bytes
    duration_s: bytes
    is_estimate: bool
    ways: str
    cores: int

    def matrix(self) -> Matrix:
        side = len(self.day.places)
        tables = [np.frombuffer(table, dtype=np.int64).reshape(side, side) for table in (self.distance_m, self.duration_s)]
        return Matrix(tables[0], tables[1], self.is_estimate, self.ways)


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """``cost_mfen`` None: nothing yet that serves all. ``plan``: only in the last."""

    elapsed_s: float
    cost_mfen: int | None = None
    plan: PlanSaid | None = None


def task_of(day: Day, matrix: Matrix, cores: int) -> Task:
    return Task(day, matrix.distance_m.tobytes(), matrix.duration_s.tobytes(), matrix.is_estimate, matrix.source, cores)


def main() -> int:
    """Exit code 0 with a plan told; what goes wrong is a traceback on stderr and any other code."""
    os.nice(_MODESTY)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    (length,) = HEAD.unpack(source.read(HEAD.size))
    task = msgspec.msgpack.decode(source.read(length), type=Task)
    stopped = threading.Event()
    threading.Thread(target=_listen, args=(source, stopped), daemon=True).start()

    def tell(said: Progress) -> None:
        _write(sink, Told(round(said.elapsed_s, 1), said.cost_mfen))

    watch = Watch(tell, stopped.is_set)
    _write(sink, Told(round(watch.elapsed_s, 1), None, _plan(task, Effort(seconds=task.day.seconds, cores=task.cores), watch)))
    sink.flush()
    os._exit(0)  # the thread that listens waits for ever, and holds what an orderly end would close


def _plan(task: Task, effort: Effort, watch: Watch) -> PlanSaid:
    if task.day.situation is None:
        problem = problem_of(task.day, task.matrix())
        return answer(task.day, problem, solve(problem, effort, watch=watch))
    found = replanned(task.day, task.day.situation, task.matrix(), effort, watch)
    return answer(task.day, found.problem, found.solved, found.moves)


def _listen(source: BinaryIO, stopped: threading.Event) -> None:
    source.read(1)
    stopped.set()


def _write(sink: BinaryIO, told: Told) -> None:
    sink.write(msgspec.json.encode(told) + b"\n")
    sink.flush()


if __name__ == "__main__":
    sys.exit(main())
