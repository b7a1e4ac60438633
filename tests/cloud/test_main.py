"""``python -m cloud`` from outside."""

import os
import subprocess
import sys

import pytest

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


def test_an_argument_nobody_knows_is_refused() -> None:
    done = _cloud("ingest", "--fast")
    assert done.returncode == 2
    assert "--fast" in done.stderr


@pytest.mark.slow
def test_migrate_brings_a_database_up_to_date(database_url: str) -> None:
    done = _cloud("migrate", TUANTU_DATABASE_URL=database_url)
    assert done.returncode == 0, done.stderr
    assert "mode " in done.stdout
