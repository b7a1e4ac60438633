"""Scanning at the staff page by its own camera, and by photograph where the browser gives no camera."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, Page, Playwright, expect

from edge.wire.labels import parcel_label
from tests.conftest import TestBroker, reachable_folder
from tests.e2e.conftest import QUIET
from tests.e2e.lone_station import NAME_ON_THE_LAN, LoneStation, lone_station
from tests.e2e.test_every_page import serious, too_wide
from tests.e2e.test_station_day import look
from tests.e2e.town import DIST
from tests.edge.test_page import make_certificate

cv2 = pytest.importorskip("cv2", exc_type=ImportError)
np = pytest.importorskip("numpy")

from firmware_sim.labels import AS_PRINTED, HAND_HELD, Print, label_image  # noqa: E402

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SOON_MS = 40_000
WIDTH, HEIGHT, FRAMES_PER_S = 800, 600, 4
SCENE_FRAMES = 10  # longer than a label must be out of view before it is another scan
BARS, MATRIX = parcel_label(70_001), parcel_label(70_002)
ONE, TWO, THREE = (parcel_label(70_010 + n) for n in range(3))
OpenPage = Callable[..., Page]


def table(width: int, height: int, *labels: Any) -> Any:
    """Labels under each other on a grey table, (height, width) uint8."""
    picture = np.full((height, width), 150, np.uint8)
    top = height // 12
    for label in labels:
        tall, wide = label.shape
        left = (width - wide) // 2
        picture[top : top + tall, left : left + wide] = label
        top += tall + height // 12
    return picture


def write_video(path: Path) -> None:
    """What the camera looks at, again and again: a label with bars, nothing, a label with a QR code, nothing. YUV4MPEG2."""
    empty = table(WIDTH, HEIGHT)
    bars = table(WIDTH, HEIGHT, label_image(BARS, Print.CODE128, HAND_HELD, Random(1)))
    matrix = table(WIDTH, HEIGHT, label_image(MATRIX, Print.QR, HAND_HELD, Random(2)))
    grey = bytes([128]) * (WIDTH * HEIGHT // 2)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FRAMES_PER_S}:1 Ip A1:1 C420jpeg\n".encode())
        for scene in (bars, empty, matrix, empty):
            file.write((b"FRAME\n" + scene.tobytes() + grey) * SCENE_FRAMES)


def photograph(*labels: str) -> FilePayload:
    """A file as a phone uploads it."""
    pictures = [cv2.resize(label_image(one, Print.CODE128, AS_PRINTED, Random(3)), None, fx=2, fy=2) for one in labels]
    ok, data = cv2.imencode(".jpg", table(2400, 1800, *pictures))
    assert ok
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": bytes(data)}


@pytest.fixture(scope="module")
def browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    """With a camera that shows a film of ours."""
    with reachable_folder() as folder:
        film = folder / "labels.y4m"
        write_video(film)
        camera = [
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={film}",
        ]
        browser = playwright.chromium.launch(executable_path=chromium, args=[*QUIET, *camera, "--ignore-certificate-errors"])
        yield browser
        browser.close()


@pytest.fixture
def station(tmp_path: Path, _session_broker: TestBroker) -> Iterator[LoneStation]:
    if not (DIST / "pickup.html").is_file():
        pytest.skip("the pages are not built: npm --prefix dashboards ci && npm --prefix dashboards run build")
    with lone_station(tmp_path, _session_broker) as station:
        yield station


def test_the_pages_camera_scans_what_it_is_shown_once_each_time(station: LoneStation, open_page: OpenPage) -> None:
    page = open_page(station.url, width=1280, height=900)
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    expect(page.locator(".net")).to_be_visible(timeout=SOON_MS)
    assert page.evaluate("window.isSecureContext")
    page.get_by_role("button", name="用摄像头扫码").click()
    recent = page.get_by_role("region", name="最近扫描")
    for label in (BARS, MATRIX):
        expect(recent.locator("li", has_text=label).filter(has_text="已入库")).to_have_count(1, timeout=SOON_MS)
    expect(page.get_by_label("摄像头画面")).to_be_visible()
    (reader,) = (url for url in loaded if url.endswith(".wasm"))  # loaded now, once, from the station itself
    assert reader.startswith(f"{station.url}/assets/")
    look(page, "camera")
    assert serious(page) == []
    # The film begins again: shown anew, the label is scanned anew, and is no second parcel.
    expect(recent.locator("li", has_text=BARS).filter(has_text="重复").first).to_be_visible(timeout=SOON_MS)
    expect(recent.locator("li", has_text=BARS).filter(has_text="已入库")).to_have_count(1)
    page.get_by_role("button", name="收起摄像头").click()
    expect(page.get_by_label("摄像头画面")).to_have_count(0)


def test_without_a_secure_address_it_says_why_and_reads_photographs(station: LoneStation, open_page: OpenPage) -> None:
    page = open_page(station.url_on_the_lan, width=390, height=844)
    expect(page.locator(".net")).to_be_visible(timeout=SOON_MS)
    assert not page.evaluate("window.isSecureContext")
    page.get_by_role("button", name="用摄像头扫码").click()
    expect(page.get_by_role("alert").filter(has_text="不是加密连接")).to_be_visible()
    look(page, "no-camera")
    assert serious(page) == []

    upload = page.get_by_label("拍照识别")
    last = page.locator("section.last")
    upload.set_input_files(photograph(ONE))
    expect(last.locator(".label")).to_have_text(ONE, timeout=SOON_MS)
    expect(last.locator("h1")).to_contain_text("已入库")

    # Several on one photograph: one is chosen, then all that are left.
    upload.set_input_files(photograph(TWO, THREE))
    expect(page.get_by_text("照片里有 2 个码，请选")).to_be_visible(timeout=SOON_MS)
    look(page, "photo-several")
    assert serious(page) == []
    assert too_wide(page) == []
    page.get_by_role("button", name=f"登记 {THREE}").click()
    expect(last.locator(".label")).to_have_text(THREE, timeout=SOON_MS)
    page.get_by_role("button", name=f"登记 {TWO}").click()
    expect(last.locator(".label")).to_have_text(TWO, timeout=SOON_MS)
    page.get_by_role("button", name="关闭", exact=True).click()
    upload.set_input_files(photograph(TWO, THREE))
    page.get_by_role("button", name="全部登记（2 个）").click()
    expect(page.get_by_role("region", name="最近扫描").locator("li").filter(has_text="重复")).to_have_count(2, timeout=SOON_MS)

    upload.set_input_files(photograph())
    expect(page.get_by_role("alert").filter(has_text="照片里没有读到码")).to_be_visible(timeout=SOON_MS)
    upload.set_input_files({"name": "list.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 no picture"})
    expect(page.get_by_role("alert").filter(has_text="这不是能打开的照片")).to_be_visible(timeout=SOON_MS)


def test_under_the_sites_certificate_another_device_has_a_live_camera(
    tmp_path: Path, broker: TestBroker, open_page: OpenPage
) -> None:
    make_certificate(tmp_path, NAME_ON_THE_LAN)
    https = f'cert_file = "{tmp_path / "cert.pem"}"\nkey_file = "{tmp_path / "key.pem"}"'
    with lone_station(tmp_path, broker, https=https) as station:
        page = open_page(station.secure_url_on_the_lan, width=390, height=844)
        expect(page.locator(".net")).to_be_visible(timeout=SOON_MS)
        assert page.evaluate("window.isSecureContext")
        page.get_by_role("button", name="用摄像头扫码").click()
        for label in (BARS, MATRIX):
            expect(page.get_by_role("region", name="最近扫描").locator("li", has_text=label).first).to_be_visible(timeout=SOON_MS)


def test_a_camera_that_is_not_allowed_is_named_and_can_be_tried_again(station: LoneStation, open_page: OpenPage) -> None:
    page = open_page(station.url, width=390, height=844)
    expect(page.locator(".net")).to_be_visible(timeout=SOON_MS)
    page.evaluate("""() => {
        const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
        let asked = 0
        navigator.mediaDevices.getUserMedia = (wanted) =>
            asked++ === 0 ? Promise.reject(new DOMException('no', 'NotAllowedError')) : real(wanted)
    }""")
    page.get_by_role("button", name="用摄像头扫码").click()
    expect(page.get_by_role("alert").filter(has_text="没有摄像头权限")).to_be_visible()
    page.get_by_role("button", name="再试摄像头").click()
    expect(page.get_by_label("摄像头画面")).to_be_visible(timeout=SOON_MS)
    expect(page.locator("section.last .label")).to_be_visible(timeout=SOON_MS)
