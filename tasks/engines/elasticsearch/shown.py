"""What plans show of an object: its form, with a mask in place of secrets. Pure.

A processor, a notification or a saved object may hold a password or the address of a webhook. Names of fields and of
analyzers only sound like secrets (`token`, `tokenizer`), so names do not count in templates.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import Any

from tasks import masking
from tasks.domain.values import CHANGED, MASK, digest_of, texts
from tasks.engines.elasticsearch.addresses import COMPONENT, TEMPLATE, Address, Body
from tasks.engines.elasticsearch.forms import form

_HOOKS = frozenset({"destination"})
"""Keys whose values are secret: anybody who knows the address of a webhook can use it."""


def shown(kind: str, body: Body) -> dict[str, Any]:
    """Return the form of a body with its secrets masked."""
    found: dict[str, Any] = _masked(kind, form(kind, body))
    return found


def change(kind: str, before: Body, after: Body) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return both forms with masked secrets; a secret that differs afterwards is marked as changed."""
    hidden = shown(kind, before), shown(kind, after)
    return hidden[0], _marked(form(kind, before), form(kind, after), *hidden)


def has_secrets(kind: str, body: Body) -> bool:
    """Tell whether a body holds secrets that are masked."""
    return any(MASK in text for text in texts(shown(kind, body)))


def fingerprint(wanted: Mapping[Address, Body], key: Callable[[], bytes]) -> str:
    """Return a keyed hash of the objects with secrets, so that another secret gives another plan; "" without any."""
    secret = {str(each): form(each.kind, body) for each, body in wanted.items() if has_secrets(each.kind, body)}
    return hmac.digest(key(), digest_of(secret).encode(), "sha256").hex() if secret else ""


def _masked(kind: str, value: Any, name: str = "") -> Any:
    if name in _HOOKS:
        return _all_masked(value)
    if isinstance(value, Mapping):
        return {key: _masked(kind, item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(kind, item) for item in value]
    return masking.masked(value, "" if kind in (COMPONENT, TEMPLATE) else name)


def _all_masked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _all_masked(item) for key, item in value.items()}
    return [_all_masked(item) for item in value] if isinstance(value, list) else MASK


def _marked(before: Any, after: Any, hidden_before: Any, hidden_after: Any) -> Any:
    """Return the masked form afterwards, with a mark where only a masked value differs."""
    every = (before, after, hidden_before, hidden_after)
    if all(isinstance(each, Mapping) for each in every):
        return {
            key: _marked(before[key], after[key], hidden_before[key], item) if key in before else item
            for key, item in hidden_after.items()
        }
    if all(isinstance(each, list) for each in every) and len(before) == len(after):
        return [_marked(*each) for each in zip(*every, strict=True)]
    return CHANGED if before != after and hidden_before == hidden_after else hidden_after
