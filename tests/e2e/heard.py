"""Listens to a page: which clips its AudioContext is asked to play, how loud they are decoded, which were played to their end."""

import json
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Frame, Page

from tests.e2e.town import ROOT

BEFORE_S = 0.01  # of silence that a page plays before each clip (dashboards/shared/agent/voice/clips.ts)
_VOICE = ROOT / "dashboards" / "shared" / "agent" / "voice"
_LISTEN = """
window.heard = []
const of = new WeakMap()
const { start, stop } = AudioBufferSourceNode.prototype
AudioBufferSourceNode.prototype.start = function (when, offset, length) {
  const { sampleRate } = this.buffer
  const samples = this.buffer.getChannelData(0)
  const loudest = (from, to) => {
    return samples.slice(from * sampleRate, to * sampleRate).reduce((most, one) => Math.max(most, Math.abs(one)), 0)
  }
  const one = {
    offset, loudest: loudest(offset, offset + length), isEnded: false, isStopped: false,
    pending: window.heard.filter((each) => !each.isEnded && !each.isStopped).length,
    quiet: Math.max(loudest(offset - 0.02, offset), loudest(offset + length - 0.01, offset + length + 0.01)),
  }
  window.heard.push(one)
  of.set(this, one)
  this.addEventListener('ended', () => { one.isEnded = true })
  start.call(this, when, offset, length)
}
AudioBufferSourceNode.prototype.stop = function (when) {
  of.get(this).isStopped = true
  stop.call(this, when)
}
"""


def listen(page: Page | Frame) -> None:
    page.evaluate(f"() => {{{_LISTEN}}}")


def forget(page: Page | Frame) -> None:
    page.evaluate("window.heard = []")


def heard(page: Page | Frame) -> list[dict[str, Any]]:
    ones: list[dict[str, Any]] = page.evaluate("window.heard")
    return ones


def words(page: Page | Frame, language: str = "zh") -> list[str]:
    """What the page was heard to say, as clips."""
    places: dict[str, Sequence[float]] = json.loads((_VOICE / f"clips-{language}.json").read_text(encoding="utf-8"))
    named = {start: clip for clip, (start, _) in places.items()}
    return [named[round(one["offset"] + BEFORE_S, 3)] for one in heard(page)]


def wait_until_said(page: Page | Frame, count: int, within_ms: int) -> None:
    """Until at least so many clips were begun, and all of them are over."""
    page.wait_for_function(
        "count => window.heard.length >= count && window.heard.every((one) => one.isEnded)", arg=count, timeout=within_ms
    )
