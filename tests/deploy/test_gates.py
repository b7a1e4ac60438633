"""The gates of ``make check`` refuse what they are there to refuse."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"deploy_{name}", ROOT / "deploy" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


licences, tree, lock = _load("licences"), _load("tree"), _load("lock")


@pytest.mark.parametrize(
    "licence", ["AGPL-3.0", "GPL-3.0-only", "GNU Affero General Public License v3", "LGPL-3.0-only", "", "UNKNOWN", "BUSL-1.1"]
)
def test_a_licence_we_do_not_want_is_refused(licence: str) -> None:
    assert licences.verdict("something", licence)


@pytest.mark.parametrize(
    "licence",
    ["MIT", "Apache-2.0 OR GPL-3.0-only", "BSD License", "Apache Software License; MIT License", "(MIT AND Zlib)", "BSD-3-Clause"],
)
def test_a_free_licence_passes(licence: str) -> None:
    assert licences.verdict("something", licence) == ""


def test_an_exception_is_for_its_package_and_its_licence_only() -> None:
    assert licences.verdict("psycopg", "LGPL-3.0-only") == ""
    assert licences.verdict("psycopg", "AGPL-3.0") != ""
    assert licences.verdict("psycopg2", "LGPL-3.0-only") != ""


@pytest.mark.parametrize(
    "line",
    [
        "cd /ro" + "ot/tuantu",
        "path = '/ho" + "me/alice/x'",
        "https://files.pythonhosted" + ".org/x",
        "-----BEGIN RSA PRIVATE" + " KEY-----",
        "ghp_" + "a" * 36,
    ],
)
def test_what_must_not_be_in_the_tree_is_found(line: str) -> None:
    assert tree.faults_in("file", line)


@pytest.mark.parametrize(
    "line", ["edge/work/x", "https://example.org/", "the root of the tree", "/ho" + "me/pi/station.toml", "/var/lib/tuantu"]
)
def test_what_may_be_in_the_tree_passes(line: str) -> None:
    assert tree.faults_in("file", line) == []


def test_the_locks_fit_what_the_project_asks_for() -> None:
    assert lock.faults() == []


def test_a_dependency_that_is_not_locked_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "locked", lambda _file: {})
    assert any("wants msgspec" in fault for fault in lock.faults())


def test_each_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):(?!=)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout: which files are the project's is not known")
    # Where it is a command, not the verb: quoted, after a colon, or alone on a line, and not in the middle of a sentence.
    said = re.compile(
        r"(?:`|^|: |\"|\u8fd0\u884c )make ([a-z]+(?:-[a-z]+)*)(?=[`,.;\"\u540e\u3002]|$|  | #| \u540e| [A-Z]+=)", re.MULTILINE
    )
    named = {
        (name, target)
        for name in listed.stdout.split("\0")
        if name.endswith((".py", ".md", ".sh", ".toml", ".ts", ".vue", ".yml")) and (ROOT / name).is_file()
        for target in said.findall((ROOT / name).read_text(encoding="utf-8"))
    }
    assert ("edge/http/api.py", "pages") in named
    assert ("README.md", "run") in named
    assert {(name, target) for name, target in named if target not in targets} == set()
