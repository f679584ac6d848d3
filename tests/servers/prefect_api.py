"""Prefect's HTTP API, asked as Prefect's own clients ask it."""

from __future__ import annotations

import time
from typing import Any

import httpx

_TRIES = 20


def asked(client: httpx.Client, method: str, path: str, body: Any = None) -> Any:
    """The answer; None where it is empty. Asked again on 503, by which the server says that SQLite was busy."""
    for _ in range(_TRIES):
        answer = client.request(method, path, json=body)
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            break
        time.sleep(0.5)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def opened(address: str) -> httpx.Client:
    """An API without a password, whatever proxies the machine has."""
    return httpx.Client(base_url=address, timeout=60, trust_env=False)
