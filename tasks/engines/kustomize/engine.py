"""Kustomize behind the engine protocol: rendered by kubectl, applied server-side with a field manager of our own.

A plan is a server-side apply that the cluster only rehearses: what it would make of every object, defaults and
admission included, against what is there. What the unit's receipt lists and the release has no more is removed. Where
somebody else owns a field that would change, the plan is refused and names them; on the way back it is taken.

An object with the annotation `flowmart.example/removal: keep` is never removed, neither with the release that drops
it nor with the first release that brought it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import structlog

from tasks.cluster import access, comparison
from tasks.cluster.access import MANAGER, Cluster
from tasks.cluster.objects import Manifest, Reference, ordered, shown
from tasks.cluster.readiness import readiness
from tasks.domain.errors import InvalidInput, Refused, StalePlan, Unanswered
from tasks.domain.outcome import Applied, Observation, Outcome, Progress, Verification
from tasks.domain.plan import Change, Plan
from tasks.domain.release import Baseline, Inputs, Receipt, Target
from tasks.domain.values import digest_of
from tasks.engines import kubernetes_plans
from tasks.engines.base import Engine, Workspace
from tasks.engines.changes import the_other_way
from tasks.engines.kustomize import plans
from tasks.engines.kustomize.plans import Saved
from tasks.engines.kustomize.sources import interface, reads, rendered

log = structlog.get_logger("flowmart.kustomize")

REMOVAL = "flowmart.example/removal"

Objects = Mapping[Reference, Manifest]


@dataclass(frozen=True)
class _Look:
    """What is there, and what it would become: of every object that is wanted or to go."""

    live: Objects
    becomes: Objects
    gone: tuple[Reference, ...]
    warnings: tuple[str, ...]

    @property
    def changes(self) -> tuple[Change, ...]:
        before = {about: self.live[about] for about in (*self.becomes, *self.gone) if about in self.live}
        return comparison.changes(before, self.becomes)

    @property
    def basis(self) -> str:
        """Changes when somebody changes one of the objects that are wanted or to go; their status may move."""
        return _basis({about: self.live.get(about) for about in (*self.becomes, *self.gone)})


class Kustomize:
    """The engine for units whose source is a kustomization."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._executable = workspace.executable

    def validate(self) -> None:
        """The kustomization can be rendered."""
        self._rendered(self.workspace)

    def plan(self, inputs: Inputs) -> Plan:
        """What applying the kustomization would change, and what it would remove."""
        if inputs.values:
            told = "a kustomization takes no inputs; what differs between environments is in its overlays"
            raise InvalidInput(f"{self.workspace.unit.name}: inputs.{next(iter(inputs.values))}: {told}")
        workspace = self.workspace
        return self._planned(
            workspace,
            workspace.target,
            inputs.digest,
            self._rendered(workspace),
            _before(workspace),
            force=workspace.reconciling,
        )

    def apply(self, plan: Plan) -> Applied:
        """Apply the manifests that were planned, in order, then remove; `StalePlan` when something has changed."""
        workspace = self.workspace
        saved = plans.load(plan)
        cluster = access.opened(workspace.writing())
        if _basis({about: cluster.read(about) for about in (*saved.wanted, *saved.gone)}) != plan.basis:
            raise StalePlan(f"{plan.target}: somebody changed an object since it was planned; plan again")
        done: list[str] = []
        try:
            for about, manifest in saved.wanted.items():
                _apply(cluster, about, manifest, saved.force, workspace.unit.time_limit)
                done.append(str(about))
            for about in reversed(ordered(saved.gone)):
                _remove(cluster, about)
                done.append(f"{about} (removed)")
        except (Unanswered, Refused) as error:
            outcome = Outcome.UNANSWERED if isinstance(error, Unanswered) else Outcome.FAILED
            return Applied(outcome, detail=f"{error}\nDone before: {', '.join(done) or 'nothing'}")
        log.debug("applied", unit=plan.target.unit, objects=len(saved.wanted), removed=len(saved.gone))
        return Applied(Outcome.SUCCEEDED, {"objects": plans.listed(ordered(saved.wanted))})

    def verify(self) -> Verification:
        """Whether everything is there as the release has it, and ready."""
        look = self._look()
        if look.changes:
            return Verification(Outcome.FAILED, look.changes)
        waiting = [about for about in look.becomes if not readiness(look.live.get(about)).ready]
        if waiting:
            told = f"not ready: {', '.join(map(str, waiting))}"
            return Verification(Outcome.FAILED, pending=True, detail=told)
        return Verification(Outcome.SUCCEEDED)

    def plan_rollback(self, failed: Workspace, to: Receipt | Baseline | None) -> Plan | None:
        """Back to the manifests of the receipt's release; what only the failed one brought is removed."""
        workspace = self.workspace
        if isinstance(to, Baseline):
            return None
        tried = [*self._rendered(failed), *_before(workspace)]
        wanted = self._rendered(workspace) if to else {}
        inputs = to.inputs_digest if to else Inputs().digest
        return self._planned(workspace, workspace.target, inputs, wanted, tried, force=True)

    def detect_drift(self, receipt: Receipt) -> Plan:
        """What an apply would have to put right: as it was applied, against as it is."""
        workspace = self.workspace
        look = self._look()
        changes = tuple(the_other_way(change) for change in look.changes)
        return Plan(
            target=receipt.target,
            engine="kustomize",
            changes=changes,
            unit_digest=workspace.unit_digest,
            inputs_digest=receipt.inputs_digest,
            basis=look.basis,
            text=kubernetes_plans.text(changes),
        )

    def observe(self, plan: Plan) -> Observation:
        """Compare every object that was planned with what is there now."""
        saved = plans.load(plan)
        cluster = access.opened(self.workspace.reading())
        look = _look(cluster, saved.wanted, saved.gone, force=True)
        if not look.changes:
            return Observation(Progress.DONE, {"objects": plans.listed(ordered(saved.wanted))})
        if look.basis == plan.basis:
            return Observation(Progress.UNCHANGED)
        left = ", ".join(change.address for change in look.changes)
        return Observation(Progress.PARTIAL, detail=f"still to do: {left}")

    def settle(self, receipt: Receipt) -> tuple[Change, ...]:
        """What differs right after a good apply."""
        return self.detect_drift(receipt).changes

    def adopt(self) -> Baseline | None:
        """The objects of the kustomization that are there already."""
        cluster = access.opened(self.workspace.reading())
        there = [str(about) for about in self._rendered(self.workspace) if cluster.read(about) is not None]
        return Baseline(f"existing objects: {', '.join(there)}", {"objects": there}) if there else None

    def _look(self) -> _Look:
        return _look(access.opened(self.workspace.reading()), self._rendered(self.workspace), (), force=True)

    def _rendered(self, workspace: Workspace) -> Objects:
        return rendered(self._executable, workspace.folder, workspace.processes)

    def _planned(
        self,
        workspace: Workspace,
        target: Target,
        inputs_digest: str,
        wanted: Objects,
        before: Iterable[Reference],
        *,
        force: bool = False,
    ) -> Plan:
        look = _look(access.opened(workspace.reading()), wanted, before, force=force)
        return Plan(
            target=target,
            engine="kustomize",
            changes=look.changes,
            unit_digest=workspace.unit_digest,
            inputs_digest=inputs_digest,
            basis=look.basis,
            artifact=plans.save(Saved(wanted, look.gone, force), workspace.folder),
            text=kubernetes_plans.text(look.changes, look.warnings),
            reversibility=kubernetes_plans.reversibility(look.changes, workspace.unit.protected),
            warnings=look.warnings,
        )


def _before(workspace: Workspace) -> list[Reference]:
    """The objects that the unit's current receipt lists."""
    receipt = workspace.receipt
    return plans.recorded(receipt.outputs.get("objects", ())) if receipt else []


def _look(cluster: Cluster, wanted: Objects, before: Iterable[Reference], *, force: bool) -> _Look:
    candidates = [about for about in dict.fromkeys(before) if about not in wanted]
    live = {about: found for about in [*wanted, *candidates] if (found := cluster.read(about)) is not None}
    there = [about for about in candidates if about in live and _is_ours(live[about])]
    kept = [about for about in there if _annotations(live[about]).get(REMOVAL) == "keep"]
    becomes = {about: _rehearsed(cluster, about, wanted, force) for about in wanted}
    warnings = tuple(f"{about} stays: it says {REMOVAL}: keep" for about in kept)
    return _Look(live, becomes, tuple(about for about in there if about not in kept), warnings)


def _rehearsed(cluster: Cluster, about: Reference, wanted: Objects, force: bool) -> Manifest:
    """What the object would be; as it is rendered, where its kind or namespace only comes with this release."""
    found = cluster.apply(about, wanted[about], force=force, rehearse=True)
    if found is not None:
        return found
    if not cluster.knows(about) and (about.group, about.kind) not in _defined(wanted):
        raise Refused(f"{about}: cluster {cluster.name} knows no {about.type}; install what defines it first")
    return wanted[about]


def _defined(wanted: Objects) -> set[tuple[str, str]]:
    """Group and kind of what the custom resource definitions among the objects bring."""
    definitions = (m["spec"] for about, m in wanted.items() if about.kind == "CustomResourceDefinition")
    return {(spec["group"], spec["names"]["kind"]) for spec in definitions}


def _apply(cluster: Cluster, about: Reference, manifest: Manifest, force: bool, seconds: float) -> None:
    if cluster.apply(about, manifest, force=force) is None:
        raise Refused(f"could not apply {about}: cluster {cluster.name} has no such kind, or no such namespace")
    if about.kind == "CustomResourceDefinition":
        _await(cluster, about, seconds)


def _remove(cluster: Cluster, about: Reference) -> None:
    live = cluster.read(about)
    if live is not None:
        cluster.remove(about, live["metadata"]["uid"])


def _await(cluster: Cluster, about: Reference, seconds: float) -> None:
    """Objects of a new kind can be applied only after the cluster has established it."""
    until = time.monotonic() + seconds
    while not (found := readiness(cluster.read(about))).ready:
        if time.monotonic() > until:
            raise Refused(f"{about}: {found.why} after {seconds:g} s")
        time.sleep(0.2)


def _basis(live: Mapping[Reference, Manifest | None]) -> str:
    return digest_of({f"{about.type} {about}": shown(found) for about, found in live.items() if found is not None})


def _is_ours(live: Manifest) -> bool:
    """Whether we ever applied it: what only has the same name is somebody else's."""
    return any(entry.get("manager") == MANAGER for entry in live["metadata"].get("managedFields") or ())


def _annotations(live: Manifest) -> Mapping[str, str]:
    return live["metadata"].get("annotations") or {}


ENGINE = Engine(name="kustomize", make=Kustomize, reads=reads, interface=interface, executable="kubectl")
