"""Photographs come from sites, and are looked at by people."""

import hashlib

import pytest

from tests.cloud.api.test_stations import basic
from tests.cloud.api.world import World

pytestmark = pytest.mark.slow

PICTURE = b"\xff\xd8\xff" + b"broken egg" * 100
NAME = hashlib.sha256(PICTURE).hexdigest()


async def put(world: World, name: str, body: bytes, content_type: str = "image/jpeg", key: str = "the-password-of-a1") -> int:
    headers = {**basic("st-a1", key), "Content-Type": content_type}
    return (await world.call(None, "PUT", f"/blobs/{name}", content=body, headers=headers)).status_code


async def test_a_site_puts_a_photograph_once_and_its_people_see_it(world: World) -> None:
    await world.post("dispatcher-a", "/api/sites/st-a1/credentials", json={"key": "the-password-of-a1"})
    assert await put(world, NAME, PICTURE, key="another-password-1") == 401
    assert await put(world, NAME, PICTURE) == 201
    assert await put(world, NAME, PICTURE) == 200
    seen = await world.get("leader-a1", f"/api/sites/st-a1/photos/{NAME}")
    assert (seen.content, seen.headers["content-type"]) == (PICTURE, "image/jpeg")
    assert (await world.get("leader-a2", f"/api/sites/st-a1/photos/{NAME}")).status_code == 404
    assert (await world.get("leader-a1", f"/api/sites/st-a1/photos/{'0' * 64}")).status_code == 404


async def test_what_is_no_picture_or_has_another_name_is_refused(world: World) -> None:
    await world.post("dispatcher-a", "/api/sites/st-a1/credentials", json={"key": "the-password-of-a1"})
    assert await put(world, "0" * 64, PICTURE) == 422
    page = b"<script>alert(1)</script>"
    assert await put(world, hashlib.sha256(page).hexdigest(), page, "text/html") == 422
    assert await put(world, hashlib.sha256(page).hexdigest(), page) == 422
    assert await put(world, "no-hash", PICTURE) == 422
    large = PICTURE + bytes(4 * 1024 * 1024)
    assert await put(world, hashlib.sha256(large).hexdigest(), large) == 413
