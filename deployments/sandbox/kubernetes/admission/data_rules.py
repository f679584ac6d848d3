"""Rules for ConfigMaps and Secrets: their keys, their size, and the required keys of typed Secrets.

https://kubernetes.io/docs/concepts/configuration/secret/#secret-types, `pkg/apis/core/validation`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.resources import Object
from deployments.sandbox.kubernetes.status import Cause

LARGEST = 1024**2
_KEY = re.compile(r"^[-._a-zA-Z0-9]{1,253}$")
_KEY_RULE = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  "
    "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}
_BASIC = ("username", "password")


def config_map(item: Object) -> Iterator[Cause]:
    """Yield what is wrong with a ConfigMap."""
    parts = [item.get("data") or {}, item.get("binaryData") or {}]
    yield from _keys(parts[0], "data")
    yield from _keys(parts[1], "binaryData")
    size = sum(len(text.encode()) for text in parts[0].values()) + sum(map(_decoded, parts[1].values()))
    yield from _too_long(size, "")


def secret(item: Object) -> Iterator[Cause]:
    """Yield what is wrong with a Secret."""
    data = item.get("data") or {}
    yield from _keys(data, "data")
    yield from _too_long(sum(map(_decoded, data.values())), "data")
    for key in _NEEDED.get(str(item.get("type")), ()):
        if key not in data:
            yield status.required(f"data[{key}]")
    if item.get("type") == "kubernetes.io/basic-auth" and not any(key in data for key in _BASIC):
        yield from (status.required(f"data[{key}]") for key in _BASIC)


def _keys(data: Mapping[str, str], where: str) -> Iterator[Cause]:
    for key in data:
        if not _KEY.match(key) or key in (".", ".."):
            yield status.wrong(f"{where}[{key}]", key, _KEY_RULE)


def _too_long(size: int, where: str) -> Iterator[Cause]:
    if size > LARGEST:
        yield Cause("FieldValueTooLong", f"Too long: may not be more than {LARGEST} bytes", where or "[]")


def _decoded(text: str) -> int:
    try:
        return len(base64.b64decode(text))
    except binascii.Error:
        return len(text)
