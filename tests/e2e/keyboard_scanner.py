"""A scanner that types: the browser gets its keys one after another, at the times at which a scanner presses them.

The times are the events' own, as a keyboard gives them: how long the browser takes to hear of each key changes nothing.
"""

import time

from playwright.sync_api import Page

KEY_S = 0.012
SHIFT = 8
PUNCTUATION = {":": ("Semicolon", SHIFT), "-": ("Minus", 0), "/": ("Slash", 0), ".": ("Period", 0)}


def _key_of(character: str) -> tuple[str, int]:
    """Its place on a US board, and what is held down with it."""
    if character.isdigit():
        return f"Digit{character}", 0
    if character.isalpha():
        return f"Key{character.upper()}", SHIFT if character.isupper() else 0
    return PUNCTUATION[character]


def scan_by_keys(page: Page, text: str) -> None:
    """The text and Enter, whatever has the focus."""
    at_s = time.time()
    keys = [(character, *_key_of(character), character) for character in text] + [("Enter", "Enter", 0, "\r")]
    session = page.context.new_cdp_session(page)
    for number, (key, code, modifiers, typed) in enumerate(keys):
        press = {"key": key, "code": code, "modifiers": modifiers, "timestamp": at_s + number * KEY_S}
        session.send("Input.dispatchKeyEvent", {**press, "type": "keyDown", "text": typed})
        session.send("Input.dispatchKeyEvent", {**press, "type": "keyUp"})
    session.detach()
