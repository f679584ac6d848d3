"""String formats in the schemas of custom resources. As in the API, an unknown format accepts everything.

https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apiserver/validation/formats.go
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

_DURATION = re.compile(r"[-+]?(\d+(\.\d*)?\s*(ns|us|µs|ms|s|m|h|d|w|seconds?|minutes?|hours?|days?|weeks?)\s*)+|0")
_HOST = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?)*")
_EMAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[-+]\d\d:\d\d)")


def fits(text: str, form: str) -> bool:
    """Tell whether a text has this format."""
    read = _FORMATS.get(form)
    if read is None:
        return True
    try:
        return bool(read(text))
    except (ValueError, binascii.Error):
        return False


def _date_time(text: str) -> bool:
    return bool(_TIME.fullmatch(text)) and bool(datetime.fromisoformat(text.upper().replace("Z", "+00:00")))


_FORMATS: Mapping[str, Callable[[str], Any]] = {
    "date": lambda text: date.fromisoformat(text),
    "date-time": _date_time,
    "datetime": _date_time,
    "duration": _DURATION.fullmatch,
    "ipv4": lambda text: ipaddress.IPv4Address(text),
    "ipv6": lambda text: ipaddress.IPv6Address(text),
    "cidr": lambda text: "/" in text and ipaddress.ip_network(text, strict=False) is not None,
    "email": _EMAIL.fullmatch,
    "hostname": lambda text: len(text) <= 253 and _HOST.fullmatch(text),
    "uri": lambda text: urlsplit(text).scheme or text.startswith("/"),
    "uuid": lambda text: uuid.UUID(text),
    "byte": lambda text: base64.b64decode(text, validate=True) is not None,
}
