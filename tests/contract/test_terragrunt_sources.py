"""Modules from archives, a registry and a bucket are taken into a release, with the real Terragrunt."""

from __future__ import annotations

import io
import ipaddress
import ssl
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tasks.domain.errors import InvalidInput, Unanswered
from tests.peers.terragrunts import PROGRAM
from tests.platforms.terragrunt_live import Live

MODULE = 'output "from" { value = "elsewhere" }\n'


def archive(folder: str) -> bytes:
    """A module in a folder of a .tar.gz, or at its top."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as whole:
        member = tarfile.TarInfo(f"{folder}/main.tf".lstrip("/"))
        member.size = len(MODULE)
        whole.addfile(member, io.BytesIO(MODULE.encode()))
    return packed.getvalue()


class Elsewhere(BaseHTTPRequestHandler):
    """An archive, a registry with one module, and a bucket, as far as Terragrunt asks them."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/.well-known/terraform.json":
            self.answer(b'{"modules.v1": "/v1/modules/"}')
        elif path == "/v1/modules/acme/net/aws/1.2.3/download":
            self.send_response(204)
            self.send_header("X-Terraform-Get", "/whole.tar.gz")
            self.end_headers()
        elif path.startswith("/bucket") and "Credential=ours/" not in self.headers.get("Authorization", ""):
            self.send_error(403)
        elif path == "/bucket":
            listed = "<ListBucketResult><Contents><Key>whole.tar.gz</Key></Contents></ListBucketResult>"
            self.answer(listed.encode())
        elif path in ("/whole.tar.gz", "/bucket/whole.tar.gz"):
            self.answer(archive(""))
        elif path == "/folders.tar.gz":
            self.answer(archive("net"))
        else:
            self.send_error(404)

    def do_HEAD(self) -> None:
        self.do_GET()

    def answer(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(certificate: Path | None = None) -> Iterator[str]:
    """Its address, of loopback; with a certificate by TLS."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        at_work = threading.Thread(target=server.serve_forever)
        at_work.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            at_work.join()


def certificate(folder: Path) -> Path:
    """A certificate of 127.0.0.1 that vouches for itself, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    place = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
    whole = made.add_extension(place, critical=False).sign(key, hashes.SHA256())
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    file = folder / "certificate.pem"
    own = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(whole.public_bytes(pem) + own)
    return file


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Live:
    monkeypatch.setenv("FLOWMART_TERRAGRUNT", PROGRAM)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate(tmp_path)))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ours")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "ours")
    # Only then go-getter asks another S3 than Amazon's with credentials of the environment.
    monkeypatch.setenv("AWS_METADATA_URL", "http://127.0.0.1:1")
    return Live(tmp_path)


def unit(source: str) -> str:
    return f'terraform {{\n  source = "{source}"\n}}\n'


def test_modules_are_in_the_release_wherever_they_came_from(live: Live, tmp_path: Path) -> None:
    with serving() as plain, serving(tmp_path / "certificate.pem") as secure:
        units = {
            "archive": unit(f"http://{plain}/folders.tar.gz//net"),
            "whole": unit(f"https://{secure}/whole.tar.gz"),
            "registry": unit(f"tfr://{secure}/acme/net/aws?version=1.2.3"),
            "bucket": unit(f"s3::http://{plain}/bucket/whole.tar.gz?region=eu-west-1"),
        }
        live.reduce(units)
        release = live.release()
    for name in units:
        _, made = live.made(release, f"eu-west-1-{name}")
        assert (made.folder / "main.tf").read_text() == MODULE


def test_a_server_of_sources_that_does_not_respond_is_no_mistake(live: Live) -> None:
    live.reduce({"unit": unit("http://127.0.0.1:1/net.tar.gz")})
    with pytest.raises(Unanswered, match="cannot be fetched"):
        live.release()


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("http://{}/nothing.tar.gz", r"unit: http://\S+/nothing.tar.gz cannot be fetched: .*404"),
        ("tfr://{}/acme/net/aws", r"unit: its source tfr://\S+ names no exact version: add \?version=1.2.3"),
        ("tfr://{}/acme/net/aws?version=~>1.0", r"unit: its source tfr://\S+ names no exact version"),
    ],
)
def test_what_cannot_be_had_or_floats_is_not_released(live: Live, source: str, told: str) -> None:
    with serving() as address:
        live.reduce({"unit": unit(source.format(address))})
        with pytest.raises(InvalidInput, match=f"(?s){told}"):
            live.release()
