"""Every code has its words, and the pages have theirs for it."""

import re
from pathlib import Path

import pytest

from cloud.api.faults import WORDS, fault
from cloud.api.health_check import CAUSES

ROOT = Path(__file__).resolve().parents[3]
# Codes are written out where they are used.
USED = re.compile(
    r"""(?:ApiError\(\s*\d+,\s*|Impossible\(|[^_]fault\(|line_fault\(\s*numbered,\s*|CsvError\(|Judged\(stop,\s*|_at\(\w+,\s*)"(\w+)\""""
)


def used_codes() -> set[str]:
    texts = [path.read_text() for path in (ROOT / "cloud" / "api").glob("*.py")]
    texts.append((ROOT / "cloud" / "routing" / "disruption.py").read_text())  # whose refusals the api says
    texts.append((ROOT / "cloud" / "domain" / "driving.py").read_text())
    missing = {f"no_{what}" for text in texts for what in re.findall(r'not_found\("\w+", "(\w+)"\)', text)}
    return missing | {code for text in texts for code in USED.findall(text)}


def test_every_code_that_is_used_has_words_and_every_words_code_is_used() -> None:
    assert used_codes() == set(WORDS)


@pytest.mark.parametrize("code", WORDS)
def test_words_are_filled_with_the_parameters_they_name(code: str) -> None:
    names = set(re.findall(r"{(\w+)}", "".join(WORDS[code])))
    said = fault(code, "field", **{name: f"<{name}>" for name in names})
    assert said.message
    assert said.remedy
    assert all(f"<{name}>" in said.message + said.remedy for name in names)


def test_the_chinese_pages_have_words_of_their_own_for_every_code() -> None:
    text = (ROOT / "dashboards" / "shared" / "i18n" / "faults.ts").read_text()
    assert sorted(code for code in WORDS if f"  {code}: [" not in text) == []
    assert sorted(code for code in CAUSES if f"  {code}: '" not in text) == []
