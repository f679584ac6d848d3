"""Handles fields that a unit leaves to others: they are not a difference, and they keep their live values. Pure.

A rule names fields, or the manager that owns them by an object's managedFields. Such a field is cut from both sides
of every comparison. It is left out of what is sent if somebody else owns it. If only we own it, its live value is
sent again, because the server removes a field that its only owner drops. A new object gets the release's value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tasks.cluster import fields
from tasks.cluster.fields import Location
from tasks.cluster.objects import Manifest, Reference
from tasks.cluster.ownership import OWN_ANNOTATIONS, managed_fields, owned_fields
from tasks.cluster.selection import Selection
from tasks.domain import wording

IDENTITY: tuple[Location, ...] = (
    *(("apiVersion",), ("kind",), ("metadata",)),
    *(("metadata", "name"), ("metadata", "namespace")),
)
"""The fields that identify an object and its type. No rule can ignore them."""

_Owned = Mapping[str, Any]
_Owners = Sequence[_Owned]
_LISTED = 3
"""How many paths a note lists."""


@dataclass(frozen=True)
class Rule:
    """Fields of some objects that are ignored, and why.

    Attributes:
        selection: the objects.
        reason: why the fields are ignored, for notes.
        paths: the fields, as `tasks.cluster.fields` reads them.
        manager: instead of `paths`, the manager that owns the fields, as a shell pattern; else empty.
    """

    selection: Selection
    reason: str
    paths: tuple[str, ...] = ()
    manager: str = ""

    def locations(self, item: Manifest, live: Manifest | None, us: str) -> set[Location]:
        """Return where the ignored fields are in an object.

        Args:
            item: the object or its manifest.
            live: the live object; None if it does not exist.
            us: our own field manager, whose fields `manager` never selects.
        """
        named = (found for path in self.paths for found in fields.located(path, item))
        theirs = (found for each in self._theirs(live, us) for found in fields.owned(each, item))
        return {found for found in (*named, *theirs) if found not in IDENTITY and found[0] != "status"}

    def _theirs(self, live: Manifest | None, us: str) -> Iterator[Mapping[str, Any]]:
        if self.manager and live is not None:
            for manager, found in managed_fields(live):
                if manager != us and fnmatchcase(manager, self.manager):
                    yield found

    def __str__(self) -> str:
        return f"{self.selection}: {', '.join(self.paths) or f'fields of {self.manager}'}"


@dataclass(frozen=True)
class Ignoring:
    """The rules of a unit.

    Attributes:
        us: our own field manager.
        rules: the rules.
        key: where the rules are in the unit, for messages.
    """

    us: str = ""
    rules: Sequence[Rule] = ()
    key: str = ""

    def covers(self, about: Reference) -> bool:
        """Tell whether any rule selects the object."""
        return any(rule.selection.covers(about) for rule in self.rules)

    def cut(self, about: Reference, item: Manifest, live: Manifest | None) -> Manifest:
        """Return the object without its ignored fields.

        Args:
            about: the object.
            item: the live object or a manifest of it.
            live: the live object; None if it does not exist.
        """
        found = self._locations(about, item, live)
        return _with_marks(fields.without(item, found), item) if found else item

    def owned(self, about: Reference, live: Manifest | None) -> dict[str, Any]:
        """Return the fields that we own of a live object (FieldsV1), without the ignored ones."""
        ours = owned_fields(live, self.us)
        found = self._locations(about, live, live) if live else set()
        return _pruned(ours, live, found) if found else ours

    def sent(self, about: Reference, manifest: Manifest, live: Manifest | None) -> Manifest:
        """Return the manifest as a server-side apply should send it, so that ignored fields stay as they are.

        Args:
            about: the object.
            manifest: the manifest to send.
            live: the live object; None if it does not exist.
        """
        if live is None or not self.covers(about):
            return manifest
        ours = owned_fields(live, self.us)
        theirs = [each for manager, each in managed_fields(live) if manager != self.us]
        left = self._left(about, manifest, live, ours, theirs)
        alone = (
            found for found in self._locations(about, live, live) if fields.is_owned_alone(found, live, ours, theirs)
        )
        return _with_marks(_with_dropped(left, manifest, live, live, alone), manifest)

    def as_live(
        self, about: Reference, manifest: Manifest, live: Manifest | None, before: Manifest | None
    ) -> Manifest:
        """Return the manifest with the live values of ignored fields, for a tool that disregards field owners.

        Args:
            about: the object.
            manifest: the manifest to send.
            live: the live object; None if it does not exist.
            before: the manifest that the tool patches from. The tool removes what it has and the new one lacks.
        """
        if live is None or not self.covers(about):
            return manifest
        left = self._left(about, manifest, live, fields.merged(each for _, each in managed_fields(live)), [])
        dropped = self._locations(about, before, live) if before else set()
        return _with_marks(_with_dropped(left, manifest, before, live, dropped), manifest)

    def _left(self, about: Reference, item: Manifest, live: Manifest, ours: _Owned, theirs: _Owners) -> Manifest:
        found = self._locations(about, item, live)
        return _left(item, live, ours, theirs, found) if found else item

    def notes(self, objects: Mapping[Reference, tuple[Manifest | None, Manifest | None]]) -> list[str]:
        """Describe how much each rule ignores and why, and which rules have no effect.

        Args:
            objects: each object as it is declared and as it is live; None where it does not exist.
        """
        return [note for number, rule in enumerate(self.rules) for note in self._note(number, rule, objects)]

    def _note(
        self, number: int, rule: Rule, objects: Mapping[Reference, tuple[Manifest | None, Manifest | None]]
    ) -> Iterator[str]:
        chosen = {about: pair for about, pair in objects.items() if rule.selection.covers(about)}
        found = {about: paths for about, pair in chosen.items() if (paths := self._paths(rule, *pair))}
        label = f"{self.key}[{number}] ({rule})"
        if found:
            every = [path for paths in found.values() for path in paths]
            listed = ", ".join(sorted(dict.fromkeys(every))[:_LISTED])
            counted = f"{wording.number(len(every), 'field')} of {wording.number(len(found), 'object')}"
            yield f"{label} ignores {counted} ({listed}): {rule.reason}"
        elif not chosen:
            yield f"{label} matches no object of the unit; correct it, or remove it"
        elif any(live for _, live in chosen.values()):
            yield f"{label} matches no field of {', '.join(map(str, chosen))}; correct it, or remove it"

    def _paths(self, rule: Rule, declared: Manifest | None, live: Manifest | None) -> set[str]:
        items = [item for item in (declared, live) if item is not None]
        return {fields.written(item, found) for item in items for found in rule.locations(item, live, self.us)}

    def _locations(self, about: Reference, item: Manifest, live: Manifest | None) -> set[Location]:
        rules = (rule for rule in self.rules if rule.selection.covers(about))
        return {found for rule in rules for found in rule.locations(item, live, self.us)}


NOTHING = Ignoring()
"""Nothing is ignored."""

_GONE = object()


@dataclass(frozen=True)
class _Entry:
    """One entry of a manifest: its live value, and who owns which parts of it.

    Attributes:
        live: the live value.
        ours: the fields of it that we own (FieldsV1); empty if we own all of it as one value, None if nothing.
        theirs: the same for each other manager that owns a part of it.
        identity: the values by which its list identifies it.
    """

    live: Any
    ours: Mapping[str, Any] | None
    theirs: list[Mapping[str, Any]]
    identity: Mapping[str, Any]

    @property
    def is_one_value(self) -> bool:
        """Whether the entry is owned as a whole, like a list without keys."""
        return self.ours == {} or {} in self.theirs


def _left(item: Any, live: Any, ours: _Owned, theirs: _Owners, found: Iterable[Location]) -> Any:
    """Return the manifest in which the fields at these locations are left to others."""
    left: dict[str | int, Any] = dict(item.items() if isinstance(item, Mapping) else enumerate(item))
    for key, rests in fields.heads(found).items():
        entry = _entry(item, key, live, ours, theirs)
        value = _value(item[key], entry, rests)
        if value is _GONE:
            del left[key]
        else:
            left[key] = {**entry.identity, **value} if entry.identity else value
    return left if isinstance(item, Mapping) else list(left.values())


def _entry(item: Any, key: str | int, live: Any, ours: _Owned, theirs: _Owners) -> _Entry:
    own = fields.node_of(ours, item, key)
    others = [(name, each[name]) for each in theirs if (name := fields.node_of(each, item, key))]
    node = own or next((name for name, _ in others), "")
    there = fields.entry_of(node, live)
    return _Entry(there, ours[own] if own else None, [each for _, each in others], fields.identity_of(node))


def _value(item: Any, entry: _Entry, rests: list[Location]) -> Any:
    if () in rests:
        return _given_up(item, entry)
    if entry.is_one_value:
        mixed = _mixed(item, entry.live, rests)
        return _GONE if {} in entry.theirs and mixed == entry.live else mixed
    return _left(item, entry.live, entry.ours or {}, entry.theirs, rests)


def _given_up(item: Any, entry: _Entry) -> Any:
    """Return what to send of an ignored field: nothing if others own it, the live value if only we do."""
    if entry.ours is None or {} in entry.theirs or entry.live is None:
        return _GONE
    if not entry.ours or not isinstance(item, Mapping | list):
        return entry.live
    keys = list(item) if isinstance(item, Mapping) else range(len(item))
    left = _left(item, entry.live, entry.ours, entry.theirs, [(key,) for key in keys])
    return _GONE if entry.theirs and not left else left


def _mixed(item: Any, live: Any, found: Iterable[Location]) -> Any:
    """Return the value with the live values at these locations."""
    mixed = dict(item.items() if isinstance(item, Mapping) else enumerate(item))
    there = dict(live.items() if isinstance(live, Mapping) else enumerate(live if isinstance(live, list) else ()))
    for key, rests in fields.heads(found).items():
        if key in there:
            mixed[key] = there[key] if () in rests else _mixed(item[key], there[key], rests)
    return mixed if isinstance(item, Mapping) else list(mixed.values())


def _with_dropped(left: Any, manifest: Manifest, source: Any, live: Manifest, dropped: Iterable[Location]) -> Any:
    """Add the live values of dropped fields to `left`, because a field that is no longer sent would be removed.

    Dropped fields are at these locations of `source` and not in the manifest.
    """
    for location in dropped:
        left = _restored(left, manifest, source, live, location)
    return left


def _restored(left: Any, manifest: Any, source: Any, live: Any, location: Location) -> Any:
    """Add one live field to `left`. An entry of a list that is no longer declared is dropped with all its fields."""
    key, rest = location[0], location[1:]
    if isinstance(key, int):
        mine, declared, there = (fields.place_by_name(item, source[key]) for item in (left, manifest, live))
        if not rest or mine is None or declared is None or there is None:
            return left
        below = _restored(left[mine], manifest[declared], source[key], live[there], rest)
        return [*left[:mine], below, *left[mine + 1 :]]
    if not all(isinstance(item, Mapping) for item in (left, manifest, live)) or key not in live:
        return left
    if key not in manifest:
        value = fields.only(live[key], rest)
        return left if value is None else {**left, key: _deepened(left.get(key), value)}
    return (
        {**left, key: _restored(left[key], manifest[key], source[key], live[key], rest)}
        if rest and key in left
        else left
    )


def _deepened(one: Any, other: Any) -> Any:
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        return other
    return {**one, **{key: _deepened(one.get(key), value) for key, value in other.items()}}


def _pruned(owned: Mapping[str, Any], item: Any, found: Iterable[Location]) -> dict[str, Any]:
    """Return FieldsV1 without the fields at these locations."""
    left = dict(owned)
    for key, rests in fields.heads(found).items():
        node = fields.node_of(owned, item, key)
        if node and () in rests:
            del left[node]
        elif node:
            left[node] = _pruned(owned[node], item[key], rests)
    return left


def _with_marks(item: Any, before: Manifest) -> Manifest:
    """Restore our own annotations, because no rule can ignore who owns an object."""
    marks = {k: v for k, v in (before["metadata"].get("annotations") or {}).items() if k in OWN_ANNOTATIONS}
    if not marks:
        return dict(item)
    metadata = item["metadata"]
    return {**item, "metadata": {**metadata, "annotations": {**(metadata.get("annotations") or {}), **marks}}}
