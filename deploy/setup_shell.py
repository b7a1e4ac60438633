"""What all steps of the set-up use: what is said, commands with their progress, a digest of files. Standard library only."""

import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"


class SetupError(Exception):
    """In the way, with the remedy."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"tuantu setup: {message}\n  → {remedy}")


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Progress:
    """One line that moves on a terminal, a line now and then elsewhere."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._started_s = self._said_s = time.monotonic()
        self._is_terminal = sys.stdout.isatty()
        say(f"{what} …")

    def at(self, detail: str) -> None:
        now_s = time.monotonic()
        if self._is_terminal:
            width = shutil.get_terminal_size().columns - 1
            sys.stdout.write("\r\x1b[K" + f"  {detail}"[:width])
            sys.stdout.flush()
        elif now_s - self._said_s > 5:
            self._said_s = now_s
            say(f"  {detail}")

    def done(self, detail: str = "") -> None:
        if self._is_terminal:
            sys.stdout.write("\r\x1b[K")
        say(f"  done in {time.monotonic() - self._started_s:.0f} s{detail and ', ' + detail}")


def lines_of(command: list[str], **options: object) -> Iterator[str]:
    """The output of a command line by line; RuntimeError with its first complaints and last lines when it fails."""
    complaints: list[str] = []
    tail: list[str] = []
    with subprocess.Popen(  # type: ignore[call-overload]
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", **options
    ) as process:
        for raw in process.stdout:
            line = raw.rstrip()
            if "error" in line.lower() and len(complaints) < 4:
                complaints.append(line)
            tail = [*tail[-5:], line]
            yield line
    if process.returncode != 0:
        raise RuntimeError("\n".join(f"  | {line[:200]}" for line in dict.fromkeys([*complaints, *tail]) if line))


def runs(command: list[str]) -> bool:
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def digest(files: list[Path]) -> str:
    total = hashlib.sha256()
    for file in files:
        total.update(json.dumps(str(file.relative_to(ROOT))).encode())
        total.update(file.read_bytes())
    return total.hexdigest()
