"""The pages have words for everything that a case can be."""

from collections.abc import Sequence

import pytest

from cloud.domain.case import REPORTABLE, Action, CaseProblem, CaseState, Liability, Origin
from tests.e2e.town import ROOT

KINDS: dict[str, Sequence[str]] = {
    "origin": list(Origin),
    "problem": list(CaseProblem),
    "state": list(CaseState),
    "liable": list(Liability),
    "action": list(Action),
}
OWN = [f"problem.{one}" for one in REPORTABLE] + [f"{kind}.{one}" for kind in ("state", "say") for one in CaseState]


@pytest.mark.parametrize(("kind", "said"), [(kind, str(one)) for kind, each in KINDS.items() for one in each])
def test_the_ops_page_has_words_for_every_case(kind: str, said: str) -> None:
    words = (ROOT / "dashboards" / "ops" / "case_words.ts").read_text(encoding="utf-8")
    assert words.count(f"'{kind}.{said}': ") == 2, f"add '{kind}.{said}' to dashboards/ops/case_words.ts"


@pytest.mark.parametrize("said", OWN)
def test_the_residents_page_has_words_for_every_case_of_theirs(said: str) -> None:
    words = (ROOT / "dashboards" / "residents" / "case_words.ts").read_text(encoding="utf-8")
    assert words.count(f"'{said}': ") == 2, f"add '{said}' to dashboards/residents/case_words.ts"
