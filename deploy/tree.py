"""What must not be in the tree: paths of somebody's machine, hosts of package registries, secrets, things too large.

Looks at the files git knows. A line that has to be there says so with "tree: allowed".
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LARGEST_BYTES = 2_000_000

# Written in pieces, so that this file passes its own check.
HOSTS = "|".join(
    (
        "pypi" + r"\.org",
        "pythonhosted" + r"\.org",
        "registry" + r"\.npmjs",
        "npmmirror" + r"\.com",
        "yarnpkg" + r"\.com",
        "/opt/" + "pypi",
    )
)
FORBIDDEN = (
    (
        "the path of a machine",
        re.compile("(?<![\\w.$}])/(?:" + "|".join(("ro" + "ot", "wo" + "rk", "Us" + "ers/\\w+", "ho" + "me/(?!pi\\b)\\w+")) + ")/"),
    ),
    ("the host of a package registry", re.compile(HOSTS)),
    ("a private key", re.compile("-----BEGIN [A-Z ]*PRIVATE " + "KEY-----")),
    (
        "an access token",
        re.compile(r"\b(?:ghp_\w{36}|github_pat_\w{22,}|AKIA[0-9A-Z]{16}|glpat-[\w-]{20}|xox[bp]-\d{8,}|sk-\w{32,})\b"),
    ),
)
ALLOWED = "tree: allowed"


def faults_in(path: str, text: str) -> list[str]:
    """One line a fault."""
    return [
        f"{path}:{number}: {what}: {found[0]}"
        for number, line in enumerate(text.splitlines(), 1)
        if ALLOWED not in line
        for what, pattern in FORBIDDEN
        if (found := pattern.search(line))
    ]


def main() -> int:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    complaints: list[str] = []
    looked_at = 0
    for name in filter(None, listed):
        path = ROOT / name
        if path.is_symlink() or not path.is_file():
            continue
        looked_at += 1
        data = path.read_bytes()
        if len(data) > LARGEST_BYTES:
            complaints.append(f"{name}: {len(data)} bytes is too large for the tree")
        try:
            complaints += faults_in(name, data.decode())
        except UnicodeDecodeError:
            continue
    for complaint in complaints:
        sys.stdout.write(complaint + "\n")
    if not complaints:
        sys.stdout.write(f"tree: {looked_at} files, no machine path, registry host or secret\n")
    return bool(complaints)


if __name__ == "__main__":
    sys.exit(main())
