"""The conversation of a socket and the rooms' book-keeping, without a socket."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from cloud.domain.notices import RoomNotice, read_notices
from cloud.domain.scope import Role, Scope
from cloud.live.frames import MAX_ROOMS, Entry
from cloud.live.rooms import PAGE_ENTRIES, Delivery, Fetched, Rooms
from cloud.live.session import HELLO_WITHIN_S, MAX_FAULTS, Authenticate, Close, Effect, Join, Leave, Send, Session
from tests.cloud.api.world import TestClock
from tests.examples import examples

ADMIN = Scope(Role.ADMIN)
LEADER = Scope(Role.LEADER, "op-a", frozenset({"st-1", "st-2"}))


def frame(kind: str, **more: Any) -> str:
    return json.dumps({"type": kind, **more})


def sent(effects: list[Effect]) -> list[dict[str, Any]]:
    return [json.loads(effect.frame) for effect in effects if isinstance(effect, Send)]


def opened(scope: Scope = ADMIN) -> Session:
    session = Session(TestClock(), 0.0)
    assert session.receive(frame("hello", token="t"), 0.0) == [Authenticate("t")]
    assert sent(session.admitted(scope))[0]["type"] == "welcome"
    return session


def test_silence_ends_a_socket_and_a_hello_in_time_does_not() -> None:
    silent = Session(TestClock(), 100.0)
    assert silent.check_hello(100.0 + HELLO_WITHIN_S - 0.1) == []
    assert isinstance(silent.check_hello(100.0 + HELLO_WITHIN_S)[0], Close)
    assert opened().check_hello(1e9) == []


def test_a_flood_of_frames_ends_a_socket_and_a_steady_page_does_not() -> None:
    steady = opened()
    assert all(sent(steady.receive(frame("ping"), number / 5)) for number in range(1000))
    flooded = opened()
    effects = [effect for _ in range(500) for effect in flooded.receive(frame("ping"), 1.0)]
    assert [type(effect) for effect in effects[-1:]] == [Close]
    assert len(effects) < 150


def test_faults_are_answered_until_there_are_too_many() -> None:
    session = opened()
    for number in range(MAX_FAULTS):
        (effect,) = session.receive("{", number)
        assert isinstance(effect, Send)
    assert isinstance(session.receive("{", MAX_FAULTS)[-1], Close)
    assert session.receive(frame("ping"), MAX_FAULTS + 1) == []


def test_a_socket_is_in_a_bounded_number_of_rooms() -> None:
    session = opened()
    rooms = [{"room": f"site:st-{number}"} for number in range(MAX_ROOMS)]
    assert len(session.receive(frame("subscribe", rooms=rooms), 0.0)) == MAX_ROOMS
    assert sent(session.receive(frame("subscribe", rooms=[{"room": "site:more"}]), 0.0))[0]["field"] == "rooms[0]"
    assert session.receive(frame("subscribe", rooms=[{"room": "site:st-5", "cursor": 9}]), 0.0) == [Join("site:st-5", 9)]
    assert session.receive(frame("unsubscribe", rooms=["site:st-5", "site:st-5", "site:never"]), 0.0) == [Leave("site:st-5")]
    assert session.receive(frame("subscribe", rooms=[{"room": "site:more"}]), 0.0) == [Join("site:more", 0)]


def test_closing_leaves_every_room_first() -> None:
    session = opened(LEADER)
    session.receive(frame("subscribe", rooms=[{"room": "site:st-1"}, {"room": "site:st-2"}]), 0.0)
    effects = session.refused("over", "")
    assert effects[-3:-1] == [Leave("site:st-1"), Leave("site:st-2")]
    assert isinstance(effects[-1], Close)


@given(st.one_of(st.text(max_size=200), st.binary(max_size=200)))
def test_no_frame_does_more_than_be_answered(data: str | bytes) -> None:
    for session in (Session(TestClock(), 0.0), opened(LEADER)):
        for effect in session.receive(data, 0.0):
            assert isinstance(effect, (Send, Join, Leave, Authenticate))


class Conversations(RuleBasedStateMachine):
    """Any order of anything: only rooms of the scope are joined, answers stop at the close, nothing comes before welcome."""

    def __init__(self) -> None:
        super().__init__()
        self.session = Session(TestClock(), 0.0)
        self.now_s = 0.0
        self.joined: set[str] = set()
        self.is_closed = False
        self.is_checking = False
        self.is_admitted = False

    def see(self, effects: list[Effect]) -> None:
        if self.is_closed:
            assert effects == []
        for effect in effects:
            assert not self.is_closed
            match effect:
                case Join(room=room):
                    assert self.is_admitted
                    assert LEADER.may_see_room(room)
                    self.joined.add(room)
                case Leave(room=room):
                    self.joined.remove(room)
                case Authenticate():
                    assert not self.is_admitted
                    self.is_checking = True
                case Close():
                    self.is_closed = True
                case Send():
                    pass

    @rule(
        rooms=st.lists(
            st.tuples(st.sampled_from(["site:st-1", "site:st-2", "site:st-3", "order:x", "y"]), st.integers(-1, 5)), max_size=4
        )
    )
    def subscribe(self, rooms: list[tuple[str, int]]) -> None:
        self.say(frame("subscribe", rooms=[{"room": room, "cursor": cursor} for room, cursor in rooms]))

    @rule(rooms=st.lists(st.sampled_from(["site:st-1", "site:st-2", "site:st-3"]), max_size=3))
    def unsubscribe(self, rooms: list[str]) -> None:
        self.say(frame("unsubscribe", rooms=rooms))

    @rule(data=st.sampled_from([frame("ping"), frame("hello", token="t"), frame("hello"), "{", "null", b"\0"]))
    def say(self, data: str | bytes) -> None:
        self.see(self.session.receive(data, self.now_s))

    @rule()
    def admit(self) -> None:
        effects = self.session.admitted(LEADER)
        assert bool(effects) == (self.is_checking and not self.is_closed)
        self.is_admitted |= bool(effects)
        self.is_checking = False
        self.see(effects)

    @rule()
    def refuse(self) -> None:
        self.see(self.session.refused("no", ""))

    @rule(seconds=st.floats(0, 12))
    def wait(self, seconds: float) -> None:
        self.now_s += seconds
        self.see(self.session.check_hello(self.now_s))

    @invariant()
    def rooms_agree(self) -> None:
        assert self.session.rooms == self.joined
        assert self.session.is_open == (self.is_admitted and not self.is_closed)


TestConversations = Conversations.TestCase
TestConversations.settings = settings(max_examples=examples(60), stateful_step_count=30, deadline=None)


class Watching(RuleBasedStateMachine):
    """Rooms against a model: whoever joins, lags or comes back, everybody who takes ends with the room's true state."""

    ROOM = "site:x"

    def __init__(self) -> None:
        super().__init__()
        self.rooms: Rooms[str] = Rooms()
        self.truth: dict[str, tuple[int, str | None]] = {}
        self.version = 0
        self.seen: dict[str, dict[str, Any]] = {}
        self.cursors: dict[str, int] = {}
        self.lagging: set[str] = set()
        self.on_their_way: list[RoomNotice] = []

    @rule(socket=st.sampled_from("abcd"), keeps=st.booleans())
    def join(self, socket: str, keeps: bool) -> None:
        if not keeps:  # a page that forgets what it saw forgets its cursor with it
            self.seen[socket] = {}
            self.cursors.pop(socket, None)
        cursor = self.cursors.get(socket, 0)
        self.seen.setdefault(socket, {})
        self.rooms.join(self.ROOM, socket, cursor)
        self.present().add(socket)

    def present(self) -> set[str]:
        if not hasattr(self, "_present"):
            self._present: set[str] = set()
        return self._present

    @rule(socket=st.sampled_from("abcd"))
    def leave(self, socket: str) -> None:
        self.rooms.leave([self.ROOM], socket)
        self.present().discard(socket)
        self.lagging.discard(socket)

    @rule(socket=st.sampled_from("abcd"))
    def lag(self, socket: str) -> None:
        if socket in self.present():
            self.lagging.add(socket)

    @rule(socket=st.sampled_from("abcd"))
    def drain(self, socket: str) -> None:
        self.lagging.discard(socket)
        self.rooms.drained([self.ROOM])

    @rule(
        keys=st.lists(st.sampled_from("klmn"), min_size=1, max_size=3, unique=True),
        gone=st.booleans(),
        hinted=st.sampled_from(["no", "hint", "tell", "later"]),
    )
    def change(self, keys: list[str], gone: bool, hinted: str) -> None:
        before, self.version = self.version, self.version + 1
        for key in keys:
            self.truth[key] = (self.version, None if gone else json.dumps(self.version))
        body = None if gone else json.dumps(self.version).encode()
        notice = RoomNotice(self.ROOM, self.version, before, "", tuple((key, body) for key in keys))
        if hinted == "hint":
            self.rooms.hinted(self.ROOM, self.version)
        elif hinted == "tell":
            self.tell(notice)
        elif hinted == "later":
            self.on_their_way.append(notice)

    @rule(last=st.booleans())
    def a_notice_comes_late(self, last: bool) -> None:
        if self.on_their_way:
            self.tell(self.on_their_way.pop(-1 if last else 0))

    def tell(self, notice: RoomNotice) -> None:
        if self.rooms.hinted(notice.room, notice.version):
            self.hear(self.rooms.told(notice, self.lagging))

    @rule()
    def work(self) -> None:
        for fetch in self.rooms.fetches(self.lagging):
            above = 0 if fetch.above > self.version else fetch.above
            news = sorted((version, key, body) for key, (version, body) in self.truth.items() if version > above)
            entries = [Entry(key, version, "", body) for version, key, body in news]
            self.hear(self.rooms.take(Fetched(fetch, self.version, entries, is_whole=True), self.lagging))

    def hear(self, delivery: Delivery[str] | None) -> None:
        if delivery is None:
            return
        said = json.loads(delivery.frame)
        for socket in delivery.sockets:
            assert socket not in self.lagging
            assert socket in self.present()
            if said["snapshot"]:
                self.seen[socket] = {}
            for one in said["entries"]:
                self.seen[socket][one["key"]] = one["body"]
            self.cursors[socket] = said["cursor"]

    @rule()
    def poll_and_settle(self) -> None:
        self.rooms.polled({self.ROOM: self.version} if self.version else {})
        self.work()
        if self.rooms.is_due:
            self.work()
        truth = {key: json.loads(body) for key, (_, body) in self.truth.items() if body is not None}
        for socket in self.present() - self.lagging:
            assert {key: body for key, body in self.seen[socket].items() if body is not None} == truth, socket
            assert self.cursors[socket] == self.version


TestWatching = Watching.TestCase
TestWatching.settings = settings(max_examples=examples(150), stateful_step_count=40, deadline=None)


def test_who_lags_is_told_the_newest_and_costs_the_others_no_encoding() -> None:
    rooms: Rooms[str] = Rooms()
    for socket in ("fast", "also fast", "slow"):
        rooms.join("r", socket, 0)

    def go(version: int, lagging: set[str]) -> list[tuple[int, set[str]]]:
        rooms.polled({"r": version})
        told = []
        for fetch in rooms.fetches(lagging):
            delivery = rooms.take(
                Fetched(fetch, version, [Entry("k", version, "", "1")] if version else [], is_whole=True), lagging
            )
            assert delivery is not None
            told.append((fetch.above, set(delivery.sockets)))
        return told

    assert go(1, set()) == [(0, {"fast", "also fast", "slow"})]
    for version in range(2, 50):
        assert go(version, {"slow"}) == [(version - 1, {"fast", "also fast"})]
    assert go(50, set()) == [(49, {"fast", "also fast"}), (1, {"slow"})]
    assert go(51, set()) == [(50, {"fast", "also fast", "slow"})]


def test_a_page_moves_its_readers_only_as_far_as_it_goes() -> None:
    rooms: Rooms[str] = Rooms()
    rooms.join("r", "a", 0)
    (fetch,) = rooms.fetches(set())
    page = [Entry(str(number), number, "", "1") for number in range(1, PAGE_ENTRIES + 1)]
    delivery = rooms.take(Fetched(fetch, 1000, page, is_whole=False), set())
    assert delivery is not None
    assert json.loads(delivery.frame)["cursor"] == PAGE_ENTRIES
    assert [(fetch.room, fetch.above) for fetch in rooms.fetches(set())] == [("r", PAGE_ENTRIES)]


def test_an_empty_room_is_forgotten() -> None:
    rooms: Rooms[str] = Rooms()
    rooms.join("r", "a", 3)
    rooms.leave(["r", "never"], "a")
    assert not rooms.served
    assert not rooms.is_due
    assert not rooms.hinted("r", 9)


@pytest.mark.parametrize(
    "payload", [b"", b"\xc1", b"\x91\x01", b"\x91\x92\xa1r\xa1v", b"\x91\x92\xa1r\xcb\x7f\xf8\0\0\0\0\0\0", b"x" * 2_000_000]
)
def test_a_hint_that_cannot_be_read_is_none(payload: bytes) -> None:
    assert read_notices(payload) == []
