"""The virtual environment and the locked packages in it."""

import re
import sys

from setup_shell import PYTHON, ROOT, VENV, Progress, SetupError, digest, lines_of, runs, say
from setup_system import apt_install

# The system's, also when an activated environment (perhaps the very one we make) started us.
BASE_PYTHON: str = getattr(sys, "_base_executable", "") or sys.executable


def make_venv() -> None:
    if runs([str(PYTHON), "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]) and has_pip():
        return
    say(f"Virtual environment .venv with Python {sys.version.split()[0]}")
    for package in ("python3-venv", f"python{sys.version_info.major}.{sys.version_info.minor}-venv"):
        if not has_ensurepip():
            apt_install([package])
    clear = ["--clear"] if VENV.exists() else []
    if has_ensurepip():
        command = [BASE_PYTHON, "-m", "venv", *clear, str(VENV)]
    elif runs([BASE_PYTHON, "-m", "pip", "--version"]):
        command = [BASE_PYTHON, "-m", "venv", "--without-pip", *clear, str(VENV)]
    else:
        raise SetupError(
            "this Python has neither venv's ensurepip nor pip, and I may not install them",
            f"as root: apt-get install python3-venv (or python{sys.version_info.major}.{sys.version_info.minor}-venv)",
        )
    try:
        for _ in lines_of(command):
            pass
    except RuntimeError as error:
        raise SetupError(f"can't make .venv\n{error}", "check that this folder can be written and the disk is not full") from None


def has_ensurepip() -> bool:
    # Asked of a new process: what apt-get has just installed is not seen by this one.
    return runs([BASE_PYTHON, "-c", "import ensurepip, venv; ensurepip.version()"])


def has_pip() -> bool:
    return runs([str(PYTHON), "-m", "pip", "--version"]) or runs([BASE_PYTHON, "-m", "pip", "--version"])


def pip() -> list[str]:
    """The environment's own pip, else the system's working on the environment."""
    if runs([str(PYTHON), "-m", "pip", "--version"]):
        return [str(PYTHON), "-m", "pip"]
    return [BASE_PYTHON, "-m", "pip", "--python", str(PYTHON)]


def install_packages(file: str) -> None:
    lock = ROOT / "requirements" / file
    stamp = VENV / f".installed-{file}"
    mark = digest([lock])
    if stamp.exists() and stamp.read_text() == mark:
        return
    total = len(re.findall(r"^[\w.\[\]-]+==", lock.read_text(), re.MULTILINE))
    progress = Progress(f"Python packages of requirements/{file} (up to {total})")
    command = [
        *pip(),
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar=off",
        "--no-deps",
        "--require-hashes",
    ]
    seen = 0
    try:
        for line in lines_of([*command, "-r", str(lock)]):
            if line.startswith(("Collecting", "Requirement already")):
                seen += 1
            if line.startswith(("Collecting", "Requirement already", "Installing")):
                progress.at(f"{seen}/{total}  {line[:90]}")
    except RuntimeError as error:
        raise SetupError(
            f"pip could not install requirements/{file}\n{error}",
            "check the network and pip's settings (pip config list), then run again",
        ) from None
    stamp.write_text(mark)
    progress.done()
