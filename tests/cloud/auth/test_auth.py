"""Secrets, residents' data, links, passwords, and the command line of accounts."""

import io
import re
import sys
from collections.abc import AsyncIterator

import psycopg
import pytest
from argon2 import extract_parameters
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from cloud.auth.account_tool import main
from cloud.auth.accounts import AccountError, add_account, ensure_account, list_accounts, normal_login, set_password
from cloud.auth.links import LinkError, LinkSigner, looks_like_link
from cloud.auth.masking import masked_name, masked_phone
from cloud.auth.passwords import _NOBODY, hash_password, password_matches
from cloud.auth.residents import ResidentVault, UnreadableError, normal_phone
from cloud.auth.secrets import SecretMissingError, derive_key
from cloud.auth.sessions import find_account, open_session
from cloud.config import CloudConfig
from cloud.domain.scope import Role
from cloud.store.pool import Connection
from tests.cloud.api.world import NOW, SECRET, TestClock

VAULT = ResidentVault(SecretStr(SECRET))
OTHER_VAULT = ResidentVault(SecretStr(SECRET[::-1]))


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute("INSERT INTO operator (id, name) VALUES ('op-a', 'A')")
        await connection.execute("INSERT INTO site (id, kind, name, created_at) VALUES ('st-a1', 'station', 'A1', %s)", [NOW])
        yield connection


def test_each_purpose_has_a_key_of_its_own_and_none_without_a_secret() -> None:
    assert derive_key(SecretStr(SECRET), "one") != derive_key(SecretStr(SECRET), "two")
    with pytest.raises(SecretMissingError, match="TUANTU_SECRET"):
        derive_key(SecretStr(""), "one")


@given(st.text(), st.text())
def test_what_is_sealed_opens_for_its_operator_and_nobody_else(text: str, operator: str) -> None:
    text, operator = (part.encode("utf-8", "ignore").decode() for part in (text, operator))
    sealed = VAULT.seal(operator, text)
    assert VAULT.open(operator, sealed) == text
    assert VAULT.seal(operator, text) != sealed
    for vault, other, bytes_ in (
        (OTHER_VAULT, operator, sealed),
        (VAULT, operator + "x", sealed),
        (VAULT, operator, sealed[:-1]),
        (VAULT, operator, b"\x02" + sealed[1:]),
    ):
        with pytest.raises(UnreadableError):
            vault.open(other, bytes_)


@pytest.mark.parametrize("spelling", ["13812345678", "138 1234 5678", "138-1234-5678", "+86 138 1234 5678", "8613812345678"])
def test_spellings_of_one_phone_are_one_phone(spelling: str) -> None:
    assert normal_phone(spelling) == "13812345678"
    sealed = VAULT.seal_phone("op", spelling)
    assert (sealed.tail, sealed.lookup_hash) == ("5678", VAULT.phone_hash("op", "13812345678"))
    assert sealed.lookup_hash != VAULT.phone_hash("op-2", "13812345678")


@pytest.mark.parametrize("text", ["", "123456", "1" * 16, "phone", "１３８１２３４５６７８", "138\x001234567"])
def test_what_is_no_phone_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="phone number"):
        normal_phone(text)


@given(st.text(alphabet="0123456789", min_size=7, max_size=15))
def test_a_shown_phone_hides_six_digits_where_it_has_them(phone: str) -> None:
    shown = masked_phone(phone)
    assert len(shown) == len(phone)
    assert shown.count("*") >= min(6, len(phone) - 4)
    assert shown[-4:] == phone[-4:]


@pytest.mark.parametrize(("name", "shown"), [("", "*"), ("王", "*"), ("王明", "王*"), ("王小明", "王*明"), ("欧阳小明", "欧**明")])
def test_a_shown_name_hides_a_character(name: str, shown: str) -> None:
    assert masked_name(name) == shown


@given(st.text(max_size=80), st.integers(0, 2**31))
def test_a_link_says_what_it_was_made_for_until_it_expires(order_id: str, version: int) -> None:
    order_id = order_id.encode("utf-8", "ignore").decode()
    clock = TestClock()
    signer = LinkSigner(SecretStr(SECRET), clock)
    token = signer.sign(order_id, version, life_ms=1000)
    assert looks_like_link(token)
    assert re.fullmatch(r"[A-Za-z0-9._-]+", token)
    link = signer.read(token)
    assert (link.order_id, link.version, link.expires_ms) == (order_id, version, clock.ms + 1000)
    clock.ms += 1000
    with pytest.raises(LinkError, match="expired"):
        signer.read(token)


@given(st.text(max_size=200))
def test_no_text_is_taken_for_a_link(text: str) -> None:
    with pytest.raises(LinkError):
        LinkSigner(SecretStr(SECRET), TestClock()).read(text)


def test_a_link_of_another_secret_or_changed_by_a_character_is_none() -> None:
    clock = TestClock()
    token = LinkSigner(SecretStr(SECRET), clock).sign("op-a/A-1", 1)
    with pytest.raises(LinkError):
        LinkSigner(SecretStr(SECRET[::-1]), clock).read(token)
    for place in range(0, len(token), 7):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(LinkError):
            LinkSigner(SecretStr(SECRET), clock).read(changed)


def test_a_password_is_argon2id_and_matches_itself_only() -> None:
    kept = hash_password("correct horse")
    assert kept.startswith("$argon2id$")
    assert password_matches(kept, "correct horse")
    assert not password_matches(kept, "correct horsE")
    assert not password_matches(None, "nobody has this password")
    assert not password_matches("no hash", "x")
    assert extract_parameters(_NOBODY) == extract_parameters(kept), "it takes as long to find that there is no such account"


async def test_an_account_needs_what_its_role_needs(connection: Connection) -> None:
    async def attempt(field: str, **said: object) -> None:
        full = {
            "login": "li",
            "password": "long enough",
            "display_name": "Li",
            "role": Role.STAFF,
            "operator_id": "op-a",
            "site_ids": ["st-a1"],
        }
        with pytest.raises(AccountError) as info:
            await add_account(connection, NOW, **{**full, **said})  # type: ignore[arg-type]
        assert info.value.field == field

    await attempt("login", login=" ")
    await attempt("login", login="a\0")
    await attempt("password", password="short")
    await attempt("role", role=Role.RESIDENT)
    await attempt("operator", operator_id=None)
    await attempt("operator", operator_id="nobody")
    await attempt("site", site_ids=[])
    await attempt("site", site_ids=["nowhere"])
    assert await list_accounts(connection, NOW) == []


async def test_ensuring_an_account_twice_makes_one_and_keeps_its_password(connection: Connection) -> None:
    ids = [
        await ensure_account(
            connection,
            NOW,
            login="Li",
            password=password,
            display_name="Li",
            role=Role.LEADER,
            operator_id="op-a",
            site_ids=["st-a1"],
        )
        for password in ("first password", "second password")
    ]
    assert ids[0] == ids[1]
    (account,) = await list_accounts(connection, NOW)
    assert (account.login, account.site_ids, account.scope.role) == (normal_login("LI"), ["st-a1"], Role.LEADER)
    cursor = await connection.execute("SELECT password_hash FROM account")
    row = await cursor.fetchone()
    assert row is not None
    assert password_matches(row[0], "first password")


async def test_a_new_password_ends_all_sessions(connection: Connection) -> None:
    account = await add_account(connection, NOW, login="boss", password="long enough", display_name="B", role=Role.ADMIN)
    token = (await open_session(connection, account)).token
    assert await find_account(connection, NOW, token) is not None
    await set_password(connection, "boss", "another one")
    assert await find_account(connection, NOW, token) is None
    assert await find_account(connection, NOW, "x" * 10_000) is None
    assert await find_account(connection, NOW, "\ud800") is None


@pytest.fixture
def config(database_url: str) -> CloudConfig:
    return CloudConfig(database_url=SecretStr(database_url), secret=SecretStr(SECRET))


def test_accounts_are_kept_from_the_command_line(
    config: CloudConfig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(*words: str, password: str = "long enough\n") -> int:
        monkeypatch.setattr(sys, "stdin", io.StringIO(password))
        return main(words, config, TestClock())

    with psycopg.connect(config.database_url.get_secret_value(), autocommit=True) as connection:
        connection.execute("INSERT INTO operator (id, name) VALUES ('op-a', 'A')")
        assert command("add", "Boss", "--role", "admin") == 0
        assert command("add", "boss", "--role", "admin") == 1
        assert "taken" in capsys.readouterr().err
        assert command("add", "li", "--role", "dispatcher", "--operator", "op-b") == 1
        assert command("add", "li", "--role", "dispatcher", "--operator", "op-a") == 0
        assert command("password", "li", password="short\n") == 1
        assert command("password", "li", password="longer than before\n") == 0
        assert command("disable", "li") == 0
        assert command("disable", "nobody") == 1
        capsys.readouterr()
        assert command("list") == 0
        assert capsys.readouterr().out.splitlines() == ["boss\tadmin\t-\t-\tactive", "li\tdispatcher\top-a\t-\tdisabled"]
        audit = connection.execute("SELECT action, subject FROM audit ORDER BY id").fetchall()
    assert audit == [("account.add", "Boss"), ("account.add", "li"), ("account.password", "li"), ("account.disable", "li")]


def test_a_database_that_is_away_is_one_line(config: CloudConfig, capsys: pytest.CaptureFixture[str]) -> None:
    away = config.model_copy(update={"database_url": SecretStr("postgresql://x:secret@127.0.0.1:1/x")})
    assert main(["list"], away, TestClock()) == 1
    told = capsys.readouterr().err
    assert "127.0.0.1:1" in told
    assert "secret" not in told
