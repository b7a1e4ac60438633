"""Renders the clips that a station and a dock speak with: readings-*.txt into clips-*.webm and where each clip lies in it (clips-*.json).

Run by hand after a word was added or changed, never by the build; what comes out is committed. Needs Debian's `espeak-ng`, `sox` and
`ffmpeg`, and numpy (in requirements/edge.txt): `python3 dashboards/shared/agent/voice/render.py`. NOTE.md says why it is done so.
"""

import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
RATE = 16_000  # what Opus keeps of a voice at this bit rate
BIT_RATE = "9k"  # below it libopus drops all above 4 kHz, and consonants with it
LEAD_S = 0.25
GAP_S = 0.08  # two clips never touch, also where a browser keeps the encoder's delay
MARGIN_S = 0.012  # left around a clip, so that a soft consonant stays
SILENT = 0.012  # of a clip's loudest moment
ACTIVE_RMS = 0.14
CEILING = 0.72  # the encoder overshoots by a third
FADE_IN_S, FADE_OUT_S = 0.004, 0.015
FRAME = RATE // 200


@dataclass(frozen=True, slots=True)
class Speaker:
    """``letters``: espeak-ng's voice for single letters, where it is another. ``speed``: words a minute, ``pitch``: 0 to 99."""

    voice: str
    letters: str
    speed: int
    pitch: int


# espeak-ng 1.51 spells most hanzi out in English: Mandarin is read from pinyin. Letters are read as in China, W as "dabuliu".
SPEAKERS = {
    "zh": Speaker("cmn-latn-pinyin", "cmn", 212, 50),
    "en": Speaker("en-us", "en-us", 190, 50),
}


def readings(language: str) -> dict[str, str]:
    """What is written to what is read aloud; in the file's order."""
    lines = (HERE / f"readings-{language}.txt").read_text(encoding="utf-8").splitlines()
    pairs = [re.split(r"\s+=\s+", line, maxsplit=1) for line in lines if line and not line.startswith("#")]
    texts = [pair[0] for pair in pairs]
    if twice := {text for text in texts if texts.count(text) > 1}:
        sys.exit(f"readings-{language}.txt has these twice: {', '.join(sorted(twice))}")
    return {pair[0]: pair[-1] for pair in pairs}


def spoken(speaker: Speaker, reading: str) -> np.ndarray:
    """``(N,) float64`` in -1..1 at RATE, as the synthesiser says it."""
    voice = speaker.letters if re.fullmatch("[A-Z]", reading) else speaker.voice
    said = subprocess.run(
        ["espeak-ng", "-v", voice, "-s", str(speaker.speed), "-p", str(speaker.pitch), "--stdout", reading],
        capture_output=True, check=True,
    ).stdout
    # Below 180 Hz a tablet's speaker only rattles.
    raw = subprocess.run(
        ["sox", "-t", "wav", "-", "-t", "raw", "-e", "signed", "-b", "16", "-c", "1", "-r", str(RATE), "-", "highpass", "180"],
        input=said, capture_output=True, check=True,
    ).stdout
    return np.frombuffer(raw, dtype=np.int16) / 32768


def loudness(sound: np.ndarray) -> np.ndarray:
    """RMS of each 5 ms."""
    frames = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME)
    return np.sqrt(np.mean(frames**2, axis=1))


def made(sound: np.ndarray) -> np.ndarray:
    """Trimmed, as loud as every other clip, with soft edges."""
    levels = loudness(sound)
    heard = np.flatnonzero(levels > SILENT * levels.max())
    margin = round(MARGIN_S * RATE)
    cut = sound[max(0, heard[0] * FRAME - margin) : (heard[-1] + 1) * FRAME + margin]
    levels = loudness(cut)
    active = levels[levels > 0.1 * levels.max()]
    level = cut * (ACTIVE_RMS / np.sqrt(np.mean(active**2)))
    limited = CEILING * np.tanh(level / CEILING)  # peaks give way, so that the rest is louder in a shop
    limited[: (fade := round(FADE_IN_S * RATE))] *= np.linspace(0, 1, fade)
    limited[-(fade := round(FADE_OUT_S * RATE)) :] *= np.linspace(1, 0, fade)
    return limited


def render(language: str) -> None:
    parts, places, at = [np.zeros(round(LEAD_S * RATE))], {}, LEAD_S
    for text, reading in readings(language).items():
        clip = made(spoken(SPEAKERS[language], reading))
        places[text] = [round(at, 3), round(len(clip) / RATE, 3)]
        parts += [clip, np.zeros(round(GAP_S * RATE))]
        at += len(clip) / RATE + GAP_S
    samples = (np.concatenate(parts) * 32767).astype("<i2").tobytes()
    target = HERE / f"clips-{language}.webm"
    with tempfile.NamedTemporaryFile(suffix=".raw") as raw:
        raw.write(samples)
        raw.flush()
        subprocess.run(
            [
                "ffmpeg", "-y", "-loglevel", "error", "-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", raw.name,
                "-c:a", "libopus", "-b:a", BIT_RATE, "-vbr", "on", "-application", "voip", "-frame_duration", "120", "-cutoff", "8000",
                "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact", str(target),
            ],
            check=True,
        )
    rows = ",\n".join(f"  {json.dumps(text, ensure_ascii=False)}: {place}" for text, place in places.items())
    (HERE / f"clips-{language}.json").write_text(f"{{\n{rows}\n}}\n", encoding="utf-8")
    sys.stdout.write(f"{target.name}: {len(places)} clips, {at:.0f} s, {target.stat().st_size} bytes\n")


if __name__ == "__main__":
    for one in SPEAKERS:
        render(one)
