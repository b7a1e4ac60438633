import asyncio
import contextlib
import csv
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from edge.devices import camera as camera_module
from edge.devices import symbols
from edge.devices.camera import Camera
from edge.devices.eye import Eye
from edge.devices.frames import FRAMES_EACH
from edge.devices.own_process import MEMORY_BYTES, NICENESS
from edge.devices.ports import CameraSettings, DeviceState, Scan
from edge.wire.clock import WallClock
from edge.wire.labels import LabelKind, classify, container_label, parcel_label
from firmware_sim.labels import AS_PRINTED, HAND_HELD, WORN_HEAD, Defects, Print, label_image, write_label

pytestmark = pytest.mark.slow

SHARED = Path(os.environ.get("TUANTU_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))
DEADLINE_S = 30.0


@pytest.fixture
def clock() -> WallClock:
    return WallClock(lambda: 1_700_000_000.0)


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.005)


async def shown_to_the_end(settings: CameraSettings, clock: WallClock) -> list[Scan]:
    """Every scan of a folder that does not loop."""
    seen: list[Scan] = []
    async with Camera(settings, clock, hurry=True) as camera:

        async def collect() -> None:
            async for scan in camera.scans():
                seen.append(scan)  # noqa: PERF401

        collecting = asyncio.create_task(collect())
        await eventually(lambda: "to the end" in camera.health().detail and camera._queue.empty())
        assert camera.health().state is DeviceState.OK
        collecting.cancel()
        await asyncio.wait([collecting])
    return seen


@pytest.mark.parametrize(("kind", "defects"), [(Print.CODE128, HAND_HELD), (Print.CODE128, WORN_HEAD), (Print.QR, HAND_HELD)])
async def test_the_projects_own_labels_are_read_off_poor_photographs(
    tmp_path: Path, clock: WallClock, kind: Print, defects: Defects
) -> None:
    labels = sorted(parcel_label(Random(n).randrange(36**9)) for n in range(30))
    for n, label in enumerate(labels):
        write_label(tmp_path, label, kind, defects, Random(n))
    seen = await shown_to_the_end(CameraSettings("eye", str(tmp_path)), clock)
    assert [scan.text for scan in seen] == labels
    assert {classify(scan.text, symbology=scan.symbology).kind for scan in seen} == {LabelKind.PARCEL}
    assert all(0 <= 1_700_000_000_000 - scan.measured_at_ms < 60_000 for scan in seen)
    assert {scan.symbology for scan in seen} == ({"C0"} if kind is Print.CODE128 else {"Q1"})


async def test_the_same_label_shown_twice_in_a_row_is_two_scans_and_a_blank_table_none(tmp_path: Path, clock: WallClock) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_label(tmp_path / name, container_label(7), Print.CODE128, AS_PRINTED, Random(1))
        (tmp_path / name / f"{container_label(7)}.png").rename(tmp_path / f"{name}.png")
    (tmp_path / "notes.txt").write_text("no photograph")
    (tmp_path / "broken.png").write_bytes(b"no picture either")
    seen = await shown_to_the_end(CameraSettings("eye", str(tmp_path)), clock)
    assert [scan.text for scan in seen] == [container_label(7)] * 2
    without_gap = await shown_to_the_end(CameraSettings("eye", str(tmp_path), gap_s=0.0), clock)
    assert [scan.text for scan in without_gap] == [container_label(7)]  # it never left the view


async def test_a_folder_that_loops_is_shown_again(tmp_path: Path, clock: WallClock) -> None:
    write_label(tmp_path, parcel_label(1), Print.QR, AS_PRINTED, Random(1))
    async with Camera(CameraSettings("eye", str(tmp_path), loop=True), clock, hurry=True) as camera, asyncio.timeout(DEADLINE_S):
        scans = camera.scans()
        assert [(await anext(scans)).text for _ in range(3)] == [parcel_label(1)] * 3


async def test_a_video_file_is_a_camera_too(tmp_path: Path, clock: WallClock) -> None:
    cv2 = pytest.importorskip("cv2", exc_type=ImportError)
    picture = label_image(parcel_label(5), Print.CODE128, AS_PRINTED, Random(1))
    file = tmp_path / "table.avi"
    height, width = picture.shape
    video = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (width, height))
    if not video.isOpened():
        pytest.skip("this OpenCV writes no MJPG video")
    for _ in range(10):
        video.write(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR))
    video.release()
    seen = await shown_to_the_end(CameraSettings("eye", str(file)), clock)
    assert [scan.text for scan in seen] == [parcel_label(5)]


def test_photographs_of_the_world_are_read_and_nothing_is_read_where_nothing_is() -> None:
    folder = SHARED / "barcodes"
    if not (folder / "manifest.csv").is_file():
        pytest.skip("the photographs of barcodes are not on this machine (TUANTU_SHARED_DATA)")
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: folder / row["file"])
    shown = -1

    def count(_: float) -> None:
        nonlocal shown
        shown += 1

    texts: dict[str, set[str]] = {row["file"]: set() for row in rows}
    eye = Eye(CameraSettings("eye", str(folder)), count)
    eye.open()
    while (seen := eye.look()) is not None:
        # The last photograph's blank comes when all of its frames have been waited for.
        texts[rows[min(shown // FRAMES_EACH, len(rows) - 1)]["file"]] |= {comparable(symbol.text) for symbol in seen[0]}
    eye.close()
    assert not any(texts[row["file"]] for row in rows if row["format"] == "NONE")
    readable = [row for row in rows if row["format"] != "NONE"]
    exact = [row for row in readable if texts[row["file"]] & expected(row)]
    wrong = [row["file"] for row in readable if texts[row["file"]] and not texts[row["file"]] & expected(row)]
    assert len(exact) / len(readable) >= 0.84  # two frames a photograph: the best stages only
    assert len(wrong) <= 5, wrong


def expected(row: dict[str, str]) -> set[str]:
    """What the driver may make of a photograph: the text, as element strings, or the beginning of what is too long."""
    text = row["text"].zfill(13) if row["format"] in ("UPCA", "EAN13") else row["text"]
    return {comparable(text), comparable(as_elements(text)), comparable(text[:64])}


def comparable(text: str) -> str:
    return text.replace("\x1d", "").strip()


def as_elements(text: str) -> str:
    try:
        return symbols.normalise(text, "d2")
    except ValueError:
        return text


def hide(monkeypatch: pytest.MonkeyPatch, folder: Path, package: str, why: str) -> None:
    """The camera's process finds this package, and cannot import it."""
    (folder / package).mkdir(parents=True)
    (folder / package / "__init__.py").write_text(f"raise ImportError({why!r})")
    monkeypatch.setenv("PYTHONPATH", str(folder))


async def test_without_opencvs_system_libraries_the_remedy_is_named_and_the_agent_goes_on(
    tmp_path: Path, clock: WallClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, tmp_path / "hidden", "cv2", "libGL.so.1: cannot open shared object file: No such file or directory")
    async with Camera(CameraSettings("eye", str(tmp_path)), clock) as camera:
        await eventually(lambda: camera.health().state is DeviceState.FAILED)
        assert "apt-get install libgl1" in camera.health().detail


async def test_without_zbar_it_reads_on_and_says_so(tmp_path: Path, clock: WallClock, monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, tmp_path / "hidden", "pyzbar", "Unable to find zbar shared library")
    shown = tmp_path / "shown"
    shown.mkdir()
    write_label(shown, parcel_label(2), Print.QR, AS_PRINTED, Random(1))
    async with Camera(CameraSettings("eye", str(shown), loop=True), clock, hurry=True) as camera, asyncio.timeout(DEADLINE_S):
        assert (await anext(camera.scans())).text == parcel_label(2)
        assert camera.health().state is DeviceState.OK
        assert "apt-get install libzbar0" in camera.health().detail


async def test_a_camera_that_is_not_there_is_lost_and_found_when_it_comes(tmp_path: Path, clock: WallClock) -> None:
    folder = tmp_path / "later"
    async with Camera(CameraSettings("eye", str(folder), loop=True), clock, hurry=True) as camera:
        await eventually(lambda: "not there" in camera.health().detail)
        assert camera.health().state is DeviceState.LOST
        ready = tmp_path / "ready"
        ready.mkdir()
        write_label(ready, parcel_label(3), Print.QR, AS_PRINTED, Random(1))
        ready.rename(folder)
        async with asyncio.timeout(DEADLINE_S):
            assert (await anext(camera.scans())).text == parcel_label(3)


async def test_a_file_that_is_no_video_is_failed(tmp_path: Path, clock: WallClock) -> None:
    (tmp_path / "film").write_text("words")
    async with Camera(CameraSettings("eye", str(tmp_path / "film")), clock) as camera:
        await eventually(lambda: camera.health().state is DeviceState.FAILED)
        assert "neither a folder nor a video" in camera.health().detail


def eye_pid(camera: Camera) -> int:
    assert camera._process is not None
    return camera._process.pid


@contextlib.asynccontextmanager
async def watching(folder: Path, clock: WallClock) -> AsyncIterator[tuple[Camera, list[Scan]]]:
    """A camera before one label that is taken away and put back all the time, and what it scans."""
    write_label(folder, parcel_label(4), Print.QR, AS_PRINTED, Random(1))
    seen: list[Scan] = []
    async with Camera(CameraSettings("eye", str(folder), loop=True, gap_s=1.5), clock) as camera:

        async def collect() -> None:
            async for scan in camera.scans():
                seen.append(scan)  # noqa: PERF401

        collecting = asyncio.create_task(collect())
        await eventually(lambda: bool(seen))
        yield camera, seen
        collecting.cancel()
        await asyncio.wait([collecting])


async def test_a_process_that_dies_is_started_again_and_health_says_so(tmp_path: Path, clock: WallClock) -> None:
    async with watching(tmp_path, clock) as (camera, seen):
        first = eye_pid(camera)
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: camera.health().state is DeviceState.FAILED)
        assert "killed by SIGKILL; it is started again" in camera.health().detail
        seen.clear()
        await eventually(lambda: bool(seen))
        assert eye_pid(camera) != first
        assert camera.health().state is DeviceState.OK
        assert "started again (time 1)" in camera.health().detail


async def test_a_process_that_hangs_is_stopped_and_started_again(
    tmp_path: Path, clock: WallClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watching(tmp_path, clock) as (camera, seen):
        monkeypatch.setattr(camera_module, "SILENT_S", 4.0)
        seen.clear()
        await eventually(lambda: bool(seen))  # from here on it waits for so long
        hung = eye_pid(camera)
        os.kill(hung, signal.SIGSTOP)
        await eventually(lambda: "and was stopped" in camera.health().detail)
        assert not is_running(hung)
        monkeypatch.undo()
        seen.clear()
        await eventually(lambda: bool(seen))
        assert eye_pid(camera) != hung


async def test_its_process_is_polite_and_bounded_and_ends_with_the_driver(tmp_path: Path, clock: WallClock) -> None:
    write_label(tmp_path, parcel_label(4), Print.QR, AS_PRINTED, Random(1))
    async with Camera(CameraSettings("eye", str(tmp_path), loop=True), clock, hurry=True) as camera, asyncio.timeout(DEADLINE_S):
        await anext(camera.scans())
        pid = eye_pid(camera)
        assert os.getpriority(os.PRIO_PROCESS, pid) == min(19, os.nice(0) + NICENESS)
        assert str(MEMORY_BYTES) in next(
            line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if line.startswith("Max data size")
        )
    assert not is_running(pid)


async def test_no_process_is_left_behind_when_the_agent_is_killed(tmp_path: Path) -> None:
    write_label(tmp_path, parcel_label(4), Print.QR, AS_PRINTED, Random(1))
    agent = """
import asyncio, sys, time
from edge.devices.camera import Camera
from edge.devices.ports import CameraSettings
from edge.wire.clock import WallClock

async def main():
    async with Camera(CameraSettings("eye", sys.argv[1], loop=True), WallClock(time.time), hurry=True) as camera:
        await anext(camera.scans())
        print(camera._process.pid, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""
    with subprocess.Popen(
        [sys.executable, "-c", agent, str(tmp_path)], cwd=Path(__file__).parents[3], stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        lines = iter(running.stdout.readline, "")
        pid = next(int(line) for line in lines if line.strip().isdecimal())
        assert is_running(pid)
        running.kill()
    await eventually(lambda: not is_running(pid))


def is_running(pid: int) -> bool:
    """Whether it is there, and no zombie that nobody reaps in a container without an init."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_picture_that_the_libraries_choke_on_is_passed_over_and_counted(tmp_path: Path) -> None:
    write_label(tmp_path, parcel_label(4), Print.QR, AS_PRINTED, Random(1))
    eye = Eye(CameraSettings("eye", str(tmp_path)), lambda _: None)
    eye.open()

    class Choking:
        def frame(self, *_: Any) -> list[Any]:
            raise MemoryError

        def blank(self) -> None:
            pass

    eye._cascade = Choking()  # type: ignore[assignment]
    while eye.look() is not None:
        pass
    assert eye.unreadable == FRAMES_EACH


def test_the_same_seed_prints_the_same_label() -> None:
    one, two, other = (label_image(parcel_label(1), Print.CODE128, HAND_HELD, Random(seed)) for seed in (1, 1, 2))
    assert (one == two).all()
    assert one.shape == other.shape
    assert (one != other).any()
    with pytest.raises(ValueError, match="shade"):
        Defects(shade=1.0)


def test_importing_the_driver_imports_no_opencv() -> None:
    assert "edge.devices.camera" in sys.modules
    code = "import sys, edge.devices.camera; sys.exit('cv2' in sys.modules or 'zxingcpp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], check=False).returncode == 0
