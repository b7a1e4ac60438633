"""The licence gate: every installed Python package and every npm package of the pages is under a licence we know and want.

AGPL, GPL without an exception, and anything unknown stop it. LGPL packages are named one by one with the reason.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Families that ask for no more than their text to be kept, or (MPL) for changes to their own files.
FREE = (
    "MIT", "MIT-0", "MIT-CMU", "BSD", "0BSD", "BSD-2-Clause", "BSD-3-Clause", "Apache", "Apache-2.0", "ISC", "ISCL", "PSF-2.0",
    "PSFL", "Python Software Foundation", "MPL-2.0", "Mozilla Public License 2.0", "Unlicense", "CC0-1.0", "CC-BY-4.0", "Zlib",
    "zlib", "BlueOak-1.0.0", "HPND", "PostgreSQL", "Python-2.0", "any-OSI", "The PostgreSQL License", "WTFPL", "Public Domain",
    "CNRI-Python", "CC-BY-3.0", "3-Clause BSD",
)  # fmt: skip

# name: (licence it states, why it may be used)
EXCEPTIONS = {
    "psycopg": ("LGPL", "used as a library, unchanged and replaceable"),
    "psycopg-binary": ("LGPL", "used as a library, unchanged and replaceable"),
    "psycopg-pool": ("LGPL", "used as a library, unchanged and replaceable"),
    "lgpio": ("unlicense.org", "the Unlicense, named by its address; only a Pi has it"),
    "lightningcss": ("MPL", "a build tool; only its own files are under it"),
}


def parts_of(licence: str) -> list[list[str]]:
    """An expression as alternatives (OR) of parts that all hold (AND, commas, semicolons)."""
    text = licence.replace("Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0").replace("DFSG approved;", "")
    text = text.replace("(", " ").replace(")", " ")
    alternatives = re.split(r"\s+OR\s+|\s+or\s+", text)
    return [[part.strip() for part in re.split(r"\s+AND\s+|\s+and\s+|;|,", one) if part.strip()] for one in alternatives]


def is_free(part: str) -> bool:
    plain = part.removesuffix(" License").removesuffix(" Licence").removesuffix(" Software").strip()
    if re.search(r"\bA?GPL|\bLGPL|Lesser General|Affero|General Public", part):
        return bool(re.search(r"WITH (Classpath|GCC)", part))
    return any(
        plain == name or re.fullmatch(re.escape(name) + r"([ -](\d[\w.]*|License.*|Software.*|Clause.*|style.*))?", plain)
        for name in FREE
    )


def verdict(name: str, licence: str) -> str:
    """Empty when the package may be used, else why not."""
    if name in EXCEPTIONS and EXCEPTIONS[name][0] in licence.replace("Lesser General Public", "LGPL"):
        return ""
    if not licence or licence.upper() in {"UNKNOWN", "UNLICENSED"} or licence.startswith("SEE LICENSE"):
        return "states no licence"
    if any(all(is_free(part) for part in alternative) for alternative in parts_of(licence)):
        return ""
    return f"is under {licence!r}"


def python_packages() -> list[tuple[str, str]]:
    command = [sys.executable, "-m", "piplicenses", "--format=json", "--from=mixed", "--with-system"]
    listed = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return [(entry["Name"].lower(), entry["License"]) for entry in listed]


def npm_packages() -> list[tuple[str, str]]:
    """Every package the pages' lock names, from the package.json that was installed (the lock repeats most of them)."""
    lock = ROOT / "dashboards" / "package-lock.json"
    if not lock.exists():
        return []
    found = []
    for place, entry in json.loads(lock.read_text())["packages"].items():
        if not place.startswith("node_modules"):
            continue
        stated = entry.get("license", "")
        installed = ROOT / "dashboards" / place / "package.json"
        if not stated and installed.exists():
            read = json.loads(installed.read_text())
            stated = read.get("license") or " OR ".join(one["type"] for one in read.get("licenses", []))
        if not stated and entry.get("optional"):
            continue  # for another platform: not here to be looked at
        found.append((place.rpartition("node_modules/")[2], stated if isinstance(stated, str) else stated.get("type", "")))
    return found


def main() -> int:
    python, npm = python_packages(), npm_packages()
    complaints = [
        f"{kind} package {name} {why}"
        for kind, packages in (("Python", python), ("npm", npm))
        for name, stated in packages
        if (why := verdict(name, stated))
    ]
    for complaint in complaints:
        sys.stdout.write(complaint + "\n")
    if complaints:
        sys.stdout.write("a new licence: replace the package, or name it with its reason in deploy/licences.py\n")
        return 1
    sys.stdout.write(f"licences: {len(python)} Python and {len(npm)} npm packages, all free and known\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
