"""`python -m cloud broker`: a real Mosquitto whose users are the database's."""

import os
import queue
import shutil
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import paho.mqtt.client as mqtt
import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from paho.mqtt.enums import CallbackAPIVersion

from cloud.auth.broker_passwords import mosquitto_hash
from cloud.onebox.broker import mosquitto_program
from cloud.onebox.certificates import found_certificate
from tests.cloud.onebox.test_own_sites import cloud
from tests.conftest import find_free_port
from tests.e2e.town import until
from tests.faults.processes import Child

ROOT = Path(__file__).resolve().parents[3]
NAME = "tuantu.example"

needs_mosquitto = pytest.mark.skipif(mosquitto_program() is None, reason="Mosquitto is not installed")


class Service:
    """The process, and the database and folder it works with."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.port, self.tls_port = find_free_port(), find_free_port()
        self.storage = folder / "caddy"
        self.log = folder / "broker.log"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TUANTU_")},
            "TUANTU_DATABASE_URL": database_url, "TUANTU_BROKER_URL": "mqtt://cloud:owner-password@broker:1883",
            "TUANTU_BROKER_DIR": str(folder / "broker"), "TUANTU_BROKER_PORT": str(self.port),
            "TUANTU_BROKER_TLS_PORT": str(self.tls_port), "TUANTU_BROKER_NAME": NAME,
            "TUANTU_BROKER_CERTIFICATES": str(self.storage),
        }  # fmt: skip
        self.child = Child("broker", [sys.executable, "-m", "cloud", "broker"], self.log, self.environment, cwd=ROOT)

    def says(self, user: str, password: str, ca: str = "") -> str:
        """What it answers to a log-in; "" where nothing listens, or not with that certificate."""
        said: queue.Queue[str] = queue.Queue()
        client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        client.on_connect = lambda _c, _u, _f, reason, _p: said.put(str(reason))
        client.username_pw_set(user, password)
        if ca:
            context = ssl.create_default_context(cadata=ca)
            context.check_hostname = False
            if not self.shows_a_certificate(context):
                return ""
            client.tls_set_context(context)
        try:
            client.connect("127.0.0.1", self.tls_port if ca else self.port)
        except OSError:
            return ""
        client.loop_start()
        try:
            return said.get(timeout=10)
        except queue.Empty:
            return ""
        finally:
            client.disconnect()
            client.loop_stop()

    def shows_a_certificate(self, trusting: ssl.SSLContext) -> bool:
        """That ``trusting`` trusts. Asked apart from MQTT: paho leaves the socket of a failed handshake open."""
        try:
            with socket.create_connection(("127.0.0.1", self.tls_port), 5) as plain, trusting.wrap_socket(plain):
                return True
        except OSError:
            return False

    def becomes(self, answer: str, user: str, password: str, ca: str = "") -> None:
        until(lambda: self.says(user, password, ca) == answer, f"{user} hears {answer!r}", 30)


@contextmanager
def started(service: Service, **environment: str) -> Iterator[Service]:
    service.child.start(**environment)
    try:
        service.becomes("Success", "cloud", "owner-password")
        yield service
    finally:
        service.child.kill()


def certificate(folder: Path, issuer: str, name: str = NAME) -> str:
    """One as Caddy stores it; its chain."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject).issuer_name(subject).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )  # fmt: skip
    place = folder / "certificates" / issuer / name
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{name}.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    chain = made.public_bytes(Encoding.PEM)
    (place / f"{name}.crt").write_bytes(chain)
    return chain.decode()


def test_a_certificate_whose_key_is_not_there_yet_is_not_taken(tmp_path: Path) -> None:
    assert found_certificate(tmp_path, NAME) is None
    chain = certificate(tmp_path, "acme")
    found = found_certificate(tmp_path, NAME)
    assert found is not None
    assert found.chain == chain
    certificate(tmp_path / "other", "acme")
    shutil.copy(tmp_path / "other/certificates/acme" / NAME / f"{NAME}.key", tmp_path / "certificates/acme" / NAME)
    assert found_certificate(tmp_path, NAME) is None
    newer = certificate(tmp_path, "local")
    found = found_certificate(tmp_path, NAME)
    assert found is not None
    assert found.chain == newer


@needs_mosquitto
@pytest.mark.slow
def test_who_has_a_key_gets_in_and_who_has_none_any_more_is_cut_off(database_url: str, tmp_path: Path) -> None:
    with started(Service(tmp_path, database_url)) as service:
        added = cloud("site", "add", "op-new", "st-own", "--name", "北门店", TUANTU_DATABASE_URL=database_url)
        assert added.returncode == 0, added.stderr
        password = added.stdout.split("password")[1].split()[0]
        service.becomes("Success", "st-own", password)
        assert service.says("st-own", "another") == "Not authorized"
        rules = (tmp_path / "broker" / "rules").read_text()
        assert "topic write tt/v1/op-new/st-own/up/event" in rules
        assert "op-new/st-own/ack" in rules

        # Somebody who may register sites does not become the cloud.
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("INSERT INTO site (id, kind, name, created_at) VALUES ('cloud', 'station', 'x', now())")
            connection.execute(
                "INSERT INTO site_credential (site_id, key_sha256, broker_hash, created_at) VALUES ('cloud', '', %s, now())",
                [mosquitto_hash("mine")],
            )
            connection.execute("UPDATE site_credential SET revoked_at = now() WHERE site_id = 'st-own'")
        service.becomes("Not authorized", "st-own", password)
        assert service.says("cloud", "mine") == "Not authorized"
        assert service.says("cloud", "owner-password") == "Success"


@needs_mosquitto
@pytest.mark.slow
def test_it_starts_with_whom_it_knew_while_the_database_is_away_and_takes_the_certificate_when_it_comes(
    database_url: str, tmp_path: Path
) -> None:
    added = cloud("site", "add", "op-new", "st-own", "--name", "北门店", TUANTU_DATABASE_URL=database_url)
    password = added.stdout.split("password")[1].split()[0]
    service = Service(tmp_path, database_url)
    with started(service):
        service.becomes("Success", "st-own", password)
    with started(service, TUANTU_DATABASE_URL=f"postgresql://nobody:x@127.0.0.1:{find_free_port()}/away"):
        assert service.says("st-own", password) == "Success"
        first = certificate(service.storage, "acme")
        service.becomes("Success", "st-own", password, first)
        second = certificate(service.storage, "acme")
        service.becomes("Success", "st-own", password, second)
        assert service.says("st-own", password, first) == ""
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "broker").iterdir()} == {0}


@needs_mosquitto
@pytest.mark.slow
def test_what_it_is_not_told_is_named_and_a_mosquitto_that_cannot_start_is_said(database_url: str, tmp_path: Path) -> None:
    told = {"TUANTU_DATABASE_URL": database_url, "TUANTU_BROKER_URL": "mqtt://broker:1883"}
    said = cloud("broker", **told)
    assert (said.returncode, "TUANTU_BROKER_URL" in said.stderr) == (2, True)
    told["TUANTU_BROKER_URL"] = "mqtt://cloud:x@broker:1883"
    said = cloud("broker", **told)
    assert (said.returncode, "TUANTU_BROKER_DIR" in said.stderr) == (2, True)
    with psycopg.connect(database_url) as connection:
        taken = str(connection.info.port)
    said = cloud("broker", **told, TUANTU_BROKER_DIR=str(tmp_path / "b"), TUANTU_BROKER_PORT=taken)
    assert (said.returncode, "Mosquitto ended by itself" in said.stderr) == (2, True)
