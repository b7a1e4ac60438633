"""What a scanned text names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.wire.labels import ALPHABET, LabelKind, as_printed, check_character, classify, container_label, parcel_label

serials = st.integers(0, 36**9 - 1)


@pytest.mark.parametrize(
    ("text", "character"),
    [
        ("A12425GABC1234002", "M"),  # the Global Release Identifier's own example, A1-2425G-ABC1234002-M
        ("A12425GXYZ9876001", None),
        ("TTP000000000", None),
        ("", "1"),
    ],
)
def test_the_check_character_is_that_of_iso_7064_mod_37_36(text: str, character: str | None) -> None:
    found = check_character(text)
    if character is not None:
        assert found == character
    # The standard's own way of checking: with its check character the remainder is one.
    product = 36
    for each in text:
        product = ((product + ALPHABET.index(each)) % 36 or 36) * 2 % 37
    assert (product + ALPHABET.index(found)) % 36 == 1


@pytest.mark.parametrize("text", ["abc", "TTP-1", "é"])
def test_other_characters_have_no_check_character(text: str) -> None:
    with pytest.raises(ValueError, match=r"^label: "):
        check_character(text)


@given(serials)
def test_our_labels_are_read_back_as_what_they_name(serial: int) -> None:
    parcel, container = classify(f" {parcel_label(serial)}\r\n"), classify(container_label(serial))
    assert (parcel.kind, container.kind) == (LabelKind.PARCEL, LabelKind.CONTAINER)
    assert parcel.text == parcel_label(serial)


@given(serials, st.booleans())
def test_our_labels_are_the_same_typed_in_small_letters_or_on_a_chinese_keyboard(serial: int, is_wide: bool) -> None:
    typed = parcel_label(serial).lower()
    shown = "".join(chr(ord(one) + 0xFEE0) for one in typed) if is_wide else typed
    assert classify(f"\u3000{shown} ") == classify(parcel_label(serial))


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("６９０１２３４５６７８９２", "6901234567892"),
        (" slot:a12 ", "SLOT:A12"),
        ("Hello", "Hello"),
        ("TTB:aBc", "TTB:aBc"),
        ("ttp12", "ttp12"),
    ],
)
def test_only_labels_of_ours_are_read_in_capitals(typed: str, printed: str) -> None:
    assert as_printed(typed) == printed


@given(serials, serials)
def test_two_serials_never_share_a_label(one: int, other: int) -> None:
    assert (parcel_label(one) == parcel_label(other)) == (one == other)


@given(serials, st.integers(3, 12), st.sampled_from(ALPHABET))
def test_one_misread_character_is_always_noticed(serial: int, place: int, character: str) -> None:
    label = parcel_label(serial)
    misread = label[:place] + character + label[place + 1 :]
    if misread != label:
        assert classify(misread).kind is LabelKind.UNKNOWN
        assert "scan again" in classify(misread).reason


@pytest.mark.parametrize("serial", [-1, 36**9])
def test_a_serial_that_does_not_fit_is_refused(serial: int) -> None:
    with pytest.raises(ValueError, match=r"^serial: "):
        parcel_label(serial)


@pytest.mark.parametrize(
    ("text", "symbology", "kind", "named"),
    [
        ("4006381333931", "", LabelKind.PRODUCT, "4006381333931"),
        ("4006381333932", "", LabelKind.UNKNOWN, "4006381333932"),
        ("73513537", "E4", LabelKind.PRODUCT, "73513537"),
        ("123", "E0", LabelKind.UNKNOWN, "123"),
        ("(00)106141412345678908", "C1", LabelKind.CONTAINER, "(00)106141412345678908"),
        ("(00)106141412345678908(10)ABC", "C1", LabelKind.CONTAINER, "(00)106141412345678908"),
        ("(00)106141412345678909", "C1", LabelKind.UNKNOWN, "(00)106141412345678909"),
        ("(01)04006381333931(10)LOT", "d2", LabelKind.PRODUCT, "4006381333931"),
        ("(01)04006381333932", "d2", LabelKind.UNKNOWN, "(01)04006381333932"),
        ("", "", LabelKind.UNKNOWN, ""),
        ("https://example.org", "Q3", LabelKind.UNKNOWN, "https://example.org"),
        ("TTP00000000000", "", LabelKind.UNKNOWN, "TTP00000000000"),
        ("٤٠٠٦٣٨١٣٣٣٩٣١", "", LabelKind.UNKNOWN, "٤٠٠٦٣٨١٣٣٣٩٣١"),
    ],
)
def test_a_label_is_classified(text: str, symbology: str, kind: LabelKind, named: str) -> None:
    label = classify(text, symbology=symbology)
    assert (label.kind, label.text) == (kind, named)
    assert (label.reason != "") == (kind is LabelKind.UNKNOWN)
