"""``python -m cloud`` from outside."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cloud.__main__ import SERVICES, TOOLS, main

pytestmark = pytest.mark.slow


def _cloud(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("TUANTU_")}
    return subprocess.run(
        [sys.executable, "-m", "cloud", *arguments], env={**inherited, **environment}, capture_output=True, text=True, check=False
    )


def test_a_missing_setting_is_one_clear_line_and_exit_code_2() -> None:
    done = _cloud("migrate")
    assert done.returncode == 2
    assert "TUANTU_DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_command_lists_the_known_ones() -> None:
    done = _cloud("fly")
    assert done.returncode == 2
    assert "ingest" in done.stderr


@pytest.mark.parametrize("command", ["run", "migrate", *SERVICES, *TOOLS])
def test_every_command_says_what_it_can_with_no_database_and_no_settings(
    command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith("TUANTU_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TUANTU_DATA", str(tmp_path / "nothing"))
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert (ended.value.code, f"usage: python -m cloud {command}" in capsys.readouterr().out) == (0, True)


def test_an_argument_nobody_knows_is_refused() -> None:
    done = _cloud("ingest", "--fast")
    assert done.returncode == 2
    assert "--fast" in done.stderr


@pytest.mark.slow
def test_migrate_brings_a_database_up_to_date(database_url: str) -> None:
    done = _cloud("migrate", TUANTU_DATABASE_URL=database_url)
    assert done.returncode == 0, done.stderr
    assert "mode " in done.stdout
