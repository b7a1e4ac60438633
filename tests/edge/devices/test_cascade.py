from collections.abc import Callable
from random import Random
from typing import Any

import pytest

cv2 = pytest.importorskip("cv2", exc_type=ImportError)
np = pytest.importorskip("numpy")
zxingcpp = pytest.importorskip("zxingcpp")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from edge.devices import cascade, cascade_stages  # noqa: E402
from edge.devices.barcode import Decoders, Symbol  # noqa: E402
from edge.devices.cascade import Cascade, StillReader  # noqa: E402
from edge.devices.cascade_bars import find_bars, lines_across  # noqa: E402
from edge.devices.cascade_code128 import read_code128  # noqa: E402
from edge.devices.cascade_ean13 import read_ean13  # noqa: E402
from edge.devices.cascade_stages import PLAIN, RETRIES, Picture, Stage, stages_with  # noqa: E402
from edge.devices.cascade_templates import Ballot  # noqa: E402
from edge.wire.labels import parcel_label  # noqa: E402
from firmware_sim.labels import AS_PRINTED, Print, label_image  # noqa: E402
from tests.examples import examples  # noqa: E402

EAN = "6901234567892"
PARCEL = parcel_label(36**5 + 7)


@pytest.fixture(scope="module")
def decoders() -> Decoders:
    return Decoders.load()


def printed(text: str, format_name: str, module_px: int = 3) -> Any:
    """(H, W) uint8 of a code with its quiet zone, as a printer's memory holds it."""
    image = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, format_name)).to_image(scale=module_px)
    return np.pad(np.array(image, dtype=np.uint8), 12 * module_px, constant_values=255)


def parcel() -> Any:
    return label_image(PARCEL, Print.CODE128, AS_PRINTED, Random(1))


def blurred(image: Any, sigma_px: float) -> Any:
    return cv2.GaussianBlur(image, (0, 0), sigma_px)


def turned(image: Any, degrees: float) -> Any:
    height, width = image.shape
    side = int(np.hypot(height, width)) + 2
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    turn[:, 2] += (side - width) / 2, (side - height) / 2
    return cv2.warpAffine(image, turn, (side, side), borderValue=255)


def faint(image: Any, contrast: float) -> Any:
    """Under a lamp at one side, with the noise of a dark camera."""
    light = np.linspace(0.25, 1.0, image.shape[1]) * 200
    noise = np.random.default_rng(1).normal(0.0, 1.0, image.shape)
    return np.clip(light * (1 - contrast + contrast * image / 255.0) + noise, 0, 255).astype(np.uint8)


def small(image: Any, factor: float) -> Any:
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


def bent(image: Any, bow: float) -> Any:
    """Around a bottle: modules at the sides are narrower."""
    height, width = image.shape
    across = np.linspace(-1.0, 1.0, width)
    source = (np.sin(across * bow) / np.sin(bow) + 1.0) / 2.0 * (width - 1)
    down = np.arange(height, dtype=np.float32)[:, None]
    maps = np.broadcast_arrays(source.astype(np.float32)[None], down)
    return cv2.remap(image, np.ascontiguousarray(maps[0]), np.ascontiguousarray(maps[1]), cv2.INTER_LINEAR, borderValue=255)


def carton(shape: tuple[int, int], seed: int) -> Any:
    """Print, folds and grain, and no code."""
    generator = np.random.default_rng(seed)
    image = np.clip(blurred(generator.normal(140.0, 40.0, shape), 2.0), 0, 255).astype(np.uint8)
    for _ in range(12):
        x, y = int(generator.integers(0, shape[1])), int(generator.integers(0, shape[0]))
        cv2.putText(image, "".join(map(chr, generator.integers(48, 90, 9))), (x - 60, y), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 20, 2)
        cv2.line(image, (x, 0), (int(generator.integers(0, shape[1])), shape[0]), int(generator.integers(0, 255)), 3)
    return image


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        pytest.param(lambda: parcel(), Symbol(PARCEL, "C0"), id="as printed"),
        pytest.param(lambda: turned(parcel(), 25.0), Symbol(PARCEL, "C0"), id="turned by 25°"),
        pytest.param(lambda: turned(parcel(), 90.0), Symbol(PARCEL, "C0"), id="turned by 90°"),
        pytest.param(lambda: turned(parcel(), 140.0), Symbol(PARCEL, "C0"), id="nearly upside down"),
        pytest.param(lambda: blurred(parcel(), 2.4), Symbol(PARCEL, "C0"), id="out of focus"),
        pytest.param(lambda: turned(faint(blurred(parcel(), 2.1), 0.7), -21.0), Symbol(PARCEL, "C0"), id="far out of focus"),
        pytest.param(lambda: faint(parcel(), 0.12), Symbol(PARCEL, "C0"), id="faint"),
        pytest.param(lambda: blurred(small(parcel(), 0.45), 0.6), Symbol(PARCEL, "C0"), id="small"),
        pytest.param(lambda: turned(faint(blurred(parcel(), 1.8), 0.5), 17.0), Symbol(PARCEL, "C0"), id="all at once"),
        pytest.param(lambda: 255 - parcel(), Symbol(PARCEL, "C0"), id="light on dark"),
        pytest.param(lambda: turned(blurred(printed(EAN, "EAN13"), 2.2), 30.0), Symbol(EAN, "E0"), id="EAN, blurred, turned"),
        pytest.param(lambda: turned(blurred(printed(EAN, "EAN13"), 2.2), 195.0), Symbol(EAN, "E0"), id="EAN, upside down"),
        pytest.param(lambda: bent(printed(EAN, "EAN13"), 0.9), Symbol(EAN, "E0"), id="EAN on a bottle"),
        pytest.param(lambda: turned(printed("12345670", "EAN8"), 33.0), Symbol("12345670", "E4"), id="EAN-8, turned"),
        pytest.param(lambda: turned(printed("1234567895", "ITF"), 5.0), Symbol("1234567895", "I1"), id="ITF"),
        pytest.param(lambda: turned(printed(PARCEL, "QRCode"), 40.0), Symbol(PARCEL, "Q1"), id="QR, turned"),
        pytest.param(lambda: faint(printed(PARCEL, "DataMatrix", 4), 0.15), Symbol(PARCEL, "d1"), id="Data Matrix, faint"),
    ],
)
def test_a_still_picture_is_read(decoders: Decoders, picture: Callable[[], Any], expected: Symbol) -> None:
    still = StillReader(decoders).read(picture())
    assert still.symbols == [expected], still.stage


@pytest.mark.parametrize("seed", range(12))
def test_nothing_is_read_where_no_code_is(decoders: Decoders, seed: int) -> None:
    still = StillReader(decoders).read(carton((240, 320), seed))
    assert still.symbols == [], still.stage


@pytest.mark.slow
@pytest.mark.parametrize("period_px", [4, 7, 11])
def test_nothing_is_read_off_striped_cloth(decoders: Decoders, period_px: int) -> None:
    stripes = (np.arange(320) % period_px < period_px // 2).astype(np.float32) * 160 + 40
    noise = np.random.default_rng(period_px).normal(0.0, 12.0, (240, 320))
    still = StillReader(decoders).read(np.clip(stripes + noise, 0, 255).astype(np.uint8))
    assert still.symbols == [], still.stage


@pytest.mark.parametrize("shape", [(1, 1), (3, 400), (400, 3), (15, 15), (16, 17), (31, 33), (100, 40)])
def test_every_stage_bears_every_shape(decoders: Decoders, shape: tuple[int, int]) -> None:
    for image in (np.zeros(shape, np.uint8), np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)):
        for stage in (PLAIN, *RETRIES):
            assert all(symbol.is_plausible for symbol in stage.read(decoders, Picture(image)))


def test_several_codes_in_one_frame_are_all_read(decoders: Decoders) -> None:
    codes = [small(parcel(), 0.7), printed(EAN, "EAN13"), printed("TTC1", "QRCode")]
    width = max(code.shape[1] for code in codes)
    table = np.vstack([np.pad(code, ((0, 20), (0, width - code.shape[1])), constant_values=255) for code in codes])
    found = Cascade(decoders).frame(table, 0.0)
    assert {symbol.text for symbol in found} == {PARCEL, EAN, "TTC1"}
    assert len(found) == 3


def test_a_label_that_is_hard_to_read_is_read_beside_one_that_is_not(decoders: Decoders) -> None:
    hard = cv2.GaussianBlur(small(parcel(), 0.8), (0, 0), 1.8)
    easy = printed(EAN, "EAN13")
    assert PLAIN.read(decoders, Picture(hard)) == []
    width = max(hard.shape[1], easy.shape[1])
    table = np.vstack([np.pad(code, ((20, 40), (0, width - code.shape[1])), constant_values=255) for code in (easy, hard)])
    cascade = Cascade(decoders)
    frames = [{symbol.text for symbol in cascade.frame(table, number / 10)} for number in range(len(stages_with(decoders)))]
    assert all(EAN in texts for texts in frames)
    assert set().union(*frames) == {EAN, PARCEL}


def test_bars_whose_reading_waits_for_another_stage_are_looked_at_by_it(decoders: Decoders) -> None:
    shown = printed("12345678", "ITF")
    assert [symbol.text for symbol in PLAIN.read(decoders, Picture(shown))] == ["12345678"]
    assert [symbol.text for symbol in Cascade(decoders).frame(shown, 0.0)] == ["12345678"]


def test_an_add_on_is_no_code_of_its_own(decoders: Decoders) -> None:
    left = ("0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111", "0001011")
    five = "1011" + "01".join(left[int(digit)] for digit in "52499")
    book = printed("9780441014989", "EAN13")
    add_on = np.repeat(255 * (1 - np.array([int(module) for module in five], dtype=np.uint8)), 3)
    shown = np.hstack([book, np.pad(np.tile(add_on, (book.shape[0] - 80, 1)), ((40, 40), (0, 40)), constant_values=255)])
    for stage in (PLAIN, *RETRIES):
        found = stage.read(decoders, Picture(shown))
        assert {symbol.text for symbol in found} <= {"9780441014989"}, stage.name


@settings(max_examples=examples(25), deadline=None)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=2, max_size=14))
def test_the_own_reader_knows_every_character_of_code_128(text: str) -> None:
    symbol = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.Code128)
    row = np.array(symbol.to_image(scale=4, add_quiet_zones=False), dtype=np.uint8)[10]
    lines = np.tile(np.pad(row, 80, constant_values=255).astype(np.float32), (7, 1))
    ballot = Ballot()
    ballot.count(read_code128(lines, 4.0, 0.5))
    assert ballot.winner() == Symbol(text, "C0")


@settings(max_examples=examples(25), deadline=None)
@given(st.integers(0, 10**12 - 1), st.floats(0.3, 0.52))
def test_the_own_reader_reads_every_ean_that_is_half_a_module_out_of_focus(number: int, blur_modules: float) -> None:
    digits = f"{number:012d}"
    text = digits + str(-sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10)
    image = blurred(printed(text, "EAN13", 4), 4 * blur_modules)
    lines = np.tile(image[image.shape[0] // 3].astype(np.float32), (7, 1))
    ballot = Ballot()
    ballot.count(read_ean13(lines, 4.0, 0.5))
    assert ballot.winner() == Symbol(text, "E0")


@pytest.mark.parametrize("blur_modules", [0.6, 0.75, 0.9, 1.1, 1.4])
def test_the_own_reader_would_rather_read_nothing_than_misread(blur_modules: float) -> None:
    random = Random(7)
    misread = 0
    for _ in range(40):
        digits = f"{random.randrange(10**12):012d}"
        text = digits + str(-sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10)
        image = blurred(printed(text, "EAN13", 4), 4 * blur_modules)
        ballot = Ballot()
        ballot.count(read_ean13(np.tile(image[image.shape[0] // 3].astype(np.float32), (7, 1)), 4.0, 0.5))
        winner = ballot.winner()
        misread += winner is not None and winner.text != text
    assert misread <= 1  # of 40; before a camera, another frame has to agree


@pytest.mark.slow
@pytest.mark.parametrize("blur_modules", [0.85, 0.95, 1.1])
def test_a_parcel_label_too_blurred_to_read_is_not_taken_for_a_product(decoders: Decoders, blur_modules: float) -> None:
    for seed in range(6):
        label = label_image(parcel_label(Random(seed).randrange(36**9)), Print.CODE128, AS_PRINTED, Random(seed))
        shown = turned(faint(blurred(label, 3 * blur_modules), 0.7), Random(seed).uniform(-30.0, 30.0))
        assert all(symbol.symbology == "C0" for symbol in StillReader(decoders).read(shown).symbols)


def test_lines_that_contradict_each_other_elect_nobody() -> None:
    one, other = Symbol(EAN, "E0"), Symbol("6901234567809", "E0")
    ballot = Ballot()
    ballot.count([(0, one), (1, one)])
    assert ballot.winner() is None  # two may share a fold
    ballot.count([(2, one), (2, one)])
    assert ballot.winner() == one
    ballot.count([(3, other), (4, other)])
    assert ballot.winner() is None


@pytest.mark.parametrize("degrees", [0.0, 22.5, 45.0, 71.0, 90.0, 113.0, 160.0])
def test_bars_are_found_however_they_lie(degrees: float) -> None:
    bars = find_bars(turned(printed(EAN, "EAN13"), degrees), 1)
    assert len(bars) == 1
    across = (-degrees + 90.0) % 180.0 - 90.0  # image y points down
    off = (np.degrees(bars[0].angle_rad) - across + 90.0) % 180.0 - 90.0
    assert abs(off) < 3.0
    assert 95 * 3 * 0.9 < bars[0].length_px < 95 * 3 * 1.35
    assert lines_across(turned(printed(EAN, "EAN13"), degrees), bars[0], 7, 1.0, 0.1).shape[0] == 7


def stage_that(name: str, *readings: list[Symbol], is_doubtful: bool = False) -> tuple[Stage, list[str]]:
    """A stage that gives these, one after another, and then nothing; and a list of its turns."""
    left = list(readings)
    turns: list[str] = []

    def read(_: Decoders, __: Picture) -> list[Symbol]:
        turns.append(name)
        return left.pop(0) if left else []

    return Stage(name, read, is_doubtful), turns


def scenes(count: int) -> list[Any]:
    """Frames that all differ."""
    return [np.full((48, 64), 20 * n % 250, np.uint8) for n in range(count)]


BAR, UNCHECKED, MATRIX = Symbol(EAN, "E0"), Symbol("12345678", "I0"), Symbol("TTP", "Q1")


def test_one_stage_a_frame_in_rotation_and_one_that_reads_keeps_its_turn(
    decoders: Decoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, a_turns = stage_that("a")
    b, b_turns = stage_that("b", [], [BAR], [BAR])
    monkeypatch.setattr(cascade_stages, "RETRIES", (a, b))
    eye = Cascade(decoders)
    found = [eye.frame(scene, n / 10) for n, scene in enumerate(scenes(7))]
    assert found == [[], [], [], [BAR], [BAR], [], []]
    assert (len(a_turns), len(b_turns)) == (3, 4)


def test_stages_rest_while_nothing_changes_and_begin_with_the_best_when_something_does(
    decoders: Decoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    (a, a_turns), (b, b_turns) = stage_that("a"), stage_that("b")
    monkeypatch.setattr(cascade_stages, "RETRIES", (a, b))
    eye = Cascade(decoders)
    empty = np.full((48, 64), 100, np.uint8)
    for n in range(50):
        eye.frame(empty + n % 3, n / 10)  # a lamp flickers
    assert len(a_turns) == len(b_turns) == cascade.RESTS_AFTER
    hand = empty.copy()
    hand[20:30, 20:30] = 20
    eye.frame(hand, 6.0)
    assert (len(a_turns), len(b_turns)) == (cascade.RESTS_AFTER + 1, cascade.RESTS_AFTER)


def test_what_a_doubtful_stage_reads_and_what_has_no_check_digit_wait_for_another_stage(
    decoders: Decoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubtful, _ = stage_that("doubtful", [BAR, MATRIX], [BAR], is_doubtful=True)
    sure, _ = stage_that("sure", [UNCHECKED], [BAR])
    other, _ = stage_that("other", [UNCHECKED])
    monkeypatch.setattr(cascade_stages, "RETRIES", (doubtful, sure, other))
    eye = Cascade(decoders)
    found = [eye.frame(scene, n / 10) for n, scene in enumerate(scenes(5))]
    # The matrix code keeps the doubtful stage's turn; what it says twice is still its own word only.
    assert found == [[MATRIX], [], [], [UNCHECKED], []]


def test_a_doubt_is_settled_by_a_stage_soon_after_and_not_by_one_much_later(
    decoders: Decoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pause_s, expected in ((1.0, [BAR]), (cascade.DOUBT_S + 0.1, [])):
        one, _ = stage_that("one", [BAR], is_doubtful=True)
        two, _ = stage_that("two", [BAR], is_doubtful=True)
        monkeypatch.setattr(cascade_stages, "RETRIES", (one, two))
        eye = Cascade(decoders)
        first, second = scenes(2)
        assert eye.frame(first, 0.0) == []
        assert eye.frame(second, pause_s) == expected


def test_what_is_found_after_the_budget_does_not_count_and_a_stage_known_to_be_slow_is_passed_over(
    decoders: Decoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 0.0

    def taking(seconds: float, name: str, found: list[Symbol]) -> Stage:
        def read(_: Decoders, __: Picture) -> list[Symbol]:
            nonlocal now_s
            now_s += seconds
            turns.append(name)
            return found

        return Stage(name, read)

    turns: list[str] = []
    monkeypatch.setattr(cascade, "PLAIN", taking(1.0, "plain", []))
    monkeypatch.setattr(cascade_stages, "RETRIES", (taking(5.0, "slow", [BAR]), taking(1.0, "quick", [MATRIX])))
    reader = StillReader(decoders, cpu=lambda: now_s)
    grey = np.zeros((8, 8), np.uint8)
    late = reader.read(grey, 4.0)
    assert (late.symbols, late.cpu_s) == ([], 6.0)
    in_time = reader.read(grey, 4.0)
    assert (in_time.symbols, in_time.stage, in_time.cpu_s) == ([MATRIX], "quick", 2.0)
    assert reader.read(grey).symbols == [BAR]
    assert turns == ["plain", "slow", "plain", "quick", "plain", "slow"]


def test_without_zbar_its_stage_has_no_turn(decoders: Decoders) -> None:
    without = Decoders(zxingcpp, None, "no second opinion: zbar is missing; apt-get install libzbar0")
    assert "zbar" not in [stage.name for stage in stages_with(without)]
    assert ("zbar" in [stage.name for stage in stages_with(decoders)]) == decoders.has_zbar
    assert without.by_zbar(np.zeros((8, 8), np.uint8)) == []


@pytest.mark.parametrize(
    ("symbol", "is_plausible"),
    [
        (Symbol("1", "C0"), False),
        (Symbol("AB", "C0"), True),
        (Symbol("1234", "I0"), False),
        (Symbol("12345", "I0"), False),
        (Symbol("123456", "I0"), True),
        (Symbol("x" * 81, "C0"), False),
        (Symbol("", "Q1"), False),
        (Symbol("1", "Q1"), True),
    ],
)
def test_lengths_that_no_whole_symbol_has_are_refused(symbol: Symbol, is_plausible: bool) -> None:
    assert symbol.is_plausible is is_plausible
