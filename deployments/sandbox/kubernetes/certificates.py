"""The sandbox's own certificate authority. Clients send tokens only over TLS, so the clusters serve TLS.

Keys are created once and kept in the state folder, readable only by the owner.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAYS = 3650


@dataclass(frozen=True)
class Certificates:
    """Paths of the authority's certificate, the server's certificate and the server's key."""

    authority: Path
    server: Path
    key: Path

    @property
    def context(self) -> ssl.SSLContext:
        """Return a TLS context for the server, with the certificate and key loaded."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server, self.key)
        return context


def ensure(folder: Path) -> Certificates:
    """Return the certificates in `folder`. Create all three if one of them is missing."""
    found = Certificates(folder / "ca.crt", folder / "server.crt", folder / "server.key")
    if not all(path.exists() for path in (found.authority, found.server, found.key)):
        folder.mkdir(parents=True, exist_ok=True)
        _make(found)
    return found


def pair(host: str) -> tuple[bytes, bytes, bytes]:
    """Create an authority and a certificate that it signed for one host.

    Args:
        host: DNS name of the certificate; empty for a certificate without a name.

    Returns:
        The authority's certificate, the host's certificate and the host's private key, each as PEM.
    """
    return _signed("authority", host, [x509.DNSName(host)] if host else [])


def _make(paths: Certificates) -> None:
    addresses: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    authority, server, key = _signed("flowmart sandbox authority", "flowmart sandbox clusters", addresses)
    _write(paths.key, key)
    _write(paths.authority, authority)
    _write(paths.server, server)


def _signed(signer: str, subject: str, addresses: Sequence[x509.GeneralName]) -> tuple[bytes, bytes, bytes]:
    """Create an authority and a server certificate that it signed; return both and the server's key, as PEM."""
    authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name = _name(signer)
    authority = _begun(authority_name, authority_name, authority_key.public_key())
    authority = authority.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    authority = authority.add_extension(_usage(signs=True), critical=True)
    server = _begun(_name(subject), authority_name, server_key.public_key())
    if addresses:
        server = server.add_extension(x509.SubjectAlternativeName(addresses), critical=False)
    server = server.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    server = server.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
    )
    signed = [each.sign(authority_key, hashes.SHA256()) for each in (authority, server)]
    first, second = (each.public_bytes(serialization.Encoding.PEM) for each in signed)
    return first, second, _private(server_key)


def _begun(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(signs: bool) -> x509.KeyUsage:
    rest = (
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(digital_signature=True, key_cert_sign=signs, crl_sign=signs, **dict.fromkeys(rest, False))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
