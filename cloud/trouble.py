"""What stops a start and what to do about it: shown as one clear line, exit code 2, never a traceback.

Raised by the one box and the migrations; caught once, in ``cloud.__main__`` or by a process that is no command of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager


class Trouble(Exception):  # noqa: N818  # what it says is seldom an error of ours
    """Something outside the program is in the way. ``remedy`` says what the reader can do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}\n  → {remedy}")
        self.message = message
        self.remedy = remedy


@contextmanager
def unwrapped() -> Iterator[None]:
    """Trouble that task groups made groups of is raised as itself, the first of them; a group with anything else in it stays."""
    try:
        yield
    except BaseExceptionGroup as group:
        troubles, others = group.split(Trouble)
        if others is not None or troubles is None:
            raise
        raise _first(troubles) from None


def _first(group: BaseExceptionGroup[Trouble]) -> Trouble:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
