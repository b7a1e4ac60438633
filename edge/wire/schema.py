"""The contract for other people's programs: AsyncAPI 3.0 and JSON Schema 2020-12, made from the structs.

``python -m edge.wire.schema`` writes the AsyncAPI document, which holds the schemas, as JSON.
"""

import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

import msgspec

from edge.wire import messages
from edge.wire.codec import MSGPACK
from edge.wire.topics import ROOT, Leaf


class _Channel(NamedTuple):
    """One leaf of the topic tree: who publishes, what, and how."""

    leaf: Leaf
    from_edge: bool
    retained: bool
    carries: tuple[type[messages.Message], ...]


_CHANNELS = (
    _Channel(Leaf.UP_EVENT, True, False, (messages.EventBatch,)),
    _Channel(Leaf.UP_LIVE, True, False, (messages.TelemetryBatch,)),
    _Channel(Leaf.UP_BACKFILL, True, False, (messages.TelemetryBatch,)),
    _Channel(Leaf.ACK, False, False, (messages.Ack, messages.Nack, messages.Resend)),
    _Channel(Leaf.STATUS, True, True, (messages.Birth, messages.Will)),
    _Channel(Leaf.COMMAND, False, False, (messages.Command,)),
    _Channel(Leaf.RESPONSE, True, False, (messages.CommandResponse,)),
    _Channel(Leaf.DESIRED, False, True, (messages.Desired,)),
    _Channel(Leaf.REPORTED, True, True, (messages.Reported,)),
)

# The user properties of a sealed batch (envelope.py). MQTT carries them as text.
_ENVELOPE = {
    "type": "object",
    "required": ["epoch", "lane", "seq", "floor", "kept", "schema", "sha256", "sent_at"],
    "properties": {
        "epoch": {"type": "string", "format": "uuid"},
        "lane": {"enum": ["event", "live", "backfill"]},
        "seq": {"type": "string", "pattern": "^[0-9]{1,19}$"},
        "floor": {"type": "string", "pattern": "^[0-9]{1,19}$"},
        "kept": {"type": "string", "pattern": "^[0-9]{1,19}$"},
        "schema": {"type": "string", "const": str(messages.SCHEMA)},
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "sent_at": {"type": "string", "pattern": "^[0-9]{1,19}$"},
    },
}


def json_schemas(template: str = "#/components/schemas/{name}") -> dict[str, Any]:
    """JSON Schema of every message by its name, and of what they are made of."""
    _, components = msgspec.json.schema_components(
        [kind for channel in _CHANNELS for kind in channel.carries], ref_template=template
    )
    return components


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document. ``send`` is what the edge sends, ``receive`` what it receives."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tuantu: edge and cloud",
            "version": _version(),
            "license": {"name": "Apache-2.0"},
            "description": "MQTT 5. Payloads are maps, msgpack or JSON as content-type says. A batch is re-sent byte for byte.",
        },
        "defaultContentType": MSGPACK,
        "channels": {_name(channel): _channel(channel) for channel in _CHANNELS},
        "operations": {
            _name(channel): {
                "action": "send" if channel.from_edge else "receive",
                "channel": {"$ref": f"#/channels/{_name(channel)}"},
                "bindings": {"mqtt": {"qos": 1, "retain": channel.retained, "bindingVersion": "0.2.0"}},
            }
            for channel in _CHANNELS
        },
        "components": {
            "schemas": {**json_schemas(), "Envelope": _ENVELOPE},
            "messages": {
                kind.__name__: {
                    "summary": (kind.__doc__ or "").split("\n", 1)[0],
                    "payload": {"$ref": f"#/components/schemas/{kind.__name__}"},
                    **({"headers": {"$ref": "#/components/schemas/Envelope"}} if channel.leaf.startswith("up/") else {}),
                }
                for channel in _CHANNELS
                for kind in channel.carries
            },
        },
    }


def _name(channel: _Channel) -> str:
    return channel.leaf.replace("/", "_")


def _channel(channel: _Channel) -> dict[str, Any]:
    slug = {"description": "1-40 of a-z, 0-9 and '-'"}
    return {
        "address": f"{ROOT}/{{operator}}/{{site}}/{channel.leaf}",
        "parameters": {"operator": slug, "site": slug},
        "messages": {kind.__name__: {"$ref": f"#/components/messages/{kind.__name__}"} for kind in channel.carries},
    }


def _version() -> str:
    try:
        return version("tuantu")
    except PackageNotFoundError:
        return "0"


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(asyncapi()), indent=2) + b"\n")
