"""Keeps the fields that a unit ignores as they are when a release is sent, and reports them in plans.

helm sends everything that a chart renders, and sets every field in it. So the rendered manifests are edited on their
way (`post_renderer`), and so is the recorded revision that a rollback returns to (`records`). Helm 4 applies
server-side: a field that somebody else also owns is left out. A field that only helm owns is sent with its live
value, because the server removes what its last owner drops. Helm 3 patches from one revision to the next, so each
ignored field is sent with its live value.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tasks.cluster import comparison, edits, reading
from tasks.cluster.access import Cluster
from tasks.cluster.edits import Edit
from tasks.cluster.ignoring import Ignoring
from tasks.cluster.objects import Manifest, Reference, sent
from tasks.cluster.ownership import without_autoscaled
from tasks.cluster.placement import placed, placed_manifests
from tasks.domain import wording
from tasks.domain.errors import Refused
from tasks.domain.values import UNKNOWN, leaves
from tasks.domain.wording import Difference
from tasks.engines.helm.answers import Installed, bare
from tasks.engines.helm.rendering import Objects


@dataclass(frozen=True)
class Left:
    """The part of a release that is left to others.

    Attributes:
        ignoring: the unit's rules about ignored fields.
        live: the live objects of which something is ignored; None for those that do not exist.
        edits: the edits to the rendered or recorded manifests before they are sent.
    """

    ignoring: Ignoring
    live: Mapping[Reference, Manifest | None]
    edits: Mapping[Reference, list[Edit]]

    def sent(self, revision: Installed) -> Installed:
        """Return a revision as it is sent."""
        objects = {about: self._edited(about, item) for about, item in revision.objects.items()}
        return replace(revision, objects=objects)

    def cut(self, revision: Installed) -> Installed:
        """Return a revision without the ignored fields. New objects keep them as declared."""
        objects = {about: self._cut(about, item) for about, item in revision.objects.items()}
        return replace(revision, objects=objects)

    def _edited(self, about: Reference, item: Manifest) -> Manifest:
        return bare(edits.edited(item, self.edits[about])) if about in self.edits else item

    def _cut(self, about: Reference, item: Manifest) -> Manifest:
        live = self.live.get(about)
        return self.ignoring.cut(about, _with_data(item), live) if live else item


@dataclass(frozen=True)
class Leaving:
    """How a unit leaves fields to others.

    Attributes:
        cluster: the cluster, as the identity that reads.
        ignoring: the unit's rules about ignored fields.
        server_side: whether its helm applies server-side.
        records_in_reach: whether helm's records can be edited. A rollback sends what they contain.
    """

    cluster: Cluster
    ignoring: Ignoring
    server_side: bool
    records_in_reach: bool

    def upgrade(self, live: Installed | None, new: Installed) -> Left:
        """Work out what is left to others when the release goes from the installed revision to a new one.

        Args:
            live: the installed revision; None if the release is not installed.
            new: the new revision.

        Raises:
            Refused: a field cannot be left as it is.
        """
        before = live.objects if live else {}
        every = {**before, **new.objects}
        covered = {about: item for about, item in every.items() if self.ignoring.covers(about)}
        chosen = dict(_places(self.cluster, covered))
        found = reading.read_all(self.cluster, chosen.values())
        there = {about: found[where] for about, where in chosen.items()}
        wanted = {about: _with_data(item) for about, item in new.objects.items() if about in chosen}
        made = {
            about: _edits(about, new.objects[about], item, self._prepared(about, item, there[about], before))
            for about, item in wanted.items()
        }
        return Left(self.ignoring, there, {about: each for about, each in made.items() if each})

    def rollback(self, live: Installed | None, recorded: Installed) -> Left:
        """Do the same as `upgrade` for a recorded revision. If records cannot be edited, it is sent unchanged."""
        found = self.upgrade(live, recorded)
        return found if self.records_in_reach else replace(found, edits={})

    def notes_of_rollback(self, live: Installed | None, good: Installed, *, changing: bool) -> list[str]:
        """Describe the fields that a rollback leaves to others, and those that it sets although they are ignored.

        Args:
            live: the installed revision; None if the release is not installed.
            good: the revision to return to.
            changing: whether the rollback changes anything.
        """
        found, told = self.upgrade(live, good), f"revision {good.revision}"
        if self.records_in_reach:
            return notes(self.cluster, good.objects, found, told, changing=changing)
        sets = _overwritten(self.cluster, good.objects, found) if changing else []
        return [*notes(self.cluster, good.objects, found, told, changing=False), *sets]

    def _prepared(self, about: Reference, item: Manifest, live: Manifest | None, before: Objects) -> Manifest:
        if self.server_side:
            return self.ignoring.sent(about, item, live)
        earlier = before.get(about)
        return self.ignoring.as_live(about, item, live, _with_data(earlier) if earlier else None)


def notes(cluster: Cluster, objects: Objects, found: Left, declared: str, *, changing: bool) -> list[str]:
    """Describe which fields are ignored and why, and which keep a value other than the declared one.

    Args:
        cluster: the cluster, as the identity that reads.
        objects: the objects of the release.
        found: what is left to others.
        declared: the name of what declares the objects, for messages ("the chart").
        changing: whether there is something to install, upgrade or roll back.
    """
    if not found.ignoring.rules:
        return []
    manifests = {about: sent(manifest) for about, manifest in placed_manifests(cluster, objects).items()}
    at = {where: found.live.get(about) for about, where in _places(cluster, objects)}
    pairs = {about: (manifest, at.get(about)) for about, manifest in manifests.items()}
    told = found.ignoring.notes(pairs)
    for about, (manifest, live) in pairs.items():
        if live is not None and changing:
            told += [
                f"{about}: {each.path} stays {wording.short(each.after)}; {declared} has {wording.short(each.before)}"
                for each in _differing(about, manifest, live, found.ignoring)
            ]
    return told


def rescaled(cluster: Cluster, objects: Objects, found: Left) -> list[str]:
    """Describe the replicas that an autoscaler has set and an upgrade would reset to the chart's value.

    Args:
        cluster: the cluster, as the identity that reads.
        objects: the objects of the new revision.
        found: what is left to others.
    """
    told = []
    scaled = [*_places(cluster, {a: item for a, item in objects.items() if _replicas(item) is not None})]
    there = reading.read_all(cluster, [where for _, where in scaled])
    for about, where in scaled:
        item, live = objects[about], there[where]
        if live is None or without_autoscaled(item, live) == item or _replicas(live) == _replicas(item):
            continue
        if _replicas(found.ignoring.cut(about, item, live)) is not None:
            sets = f"{where}: helm sets spec.replicas to {_replicas(item)}, an autoscaler has {_replicas(live)}"
            told.append(f"{sets}; ignore spec.replicas, or leave them out of the chart")
    return told


def _replicas(item: Manifest) -> object:
    return (item.get("spec") or {}).get("replicas") if isinstance(item.get("spec"), Mapping) else None


def _overwritten(cluster: Cluster, objects: Objects, found: Left) -> list[str]:
    """Describe the ignored fields that a rollback sets because the record cannot be edited."""
    told = []
    for about, where in _places(cluster, {about: objects[about] for about in found.edits}):
        live = found.live[about]
        told += [
            f"{where}: the rollback sets {each.path} to {wording.short(each.before)}, though it is ignored"
            for each in (_differing(about, sent(objects[about]), live, found.ignoring) if live else ())
        ]
    return told


def _places(cluster: Cluster, objects: Objects) -> Iterator[tuple[Reference, Reference]]:
    """Yield each object with the reference of where it lives in the cluster."""
    return ((about, next(iter(placed(cluster, {about: about})))) for about in objects)


def _differing(about: Reference, manifest: Manifest, live: Manifest, ignoring: Ignoring) -> Iterator[Difference]:
    """Yield the ignored fields in which a manifest and the cluster differ."""
    every, shown = (
        comparison.drifted(about, manifest, live),
        comparison.drifted(about, manifest, live, ignoring),
    )
    told = {each.path for each in wording.differing(shown)} if shown else set()
    yield from (each for each in wording.differing(every) if each.path not in told) if every else ()


def _edits(about: Reference, rendered: Manifest, item: Manifest, wanted: Manifest) -> list[Edit]:
    """Return the edits from `rendered` to `wanted`; empty if `wanted` equals `item`, the other form of `rendered`."""
    if wanted == item:
        return []
    found = edits.between(rendered, _with_unknown_texts(rendered, wanted))
    for edit in found:
        if UNKNOWN in leaves(edit.value):
            path = ".".join(map(str, edit.location))
            told = f"{about}: {path} is ignored in part, and another part of it differs each time it is rendered"
            raise Refused(f"{told}; ignore all of {path}")
    return found


def _with_data(item: Manifest) -> Manifest:
    """Move a Secret's stringData to data, where rules look for it; values that are not known yet stay unknown."""
    if item.get("kind") != "Secret" or not item.get("stringData"):
        return item
    texts = {key: _encoded(value) for key, value in item["stringData"].items()}
    kept = {key: value for key, value in item.items() if key != "stringData"}
    return {**kept, "data": {**(item.get("data") or {}), **texts}}


def _encoded(text: Any) -> str:
    return UNKNOWN if text == UNKNOWN else base64.b64encode(str(text).encode()).decode()


def _with_unknown_texts(item: Manifest, wanted: Manifest) -> Manifest:
    """Undo `_with_data` for values that are not known yet: move them back to stringData, as rendered."""
    texts = {key: text for key, text in (item.get("stringData") or {}).items() if text == UNKNOWN}
    unknown = [key for key in texts if (wanted.get("data") or {}).get(key) == UNKNOWN]
    if not unknown:
        return wanted
    data = {key: value for key, value in wanted["data"].items() if key not in unknown}
    return {**wanted, "data": data, "stringData": dict.fromkeys(unknown, UNKNOWN)}
