"""The staff page and the dock page have a word for everything that their agent can say."""

import re
from collections.abc import Sequence

import pytest

from edge.dock.words import DockWord
from edge.rules.custody import ContainerState, ParcelState
from edge.station.verdict import Word
from edge.wire.messages import Problem, Refusal
from tests.e2e.town import ROOT

PAGES = ROOT / "dashboards"
SHARED = (PAGES / "shared" / "agent" / "said.ts").read_text(encoding="utf-8")
WORDS = SHARED + (PAGES / "pickup" / "act_words.ts").read_text(encoding="utf-8")
CABINET_WORDS = (PAGES / "cabinet" / "words.ts").read_text(encoding="utf-8")
DOCK_WORDS = SHARED + (PAGES / "dock" / "words.ts").read_text(encoding="utf-8")
CODE = re.compile(
    r'"(no_log_in|not_in_manifest|not_planned|no_question|no_scan|not_kept|busy|bad_request|other_site|nothing_here|'
    r'no_picture|too_large|photo_slow|photo_late|photo_failed|no_room|other_host|no_device|no_trigger|device_away)"'
)
KINDS: dict[str, Sequence[str]] = {
    "word": list(Word),
    "why": list(Refusal),
    "problem": list(Problem),
    "state": [*ParcelState, *ContainerState],
}


@pytest.mark.parametrize(("kind", "said"), [(kind, str(one)) for kind, each in KINDS.items() for one in each])
def test_it_has_one_in_both_languages(kind: str, said: str) -> None:
    assert WORDS.count(f"'{kind}.{said}': ") == 2, f"add '{kind}.{said}' to dashboards/pickup/act_words.ts"


# What staff decide or only they can ask for, and what has a word of its own at the cabinet.
NOT_AT_CABINET = {Refusal.DECLINED, Refusal.STAFF, Refusal.WRONG_PARCEL, Refusal.UNKNOWN_TAIL, Refusal.LOCKED_OUT}


@pytest.mark.parametrize(
    "said",
    [f"why.{one}" for one in Refusal if one not in NOT_AT_CABINET]
    + [f"word.{one}" for one in (Word.LOCKED_OUT, Word.NOT_AT_CABINET, Word.NOT_KEPT, Word.UNKNOWN_LABEL)]
    + [f"cell.{one}" for one in (Word.REFUSED, Word.CELL_NOT_OPENED, Word.CELL_UNCERTAIN)],
)
def test_the_cabinet_has_one_in_both_languages(said: str) -> None:
    assert CABINET_WORDS.count(f"'{said}': ") == 2, f"add '{said}' to dashboards/cabinet/words.ts"


@pytest.mark.parametrize("said", [f"word.{one}" for one in DockWord] + [f"state.{one}" for one in ContainerState])
def test_the_dock_has_one_in_both_languages(said: str) -> None:
    assert DOCK_WORDS.count(f"'{said}': ") == 2, f"add '{said}' to dashboards/dock/words.ts"


def test_every_code_of_a_refusal_has_one() -> None:
    paths = [*(ROOT / "edge" / "http").glob("*.py"), ROOT / "edge" / "photos.py"]
    sources = [path.read_text(encoding="utf-8") for path in paths]
    codes = {code for source in sources for code in CODE.findall(source)}
    assert len(codes) == 20
    for code in codes:
        assert SHARED.count(f"'no.{code}': ") == 2, code
