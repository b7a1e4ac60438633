"""What staff look up while they work: what a container should hold, who gets how many of the goods, what a stock-take still
misses. Reads only, on the outbox's thread; nothing here leaves the station.
"""

from typing import Annotated

from fastapi import FastAPI, Query

from edge.http import act_forms as f
from edge.http.act_views import article_name, parcel_view
from edge.outbox import Outbox
from edge.outbox.transaction import Execute
from edge.station import goods, ledger, memory
from edge.station.day import Day
from edge.station.station import Station
from edge.station.stocktake import in_scope

Label = Annotated[str, Query(min_length=1, max_length=64)]


def add_looking(app: FastAPI, station: Station, outbox: Outbox) -> None:
    """All of it."""

    @app.get("/api/container")
    async def container(container: Label) -> f.ContainerDetail:
        day = station.day
        return await outbox.run(lambda store: read_container(store.execute, day, container))

    @app.get("/api/parcel")
    async def parcel(parcel: Label) -> f.ParcelView:
        day = station.day
        return await outbox.run(lambda store: parcel_view(ledger.parcel(store.execute, day, parcel), day))

    @app.get("/api/goods")
    async def all_goods() -> f.GoodsList:
        day = station.day
        return await outbox.run(lambda store: read_goods(store.execute, day))

    @app.get("/api/stock-take")
    async def stock_take() -> f.StockTakeView:
        day = station.day
        return await outbox.run(lambda store: read_stock_take(store.execute, day))


def read_container(execute: Execute, day: Day, label: str) -> f.ContainerDetail:
    """What is expected in a container and what was taken out of it, with where each stands."""
    known = ledger.container(execute, day, label)
    pieces = goods.all_in_container(execute, day, label) if known.is_bulk else []
    return f.ContainerDetail(
        container=label,
        is_expected=known.expected is not None,
        zone=known.expected.zone if known.expected else "",
        pack_mode=known.expected.pack_mode if known.expected else "order_bag",
        state=known.standing.state,
        signed=known.standing.is_signed,
        counted=known.standing.is_counted,
        parcels=[parcel_view(one, day) for one in ledger.of_container(execute, day, label)],
        goods=[
            f.PiecesView(sku=one.sku, name=article_name(day, one.sku), expected=one.expected, counted=one.counted) for one in pieces
        ],
    )


def read_goods(execute: Execute, day: Day) -> f.GoodsList:
    """Every article that is shared out here: pieces left, and which bag is to get how many."""
    skus = dict.fromkeys(line.sku for one in day.parcels.values() if one.is_made_here for line in one.lines)
    return f.GoodsList(
        goods=[
            f.SharesView(
                sku=sku,
                name=article_name(day, sku),
                stock=goods.stock(execute, day, sku),
                bags=[f.BagView(parcel=one.parcel, wanted=one.wanted, given=one.given) for one in goods.shares(execute, day, sku)],
            )
            for sku in skus
        ]
    )


def read_stock_take(execute: Execute, day: Day) -> f.StockTakeView:
    """How far the stock-take is. The same parcels that closing it would call missing are left."""
    take = memory.stock_take(execute)
    if take is None:
        return f.StockTakeView(scope=None, expected=0, seen=0, left=[])
    booked = [one for one in ledger.here_since(execute, day, take.after_row) if in_scope(one, take.scope)]
    seen = ledger.seen_since(execute, take.after_row)
    left = [one for one in booked if one.parcel not in seen]
    return f.StockTakeView(
        scope=take.scope, expected=len(booked), seen=len(seen), left=[parcel_view(one, day) for one in left]
    )  # fmt: skip
