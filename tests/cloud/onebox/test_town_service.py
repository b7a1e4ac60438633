"""The town beside a cloud that runs elsewhere: what it says when something is in its way."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from cloud import logs
from cloud.config import CloudConfig
from cloud.onebox import demo, town_service
from cloud.trouble import Trouble, unwrapped


def test_what_is_in_the_way_of_a_start_is_one_line_and_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def nobody_else(_: str) -> None:
        return

    async def changed(*_: object) -> None:
        raise Trouble("the admin's password is another one", "give the town its own database")

    for name in [name for name in os.environ if name in ("RATE", "STATIONS", "VANS")]:
        monkeypatch.delenv(name)
    config = CloudConfig(database_url=SecretStr("postgresql://nowhere/none"), clock_file=tmp_path / "clock.json")
    monkeypatch.setattr(town_service, "load", lambda: config)
    monkeypatch.setattr(town_service, "_refuse_others", nobody_else)
    monkeypatch.setattr(demo, "ensure_accounts", changed)
    monkeypatch.setattr(logs, "configure", lambda _: None)
    assert town_service.main() == 2
    assert capsys.readouterr().err == "tuantu town: the admin's password is another one\n  → give the town its own database\n"


def test_trouble_beside_another_error_stays_in_its_group() -> None:
    with pytest.raises(ExceptionGroup), unwrapped():
        raise ExceptionGroup("both", [Trouble("one", "none"), ValueError("other")])
    with pytest.raises(Trouble, match="one"), unwrapped():
        raise ExceptionGroup("outer", [ExceptionGroup("inner", [Trouble("one", "none")])])
