"""What wheels can't bring: Debian packages, installed where we may, else named with the feature that stays away."""

import ctypes.util
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from setup_shell import VENV, Progress, lines_of, runs, say


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
HEADLESS = "chromium-headless-shell"  # Debian's Chromium without its windows: a page costs it a quarter less
BROWSERS = (HEADLESS, "chromium", "chromium-browser", "google-chrome")
SYSTEM_DEV: list[tuple[str, Callable[[], bool], str]] = [
    (HEADLESS, lambda: has_program(HEADLESS), "quick tests in a browser; the whole Chromium serves instead"),
    ("fonts-wqy-zenhei", has_chinese_font, "Chinese text in the tests' screenshots and rendered labels"),
]
SYSTEM_ELSE: list[tuple[str, Callable[[], bool], str]] = [("chromium", lambda: has_program(*BROWSERS), "tests in a browser")]


def complete_system(kind: str) -> None:
    stamp = VENV / f".system-{kind}"
    if stamp.exists():
        return
    _complete(SYSTEM_RUN + (SYSTEM_DEV if kind == "dev" else []))
    _complete(SYSTEM_ELSE if kind == "dev" else [])
    stamp.write_text("looked\n")


def _complete(wanted: list[tuple[str, Callable[[], bool], str]]) -> None:
    missing = [entry for entry in wanted if not entry[1]()]
    # Debian starts Mosquitto as a service where systemd runs: that is the owner's decision, not a set-up's.
    may_install = [name for name, _, _ in missing if not (name == "mosquitto" and Path("/run/systemd/system").exists())]
    # One that this system does not know keeps all that are asked for with it away.
    if may_install and not apt_install(may_install) and len(may_install) > 1:
        for name in may_install:
            apt_install([name])
    for name, is_there, feature in missing:
        if not is_there():
            say(f"  missing: {feature}  → apt-get install {name}")
