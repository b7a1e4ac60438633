"""Refusals of a hand-out at the agent's API: each with its reason, a sound that says no, and when and how it was handed out."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.config import EdgeConfig
from edge.wire.manifest import Claim, CodeKey, Manifest
from edge.wire.pickup import secret_key
from tests.edge.agents import NOBODY, Running, running_agent, write_config
from tests.edge.station import days
from tests.edge.station.days import CODE_OF, DEADLINE_MS, LI_1, OPERATOR, PROXY_CODE, STRANGE, WANG_1, WANG_2
from tests.edge.test_acts_page import FAR_MS, act, for_site, post, put_manifest

pytestmark = pytest.mark.slow

SITE = "refusals-1"
GONE, LEFT, TAKEN_BACK, OLD = "11110000", "22220000", "33330000", "44440000"
GONE_MS = days.NOON_MS + 5 * 3_600_000 + 720_000


def manifest() -> Manifest:
    """The day, with one who has fetched everything, one whose goods were thrown away, a code that was taken back and an old one."""
    day = for_site(SITE)
    claims = (
        Claim(
            claim="c-gone", operator=OPERATOR, orders=(f"{OPERATOR}/8",), deadline_ms=FAR_MS, tail="8888", done="released",
            done_at_ms=GONE_MS, done_how="code",
        ),
        Claim(claim="c-left", operator=OPERATOR, orders=(f"{OPERATOR}/9",), deadline_ms=FAR_MS, done="left", done_at_ms=GONE_MS),
    )  # fmt: skip
    codes = (
        CodeKey(key=secret_key(GONE, days.CODES), claim="c-gone"),
        CodeKey(key=secret_key(LEFT, days.CODES), claim="c-left"),
        CodeKey(key=secret_key(TAKEN_BACK, days.CODES), claim="c-wang", is_revoked=True),
        CodeKey(key=secret_key(OLD, days.CODES), claim="c-wang", expires_ms=DEADLINE_MS),
    )
    return msgspec.structs.replace(day, claims=(*day.claims, *claims), codes=(*day.codes, *codes), revoked=("t-gone",))


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Running]:
    config = write_config(tmp_path, NOBODY, SITE)
    await put_manifest(config, manifest())
    async with running_agent(config) as running:
        await act(running, "log-in", secret="1357")
        yield running


async def ask(agent: Running, text: str) -> dict[str, Any]:
    said: dict[str, Any] = (await post(agent, "ask", text=text))["act"]
    return said


def qr(*orders: str, **more: Any) -> str:
    return days.qr(*orders, **{"site": SITE, "expires_ms": FAR_MS, **more})


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        (qr("demo/1", site="st-2"), "wrong_site"),
        (qr("elsewhere/1"), "other_operator"),
        (qr("demo/1", expires_ms=DEADLINE_MS), "expired"),
        (OLD, "expired"),
        (qr("demo/1", token="t-gone"), "revoked"),
        (TAKEN_BACK, "revoked"),
        (qr("demo/77"), "unknown_order"),
        (qr("demo/1", key="k9"), "bad_signature"),
        ("00000000", "unknown_code"),
        ("0000", "unknown_tail"),
        (GONE, "already_released"),
        ("8888", "already_released"),
        (qr("demo/8"), "already_released"),
        (LEFT, "left_station"),
        (CODE_OF["c-wang"], "not_ready"),
        ("hello", "malformed"),
    ],
)
async def test_what_is_refused_has_its_reason_and_a_sound_that_says_no(agent: Running, shown: str, reason: str) -> None:
    said = await ask(agent, shown)
    assert (said["word"], said["detail"], said["sound"]) == ("refused", reason, "refused")
    assert (said["gone_ms"], said["gone_how"]) == ((GONE_MS, "code") if reason == "already_released" else (0, ""))


async def test_what_is_true_and_refused_is_no_guess_and_what_is_guessed_locks_the_counter(agent: Running) -> None:
    for shown in (GONE, LEFT, TAKEN_BACK, OLD, qr("demo/1", site="st-2"), GONE, TAKEN_BACK):
        assert (await ask(agent, shown))["word"] == "refused"
    guesses = [await ask(agent, f"9999000{n}") for n in range(5)]
    assert [one["word"] for one in guesses] == ["refused"] * 4 + ["locked_out"]
    assert (await ask(agent, CODE_OF["c-li"]))["word"] == "locked_out"


async def test_what_was_handed_out_here_says_when_and_by_what_before_the_cloud_has_heard_of_it(agent: Running) -> None:
    for label in (WANG_1, WANG_2, LI_1):
        assert (await agent.scan(label))["kind"] == "received"
    asked = await post(agent, "ask", text=CODE_OF["c-wang"])
    done = await act(agent, "hand-out", question=asked["question"], claim="c-wang")
    again = await ask(agent, CODE_OF["c-wang"])
    assert (again["detail"], again["gone_how"]) == ("already_released", "code")
    assert abs(again["gone_ms"] - done["at_ms"]) < 60_000
    await agent.http.post("/api/mode", json={"mode": "release"})
    scanned = await agent.scan(WANG_1)
    assert (scanned["detail"], scanned["gone_how"], scanned["gone_ms"]) == ("already_released", "code", again["gone_ms"])
    assert (await agent.scan(STRANGE))["detail"] == "wrong_site"
    await post(agent, "undo", id=done["id"], reason="wrong person")
    assert (await ask(agent, CODE_OF["c-wang"]))["word"] == "ask_matches"


async def test_a_proxys_code_works_once_and_a_parcel_goes_into_no_cell_of_another_zone(agent: Running) -> None:
    for label in (WANG_1, WANG_2):
        await agent.scan(label)
    wrong = await act(agent, "place", parcel=WANG_2, cell="1-01")  # chilled goods, an ambient cell
    assert (wrong["word"], wrong["sound"], wrong["detail"]) == ("wrong_zone", "refused", "chilled")
    asked = await post(agent, "ask", text=PROXY_CODE)
    assert (await act(agent, "hand-out", question=asked["question"], claim="c-wang", parcels=[WANG_1]))["word"] == "released_partly"
    used = await ask(agent, PROXY_CODE)
    assert (used["word"], used["detail"]) == ("refused", "used")


async def put_too_warm(config: EdgeConfig, *labels: str) -> None:
    day = manifest()
    parcels = tuple(msgspec.structs.replace(one, is_breached=one.parcel in labels) for one in day.parcels)
    await put_manifest(config, msgspec.structs.replace(day, parcels=parcels))


async def test_what_the_cloud_knows_was_too_warm_leaves_only_by_an_act_of_its_own(tmp_path: Path) -> None:
    config = write_config(tmp_path, NOBODY, SITE)
    await put_too_warm(config, WANG_2, LI_1)
    async with running_agent(config) as agent:
        await act(agent, "log-in", secret="1357")
        for label in (WANG_1, WANG_2, LI_1):
            assert (await agent.scan(label))["kind"] == "received"
        asked = await post(agent, "ask", text=CODE_OF["c-wang"])
        assert [one["too_warm"] for one in asked["claims"][0]["parcels"]] == [False, True]
        this: dict[str, Any] = {"question": asked["question"], "claim": "c-wang"}
        whole = await act(agent, "hand-out", **this)
        assert (whole["word"], whole["detail"], whole["parcel"], whole["sound"]) == ("refused", "too_warm", WANG_2, "refused")
        assert (await act(agent, "hand-out", **this, parcels=[WANG_1]))["word"] == "released_partly"
        assert (await act(agent, "hand-out", **this, parcels=[WANG_2]))["detail"] == "too_warm"
        done = await act(agent, "hand-out", **this, parcels=[WANG_2], told=True)
        assert (done["word"], done["actor"]) == ("released", "staff-1")

        await agent.http.post("/api/mode", json={"mode": "release"})
        scanned = await agent.scan(LI_1)
        assert (scanned["word"], scanned["detail"], scanned["sound"]) == ("refused", "too_warm", "refused")
        assert (await agent.http.get("/api/parcel", params={"parcel": LI_1})).json()["ready"]
        told = await act(agent, "hand-out-told", parcel=LI_1)
        assert (told["word"], told["actor"]) == ("released", "staff-1")
        assert (await act(agent, "hand-out-told", parcel=LI_1))["detail"] == "already_released"
