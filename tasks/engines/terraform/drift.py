"""Which of the differences that a refresh finds somebody made. Pure.

A refresh finds more than that. None of these is drift:

| difference | why |
| --- | --- |
| null and `{}`, `[]`, `""`, `false`, 0 | the API's word for "not set" |
| an attribute that can only be read | it moves on by itself; noted |
| an attribute that the plan keeps, and that can be set | `ignore_changes`, or the provider takes both for the same |
| one left to the provider, whose new entries other objects of the state set | `route` by `aws_route` |
| a file below the root | it stays in the checkout of the run that wrote it |

Public reports of the first four: hashicorp/terraform#28803, terraform-aws-modules/terraform-aws-vpc#777.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tasks.domain.plan import Action, Change
from tasks.domain.values import leaves
from tasks.engines.terraform.answers import Document, change_of
from tasks.engines.terraform.configuration import ALL
from tasks.engines.terraform.secrets import of_plan

_FILE_ATTRIBUTES = ("filename", "output_path")


@dataclass(frozen=True)
class Kind:
    """What a provider's schema says of a type: `read_only` attributes, and those it `fills` in where nothing is set.

    A nested block counts as filled in: the schema cannot tell.
    """

    read_only: frozenset[str] = frozenset()
    fills: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Drift:
    """What somebody changed, and (`notes`) what moved on by itself."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()


def has_refreshed(plan: Document) -> bool:
    """Whether a refresh found any difference between an object and the state."""
    return any(tuple(item["change"]["actions"]) != ("no-op",) for item in plan.get("resource_drift", ()))


def loses_objects(plan: Document) -> bool:
    """Whether a refresh misses objects that the state knows."""
    return any("delete" in item["change"]["actions"] for item in plan.get("resource_drift", ()))


def found_in(
    plan: Document, source: str, kind_of: Callable[[str, str], Kind], ignored: Callable[[str], frozenset[str]]
) -> Drift:
    """The drift in a plan that was made with a refresh.

    Args:
        source: the unit's folder below infrastructure/.
        kind_of: the schema of a type, given its provider and its name; asked only where it decides.
        ignored: the attributes of an object (by address) that the code ignores; asked only where it decides.
    """
    secrets, changes, notes = of_plan(plan), list[Change](), list[str]()
    for item in plan.get("resource_drift", ()):
        change = change_of(item, secrets)
        if change is None or change.action not in (Action.UPDATE, Action.DELETE) or _is_file_below(item, source):
            continue
        if change.action is Action.DELETE:
            changes.append(change)
            continue
        judged = _Judged(plan, item, kind_of, ignored)
        names = [name for name in _differing(item["change"]) if judged.is_made(name)]
        notes += judged.notes
        if names:
            changes.append(_only(change, names))
    return Drift(tuple(changes), tuple(notes))


def pruned(value: Any) -> Any:
    """`value` without what means "not set": two values are the same when these are."""
    if isinstance(value, Mapping):
        found = {key: kept for key, item in value.items() if (kept := pruned(item)) is not None}
        return found or None
    if isinstance(value, list):
        return [pruned(item) for item in value] or None
    return value or None


class _Judged:
    """The differences of one object."""

    def __init__(
        self,
        plan: Document,
        item: Mapping[str, Any],
        kind_of: Callable[[str, str], Kind],
        ignored: Callable[[str], frozenset[str]],
    ) -> None:
        self._plan, self._item, self._ignored = plan, item, ignored
        self._kind_of = kind_of
        self.notes: list[str] = []

    def is_made(self, name: str) -> bool:
        """Whether somebody made the difference of this attribute."""
        if not self._is_kept(name):
            return True
        kind = self._kind_of(self._item["provider_name"], self._item["type"])
        if name in kind.read_only:
            self.notes.append(f"{self._item['address']}: {name} moved on by itself")
            return False
        if name not in kind.fills or self._is_set_by_others(name):
            return False
        return not self._ignored(self._item["address"]) & {name, ALL}

    def _is_kept(self, name: str) -> bool:
        """Whether the plan leaves the attribute as it was found."""
        address = self._item["address"]
        planned = next((i for i in self._plan.get("resource_changes", ()) if i["address"] == address), None)
        if planned is None:
            return False
        change, found = planned["change"], self._item["change"]["after"]
        return name not in (change.get("after_unknown") or {}) and pruned((change.get("after") or {}).get(name)) == (
            pruned(found.get(name))
        )

    def _is_set_by_others(self, name: str) -> bool:
        before, after = (self._item["change"][side].get(name) or [] for side in ("before", "after"))
        if not (isinstance(before, list) and isinstance(after, list)):
            return False
        added = [entry for entry in after if entry not in before]
        kept = all(entry in after for entry in before)
        others = [*_others(self._plan, self._item["address"])]
        return kept and all(_is_explained(part, others) for entry in added for part in _parts(entry))


def _differing(change: Mapping[str, Any]) -> list[str]:
    before, after = change.get("before") or {}, change.get("after") or {}
    return [key for key in sorted({*before, *after}) if pruned(before.get(key)) != pruned(after.get(key))]


def _only(change: Change, names: Iterable[str]) -> Change:
    """The change of these attributes alone; the others are shown as they were."""
    before, after = dict(change.before or {}), dict(change.after or {})
    return replace(change, after={**before, **{name: after.get(name) for name in names}})


def _is_file_below(item: Mapping[str, Any], source: str) -> bool:
    held = item["change"].get("before") or {}
    paths = [held[name] for name in _FILE_ATTRIBUTES if isinstance(held.get(name), str)]
    return any(not re.match(r"/|\.\./", path) or f"/{source}/" in path for path in paths)


def _others(plan: Document, address: str) -> Iterator[frozenset[str]]:
    """The values of each other object of the state."""
    root = plan.get("prior_state", {}).get("values", {}).get("root_module", {})
    return (frozenset(_spellings(item.get("values"))) for item in _resources(root) if item["address"] != address)


def _resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from _resources(child)


def _parts(entry: Any) -> Iterator[frozenset[str]]:
    """What has to stand together in one object: the entry, once for each item of the lists in it.

    AWS puts what several rules say into one entry: `cidr_blocks` of all rules for the same port.
    """
    if not isinstance(entry, Mapping):
        yield frozenset(_spellings(entry))
        return
    single = {key: value for key, value in entry.items() if not isinstance(value, list)}
    several = [item for value in entry.values() if isinstance(value, list) for item in value]
    for item in several or [None]:
        yield frozenset(_spellings(single)) | frozenset(_spellings(item))


def _is_explained(part: frozenset[str], others: Iterable[frozenset[str]]) -> bool:
    return any(part <= values for values in others)


def _spellings(value: Any) -> Iterator[str]:
    """Every value in it that is set, as text; JSON documents in one spelling."""
    return (_spelled(leaf) for leaf in leaves(value) if leaf)


def _spelled(value: Any) -> str:
    if isinstance(value, str) and value[:1] in "{[":
        try:
            return json.dumps(json.loads(value), sort_keys=True)
        except ValueError:
            return value
    return str(value)
