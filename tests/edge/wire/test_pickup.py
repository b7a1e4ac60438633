"""Codes, tokens, PINs and badges: what is read, what is refused, and that a token cannot be bent."""

import base64

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from edge.wire.pickup import (
    QR_PREFIX,
    PickupToken,
    Scrypt,
    TokenError,
    badge_key,
    is_signed_by,
    read_code,
    read_pin,
    read_tail,
    read_token,
    secret_key,
    shown_code,
    sign_token,
)

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()
TOKEN = PickupToken(1, "k1", "t-1", "st-0001", 1_767_225_600, ("tuantu-demo/20260101-st-0001-003",))
# Of release 0.2; a resident's phone may show one for a week.
GOLDEN = (
    "TTQ:S4A2E2ZRUN2C2MNHON2C2MBQGAY442KVXEAJDWJAOR2WC3TUOUWWIZLNN4XTEMBSGYYDCMBRFVZXILJQGAYDCLJQGAZ4EDKMRMOLOGQEHS"
    "JEFVOCPY2PC24O3LW4IGNPIOQQO3JWDFACNSTDIUFSVNS3BQYHZVRYYT3GCY5LEE7O6KB7QQB7OIJEZATGDEBWE4AQ"
)
CHEAP = Scrypt(salt=b"0123456789abcdef", n=1024)


def test_the_token_of_a_release_is_read_as_it_was_meant_and_still_written_the_same() -> None:
    signed = read_token(GOLDEN)
    assert signed.token == TOKEN
    assert is_signed_by(signed, PUBLIC)
    assert sign_token(TOKEN, PRIVATE) == GOLDEN


def test_caps_lock_and_the_scanners_line_end_do_no_harm() -> None:
    assert is_signed_by(read_token(GOLDEN.lower() + "\r\n"), PUBLIC)


@given(place=st.integers(len(QR_PREFIX), len(GOLDEN) - 2), letter=st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_a_token_with_a_letter_changed_is_none_of_ours(place: int, letter: str) -> None:
    bent = GOLDEN[:place] + letter + GOLDEN[place + 1 :]
    try:
        signed = read_token(bent)
    except TokenError:
        return
    assert bent == GOLDEN or not is_signed_by(signed, PUBLIC)


@given(st.text(max_size=300))
def test_whatever_is_scanned_is_a_token_or_an_error_by_name(text: str) -> None:
    for scanned in (text, QR_PREFIX + text):
        try:
            assert not is_signed_by(read_token(scanned), PUBLIC)
        except TokenError as error:
            assert str(error)  # noqa: PT017  # any other exception fails the test


def test_another_key_and_a_signature_for_something_else_are_refused() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    assert not is_signed_by(read_token(sign_token(TOKEN, other)), PUBLIC)
    payload = msgspec.msgpack.encode(TOKEN)
    undomained = QR_PREFIX + base64.b32encode(payload + PRIVATE.sign(payload)).decode().rstrip("=")
    assert not is_signed_by(read_token(undomained), PUBLIC)
    assert not is_signed_by(read_token(GOLDEN), b"short")


def test_a_token_that_no_scanner_lets_through_is_not_made() -> None:
    with pytest.raises(ValueError, match="orders"):
        sign_token(msgspec.structs.replace(TOKEN, orders=("x" * 200, "y" * 200)), PRIVATE)


@pytest.mark.parametrize("written", ["48291306", "4829 1306", " 4829-1306 ", "４８２９ １３０６"])
def test_a_code_is_read_however_it_is_written(written: str) -> None:
    assert read_code(written) == "48291306"
    assert shown_code("48291306") == "4829 1306"


@pytest.mark.parametrize("written", ["", "4829130", "482913067", "4829130x", "²²²²²²²x", "٤٨٢٩١٣٠٦" * 2, "4" * 900])
def test_what_is_no_code_is_none(written: str) -> None:
    assert read_code(written) is None


def test_tails_are_four_digits_and_pins_four_to_eight() -> None:
    assert (read_tail("5678"), read_tail("56789"), read_tail("x678")) == ("5678", None, None)
    assert (read_pin("1234"), read_pin("12345678"), read_pin("123"), read_pin("123456789")) == ("1234", "12345678", None, None)


def test_one_derivation_names_a_code_under_the_days_salt_only() -> None:
    assert secret_key("48291306", CHEAP) == secret_key("48291306", CHEAP)
    tomorrow = msgspec.structs.replace(CHEAP, salt=b"another day's ..")
    assert len({secret_key(code, cost) for code in ("48291306", "48291307") for cost in (CHEAP, tomorrow)}) == 4


def test_a_badge_is_told_from_any_other_label() -> None:
    assert badge_key("ttb:ABC\r", b"salt") == badge_key("TTB:ABC", b"salt") is not None
    assert badge_key("TTB:ABC", b"pepper") != badge_key("TTB:ABC", b"salt")
    assert badge_key("TTP000000001J", b"salt") is None
