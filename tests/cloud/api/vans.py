"""Vehicles in the world of the api's tests."""

from tests.cloud.api.world import NOW, World


async def van(world: World, site: str = "van-1", *operators: str) -> None:
    await world.connection.execute("INSERT INTO site (id, kind, name, created_at) VALUES (%s, 'van', '一号车', %s)", [site, NOW])
    for operator in operators or ("op-a",):
        await world.connection.execute("INSERT INTO site_operator (site_id, operator_id) VALUES (%s, %s)", [site, operator])
