"""Whom a station serves is dated: its manifest names the operators of its day, and no others."""

from datetime import timedelta

import pytest

from tests.cloud.api.test_docks import newest
from tests.cloud.api.test_stations import maker
from tests.cloud.api.world import NOW, World

pytestmark = pytest.mark.slow


async def relate(world: World, operator: str, since: str | None, until: str | None) -> None:
    await world.connection.execute(
        "UPDATE site_operator SET valid = daterange(%s::date, %s::date) WHERE site_id = 'st-both' AND operator_id = %s",
        [since, until, operator],
    )


async def test_an_operator_is_in_the_manifest_from_the_first_day_of_its_relation_to_the_last(world: World) -> None:
    making = maker()
    await relate(world, "op-a", None, "2026-11-23")
    await relate(world, "op-b", "2026-11-23", None)
    await making.make_all(world.connection, NOW)  # the 22nd there
    assert (await newest(world, "st-both")).operators == ("op-a",)
    await making.make_all(world.connection, NOW + timedelta(days=1))
    assert (await newest(world, "st-both")).operators == ("op-b",)


async def test_a_relation_that_is_changed_today_is_in_the_next_manifest(world: World) -> None:
    making = maker()
    await making.make_all(world.connection, NOW)
    assert (await newest(world, "st-both")).operators == ("op-a", "op-b")
    await relate(world, "op-b", None, "2026-11-22")
    await making.make_all(world.connection, NOW + timedelta(seconds=20))
    assert (await newest(world, "st-both")).operators == ("op-a",)
