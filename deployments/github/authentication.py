"""Checks that a request is a delivery from GitHub, by its headers, size and signature, before anything is parsed.

The signature is compared with the standard library's `hmac.compare_digest` over bytes. `githubkit.webhooks.verify`
does the same, but it also accepts SHA-1, and a header that is not ASCII makes it raise.
Source: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

DELIVERY = "x-github-delivery"
EVENT = "x-github-event"
SIGNATURE = "x-hub-signature-256"

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_EVENT = re.compile(r"[a-z0-9_]{1,64}")
_SIGNATURE = re.compile(r"sha256=[0-9a-f]{64}")


class NotADelivery(Exception):
    """The request is rejected without reading further. `status` is the HTTP status, the text is for the sender."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Headers:
    """The headers that GitHub sends with a delivery."""

    delivery: str
    event: str
    signature: str


@dataclass
class Room:
    """Limits the requests, and the bytes of their bodies, that are read at the same time.

    Unauthenticated senders count too, because bodies are read before the signature is checked.
    """

    size: int
    requests: int = 512
    taken: int = field(default=0, init=False)
    inside: int = field(default=0, init=False)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Reserve a place for one request.

        Raises:
            NotADelivery: 503, too many requests are being read.
        """
        if self.inside >= self.requests:
            raise NotADelivery(503, "too many deliveries at once; GitHub can send it again")
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1

    def take(self, amount: int) -> None:
        """Reserve `amount` bytes.

        Raises:
            NotADelivery: 503, too many bytes are being held.
        """
        if self.taken + amount > self.size:
            raise NotADelivery(503, "too many deliveries at once; GitHub can send it again")
        self.taken += amount

    def give_back(self, amount: int) -> None:
        """Release `amount` bytes."""
        self.taken -= amount


def read_headers(headers: Mapping[str, str], limit: int) -> Headers:
    """Validate and return the headers of a delivery.

    Args:
        headers: the request's headers, names in lower case.
        limit: the largest accepted body, in bytes.

    Raises:
        NotADelivery: a header is missing or invalid (400), not JSON (415), or too large (413).
    """
    delivery = _header(headers, DELIVERY, _UUID, "a UUID")
    event = _header(headers, EVENT, _EVENT, "an event's name")
    signature = _header(headers, SIGNATURE, _SIGNATURE, "sha256= and 64 digits; is a secret set in the webhook?")
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise NotADelivery(415, f"content type {kind or 'missing'}: choose application/json in the webhook's form")
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit:
        raise _too_large(limit)
    return Headers(delivery.lower(), event, signature)


async def read_body(stream: AsyncIterator[bytes], limit: int, seconds: float, room: Room) -> bytes:
    """Read the body of a request.

    Args:
        stream: the chunks of the body.
        limit: the largest accepted body, in bytes.
        seconds: the time limit.
        room: the shared limit for all requests.

    Raises:
        NotADelivery: the body is too large (413), too slow (408), or too many are being read (503).
    """
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in stream:
                if len(body) + len(chunk) > limit:
                    raise _too_large(limit)
                room.take(len(chunk))
                body += chunk
    except TimeoutError:
        raise NotADelivery(408, f"the body did not arrive within {seconds:g} s") from None
    finally:
        room.give_back(len(body))
    return bytes(body)


def refuse_unsigned(body: bytes, signature: str, secrets: Sequence[bytes]) -> None:
    """Check that one of the secrets made the signature, in the same time whichever it was.

    Raises:
        NotADelivery: 401, none of them did.
    """
    made = ["sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest() for secret in secrets]
    if sum(hmac.compare_digest(ours, signature) for ours in made) == 0:
        raise NotADelivery(401, "the signature is not of this body and our secret (FLOWMART_GITHUB_WEBHOOK_SECRET)")


def _header(headers: Mapping[str, str], name: str, shape: re.Pattern[str], what: str) -> str:
    value = headers.get(name)
    if value is None:
        raise NotADelivery(400, f"header {name}: missing")
    if not shape.fullmatch(value):
        raise NotADelivery(400, f"header {name}: not {what}")
    return value


def _too_large(limit: int) -> NotADelivery:
    return NotADelivery(413, f"a body above {limit} bytes")
