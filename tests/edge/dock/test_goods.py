"""Goods by SKU at the dock: a piece is scanned by its EAN, its lane is called, and it is counted; or nobody counts at all."""

from pathlib import Path

import msgspec

from edge.devices.ports import Reason, Sound
from edge.http.dock import run_view
from edge.wire.manifest import Article, Line, Manifest, PlannedLoad
from edge.wire.messages import ContainerSealed, GoodsPacked
from tests.edge.dock.plans import A1, A_COLD, B1, RUN_1, SPARE, WANG, P, load, manifest, open_bay

RICE, OIL = "6901234567892", "6920000000012"
RICE_SKU, OIL_SKU = "G1000", "G2000"
ARTICLES = (
    Article(sku=RICE_SKU, name="东北大米5kg", eans=(RICE,)),
    Article(sku=OIL_SKU, name="菜籽油", eans=(OIL,)),
)  # fmt: skip


def bulk(container: str, station: str, lane: str, *lines: tuple[str, int], stop: int = 1) -> PlannedLoad:
    goods = tuple(Line(sku=sku, quantity=quantity) for sku, quantity in lines)
    return msgspec.structs.replace(load(container, station, [], lane=lane, stop=stop), lines=goods)


NIGHT: Manifest = msgspec.structs.replace(
    manifest(
        1,
        (
            bulk(B1, "st-b", "A2", (RICE_SKU, 2), stop=2),
            bulk(A1, "st-a", "A1", (RICE_SKU, 1), (OIL_SKU, 1)),
            load(A_COLD, "st-a", P[3:4]),
        ),
    ),
    articles=ARTICLES,
)


async def test_each_scan_of_an_ean_is_one_piece_more_in_the_open_container(tmp_path: Path) -> None:
    async with open_bay(tmp_path, NIGHT) as bay:
        await bay.rules.choose_mode("pack")
        waiting = await bay.scan(RICE)
        assert (waiting.word, waiting.slot, waiting.amount, waiting.of) == ("no_container", "A2", 0, 2)
        assert await bay.words(B1) == ["bound"]
        first = await bay.scan(RICE)
        assert (first.word, first.slot, first.amount, first.of, first.detail) == ("goods_packed", "A2", 1, 2, RICE_SKU)
        assert (await bay.scan(RICE)).word == "full"
        for ean in (RICE, OIL):
            elsewhere = await bay.scan(ean)
            assert (elsewhere.word, elsewhere.slot, bay.last_sound) == ("goods_elsewhere", "A1", Reason.WRONG_CONTAINER)
        assert (await bay.facts())[1:] == [GoodsPacked(container=B1, sku=RICE_SKU)] * 2


async def test_at_the_wall_an_ean_calls_the_lane_that_waits_and_is_counted_where_a_container_stands_ready(tmp_path: Path) -> None:
    async with open_bay(tmp_path, NIGHT) as bay:
        unbound = await bay.scan(RICE)
        assert (unbound.word, unbound.slot, bay.last_sound) == ("goods_unbound", "A2", Sound.REFUSED)
        await bay.rules.choose_mode("pack")
        await bay.words(B1, A1)
        await bay.rules.choose_mode("sort")
        told = [await bay.scan(RICE) for _ in range(4)]
        assert [(one.word, one.slot) for one in told] == [
            ("goods_packed", "A2"),
            ("full", "A2"),
            ("goods_full", "A1"),
            ("goods_enough", ""),
        ]
        await bay.rules.choose_mode("load")
        assert await bay.words(RICE) == ["want_container"]


async def test_pieces_may_be_typed_never_more_than_are_wanted_and_a_count_is_undone_like_any_act(tmp_path: Path) -> None:
    async with open_bay(tmp_path, NIGHT) as bay:
        assert (await bay.dock.count_goods(B1, RICE_SKU, 1, WANG)).word == "not_bound"
        await bay.rules.choose_mode("pack")
        await bay.words(B1)
        many = await bay.dock.count_goods(B1, RICE_SKU, 3, WANG)
        assert (many.word, many.amount) == ("goods_too_many", 2)
        assert (await bay.dock.count_goods(B1, OIL_SKU, 1, WANG)).word == "not_in_plan"
        counted = await bay.dock.count_goods(B1, RICE_SKU, 2, WANG)
        assert counted.word == "full"
        await bay.dock.undo(counted.event, "staff-1")
        assert (await bay.dock.progress.read(bay.dock.plan))[B1].now.pieces_of(RICE_SKU) == (RICE_SKU, 2, 0)
        assert (await bay.scan(RICE)).amount == 1


async def test_who_began_to_count_seals_short_only_on_purpose_and_the_run_says_which_and_how_many(tmp_path: Path) -> None:
    async with open_bay(tmp_path, NIGHT) as bay:
        await bay.rules.choose_mode("pack")
        await bay.words(B1, RICE)
        refused = await bay.dock.seal(B1, WANG, is_short=False)
        assert (refused.word, refused.amount, refused.of) == ("seal_lacks", 1, 2)
        assert (await bay.dock.seal(B1, WANG, is_short=True)).word == "sealed_short"
        assert (await bay.facts())[-1] == ContainerSealed(container=B1), "its station counts the pieces, and says what lacks"
        await bay.packed(A_COLD, P[3])
        await bay.rules.choose_mode("load")
        assert (await bay.scan(B1)).word == "loaded"
        assert bay.last_sound is Sound.ATTENTION
        run = run_view(RUN_1, bay.dock.plan.runs[RUN_1], await bay.dock.progress.read(bay.dock.plan))
        assert run is not None
        assert [(one.container, one.lane, one.lacks) for one in run.short] == [(B1, "A2", 1)]
        await bay.packed(A1)
        assert await bay.words(A1, A_COLD) == ["loaded", "run_full"]
        assert bay.last_sound is Sound.ATTENTION, "the van is full, and one of its containers went short"


async def test_where_nobody_counts_goods_go_by_the_list_and_nothing_is_short(tmp_path: Path) -> None:
    async with open_bay(tmp_path, NIGHT) as bay:
        await bay.rules.choose_mode("pack")
        await bay.words(B1)
        await bay.rules.choose_mode("seal")
        assert await bay.words(B1) == ["sealed"]
        run = run_view(RUN_1, bay.dock.plan.runs[RUN_1], await bay.dock.progress.read(bay.dock.plan))
        assert run is not None
        assert run.short == []


async def test_counts_are_of_the_round_and_stay_with_the_container_that_stands_in(tmp_path: Path) -> None:
    async with open_bay(tmp_path, NIGHT) as bay:
        await bay.rules.choose_mode("pack")
        await bay.words(B1, RICE)
        await bay.dock.await_container("", B1)
        assert await bay.words(SPARE) == ["bound"]
        assert (await bay.scan(RICE)).amount == 1, "what was counted into the other lies in the other"


async def test_an_ean_that_no_load_waits_for_is_a_product_and_no_parcel(tmp_path: Path) -> None:
    async with open_bay(tmp_path, NIGHT) as bay:
        stranger = await bay.scan("4006381333931")
        assert (stranger.word, stranger.detail) == ("unknown_label", "a product, not a parcel")


async def test_the_last_parcel_makes_nothing_full_while_counted_pieces_lack(tmp_path: Path) -> None:
    mixed = msgspec.structs.replace(bulk(A1, "st-a", "A1", (RICE_SKU, 2)), parcels=tuple(P[0:2]))
    night = msgspec.structs.replace(manifest(1, (mixed,)), articles=ARTICLES)
    async with open_bay(tmp_path, night) as bay:
        await bay.rules.choose_mode("pack")
        assert await bay.words(A1, P[0], RICE, P[1], RICE) == ["bound", "packed", "goods_packed", "packed", "full"]
