import asyncio
from pathlib import Path
from random import Random

import pytest

from edge.devices import photo
from edge.devices.photo import MAX_BYTES, PhotoError, PhotoReader
from edge.wire.labels import parcel_label
from firmware_sim.labels import HAND_HELD, Print, label_image

pytestmark = pytest.mark.slow

cv2 = pytest.importorskip("cv2", exc_type=ImportError)
np = pytest.importorskip("numpy")

LABEL = parcel_label(7)


def jpeg(width: int, height: int) -> bytes:
    """A photograph of a label on a table, as a telephone sends it."""
    table = np.full((height, width), 150, np.uint8)
    label = cv2.resize(label_image(LABEL, Print.CODE128, HAND_HELD, Random(3)), None, fx=2, fy=2)
    table[100 : 100 + label.shape[0], 100 : 100 + label.shape[1]] = label
    ok, data = cv2.imencode(".jpg", table)
    assert ok
    return bytes(data)


async def test_a_photograph_is_read() -> None:
    found = await PhotoReader().read(jpeg(2000, 1500))
    assert [(symbol.text, symbol.symbology) for symbol in found] == [(LABEL, "C0")]


async def test_a_photograph_of_12_megapixels_is_read_within_the_bound_of_memory() -> None:
    assert [symbol.text for symbol in await PhotoReader().read(jpeg(4000, 3000))] == [LABEL]


async def test_a_photograph_of_nothing_shows_nothing() -> None:
    ok, data = cv2.imencode(".png", np.full((200, 300), 90, np.uint8))
    assert ok
    assert await PhotoReader().read(bytes(data)) == []


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "empty"), (b"GIF89a, or what calls itself one", "no JPEG"), (b"\xff" * (MAX_BYTES + 1), "larger than 16 MB")],
)
async def test_what_is_no_photograph_is_refused_with_the_remedy(data: bytes, words: str) -> None:
    with pytest.raises(PhotoError, match=words):
        await PhotoReader().read(data)


async def test_without_opencvs_system_libraries_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cv2").mkdir()
    (tmp_path / "cv2" / "__init__.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(PhotoError, match="apt-get install libgl1"):
        await PhotoReader().read(b"x")


async def test_a_reader_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo, "ANSWER_S", 0.0)
    with pytest.raises(PhotoError, match="go closer"):
        await PhotoReader().read(jpeg(2000, 1500))


async def test_a_reader_that_dies_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo, "command", lambda _: ("/bin/sh", "-c", "cat >/dev/null; kill -9 $$"))
    with pytest.raises(PhotoError, match="killed by SIGKILL: take the photograph again"):
        await PhotoReader().read(jpeg(2000, 1500))


async def test_photographs_sent_at_once_are_read_one_after_another() -> None:
    reader = PhotoReader()
    data = jpeg(2000, 1500)
    found = await asyncio.gather(*(reader.read(data) for _ in range(3)))
    assert [[symbol.text for symbol in one] for one in found] == [[LABEL]] * 3
