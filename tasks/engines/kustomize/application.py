"""Applying a kustomize plan: create and change in order, wait until all is ready, and only then remove.

What goes is removed last, since what is still running may need it. Each removal is of the object that was planned, by
its UID, and only while no other unit has taken it over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.cluster import waiting
from tasks.cluster.access import Cluster
from tasks.cluster.errors import Replaced
from tasks.cluster.objects import Manifest, Reference, ordered
from tasks.cluster.ownership import is_terminating, owner_of, without_autoscaled
from tasks.cluster.waiting import Deadline
from tasks.domain.errors import Refused
from tasks.engines.kustomize.plans import Saved


@dataclass
class Application:
    """One apply in progress. `done` tells what it has changed; `uids` are those of what it applied."""

    cluster: Cluster
    saved: Saved
    unit: str
    deadline: Deadline
    done: list[str] = field(default_factory=list)
    uids: dict[Reference, str] = field(default_factory=dict)

    def carry_out(self) -> None:
        """Do what was planned.

        Raises:
            Refused: the cluster says no, or an object is not ready in time.
            Unanswered: no answer, or something is still being deleted when the time is up.
        """
        for about, manifest in self.saved.wanted.items():
            self._apply(about, manifest)
        reasons = waiting.until_ready(self.cluster, self.saved.wanted, self.deadline)
        if reasons:
            raise Refused(f"not ready within {self.deadline.seconds:g} s: {'; '.join(reasons)}")
        self._remove(self.saved.gone)

    def _apply(self, about: Reference, manifest: Manifest) -> None:
        live = self.cluster.read(about)
        if live is not None and is_terminating(live):
            waiting.until_gone(self.cluster, {about: live["metadata"]["uid"]}, self.deadline)
            live = None
        applied = self.cluster.apply(about, without_autoscaled(manifest, live), force=self.saved.force)
        if applied is None:
            raise Refused(f"could not apply {about}: cluster {self.cluster.name} has {self._missing(about)}")
        self.done.append(str(about))
        self.uids[about] = str(applied["metadata"].get("uid", ""))
        if about.kind == "CustomResourceDefinition":
            self._await_kind(about, manifest)

    def _await_kind(self, about: Reference, manifest: Manifest) -> None:
        """Objects of a new kind can be applied only after the cluster has established and published it."""
        reasons = waiting.until_ready(self.cluster, [about], self.deadline)
        if reasons:
            raise Refused(f"not established within {self.deadline.seconds:g} s: {reasons[0]}")
        kinds = _served(manifest["spec"])
        self.deadline.poll(lambda: all(map(self.cluster.knows, kinds)), bool)

    def _remove(self, gone: Mapping[Reference, str]) -> None:
        going = {}
        for about in reversed(ordered(gone)):
            if owner_of(self.cluster.read(about)) in ("", self.unit) and self._is_removed(about, gone[about]):
                going[about] = gone[about]
        waiting.until_gone(self.cluster, going, self.deadline)
        self.done += [f"{about} (removed)" for about in going]

    def _is_removed(self, about: Reference, uid: str) -> bool:
        """Begin to delete an object; whether it was there. Another one of that name is not what was planned to go."""
        try:
            return self.cluster.remove(about, uid)
        except Replaced:
            return False

    def _missing(self, about: Reference) -> str:
        return f"no namespace {about.namespace}" if self.cluster.knows(about) else f"no kind {about.type}"


def _served(definition: Mapping[str, Any]) -> list[Reference]:
    """The kinds, one a version, that a custom resource definition brings."""
    kind, group = definition["names"]["kind"], definition["group"]
    return [Reference(f"{group}/{v['name']}", kind, "", "") for v in definition["versions"] if v.get("served")]
