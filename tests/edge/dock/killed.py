"""A dock's process that is killed in the middle of an act: ``python -m tests.edge.dock.killed FOLDER seal|lose``."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from edge.outbox import Step
from tests.edge.dock.plans import A1, WANG, P, manifest, open_bay


async def night(folder: Path, act: str) -> None:
    """Dead as soon as the act's commit is on the disk."""
    is_armed = False

    def on_step(step: Step) -> None:
        if is_armed and step == "committed":
            os.kill(os.getpid(), signal.SIGKILL)

    async with open_bay(folder, manifest(), on_step) as bay:
        await bay.rules.choose_mode("pack")
        assert await bay.words(A1, P[0]) == ["bound", "packed"]
        is_armed = True
        if act == "seal":
            await bay.dock.seal(A1, WANG, is_short=True)
        else:
            await bay.dock.lose(A1, "", WANG)


if __name__ == "__main__":
    asyncio.run(night(Path(sys.argv[1]), sys.argv[2]))
