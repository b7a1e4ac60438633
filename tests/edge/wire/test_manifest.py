"""What a station is told to expect: it comes back from its bytes, and what does not fit together is refused by name."""

from pathlib import Path

import msgspec
import pytest

from edge.wire.codec import PayloadError
from edge.wire.manifest import MAX_MANIFEST_BYTES, Manifest, Size, StationRules, Zone, decode_manifest, encode_manifest
from edge.wire.pickup import secret_key
from tests.edge.station import days

GOLDEN = Path(__file__).parent / "golden" / "0.2" / "manifest.json"


def test_the_manifest_of_a_release_is_read_as_it_was_meant_and_still_written_the_same() -> None:
    written = GOLDEN.read_bytes().strip()
    read = decode_manifest(written)
    assert encode_manifest(read) == written
    assert (read.version, read.day, read.code_cost.n, len(read.keys[0].public)) == (1, "2026-01-01", 1024, 32)
    assert [one.pack_mode for one in read.containers] == ["order_bag", "sku_bulk"]
    assert [(one.parcel, one.zone, one.size) for one in read.parcels][1] == ("TTP000000002F", Zone.CHILLED, Size.S)
    assert {one.token for one in read.codes} == {"", "px-1"}
    assert read.claims[0].tail == "5678"
    assert read.rules == StationRules()


def test_a_field_of_a_newer_release_is_let_be() -> None:
    newer = msgspec.json.decode(encode_manifest(days.manifest()))
    newer["weather"] = "wet"
    newer["parcels"][0]["gift"] = True
    assert decode_manifest(msgspec.json.encode(newer)) == days.manifest()


def changed(**parts: object) -> Manifest:
    return msgspec.structs.replace(days.manifest(), **parts)


DAY = days.manifest()
LOOSE = msgspec.structs.replace
UNFIT: list[tuple[Manifest, str]] = [
    (changed(site="No Slug"), "site"),
    (changed(operators=("demo", "No Slug")), "operator"),
    (changed(operators=("demo",)), "claims.operator: 'fresh'"),
    (changed(claims=DAY.claims[1:]), "codes.claim: 'c-wang'"),
    (changed(claims=(*DAY.claims, DAY.claims[0])), "claims: 'c-wang' is given twice"),
    (changed(codes=(*DAY.codes, LOOSE(DAY.codes[0], claim="c-li"))), "codes: a key is given twice"),
    (changed(containers=DAY.containers[1:]), "parcels.container"),
    (changed(articles=DAY.articles[1:]), "containers.lines.sku: 'G1000'"),
    (changed(articles=DAY.articles[1:], containers=DAY.containers[:1]), "parcels.lines.sku: 'G1000'"),
    (changed(parcels=(*DAY.parcels, DAY.parcels[0])), "parcels"),
    (changed(parcels=(LOOSE(DAY.parcels[0], claim="nobody"),)), "parcels.claim: 'nobody'"),
    (changed(staff=(*DAY.staff, LOOSE(DAY.staff[0], staff="staff-3", badge_key=None))), "staff.pin_key: a key is given twice"),
    (changed(shelves=(*DAY.shelves, DAY.shelves[0])), "shelves: 'A1'"),
    (changed(cells=(*DAY.cells, DAY.cells[0])), "cells: '1-01'"),
]


@pytest.mark.parametrize(("unfit", "words"), UNFIT)
def test_what_does_not_fit_together_is_refused_by_name(unfit: Manifest, words: str) -> None:
    with pytest.raises(PayloadError) as refusal:
        decode_manifest(encode_manifest(unfit))
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("code_cost", "n"), 12_345),
        (("code_cost", "n"), 2**20),
        (("code_cost", "salt"), "c2hvcnQ="),
        (("codes", 0, "key"), "c2hvcnQ="),
        (("claims", 0, "tail"), "13812345678"),
        (("cells", 0, "size"), "XXL"),
        (("shelves", 0, "slot"), "behind the door"),
        (("parcels", 0, "lines", 0, "quantity"), 0),
        (("rules",), {"guesses": 0}),
        (("staff", 0, "staff"), "Wang Wei"),
        (("day",), "tomorrow"),
    ],
)
def test_what_is_out_of_range_is_refused(path: tuple[str | int, ...], value: object) -> None:
    tree = msgspec.json.decode(encode_manifest(days.manifest()))
    node = tree
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    with pytest.raises(PayloadError):
        decode_manifest(msgspec.json.encode(tree))


def test_what_is_no_manifest_at_all_is_refused() -> None:
    for payload in (b"", b"[]", b"{", b"\xff", b" " * (MAX_MANIFEST_BYTES + 1)):
        with pytest.raises(PayloadError):
            decode_manifest(payload)


def test_a_code_is_found_by_one_derivation_and_stands_nowhere_itself() -> None:
    keys = {one.key: one.claim for one in DAY.codes}
    assert keys[secret_key(days.CODE_OF["c-li"], DAY.code_cost)] == "c-li"
    assert days.CODE_OF["c-li"].encode() not in encode_manifest(DAY)


def test_a_small_parcel_goes_into_a_large_cell_and_not_the_other_way_round() -> None:
    assert Size.S.fits_in(Size.L)
    assert Size.M.fits_in(Size.M)
    assert not Size.L.fits_in(Size.M)
    assert [zone.value for zone in Zone] == ["ambient", "chilled", "frozen"]
