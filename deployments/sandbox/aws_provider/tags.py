"""Computes tags: the provider's `default_tags`, the resource's own, and both together (`tags_all`).

The rules are the real provider's. A resource's own tag wins over a default with the same key. A tag that equals a
default counts as the resource's own only if the configuration sets it on the resource. AWS's system tags are not
shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.sandbox.aws_provider.values import UNKNOWN, is_known

Tags = Mapping[str, str]


def all_tags(default: Tags, own: Any) -> Any:
    """Return `tags_all`: the default tags with the resource's own; unknown while any of its own tags is unknown."""
    if not is_known(own):
        return UNKNOWN
    return {**default, **{key: value for key, value in (own or {}).items() if value is not None}}


def own_tags(default: Tags, remote: Tags, held: Any) -> Any:
    """Return `tags`: the tags that belong to the resource itself, or None if there are none.

    Args:
        default: the provider's default tags.
        remote: the tags of the object in AWS.
        held: the value of `tags` in the state; {} is kept if the resource has no tags of its own.
    """
    before = held or {}
    mine = {k: v for k, v in remote.items() if k in before or default.get(k) != v}
    return mine or (held if held == {} else None)


def without_system_tags(remote: Tags) -> dict[str, str]:
    """Return the tags without those that AWS sets itself, whose keys begin with "aws:"."""
    return {key: value for key, value in remote.items() if not key.startswith("aws:")}


def as_pairs(tags: Tags, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """Return tags in the form that most APIs accept: a list of keys and values."""
    return [{key: name, value: text} for name, text in tags.items()]


def from_pairs(pairs: Any, key: str = "Key", value: str = "Value") -> dict[str, str]:
    """Return tags from the form that most APIs return: a list of keys and values."""
    return {pair[key]: pair.get(value, "") for pair in pairs or []}
