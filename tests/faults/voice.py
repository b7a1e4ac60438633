"""What the cloud says to sites besides acknowledgements, and what they answer: manifests, commands, births and responses.

Manifests go by HTTP from a server of this process and are announced on MQTT, as the cloud's own; only who may ask for what is left
out. paho's thread hears; whoever asks does so from the schedule's loop.
"""

import hashlib
import threading
from base64 import b64encode
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from cloud.onebox.broker import Broker
from edge.wire.codec import MSGPACK, decode_response, decode_status, encode
from edge.wire.ids import OperatorId, SiteId
from edge.wire.manifest import Manifest, encode_manifest
from edge.wire.messages import Birth, Command, CommandResponse, Desired, Message
from edge.wire.topics import Leaf, Topic, every_site_filter

HEARD = (Leaf.STATUS, Leaf.RESPONSE)


class CloudVoice:
    """Connected while in its ``with`` block; comes back by itself after the broker was killed."""

    def __init__(self, broker: Broker, operator: str) -> None:
        self._broker = broker
        self._operator = OperatorId(operator)
        self._lock = threading.Lock()
        self._nonces: dict[str, list[str]] = {}  # of each connection of a site, the newest last
        self._responses: dict[str, CommandResponse] = {}
        self._server = _ManifestServer(broker.logins)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="voice", protocol=mqtt.MQTTv5)
        self._client.username_pw_set("cloud", broker.logins["cloud"])
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._subscribe
        self._client.on_message = self._hear

    def __enter__(self) -> Self:
        self._server.start()
        self._client.connect(self._broker.host, self._broker.port, clean_start=True)
        self._client.loop_start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._server.stop()

    def announce(self, manifest: Manifest) -> str:
        """Serve a manifest and tell its site of it, retained; the hash by which it is known."""
        body = encode_manifest(manifest)
        sha256 = hashlib.sha256(body).hexdigest()
        url = self._server.serve(manifest.site, sha256, body)
        desired = Desired(version=manifest.version, hlc=0, manifest_url=url, manifest_sha256=sha256)
        self._publish(manifest.site, Leaf.DESIRED, desired, retain=True)
        return sha256

    def command(self, site: str, command: Command) -> None:
        """Say it once. Where the broker is away it is said when it is back: then it is an old one."""
        self._publish(site, Leaf.COMMAND, command, retain=False)

    def nonces(self, site: str) -> list[str]:
        """Of the connections the site has told of, the newest last."""
        with self._lock:
            return list(self._nonces.get(site, ()))

    def response(self, command: str) -> CommandResponse | None:
        """What a site has answered to a command, where anything was heard of it."""
        with self._lock:
            return self._responses.get(command)

    def _publish(self, site: str, leaf: Leaf, message: Message, *, retain: bool) -> None:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = MSGPACK
        topic = str(Topic(self._operator, SiteId(site), leaf))
        self._client.publish(topic, encode(message), qos=1, retain=retain, properties=properties)

    def _subscribe(self, client: mqtt.Client, *_: object) -> None:
        client.subscribe([(every_site_filter(leaf), SubscribeOptions(qos=1)) for leaf in HEARD])

    def _hear(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        topic, payload = Topic.parse(message.topic), bytes(message.payload)
        if not payload:
            return
        with self._lock:
            if topic.leaf is Leaf.RESPONSE:
                answer = decode_response(payload, MSGPACK)
                self._responses[answer.id] = answer
            elif isinstance(status := decode_status(payload, MSGPACK), Birth):
                heard = self._nonces.setdefault(topic.site, [])
                if status.nonce not in heard:
                    heard.append(status.nonce)


class _ManifestServer:
    """Loopback, a port of its own. A site is served what is its own, by its own password."""

    def __init__(self, logins: Mapping[str, str]) -> None:
        bodies = self._bodies = dict[str, tuple[str, bytes]]()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site, body = bodies.get(self.path, ("", b""))
                credentials = b64encode(f"{site}:{logins.get(site, '')}".encode()).decode()
                is_theirs = bool(site) and self.headers.get("Authorization") == f"Basic {credentials}"
                self.send_response(200 if is_theirs else 403)
                self.send_header("Content-Length", str(len(body) if is_theirs else 0))
                self.end_headers()
                if is_theirs:
                    self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def serve(self, site: str, sha256: str, body: bytes) -> str:
        path = f"/manifests/{sha256}"
        self._bodies[path] = (site, body)
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
