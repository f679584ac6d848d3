"""Applies a kustomize plan: creates and changes objects in order, waits until all are ready, and only then removes.

If the unit has order rules, objects are applied in waves. A wave begins once the objects that it depends on are
ready.

Namespaces and custom resource definitions go first. Objects that could not be rehearsed without them are rehearsed
then. So a release that the cluster rejects fails before any of the rest is applied.

A webhook may come with the release, and respond only once its pods are ready. While one does not respond, its objects
are tried again until the time is up.

An object that has to be replaced is deleted and created again in its turn.

Removals come last, because running objects may still need what is removed. Each removal targets the planned object by
its UID, and is skipped if another unit has taken it over.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tasks.cluster import evidence, waiting
from tasks.cluster.access import Cluster, Written
from tasks.cluster.errors import Lacking, Replaced, SilentWebhook
from tasks.cluster.health import BY_STATUS, Health
from tasks.cluster.ignoring import NOTHING, Ignoring
from tasks.cluster.objects import Manifest, Reference
from tasks.cluster.order import FIRST
from tasks.cluster.ownership import is_terminating, owner_of, without_autoscaled
from tasks.cluster.placement import DEFINITION, served
from tasks.cluster.waiting import Deadline
from tasks.domain.errors import FlowmartError, Refused
from tasks.engines.kustomize.plans import Saved

_SETTLES = 10.0
"""The time in seconds that an API server gets to adopt a changed definition. It usually takes one or two."""


@dataclass
class Application:
    """One apply in progress.

    Attributes:
        cluster: the cluster, as the identity that writes.
        saved: the plan.
        unit: the mark of the unit, "platform/environment/unit".
        deadline: when the time for the apply is up.
        unknown: the objects that could not be rehearsed for the plan.
        ignoring: the fields that the unit leaves to others.
        health: the rules of readiness.
        done: what was changed so far, in words.
        uids: the UIDs of the objects that were applied.
    """

    cluster: Cluster
    saved: Saved
    unit: str
    deadline: Deadline
    unknown: Collection[str] = ()
    ignoring: Ignoring = NOTHING
    health: Health = BY_STATUS
    done: list[str] = field(default_factory=list)
    uids: dict[Reference, str] = field(default_factory=dict)

    def carry_out(self) -> None:
        """Apply the plan.

        Raises:
            Refused: the cluster rejects an object, or an object is not ready in time.
            Unanswered: the cluster did not respond, or an object is still being deleted when the time is up.
        """
        first = [about for about in self.saved.wanted if about.kind in FIRST]
        for about in first:
            self._apply(about, self.saved.wanted[about])
        for about in self.saved.wanted:
            if about not in first and about not in self.saved.replaced and str(about) in self.unknown:
                self._rehearse(about, self.saved.wanted[about])
        applied = list(first)
        for wave in self.saved.waves.each(about for about in self.saved.wanted if about not in first):
            self._await([about for about in applied if about in self.saved.waves.awaited])
            for about in wave:
                self._apply(about, self.saved.wanted[about])
            applied += wave
        self._await(applied)
        for wave in reversed(self.saved.removal.each(self.saved.gone)):
            self._remove(wave)

    @property
    def _ending(self) -> dict[Reference, str]:
        """The applied objects that the cluster removes once they have ended."""
        return {about: uid for about, uid in self.uids.items() if evidence.ends(self.saved.wanted[about])}

    def _await(self, objects: Collection[Reference]) -> None:
        reasons = waiting.until_ready(self.cluster, objects, self.deadline, self.health, self._ending)
        if reasons:
            raise Refused(f"not ready within {self.deadline.seconds:g} s: {'; '.join(reasons)}")

    def _rehearse(self, about: Reference, manifest: Manifest) -> None:
        """Rehearse an object; retry for some seconds, since an established definition takes effect a moment later.

        If the object needs another one that is still to be applied, or a webhook that does not respond, the apply
        decides.
        """

        def refusal() -> FlowmartError | None:
            try:
                written = self.cluster.apply(about, manifest, force=self.saved.forces(about), rehearse=True)
            except SilentWebhook:
                return None
            except Refused as error:
                comes = isinstance(error, Lacking) and error.comes_with(self.saved.wanted)
                return None if comes else error
            return None if written else Refused(f"{about}: cluster {self.cluster.name} has {self._missing(about)}")

        refused = Deadline(min(_SETTLES, self.deadline.left)).poll(refusal, lambda found: found is None)
        if refused is not None:
            raise refused

    def _apply(self, about: Reference, manifest: Manifest) -> None:
        if about in self.saved.replaced:
            self._delete(about, self.saved.replaced[about])
        live = self.cluster.read(about)
        if live is not None and is_terminating(live):
            waiting.until_gone(self.cluster, {about: live["metadata"]["uid"]}, self.deadline)
            live = None
        sent = without_autoscaled(self.ignoring.sent(about, manifest, live), live)
        applied = self._applied(about, sent)
        if applied is None:
            raise Refused(f"could not apply {about}: cluster {self.cluster.name} has {self._missing(about)}")
        self.done.append(str(about))
        self.uids[about] = str(applied.object["metadata"].get("uid", ""))
        if about.kind == DEFINITION:
            self._await_kind(about, manifest)

    def _applied(self, about: Reference, manifest: Manifest) -> Written | None:
        """Apply an object; while a webhook does not respond, try again."""

        def apply() -> Written | None:
            return self.cluster.apply(about, manifest, force=self.saved.forces(about))

        try:
            return self.deadline.poll(apply, lambda _: True, passing=SilentWebhook)
        except SilentWebhook as error:
            if not error.comes_with(self.saved.wanted):
                raise
            reasons = waiting.until_ready(self.cluster, self.uids, self.deadline, self.health, self._ending)
            if reasons:
                raise Refused(f"{error}. Not ready: {'; '.join(reasons)}") from error
            raise

    def _delete(self, about: Reference, uid: str) -> None:
        if self._is_removed(about, uid):
            self.done.append(f"{about} (removed, to be made anew)")

    def _await_kind(self, about: Reference, manifest: Manifest) -> None:
        """Wait until the cluster has established and published a new kind, so that its objects can be applied."""
        reasons = waiting.until_ready(self.cluster, [about], self.deadline)
        if reasons:
            raise Refused(f"not established within {self.deadline.seconds:g} s: {reasons[0]}")
        kinds = _served(manifest["spec"])
        self.deadline.poll(lambda: all(map(self.cluster.knows, kinds)), bool)

    def _remove(self, wave: Sequence[Reference]) -> None:
        going, gone = {}, self.saved.gone
        for about in reversed(wave):
            if owner_of(self.cluster.read(about)) in ("", self.unit) and self._is_removed(about, gone[about]):
                going[about] = gone[about]
        waiting.until_gone(self.cluster, going, self.deadline)
        self.done += [f"{about} (removed)" for about in going]

    def _is_removed(self, about: Reference, uid: str) -> bool:
        """Begin to delete an object and tell whether it existed; an object with another UID is left alone."""
        try:
            return self.cluster.remove(about, uid)
        except Replaced:
            return False

    def _missing(self, about: Reference) -> str:
        return f"no namespace {about.namespace}" if self.cluster.knows(about) else f"no kind {about.type}"


def _served(definition: Mapping[str, Any]) -> list[Reference]:
    """Return the kinds that a custom resource definition serves, one for each version."""
    kind = definition["names"]["kind"]
    return [Reference(version, kind, "", "") for version in served(definition)]
