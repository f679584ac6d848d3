"""Certificates and keys of a control plane: created once in its folder, readable only by the owner."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAYS = 30
_SERVICE = "10.0.0.1"
"""The first address of the service range, which the API's own service has."""

_Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Keys:
    """The files in a control plane's folder."""

    folder: Path

    @property
    def authority(self) -> Path:
        """Return the path of the authority's certificate. Its key is beside it."""
        return self.folder / "ca.crt"

    @property
    def authority_key(self) -> Path:
        """Return the path of the authority's key. The controller manager signs certificates with it."""
        return self.folder / "ca.key"

    def certificate(self, name: str) -> tuple[Path, Path]:
        """Return the paths of certificate and key of `server` or `admin`."""
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"

    @property
    def accounts(self) -> tuple[Path, Path]:
        """Return the paths of the public and the private key for service accounts' tokens."""
        return self.folder / "accounts.pub", self.folder / "accounts.key"


def ensure(folder: Path) -> Keys:
    """Return the certificates and keys in a folder. Create them if they are missing."""
    keys = Keys(folder)
    if not all(path.is_file() for path in keys.accounts):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make(keys)
    return keys


def _make(keys: Keys) -> None:
    own = ec.generate_private_key(ec.SECP256R1())
    name = _name("flowmart peers authority")
    begun = _begun(name, name, own).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    authority = begun.sign(own, hashes.SHA256())
    _write(keys.authority, _pem(authority))
    _write(keys.authority_key, _private(own))
    _issue(keys, "server", _name("kube-apiserver"), authority, own)
    _issue(keys, "admin", _name("administrator", "system:masters"), authority, own)
    accounts = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public, private = keys.accounts
    # Written last: if these files exist, all others exist too.
    _write(private, _private(accounts))
    _write(public, accounts.public_key().public_bytes(serialization.Encoding.PEM, _PUBLIC))


_PUBLIC = serialization.PublicFormat.SubjectPublicKeyInfo


def _issue(keys: Keys, name: str, subject: x509.Name, authority: x509.Certificate, signs: _Key) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    addresses = [x509.IPAddress(ipaddress.ip_address(one)) for one in ("127.0.0.1", _SERVICE)]
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), *addresses])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    begun = _begun(subject, authority.subject, key).add_extension(names, critical=False)
    certificate, private = keys.certificate(name)
    _write(certificate, _pem(begun.add_extension(usage, critical=False).sign(signs, hashes.SHA256())))
    _write(private, _private(key))


def _begun(subject: x509.Name, issuer: x509.Name, key: _Key) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=_DAYS))
    )


def _name(common: str, organisation: str = "flowmart") -> x509.Name:
    parts = ((NameOID.COMMON_NAME, common), (NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: _Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
