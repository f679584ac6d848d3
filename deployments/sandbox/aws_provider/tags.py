"""Tags: the provider's `default_tags`, the resource's own, and both together (`tags_all`).

The rules are the real provider's: a resource's own tag wins over a default of the same key, and a tag that equals
a default counts as the resource's own only if the configuration says it there. Tags of AWS itself are not shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.sandbox.aws_provider.values import UNKNOWN, is_known

Tags = Mapping[str, str]


def all_tags(default: Tags, own: Any) -> Any:
    """`tags_all`: unknown while a tag is."""
    if not is_known(own):
        return UNKNOWN
    return {**default, **{key: value for key, value in (own or {}).items() if value is not None}}


def own_tags(default: Tags, remote: Tags, held: Any) -> Any:
    """`tags`: what of the `remote` tags belongs to the resource itself. `held` is what the state has there."""
    before = held or {}
    mine = {k: v for k, v in remote.items() if k in before or default.get(k) != v}
    return mine or (held if held == {} else None)


def without_system_tags(remote: Tags) -> dict[str, str]:
    """The tags without those that AWS sets for itself."""
    return {key: value for key, value in remote.items() if not key.startswith("aws:")}


def as_pairs(tags: Tags, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """Tags in the form that most APIs take."""
    return [{key: name, value: text} for name, text in tags.items()]


def from_pairs(pairs: Any, key: str = "Key", value: str = "Value") -> dict[str, str]:
    """Tags from the form that most APIs give."""
    return {pair[key]: pair.get(value, "") for pair in pairs or []}
