"""`make smoke` against a `make run` of its own."""

import json
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.integration.test_run import ROOT, new_box

# The others start and stop as these do; each takes seconds.
PARTS = ("live", "api", "ingest", "broker", "database")

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.timeout(240)]


def smoke(*arguments: str) -> tuple[int, dict[str, object], str]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.smoke", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=200
    )
    return done.returncode, json.loads(done.stdout.splitlines()[-1]), done.stdout + done.stderr


def test_an_order_goes_its_whole_way_and_no_restart_loses_a_scan() -> None:
    with new_box() as box:
        box.start()
        code, told, said = smoke("--data", str(box.data), "--parts", ",".join(PARTS))
        assert code == 0, said
        assert told["ok"] is True
        assert told["handed_out"] is True
        assert set(told["restarted"]) == set(PARTS)  # type: ignore[call-overload]
        assert told["scans"] == len(PARTS) + 1
        assert "PostgreSQL" in str(told["store"])
        assert "mosquitto" in str(told["broker"]) or "iotcore" in str(told["broker"])
        with psycopg.connect(box.database_url()) as connection:
            # It waits for nobody and opens nothing any more.
            assert connection.execute("SELECT count(*) FROM site_status").fetchone() == (0,)
            assert connection.execute("SELECT count(*) FROM site_credential WHERE revoked_at IS NULL").fetchone() == (0,)

        code, told, said = smoke("--data", str(box.data), "--parts", "postgres")
        assert (code, told["ok"]) == (1, False)
        assert "there is no postgres" in said
        box.stop()
        code, told, said = smoke("--data", str(box.data))
        assert (code, told["ok"]) == (1, False)
        assert "does not run" in str(told["failure"])


def test_a_folder_without_a_run_is_named_with_the_remedy(tmp_path: Path) -> None:
    code, told, said = smoke("--data", str(tmp_path))
    assert (code, told["ok"]) == (1, False)
    assert "no `make run`" in str(told["failure"])
    assert "--compose" in said
