"""Which thing a scanned text names: a parcel, a container, a product, or nothing we know.

Our own serial labels are ``TTP`` (parcel) or ``TTC`` (container) + 9 characters of 0-9 A-Z + a check character,
ISO/IEC 7064 MOD 37,36 over all before it. GS1 labels: SSCC (AI 00) names a container, GTIN (AI 01) or EAN a product;
element strings come as ``(00)340123450000000017(10)ABC``, what names the thing first.
"""

import re
from enum import StrEnum
from typing import NamedTuple

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Per character: the next product by the present one, ((P + a) mod 36, or 36 for 0) * 2 mod 37.
_PRODUCTS = {
    character: bytes(((product + value) % 36 or 36) * 2 % 37 for product in range(37)) for value, character in enumerate(ALPHABET)
}
_OURS = re.compile(r"TT([PC])[0-9A-Z]{10}\Z")
_OURS_TYPED = re.compile(r"TT[PC][0-9A-Z]{10}|SLOT:[A-Z]{1,2}[0-9]{1,3}", re.IGNORECASE)
_HALF_WIDTH = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {0x3000: " "}
_SSCC = re.compile(r"\(00\)([0-9]{18})(?![0-9])")
_GTIN = re.compile(r"\(01\)([0-9]{14})(?![0-9])")


class LabelKind(StrEnum):
    """What a label names."""

    PARCEL = "parcel"
    CONTAINER = "container"
    PRODUCT = "product"
    UNKNOWN = "unknown"


class Label(NamedTuple):
    """A scanned text, classified. ``reason`` says why it is unknown."""

    kind: LabelKind
    text: str
    reason: str = ""


def check_character(text: str) -> str:
    """ISO/IEC 7064 MOD 37,36 check character of 0-9 A-Z text. ValueError on any other character."""
    product = 36
    try:
        for character in text:
            product = _PRODUCTS[character][product]
    except KeyError:
        raise ValueError(f"label: want 0-9 and A-Z, got {text[:40]!r}") from None
    return ALPHABET[(37 - product) % 36]


def parcel_label(serial: int) -> str:
    """The label of the serial-th parcel, 0 <= serial < 36**9."""
    return _numbered("TTP", serial)


def container_label(serial: int) -> str:
    """The label of the serial-th container, 0 <= serial < 36**9."""
    return _numbered("TTC", serial)


def half_width(text: str) -> str:
    """Full-width letters, digits and signs of a Chinese keyboard (ＴＴＰ０１) as a scanner would send them."""
    return text if text.isascii() else text.translate(_HALF_WIDTH)


def as_printed(text: str) -> str:
    """What was scanned or typed as it stands on the label: no blanks around it, half-width, and labels of ours in capitals."""
    text = half_width(text).strip()
    return text.upper() if _OURS_TYPED.fullmatch(text) else text


def classify(text: str, *, symbology: str = "") -> Label:
    """What a decoded or typed text names. ``symbology`` is the AIM identifier's class where known, such as ``E0`` for EAN-13."""
    text = as_printed(text)
    match = _OURS.match(text)
    if match:
        if check_character(text[:-1]) != text[-1]:
            return Label(LabelKind.UNKNOWN, text, "check character is wrong: scan again")
        return Label(LabelKind.PARCEL if match[1] == "P" else LabelKind.CONTAINER, text)
    if sscc := _SSCC.match(text):
        if not _check_digit_is_valid(sscc[1]):
            return Label(LabelKind.UNKNOWN, text, "SSCC check digit is wrong: scan again")
        return Label(LabelKind.CONTAINER, sscc[0])
    if gtin := _GTIN.match(text):
        if not _check_digit_is_valid(gtin[1]):
            return Label(LabelKind.UNKNOWN, text, "GTIN check digit is wrong: scan again")
        return Label(LabelKind.PRODUCT, gtin[1].removeprefix("0"))
    if symbology.startswith("E") or (text.isascii() and text.isdigit() and len(text) in (8, 12, 13, 14)):
        if _gtin_is_valid(text):
            return Label(LabelKind.PRODUCT, text)
        return Label(LabelKind.UNKNOWN, text, "EAN check digit is wrong: scan again")
    return Label(LabelKind.UNKNOWN, text, "not a parcel, container or product label")


def _numbered(prefix: str, serial: int) -> str:
    if not 0 <= serial < 36**9:
        raise ValueError(f"serial: want 0 to {36**9 - 1}, got {serial}")
    digits = ""
    for _ in range(9):
        serial, digit = divmod(serial, 36)
        digits = ALPHABET[digit] + digits
    return prefix + digits + check_character(prefix + digits)


def _gtin_is_valid(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) in (8, 12, 13, 14) and _check_digit_is_valid(text)


def _check_digit_is_valid(digits: str) -> bool:
    """GS1 General Specifications 7.9: weights 3,1,3,… from the right, sum divisible by ten."""
    return sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(reversed(digits))) % 10 == 0
