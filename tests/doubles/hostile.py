"""Deliveries that somebody sends who means no good, and some that were damaged on the way; none starts anything.

By a seed, so that each is the same every time.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.doubles.deliveries import SECRET, comment, encoded, headers, merge_group, pull_request, push, review

Delivery = tuple[bytes, dict[str, str | bytes]]

PAYLOADS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "pull_request": pull_request,
    "push": push,
    "issue_comment": lambda: comment("/flowmart promote production"),
    "pull_request_review": review,
    "merge_group": merge_group,
}
DECISIVE = {
    "pull_request": ("action", "pull_request", "repository"),
    "push": ("ref", "after", "repository"),
    "issue_comment": ("action", "comment", "issue", "repository"),
    "pull_request_review": ("action", "review", "repository"),
    "merge_group": ("action", "merge_group", "repository"),
}
"""What a payload starts nothing without."""

ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**400,
    1e308,
    "",
    "\0",
    "\ud800",
    "../../etc/passwd",
    "'; DROP TABLE delivery; --",
    "$(reboot)",
    "x" * 100_000,
    [],
    [[]] * 50,
    {},
    {"full_name": "mallory/shop"},
    {"full_name": ["flowmart/shop"]},
    {"$ref": "#"},
)


def deliveries(seed: int, number: int) -> Iterator[Delivery]:
    """So many, each wrong in one way."""
    chosen = random.Random(seed)  # noqa: S311 (nothing depends on it being unpredictable)
    for _ in range(number):
        event = chosen.choice(sorted(PAYLOADS))
        yield chosen.choice(_WAYS)(chosen, event)


def _unsigned(chosen: random.Random, event: str) -> Delivery:
    body = encoded(PAYLOADS[event]())
    return body, dict(headers(event, body, secret=f"a guess {chosen.random()}"))


def _changed_after_signing(chosen: random.Random, event: str) -> Delivery:
    body = bytearray(encoded(PAYLOADS[event]()))
    about = headers(event, bytes(body))
    body[chosen.randrange(len(body))] ^= 1 << chosen.randrange(8)
    return bytes(body), dict(about)


def _no_json(chosen: random.Random, event: str) -> Delivery:
    whole = encoded(PAYLOADS[event]())
    cut = whole[: chosen.randrange(len(whole))]
    body = chosen.choice([cut, b"[" * 100_000, b"{" + b'"a":{' * 50_000, b"\xff\xfe" + whole, b"NaN", whole + b"}"])
    return body, dict(headers(event, body))


def _odd_value(chosen: random.Random, event: str) -> Delivery:
    payload = PAYLOADS[event]()
    payload[chosen.choice(DECISIVE[event])] = chosen.choice(ODD)
    body = json.dumps(payload).encode()
    return body, dict(headers(event, body))


def _odd_header(chosen: random.Random, event: str) -> Delivery:
    body = encoded(PAYLOADS[event]())
    about: dict[str, str | bytes] = dict(headers(event, body))
    name = chosen.choice(sorted(about))
    value = bytes(chosen.randrange(1, 256) for _ in range(chosen.randrange(1, 200))).translate(None, b"\r\n")
    return body, about | {name: value or b"x"}


def _missing_header(chosen: random.Random, event: str) -> Delivery:
    body = encoded(PAYLOADS[event]())
    about: dict[str, str | bytes] = dict(headers(event, body))
    del about[chosen.choice(sorted(about))]
    return body, about


def _of_another_event(chosen: random.Random, event: str) -> Delivery:
    body = encoded(PAYLOADS[event]())
    others = [name for name in (*PAYLOADS, "ping", "star", "workflow_run") if name != event]
    return body, dict(headers(chosen.choice(others), body, secret=SECRET))


def _of_another_repository(_: random.Random, event: str) -> Delivery:
    payload = PAYLOADS[event]()
    payload["repository"]["full_name"] = "mallory/shop"
    body = encoded(payload)
    return body, dict(headers(event, body))


_WAYS = (
    _unsigned,
    _changed_after_signing,
    _no_json,
    _odd_value,
    _odd_header,
    _missing_header,
    _of_another_event,
    _of_another_repository,
)
