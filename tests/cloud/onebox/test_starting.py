"""What stands in the way of a start of the one box, and what must not."""

import socket
from pathlib import Path

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from cloud.api.app import create_app, gated
from cloud.auth.attempts import MAX_PER_ADDRESS, AttemptCounter
from cloud.config import CloudConfig
from cloud.onebox import demo, folder, wishes
from cloud.onebox import run as onebox_run
from cloud.trouble import Trouble
from tests.cloud.api.world import SECRET, TestClock
from tests.conftest import find_free_port


async def test_strangers_wrong_log_ins_do_not_lock_out_our_own_programs(database_url: str, tmp_path: Path) -> None:
    clock, secrets = TestClock(), folder.load_secrets(tmp_path)
    await demo.ensure_accounts(database_url, clock, secrets, [demo.ADMIN])
    config = CloudConfig(database_url=SecretStr(database_url), secret=SecretStr(SECRET))
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        attempts = AttemptCounter(config.secret)
        for number in range(MAX_PER_ADDRESS):
            await attempts.admit(connection, f"guess-{number}", "127.0.0.1")
    token = await demo.open_admin_session(database_url)
    app = create_app(config, clock)
    async with app.router.lifespan_context(app), httpx.AsyncClient(
        transport=httpx.ASGITransport(app=gated(app, config)), base_url="http://t"
    ) as client:  # fmt: skip
        said = {"login": "admin", "password": secrets.derived("admin")}
        assert (await client.post("/api/login", json=said)).status_code == 429
        me = await client.get("/api/me", headers={"Authorization": f"Bearer {token}"})
        assert me.json()["role"] == "admin"


def test_the_port_that_is_proposed_is_no_stations_and_is_free() -> None:
    port = find_free_port()
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", port))
        holder.listen()
        with pytest.raises(Trouble, match="is taken") as caught:
            onebox_run._check_addresses(wishes.read({"PORT": str(port)}, Path("/")))
    proposed = int(caught.value.remedy.rpartition("=")[2])
    assert proposed not in range(port, port + 10 + 10)
    assert folder.is_free("127.0.0.1", proposed)


def test_a_port_only_root_may_have_is_not_said_to_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refused)
    with pytest.raises(Trouble, match="may not listen on port 80") as caught:
        folder.is_free("127.0.0.1", 80)
    assert "PORT=8080" in caught.value.remedy
