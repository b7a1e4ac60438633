"""Whoever runs a schedule's station besides the person with the scanner: containers, shelves, cells, hand-outs, commands from afar.

Works at the agent's page and does each thing until the page says that it is done, now or before: what the page said is told to the
ledger. Doors are shut by hand. Commands that must open nothing are said among those that may.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from edge.wire.messages import Command
from tests.faults.cabinet import Ask, Cabinet
from tests.faults.ledger import Ledger
from tests.faults.site import Site
from tests.faults.station_day import SLOTS, Resident, StationDay
from tests.faults.voice import CloudVoice

NOT_THERE_S = 0.1
DEBOUNCED_S = 1.6  # edge.rules.debounce
CLOSED_WITHIN_S = 5.0  # the agent looks at an open door three times a second
ANSWERED_WITHIN_S = 6.0
OPEN_S = 20.0  # two doors, one after the other, on a busy machine
TTL_S = 30.0
REMOTE_TRIES = 3  # of opening a door from afar: the site may be away, or its board may
BY = "keeper-1"

Act = dict[str, Any]


@dataclass
class Keeper:
    """``work`` does the day once; ``open_something`` gives a fault that waits for a pulse one to strike at."""

    site: Site
    cabinet: Cabinet
    voice: CloudVoice
    ledger: Ledger
    day: StationDay
    random: Random
    at_counter: AbstractAsyncContextManager[Any]  # one is served at a time
    has_twin: Callable[[], bool]
    may_go_on: Callable[[float], bool]  # at which share of the day
    hands: asyncio.Lock = field(default_factory=asyncio.Lock)  # held: nothing of this is under way
    received: asyncio.Event = field(default_factory=asyncio.Event)
    done: int = 0
    commands: int = 0
    forbidden: list[str] = field(default_factory=list)  # ids of commands said that must open nothing
    remote_opens: int = 0  # commands of which the site said that the door is open
    _said: list[Command] = field(default_factory=list)

    async def work(self) -> None:
        acts = self._acts()
        for number, act in enumerate(acts):
            while not self.may_go_on(number / len(acts)):
                await asyncio.sleep(0.02)
            async with self.hands:
                await act()
            self.done += 1

    async def open_something(self) -> None:
        """Staff look into a cell."""
        cell = str(self.random.randint(1, len(self.day.manifest.cells)))
        async with self.hands:
            await self._open(cell, "check")
            self._shut(cell, holds=self._lies_in(cell))

    def _acts(self) -> list[Callable[[], Awaitable[None]]]:
        day = self.day
        both, lockered = (day.bags, day.short), (*day.at_cabinet.parcels, day.expired)
        inward = [
            *(self._booked("sign", ("signed", "signed_before"), "container_signed", container=one) for one in both),
            self._booked("open", ("opened", "opened_before"), "container_opened", container=day.bags),
            *(self._receives(one) for one in day.in_bags),
            self._booked("finish-count", ("counted", "counted_before"), "count_finished", container=day.bags),
            self._booked("open", ("opened", "opened_before"), "container_opened", container=day.short),
            *(self._receives(one) for one in day.in_short),
            self._counts_short,
            *(self._booked("shelve", ("shelved", "shelved_before"), "parcel_shelved", parcel=one, slot=self.random.choice(SLOTS))
              for one in (*day.at_counter.parcels, *day.by_mistake.parcels, day.goes_back)),
        ]  # fmt: skip
        outward: list[Callable[[], Awaitable[None]]] = [
            self._says_what_must_open_nothing,
            self._hands_out_at_the_counter,
            self._takes_back_and_hands_out_again,
            *(lambda one=one: self._places(one) for one in lockered),
            lambda: self._opens_from_afar(day.expired),
            self._says_what_must_open_nothing,
            self._resident_at_the_cabinet,
            self._guesser_at_the_cabinet,
            self._removes,
            self._says_what_must_open_nothing,
            self._booked("dispose", ("disposed", "left_before"), "parcel_disposed", parcel=day.expired, reason="expired"),
            self._booked("dispose", ("disposed", "left_before"), "parcel_disposed", parcel=day.spoiled, reason="spoiled"),
            self._booked("give-back", ("returned", "left_before"), "parcel_returned", parcel=day.goes_back),
            *(self._booked("empty", ("emptied",), "container_emptied", container=one) for one in both),
            self._says_what_must_open_nothing,
        ]
        return [*inward, *outward]

    # --- the page -----------------------------------------------------------------------------------

    async def _post(self, path: str, **form: object) -> Act | None:
        """None: nobody answered, or the card took nothing, or it was too late. Whatever was done, it is asked again."""
        try:
            answer = await self.site.http.post(f"/api/{path}", json=form, timeout=OPEN_S)
        except httpx.HTTPError:
            await asyncio.sleep(NOT_THERE_S)
            return None
        if answer.status_code in (409, 503):
            await asyncio.sleep(NOT_THERE_S)
            return None
        answer.raise_for_status()
        found: Act = answer.json()
        return found

    async def _until(self, path: str, words: Collection[str], **form: object) -> Act:
        """RuntimeError where the page says what nobody expects."""
        while True:
            answer = await self._post(path, **form)
            if answer is None:
                continue
            act: Act = answer["act"]
            if act["word"] not in words:
                raise RuntimeError(f"{path} {form}: {act}")
            return act

    def _booked(self, path: str, words: Collection[str], kind: str, **form: str) -> Callable[[], Awaitable[None]]:
        async def act() -> None:
            await self._until(path, words, **form, actor=BY)
            self.ledger.tell(kind, form.get("parcel") or form["container"])

        return act

    def _receives(self, parcel: str) -> Callable[[], Awaitable[None]]:
        """Scanned at the page, out of the container that was opened there."""
        words = ("received", "received_before", "received_other_container")

        async def act() -> None:
            while (answer := await self._post("scan", text=parcel, actor=BY)) is None or answer["scan"]["word"] not in words:
                if answer is not None and answer["scan"]["word"]:
                    raise RuntimeError(f"scan of {parcel}: {answer}")
                await asyncio.sleep(DEBOUNCED_S if answer else 0.0)
            self.ledger.tell("parcel_received", parcel)

        return act

    async def _counts_short(self) -> None:
        act = await self._until("finish-count", ("counted_short", "counted_before"), container=self.day.short, actor=BY)
        assert act["word"] == "counted_before" or (act["count"], act["of"]) == (3, 4), act
        self.ledger.tell("count_finished", self.day.short)
        self.ledger.tell("variance_found", self.day.missing)
        self.received.set()

    # --- the counter --------------------------------------------------------------------------------

    async def _hands_out(self, resident: Resident) -> str:
        """By code, all there is; the id of the act, "" where the page never said it."""
        async with self.at_counter:
            while True:
                asked = await self._post("ask", text=resident.code, actor=BY)
                if asked is None:
                    continue
                if asked["act"]["detail"] == "already_released":
                    done = None
                    break
                assert asked["act"]["word"] == "ask_matches", asked
                done = await self._post(
                    "hand-out", question=asked["question"], claim=asked["claims"][0]["claim"], parcels=[], actor=BY
                )
                if done is not None:
                    assert done["act"]["word"] == "released", done
                    break
        for parcel in resident.parcels:
            self.ledger.tell("parcel_released", parcel)
        return str(done["act"]["id"]) if done is not None else ""

    async def _hands_out_at_the_counter(self) -> None:
        await self._hands_out(self.day.at_counter)

    async def _takes_back_and_hands_out_again(self) -> None:
        resident = self.day.by_mistake
        event = await self._hands_out(resident)
        while event and not await self._undone(event):
            await asyncio.sleep(NOT_THERE_S)
        await self._hands_out(resident)

    async def _undone(self, event: str) -> bool:
        """Whether it is; a second undo is refused, so a 409 is a yes as well."""
        try:
            answer = await self.site.http.post("/api/undo", json={"id": event, "actor": BY, "reason": "the wrong bag"})
        except httpx.HTTPError:
            return False
        if answer.status_code == 409:
            assert "undone before" in answer.text, answer.text
        return answer.status_code in (200, 409)

    # --- the cabinet --------------------------------------------------------------------------------

    async def _open(self, cell: str, purpose: str, parcel: str = "", reason: str = "mistake") -> str:
        """Once; the word, "" where nobody answered. A door that would not open is said to be right again."""
        self.cabinet.asked[Ask(cell, purpose, parcel)] += 1
        answer = await self._post("cells/open", cell=cell, purpose=purpose, parcel=parcel, reason=reason, actor=BY)
        word = "" if answer is None else str(answer["act"]["word"])
        if word in ("cell_not_opened", "cell_out_of_use"):
            await self._until("cells/use", ("cell_freed",), cell=cell, blocked=False, actor=BY)
        return word

    async def _cells(self) -> dict[str, Act]:
        while True:
            try:
                answer = (await self.site.http.get("/api/cells")).raise_for_status().json()
            except httpx.HTTPError:
                await asyncio.sleep(NOT_THERE_S)
            else:
                return {cell["cell"]: cell for cell in answer["cells"]}

    async def _cell_of(self, parcel: str) -> str:
        """Where it is booked in; "" where it is not."""
        cells = await self._cells()
        return next((name for name, one in cells.items() if one["parcel"] == parcel and one["state"] != "reserved"), "")

    async def _places(self, parcel: str) -> None:
        while not await self._cell_of(parcel):
            cell = (await self._until("cells/reserve", ("cell_reserved",), parcel=parcel, actor=BY))["slot"]
            word = await self._open(cell, "placing", parcel)
            if self.random.random() < 0.5:
                await asyncio.sleep(self.random.uniform(0.0, 0.5))
            self._shut(cell, holds=True)
            for _ in range(int(CLOSED_WITHIN_S / NOT_THERE_S)) if word in ("cell_opened", "cell_uncertain") else ():
                if await self._cell_of(parcel):
                    break
                await asyncio.sleep(NOT_THERE_S)
        self.ledger.tell("parcel_placed", parcel)

    async def _resident_at_the_cabinet(self) -> None:
        """By code; every door that is theirs opens once, and is shut on nothing."""
        resident = self.day.at_cabinet
        left = set(resident.parcels)
        where = {parcel: await self._cell_of(parcel) for parcel in left}
        while left:
            for parcel in left:
                self.cabinet.asked[Ask(where[parcel], "pickup", parcel)] += 1
            answer = await self._post("cabinet", text=resident.code)
            for cell in where.values():
                self._shut(cell, holds=False)
            if answer is None:
                continue
            if answer["detail"] == "already_released":
                left.clear()
            released = {one["cell"] for one in answer["opened"] if one["word"] == "released"}
            left = {parcel for parcel in left if where[parcel] not in released}
        for parcel in resident.parcels:
            self.ledger.tell("parcel_released", parcel)

    async def _guesser_at_the_cabinet(self) -> None:
        """Somebody tries a code, and somebody else's last four."""
        for text in (f"{self.random.randrange(10**8):08d}", "0001"):
            await self._post("cabinet", text=text)

    async def _removes(self) -> None:
        parcel = self.day.expired
        while cell := await self._cell_of(parcel):
            word = await self._open(cell, "removal", parcel, "expired")
            self._shut(cell, holds=word != "removed")
        self.ledger.tell("parcel_removed", parcel)

    def _shut(self, cell: str, *, holds: bool) -> None:
        self.cabinet.shut(cell, holds=holds)

    def _lies_in(self, cell: str) -> bool:
        """Whatever a look finds in a cell it leaves there."""
        return self.cabinet.holds(cell)

    # --- commands from the cloud ----------------------------------------------------------------------

    async def _opens_from_afar(self, parcel: str) -> None:
        """Signed by the connection's nonce, and delivered twice; a site that is away for a moment does not hear it."""
        cell = await self._cell_of(parcel)
        for _ in range(REMOTE_TRIES):
            command = self._command(self._nonce(), cell)
            self.cabinet.asked[Ask(cell, "remote", command=command.id)] = 1
            for _ in range(2):
                self._say(command)
            answer = None
            for _ in range(int(ANSWERED_WITHIN_S / NOT_THERE_S)):
                if (answer := self.voice.response(command.id)) is not None:
                    break
                await asyncio.sleep(NOT_THERE_S)
            self._shut(cell, holds=True)
            if answer is not None and answer.outcome == "done":
                self.remote_opens += 1
                break

    async def _says_what_must_open_nothing(self) -> None:
        """Replayed ones, one of an earlier connection, one of a connection that never was."""
        cells = [one.cell for one in self.day.manifest.cells]
        wrong = [self._command("0" * 16, self.random.choice(cells))]
        if (earlier := self.voice.nonces(self.site.site)[:-1]) and not self.has_twin():  # a twin's connection is no earlier one
            wrong.append(self._command(self.random.choice(earlier), self.random.choice(cells)))
        for command in (*wrong, *self._said):
            self._say(command)
        self.forbidden += [command.id for command in wrong]

    def refused(self) -> int:
        """Of the commands that must open nothing, those of which the site said that it does not do them."""
        answers = [self.voice.response(command) for command in self.forbidden]
        return sum(answer is not None and answer.outcome == "refused" for answer in answers)

    def _nonce(self) -> str:
        return next(reversed(self.voice.nonces(self.site.site)), "")

    def _command(self, nonce: str, cell: str) -> Command:
        self.commands += 1
        return Command(id=f"{self.site.site}-{self.commands}", nonce=nonce or "none", ttl_s=TTL_S, action="open_cell", cell=cell)

    def _say(self, command: Command) -> None:
        self.voice.command(self.site.site, command)
        if command not in self._said:
            self._said.append(command)
