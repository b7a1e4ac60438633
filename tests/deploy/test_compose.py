"""docker-compose.yml and what its images are built of: no engine runs here, so each promise is looked at by itself."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cloud.__main__ import SERVICES
from cloud.config import CloudConfig
from edge.wire.ids import Lane
from tests.deploy.compose_file import read

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "compose"
COMPOSE = read((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVED: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
LASTING = set(SERVED) - {"migrate", "tools"}
SECRETS = ("TUANTU_SECRET", "TUANTU_DATABASE_PASSWORD", "TUANTU_BROKER_PASSWORD", "TUANTU_DOMAIN")
TOWNS = {"RATE", "STATIONS", "VANS"}  # what its start may be asked for
SMALL_SERVER_MIB = 8 * 1024


def mib(text: str) -> int:
    return int(text[:-1]) * {"m": 1, "g": 1024}[text[-1]]


def instructions() -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n\s*", " ", DOCKERFILE)
    return [(line.split()[0], line.split(None, 1)[1]) for line in joined.splitlines() if line and line[0].isupper()]


def test_every_process_of_the_cloud_is_a_service() -> None:
    assert set(SERVICES) | {"migrate", "database", "web", "town", "tools", "telemetry"} == set(SERVED)
    commands = {name: SERVED[name]["command"] for name in SERVED if "command" in SERVED[name] and name not in ("database", "web")}
    assert commands.pop("telemetry") == ["ingest"]
    assert all(command == [name] for name, command in commands.items())


def test_scans_have_an_ingest_of_their_own_and_every_lane_has_one() -> None:
    lanes = [SERVED[name]["environment"]["TUANTU_INGEST_LANES"] for name in ("ingest", "telemetry")]
    assert lanes[0] == Lane.EVENT.value
    assert sorted(",".join(lanes).split(",")) == sorted(lane.value for lane in Lane)


@pytest.mark.parametrize("name", sorted(SERVED))
def test_a_service_is_bounded_rotates_its_log_and_is_nobody_on_the_host(name: str) -> None:
    service = SERVED[name]
    assert mib(service["mem_limit"]) <= 2048
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "latest" not in service["image"]
    assert service["read_only"] is (name != "database")
    if name in LASTING:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"]


def test_what_runs_by_itself_fits_a_small_server() -> None:
    by_itself = [service for service in SERVED.values() if "profiles" not in service]
    assert sum(mib(service["mem_limit"]) for service in by_itself) <= SMALL_SERVER_MIB


def test_only_what_strangers_need_is_published_and_the_database_is_not() -> None:
    published = {name: service["ports"] for name, service in SERVED.items() if "ports" in service and "profiles" not in service}
    assert published == {"web": ["80:80", "443:443", "5055:5055"], "broker": ["8883:8883"], "positions": ["7611:7611"]}
    assert SERVED["database"]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert {name for name, service in SERVED.items() if "inside" in service["networks"]} == set(SERVED) - {"web"}


def test_each_setting_that_is_handed_over_is_one_that_the_cloud_knows() -> None:
    known = {f"TUANTU_{name.upper()}" for name in CloudConfig.model_fields} | TOWNS
    for name in set(SERVED) - {"database", "web"}:
        assert set(SERVED[name]["environment"]) <= known, name


def test_images_are_built_of_files_that_are_there_and_run_as_nobody() -> None:
    stages: dict[str, str] = {}
    stage = ""
    for word, rest in instructions():
        if word == "FROM":
            stage = rest.split(" AS ")[1]
        elif word == "USER":
            stages[stage] = rest
        elif word == "COPY" and "--from" not in rest:
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert not_ignored(source), source
    wanted = {service["build"]["target"] for service in SERVED.values() if "build" in service}
    assert wanted == {"cloud", "broker", "web", "town"}
    assert {stages[target] for target in wanted} == {"10001:10001"}
    assert SERVED["database"]["user"] == "70:70"
    assert re.search(r"DEBIAN_IMAGE=debian:\d+-slim", DOCKERFILE)
    assert "--require-hashes" in DOCKERFILE


def not_ignored(source: str) -> bool:
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    return any(source.rstrip("/") == one or source.startswith(f"{one}/") for one in kept)


def test_nothing_secret_is_written_down_and_a_start_without_secrets_names_them() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    example = dict(re.findall(r"^([A-Z_]+)=(.*)$", (FOLDER / "env.example").read_text(encoding="utf-8"), re.MULTILINE))
    assert example == dict.fromkeys(SECRETS, "")
    for name in SECRETS:
        assert re.search(r"\$\{" + name + r":\?is missing in \.env - ", text), name
    used = set(re.findall(r"\$\{([A-Z_]+)", text)) - {"TUANTU_RELEASE", *TOWNS}
    told = set(re.findall(r"^#?([A-Z_]+)=", (FOLDER / "env.example").read_text(encoding="utf-8"), re.MULTILINE))
    assert used == told


def test_the_settings_are_made_once_and_never_again(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    shutil.copytree(FOLDER, tmp_path / "deploy" / "compose")
    script = ["sh", str(tmp_path / "deploy" / "compose" / "make_env.sh")]
    for wrong in ([], ["not a name"], ["https://x"]):
        assert subprocess.run([*script, *wrong], capture_output=True, check=False).returncode == 2
    assert subprocess.run([*script, "tuantu.example"], capture_output=True, check=False).returncode == 0
    made = (tmp_path / ".env").read_text()
    values = dict(re.findall(r"^([A-Z_]+)=(.+)$", made, re.MULTILINE))
    assert values.pop("TUANTU_DOMAIN") == "tuantu.example"
    assert {len(value) for value in values.values()} == {64}
    assert len(set(values.values())) == 3
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    again = subprocess.run([*script, "other.example"], capture_output=True, text=True, check=False)
    assert (again.returncode, "is there already" in again.stderr) == (2, True)
    assert (tmp_path / ".env").read_text() == made


def test_a_health_check_says_what_does_not_answer() -> None:
    checks = {tuple(service["healthcheck"]["test"]) for name, service in SERVED.items() if name in LASTING - {"database", "web"}}
    assert all(check[:4] == ("CMD", "python", "-I", "answers.py") for check in checks)
    said = subprocess.run(
        [sys.executable, "-I", FOLDER / "answers.py", "127.0.0.1:1", "http://127.0.0.1:1/health"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 1
    assert said.stdout.count("127.0.0.1:1") == 2


@pytest.mark.skipif(
    subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode != 0
    if shutil.which("docker")
    else True,
    reason="docker compose is not installed",
)
def test_docker_compose_itself_takes_it(tmp_path: Path) -> None:
    env = tmp_path / "env"
    env.write_text("".join(f"{name}=x\n" for name in SECRETS))
    for profile in ("town", "tools"):
        command = ["docker", "compose", "--env-file", str(env), "--profile", profile, "config", "-q"]
        assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stderr == ""


@pytest.mark.skipif(shutil.which("caddy") is None, reason="Caddy is not installed")
@pytest.mark.parametrize("more", [{}, {"TUANTU_SCHEME": "http"}, {"TUANTU_CADDY": "local_certs"}])
def test_caddy_takes_its_file(more: dict[str, str]) -> None:
    command = ["caddy", "validate", "--adapter", "caddyfile", "--config", str(FOLDER / "Caddyfile")]
    environment = {**os.environ, "TUANTU_DOMAIN": "tuantu.example", **more}
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr[-600:]


def test_caddy_sends_each_path_where_it_is_served() -> None:
    text = (FOLDER / "Caddyfile").read_text(encoding="utf-8")
    assert set(re.findall(r"reverse_proxy ([a-z]+):(\d+)", text)) == {("live", "8081"), ("api", "8080"), ("positions", "5055")}
    fields = CloudConfig.model_fields
    assert (fields["live_port"].default, fields["http_port"].default, fields["positions_port"].default) == (8081, 8080, 5055)


@pytest.mark.parametrize("script", sorted(FOLDER.glob("*.sh")))
def test_scripts_are_shell(script: Path) -> None:
    assert subprocess.run(["sh", "-n", script], capture_output=True, check=False).returncode == 0
    assert script.read_text(encoding="utf-8").startswith("#!/bin/sh\n")
