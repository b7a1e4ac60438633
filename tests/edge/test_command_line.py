"""``python -m edge``: exit codes, the look from outside, and a stop on SIGTERM."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge.look import LaneSeen, Seen, as_text
from edge.outbox import Store
from edge.wire.ids import Lane
from tests.edge.agents import NOBODY, write_config
from tests.edge.outbox.sites import record, settings

pytestmark = pytest.mark.slow


def edge(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "edge", *arguments],
        capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **(env or {})},
    )  # fmt: skip


def test_the_status_is_told_whether_or_not_the_agent_runs(tmp_path: Path) -> None:
    config = write_config(tmp_path, NOBODY, "cli-1")
    path = str(tmp_path / "cli-1.toml")
    before = edge("status", "--config", path)
    assert (before.returncode, "has not run here" in before.stdout) == (0, True)
    config.data_dir.mkdir()
    with Store(settings(config.data_dir, site="cli-1"), 0) as store:
        record(store, 1)
        beside = json.loads(edge("status", "--json", "--config", path).stdout)
    after = edge("status", "--config", path)
    assert beside["queue"]["event"] == {"unsent": 1, "batches": 1, "readings": 0, "oldest_ms": 1_000, "damaged": 0}
    assert (beside["last_sync_ms"], beside["boot"]) == (None, 1)
    assert "1 batches wait" in after.stdout
    assert "last sync  never" in after.stdout


@pytest.mark.parametrize(
    ("ahead_ms", "said"),
    [
        (35_444_000, "(the cloud's clock is ahead of this one's, by 35,444 s or more)"),
        (400, "(0 s ago)"),
        (-2_000, "(2 s ago)"),
    ],
)
def test_a_cloud_whose_clock_is_ahead_is_told_of_and_no_age_is_negative(ahead_ms: int, said: str) -> None:
    now_ms = 1_800_000_000_000
    waiting = {lane.value: LaneSeen(unsent=1, batches=1, readings=0, oldest_ms=now_ms + ahead_ms) for lane in Lane}
    text = as_text(
        Seen(
            site="st-1", operator="op", file="f", exists=True, now_ms=now_ms, is_town=False, last_sync_ms=now_ms + ahead_ms,
            queue=waiting,
        )
    )  # fmt: skip
    lines = [line for line in text.splitlines() if line.startswith("last sync") or "oldest" in line]
    assert len(lines) == 1 + len(Lane)
    assert all(line.endswith(said) for line in lines)


@pytest.mark.parametrize("arguments", [(), ("run",), ("status",), ("devices",)])
def test_every_command_says_what_it_can_with_no_settings_at_all(arguments: tuple[str, ...]) -> None:
    answer = edge(*arguments, "--help")
    assert (answer.returncode, answer.stdout.startswith("usage: python -m edge"), answer.stderr) == (0, True, "")


@pytest.mark.parametrize("command", ["run", "status", "devices"])
def test_each_wrong_setting_is_one_line_and_exit_code_two(tmp_path: Path, command: str) -> None:
    (tmp_path / "site.toml").write_text("[site]\n", encoding="utf-8")
    answer = edge(command, "--config", str(tmp_path / "site.toml"))
    assert answer.returncode == 2
    assert [line.partition("site.toml, ")[2] for line in answer.stderr.splitlines()] == [
        "line 1: [site], operator: missing; add operator = …",
        "line 1: broker: missing; add a table [broker]",
        "line 1: data_dir: missing; add data_dir = …",
    ]


@pytest.mark.slow
def test_a_foreign_file_a_taken_port_and_a_missing_password_file_stop_the_start(tmp_path: Path) -> None:
    config = write_config(tmp_path, NOBODY, "cli-2")
    path = tmp_path / "cli-2.toml"
    config.data_dir.mkdir()
    with Store(settings(config.data_dir, site="somebody-else"), 0):
        pass
    answer = edge("run", "--config", str(path))
    assert (answer.returncode, "belongs to site 'somebody-else'" in answer.stderr) == (2, True)
    path.write_text(path.read_text(encoding="utf-8").replace('password = "p"', 'password_file = "none"'), encoding="utf-8")
    answer = edge("run", "--config", str(path))
    assert (answer.returncode, "No such file" in answer.stderr) == (2, True)


@pytest.mark.slow
def test_sigterm_stops_it_in_order_and_an_unknown_fault_step_is_refused(tmp_path: Path) -> None:
    write_config(tmp_path, NOBODY, "cli-3")
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "edge", "run", "--config", str(tmp_path / "cli-3.toml")],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    first = json.loads(process.stderr.readline())
    assert (first["event"], first["site"]) == ("agent_started", "cli-3")
    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=30)
    assert process.returncode == 0, rest
    killed = edge("run", "--config", str(tmp_path / "cli-3.toml"), env={"TUANTU_FAULT_STEP": "no-such-step"})
    assert (killed.returncode, "want one of sealed" in killed.stderr) == (2, True)
