"""From a decoded symbol to the text that edge.wire.labels.classify reads: AIM identifier off, GS1 as ``(00)…(10)…``.

Shared by serial scanners and cameras. Leaves what the text names to edge.wire.labels.
"""

import re

from biip import ParseError
from biip.gs1_messages import GS1Message

GS = "\x1d"  # how a decoder transmits FNC1 between element strings (GS1 General Specifications 7.8.3)

# Carriers of element strings: GS1-128, DataBar, GS1 QR, GS1 DataMatrix, GS1 DotCode (GS1 General Specifications, figure 7.8.1-1).
GS1_CARRIERS = frozenset({"C1", "e0", "Q3", "d2", "J1"})

# ISO/IEC 15424: flag character, code character (a letter), modifier.
_AIM = re.compile(r"\]([A-Za-z][0-9A-Za-z])")
_BARE_SSCC = re.compile(r"00[0-9]{18}\Z")
_FIRST = ("00", "01")  # what names the thing stands in front; the rest keeps its order


def split_aim(text: str) -> tuple[str, str]:
    """(symbology such as ``C1``, text without it); symbology is empty where the scanner sends no AIM identifier."""
    match = _AIM.match(text)
    return (match[1], text[match.end() :]) if match else ("", text)


def normalise(text: str, symbology: str) -> str:
    """``text`` of one symbol, element strings written as ``(00)340123450000000017(10)ABC``.

    ``symbology`` as split_aim gives it. Where the carrier is unknown, a GS means element strings, and so do twenty digits
    that are an SSCC. ValueError says what is wrong with them.
    """
    if symbology in GS1_CARRIERS or (not symbology and (GS in text or _is_bare_sscc(text))):
        return _element_strings(text)
    return text


def _element_strings(text: str) -> str:
    try:
        message = GS1Message.parse(text.strip(GS))
    except ParseError as error:
        raise ValueError(f"GS1 element strings: {error}") from None
    elements = [(element.ai.ai, element.value) for element in message.element_strings]
    if not elements:
        raise ValueError("GS1 element strings: none")
    elements.sort(key=lambda pair: _FIRST.index(pair[0]) if pair[0] in _FIRST else len(_FIRST))
    return "".join(f"({identifier}){value}" for identifier, value in elements)


def _is_bare_sscc(text: str) -> bool:
    """A GS1-128 with an SSCC, read by a scanner that sends no AIM identifier: most do not unless told to."""
    if not _BARE_SSCC.match(text):
        return False
    return sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(reversed(text))) % 10 == 0
