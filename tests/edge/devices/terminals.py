"""Pseudo-terminals that are held, so that nobody is given their names."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MOST = 64  # then somebody else has it: it is held all the same


@contextmanager
def held_terminal(name: Path) -> Iterator[None]:
    """Hold the terminal of this name, just let go of, and whatever lower ones are free: the next one is another."""
    held: list[int] = []
    try:
        for _ in range(MOST):
            held += os.openpty()
            if Path(os.ttyname(held[-1])) == name:
                break
        yield
    finally:
        for one in held:
            os.close(one)
