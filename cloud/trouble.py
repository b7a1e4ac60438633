"""What stops a start and what to do about it: shown as one clear line, exit code 2, never a traceback.

Raised by the one box and the migrations; caught once, in ``cloud.__main__``.
"""


class Trouble(Exception):  # noqa: N818  # what it says is seldom an error of ours
    """Something outside the program is in the way. ``remedy`` says what the reader can do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}\n  → {remedy}")
        self.message = message
        self.remedy = remedy
