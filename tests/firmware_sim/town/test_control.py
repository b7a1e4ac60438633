import asyncio
import socket
from pathlib import Path

import pytest

from firmware_sim.town.control import SOCKET, Answer, ControlError, ControlServer, Request, ask


async def echo(request: Request) -> Answer:
    return Answer(True, f"{request.do} {request.site}", request.label)


async def test_a_button_pressed_by_a_person_reaches_the_town_and_is_answered(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)  # longer than a socket's path may be
    folder.mkdir()
    async with ControlServer(folder, echo):
        assert (folder / SOCKET).stat().st_mode & 0o777 == 0o600
        answer = await asyncio.to_thread(ask, folder, Request(do="scan", site="st-0001", label="TTP"))
    assert answer == Answer(True, "scan st-0001", "TTP")
    assert not (folder / SOCKET).exists()


async def test_without_a_town_the_remedy_is_named(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="make run"):
        ask(tmp_path, Request(do="status"))
    with pytest.raises(ControlError, match="make run"):
        ask(tmp_path / "nowhere", Request(do="status"))


@pytest.mark.parametrize("line", [b"{}\n", b"nonsense\n", b'{"do":"explode"}\n', b'{"do":"scan","surprise":1}\n', b"\xff\n"])
async def test_a_malformed_request_is_answered_with_its_fault_and_the_town_goes_on(tmp_path: Path, line: bytes) -> None:
    async with ControlServer(tmp_path, echo):

        def speak() -> bytes:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(10)
                connection.connect(str(tmp_path / SOCKET))
                connection.sendall(line)
                return connection.recv(65536)

        assert b'"done":false' in await asyncio.to_thread(speak)
        assert (await asyncio.to_thread(ask, tmp_path, Request(do="status"))).done


async def test_a_line_without_end_is_cut_off(tmp_path: Path) -> None:
    async with ControlServer(tmp_path, echo):

        def flood() -> bytes:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(10)
                connection.connect(str(tmp_path / SOCKET))
                try:
                    connection.sendall(b"x" * 1_000_000)
                    return connection.recv(10)
                except (BrokenPipeError, ConnectionResetError):
                    return b""

        assert await asyncio.to_thread(flood) == b""
        assert (await asyncio.to_thread(ask, tmp_path, Request(do="status"))).done
