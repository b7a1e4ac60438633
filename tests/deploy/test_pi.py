"""The units and the installation of a Pi: what of them can be looked at without a systemd that runs."""

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge.config import load

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "pi"
INSTALL = (FOLDER / "install.sh").read_text(encoding="utf-8")
UNITS = sorted(FOLDER.glob("*.service")) + sorted(FOLDER.glob("*.path"))


def unit(name: str) -> configparser.ConfigParser:
    read = configparser.ConfigParser(interpolation=None, strict=False)
    read.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys have capitals
    read.read(FOLDER / name, encoding="utf-8")
    return read


def test_the_agent_runs_as_nobody_comes_back_whatever_happens_and_is_watched() -> None:
    service = unit("tuantu-agent.service")["Service"]
    assert (service["User"], service["Restart"], service["Type"]) == ("tuantu", "always", "notify")
    assert int(service["WatchdogSec"]) > 0
    assert service["CapabilityBoundingSet"] == ""
    assert service["ProtectSystem"] == "strict"
    assert service["StateDirectory"] == "tuantu"
    # These would take serial lines and pins away.
    assert {"PrivateDevices", "DevicePolicy", "DeviceAllow", "ProtectClock"} & set(service) == set()
    assert unit("tuantu-agent.service")["Unit"]["StartLimitIntervalSec"] == "0"
    assert "network" not in unit("tuantu-agent.service")["Unit"]["After"]


def test_units_and_installation_speak_of_the_same_places() -> None:
    service = unit("tuantu-agent.service")["Service"]
    program, *words = service["ExecStart"].split()
    assert words == ["-m", "edge", "run", "--config", "/etc/tuantu/site.toml"]
    assert program.removesuffix("/bin/python") in INSTALL
    watched = unit("tuantu-certificate.path")["Path"]
    assert (FOLDER / watched["Unit"]).exists()
    for name in re.findall(r"deploy/pi/(tuantu-[\w.-]+)", INSTALL):
        assert (FOLDER / name).exists(), name
    assert {path.name for path in UNITS} == set(re.findall(r"deploy/pi/(tuantu-[\w.-]+)", INSTALL))
    for source in ("edge", "requirements/edge.txt", "deploy/site.example.toml", "deploy/setup.sh", "README.md", "LICENSE"):
        assert source in INSTALL
        assert (ROOT / source).exists()


def test_the_sites_file_that_is_installed_is_one_the_agent_takes(tmp_path: Path) -> None:
    expressions = re.findall(r"-e '(s\|[^']+)'", INSTALL)
    assert len(expressions) == 2
    text = (ROOT / "deploy" / "site.example.toml").read_text(encoding="utf-8")
    for expression in expressions:
        wanted, replacement = expression.split("|")[1:3]
        assert re.search(wanted, text, re.MULTILINE), wanted
        text = re.sub(wanted, replacement, text, flags=re.MULTILINE)
    (tmp_path / "site.toml").write_text(text, encoding="utf-8")
    config = load(tmp_path / "site.toml")
    assert str(config.data_dir) == "/var/lib/tuantu"
    assert str(config.http.pages_dir) == "/opt/tuantu/pages"


def test_the_installation_is_shell_and_asks_for_root(tmp_path: Path) -> None:
    assert subprocess.run(["sh", "-n", FOLDER / "install.sh"], capture_output=True, check=False).returncode == 0
    fake = tmp_path / "id"
    fake.write_text("#!/bin/sh\necho 1000\n")
    fake.chmod(0o755)
    said = subprocess.run(
        ["sh", str(FOLDER / "install.sh")], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True, check=False
    )
    assert (said.returncode, "sudo sh deploy/pi/install.sh" in said.stderr) == (2, True)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for path in UNITS:
        text = path.read_text(encoding="utf-8").replace("/opt/tuantu/.venv/bin/python", sys.executable)
        (tmp_path / path.name).write_text(text.replace("/bin/systemctl", "/bin/true"), encoding="utf-8")
    said = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / path.name) for path in UNITS)], capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stderr) == (0, "")
