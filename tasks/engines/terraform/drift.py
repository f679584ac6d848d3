"""Decide which differences that a refresh finds were made by somebody. Pure.

A refresh finds other differences too. None of these is drift:

| difference | why |
| --- | --- |
| null and `{}`, `[]`, `""`, `false`, 0 | different ways of APIs to say "not set" |
| a read-only attribute | the service itself changes it; reported as a note |
| a settable attribute that the plan does not change | `ignore_changes`, or the provider treats both as equal |
| one that the provider fills in, if other objects in the state account for new entries | `route` by `aws_route` |
| a file below the root | it remains in the checkout of the run that wrote it |

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
    """The schema of a resource type.

    Attributes:
        read_only: the attributes that can only be read.
        fills: the attributes that the provider fills in if they are not set. All nested blocks are included, because
            the schema does not tell.
    """

    read_only: frozenset[str] = frozenset()
    fills: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Drift:
    """The changes that somebody made; `notes` report changes of read-only attributes."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()


def has_refreshed(plan: Document) -> bool:
    """Tell whether a refresh found any difference between an object and the state."""
    return any(tuple(item["change"]["actions"]) != ("no-op",) for item in plan.get("resource_drift", ()))


def loses_objects(plan: Document) -> bool:
    """Tell whether a refresh did not find some objects of the state."""
    return any("delete" in item["change"]["actions"] for item in plan.get("resource_drift", ()))


def found_in(
    plan: Document, source: str, kind_of: Callable[[str, str], Kind], ignored: Callable[[str], frozenset[str]]
) -> Drift:
    """Return the drift in a plan that was made with a refresh.

    Args:
        plan: the plan.
        source: the unit's folder below infrastructure/.
        kind_of: (provider, type) -> its schema. Called only if it decides.
        ignored: address -> the attributes of that object that the code ignores. Called only if it decides.
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
    """Return `value` without anything that means "not set". Two values are equal if their results are equal."""
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
        """Tell whether somebody made the difference of this attribute."""
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
        """Tell whether the plan leaves the attribute as the refresh found it."""
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
    """Return the change of only these attributes; the others keep their earlier value."""
    before, after = dict(change.before or {}), dict(change.after or {})
    return replace(change, after={**before, **{name: after.get(name) for name in names}})


def _is_file_below(item: Mapping[str, Any], source: str) -> bool:
    held = item["change"].get("before") or {}
    paths = [held[name] for name in _FILE_ATTRIBUTES if isinstance(held.get(name), str)]
    return any(not re.match(r"/|\.\./", path) or f"/{source}/" in path for path in paths)


def _others(plan: Document, address: str) -> Iterator[frozenset[str]]:
    """Yield the values of each other object in the state."""
    root = plan.get("prior_state", {}).get("values", {}).get("root_module", {})
    return (frozenset(_spellings(item.get("values"))) for item in _resources(root) if item["address"] != address)


def _resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from _resources(child)


def _parts(entry: Any) -> Iterator[frozenset[str]]:
    """Yield the values that one object must contain together: the entry, once for each item of its lists.

    AWS merges several rules into one entry: `cidr_blocks` of all rules for the same port.
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
    """Yield every non-empty value as text; JSON documents in a canonical form."""
    return (_spelled(leaf) for leaf in leaves(value) if leaf)


def _spelled(value: Any) -> str:
    if isinstance(value, str) and value[:1] in "{[":
        try:
            return json.dumps(json.loads(value), sort_keys=True)
        except ValueError:
            return value
    return str(value)
