"""A key pair of age (X25519, spelled in Bech32): what sops encrypts to in tests.

Source: the format of age, "The X25519 recipient type", and BIP 173 for the spelling.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


@dataclass(frozen=True)
class Key:
    """The secret part, and whom to encrypt to."""

    identity: str
    recipient: str


def generated() -> Key:
    """A new key."""
    key = X25519PrivateKey.generate()
    secret = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return Key(_spelled("age-secret-key-", secret).upper(), _spelled("age", public))


def _spelled(prefix: str, data: bytes) -> str:
    words = [*_in_fives(data)]
    expanded = [*(ord(letter) >> 5 for letter in prefix), 0, *(ord(letter) & 31 for letter in prefix)]
    check = _polymod([*expanded, *words, *[0] * 6]) ^ 1
    words += [(check >> 5 * (5 - place)) & 31 for place in range(6)]
    return f"{prefix}1{''.join(_LETTERS[word] for word in words)}"


def _in_fives(data: bytes) -> Iterable[int]:
    """The bits of some bytes, five at a time."""
    bits = "".join(f"{byte:08b}" for byte in data)
    return (int(bits[at : at + 5].ljust(5, "0"), 2) for at in range(0, len(bits), 5))


def _polymod(values: Iterable[int]) -> int:
    check = 1
    for value in values:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ value
        for at, word in enumerate(_GENERATOR):
            check ^= word if (top >> at) & 1 else 0
    return check
