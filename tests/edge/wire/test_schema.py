"""The published description is made from the structs and hangs together."""

import json
import subprocess
import sys
from typing import Any

from edge.wire.schema import asyncapi, json_schemas


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(references(value) for value in node))
    return set()


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi()
    assert document["asyncapi"] == "3.0.0"
    found = references(document)
    assert "#/components/schemas/EventBatch" in found
    for reference in found:
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_every_leaf_is_a_channel_with_an_operation() -> None:
    document = asyncapi()
    assert document["channels"].keys() == document["operations"].keys()
    assert {channel["address"] for channel in document["channels"].values()} >= {
        "tt/v1/{operator}/{site}/up/event",
        "tt/v1/{operator}/{site}/ack",
        "tt/v1/{operator}/{site}/desired",
    }


def test_the_ranges_of_the_types_are_in_the_schema() -> None:
    schemas = json_schemas()
    assert schemas["Event"]["properties"]["n"] == {"type": "integer", "minimum": 1, "maximum": 2**62}
    assert schemas["ParcelReceived"]["properties"]["parcel"]["maxLength"] == 512
    assert set(schemas["ParcelReceived"]["required"]) == {"kind", "parcel"}


def test_the_module_prints_the_document() -> None:
    printed = subprocess.run([sys.executable, "-m", "edge.wire.schema"], capture_output=True, check=True, timeout=60)
    assert json.loads(printed.stdout) == json.loads(json.dumps(asyncapi()))
