"""The Kustomize engine: kubectl renders, and the cluster applies server-side with a field manager of our own.

A plan is a server-side apply that the cluster only rehearses. It compares what each object would become, defaults and
admission included, with the live object. Objects that the unit's receipt lists and the release drops are removed. If
somebody else owns a field that would change, the plan is rejected and names the owners. A rollback takes the field.

An object with the annotation `flowmart.example/removal: keep` is never removed: not when a release drops it, and not
when the release that first created it is rolled back. A rollback never removes what existed before our first apply.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog

from tasks.cluster import reading
from tasks.cluster.access import Cluster
from tasks.cluster.connections import connected
from tasks.cluster.ignoring import Ignoring
from tasks.cluster.ownership import is_terminating
from tasks.cluster.placement import placed
from tasks.cluster.waiting import Deadline
from tasks.domain.errors import InvalidInput, Refused, StalePlan, Unanswered
from tasks.domain.outcome import Applied, Observation, Outcome, Progress, Verification
from tasks.domain.plan import Change, Plan
from tasks.domain.release import Baseline, Inputs, Receipt
from tasks.engines import kubernetes_plans
from tasks.engines.base import Engine, Variables, Workspace
from tasks.engines.kustomize import plans
from tasks.engines.kustomize.application import Application
from tasks.engines.kustomize.belongings import declared, existing, listed, mark, ownership
from tasks.engines.kustomize.inventory import Inventory
from tasks.engines.kustomize.monitoring import VALIDATORS
from tasks.engines.kustomize.observing import ended, unready
from tasks.engines.kustomize.options import KustomizeOptions
from tasks.engines.kustomize.plans import Saved, outputs
from tasks.engines.kustomize.rendering import objects_of
from tasks.engines.kustomize.rules import rules_of
from tasks.engines.kustomize.sources import interface, reads
from tasks.engines.kustomize.survey import Survey, basis, compare, compare_exactly, survey

log = structlog.get_logger("flowmart.kustomize")


class Kustomize:
    """The engine for units whose source is a kustomization."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def validate(self) -> None:
        """Check that the kustomization can be rendered."""
        objects_of(self.workspace)

    def plan(self, inputs: Inputs) -> Plan:
        """Plan what applying the kustomization would change and remove.

        Raises:
            InvalidInput: the unit has inputs, which a kustomization does not accept.
            Refused: the cluster rejects an object, or it belongs to another owner.
        """
        workspace = self.workspace
        if inputs.values:
            told = "a kustomization takes no inputs; what differs between environments is in its overlays"
            raise InvalidInput(f"{workspace.unit.name}: inputs.{next(iter(inputs.values))}: {told}")
        cluster, force = self._reading(), workspace.reconciling
        known, inventory = listed(workspace), _inventory(cluster, workspace).read()
        whose = ownership(cluster, workspace, {**dict.fromkeys(inventory, ""), **known}, workspace.receipt)
        options, ignoring = workspace.options(KustomizeOptions), rules_of(workspace).ignoring
        found = survey(
            cluster,
            declared(cluster, workspace),
            whose,
            force=force,
            may_replace=options.allows_replacing,
            may_take=options.allows_taking,
            ignoring=ignoring,
        )
        plan = self._planned(found, inputs.digest, workspace, force=force)
        outdated = found.everything != set(placed(cluster, known))
        unlisted = bool(options.inventory) and inventory != found.everything
        return replace(plan, changes_outputs=outdated or unlisted)

    def apply(self, plan: Plan) -> Applied:
        """Apply what was planned, wait until it is ready, then remove what the release drops.

        Raises:
            StalePlan: something that the unit owns or sets has changed since the plan.
        """
        workspace, saved = self.workspace, plans.load(plan)
        cluster, rules = self._connected(workspace.writing), rules_of(workspace)
        if _basis_now(cluster, saved, rules.ignoring) != plan.basis:
            raise StalePlan(f"{plan.target}: somebody changed an object since it was planned; plan again")
        limit = Deadline(workspace.unit.time_limit)
        work = Application(cluster, saved, mark(workspace), limit, plan.unknown, rules.ignoring, rules.health)
        inventory = _inventory(cluster, workspace)
        try:
            inventory.add(saved.everything)
            work.carry_out()
            inventory.write(saved.everything)
        except Unanswered as error:
            return Applied.unanswered(error, _with_what_was_done(error, work.done))
        except Refused as error:
            return Applied(Outcome.FAILED, detail=_with_what_was_done(error, work.done))
        log.debug("applied", unit=plan.target.unit, objects=len(saved.wanted), removed=len(saved.gone))
        return Applied(Outcome.SUCCEEDED, saved.outputs(work.uids))

    def observe(self, plan: Plan) -> Observation:
        """Compare every planned object with the cluster.

        Raises:
            Unanswered: the cluster is still working on the objects.
        """
        saved, cluster = plans.load(plan), self._reading()
        found = compare_exactly(cluster, saved.wanted, rules_of(self.workspace).ignoring)
        present = {about: live for about, live in reading.read_all(cluster, saved.gone).items() if live is not None}
        left = [about for about, live in present.items() if live["metadata"].get("uid") == saved.gone[about]]
        if found.changes or any(not is_terminating(present[about]) for about in left):
            if _basis_now(cluster, saved, found.ignoring) == plan.basis:
                return Observation(Progress.UNCHANGED)
            todo = [*(change.address for change in found.changes), *(f"remove {about}" for about in left)]
            return Observation(Progress.PARTIAL, detail=f"still to do: {', '.join(todo)}")
        return ended(cluster, plan, saved, found, left, rules_of(self.workspace).health)

    def verify(self) -> Verification:
        """Check that all objects match the release and are ready."""
        found = self._compared()
        if found.changes:
            return Verification(Outcome.FAILED, found.changes)
        states = unready(self._reading(), found, rules_of(self.workspace).health)
        waiting = [f"{about}: {state.why}" for about, state in states.items()]
        if waiting:
            return Verification(Outcome.FAILED, pending=True, detail=f"not ready: {'; '.join(waiting)}")
        return Verification(Outcome.SUCCEEDED)

    def plan_rollback(self, failed: Workspace, to: Receipt | Baseline | None) -> Plan | None:
        """Plan the rollback to the manifests of the receipt's release.

        Objects that only the failed release created are removed. With a baseline, objects that existed before stay as
        they are, because their earlier manifests are not kept.

        Returns:
            The plan; None for a baseline if nothing is to be removed.
        """
        workspace, cluster = self.workspace, self._reading()
        existed = existing(to if isinstance(to, Baseline) else workspace.baseline or failed.baseline)
        tried = {
            **dict.fromkeys(declared(cluster, failed), ""),
            **listed(failed),
            **listed(workspace),
        }
        good = to if isinstance(to, Receipt) else None
        whose = replace(ownership(cluster, workspace, tried, good), preexisting=existed)
        wanted = declared(cluster, workspace) if good else {}
        # What the failed release was allowed to replace has to be replaced again on the way back.
        allowed = [each.options(KustomizeOptions) for each in (workspace, failed)]
        found = survey(
            cluster,
            wanted,
            whose,
            force=True,
            may_replace=lambda about: any(each.allows_replacing(about) for each in allowed),
            ignoring=rules_of(workspace).ignoring,
        )
        if isinstance(to, Baseline) and not found.gone:
            return None
        digest = to.inputs_digest if isinstance(to, Receipt) else Inputs().digest
        return self._planned(found, digest, failed, force=True)

    def detect_drift(self, receipt: Receipt) -> Plan:
        """Compare the live objects with what was applied, and plan the differences as drift."""
        workspace, found = self.workspace, self._compared()
        changes = _drifted(found)
        return Plan(
            target=receipt.target,
            engine="kustomize",
            changes=changes,
            unit_digest=workspace.unit_digest,
            inputs_digest=receipt.inputs_digest,
            basis=found.basis,
            text=kubernetes_plans.text(changes, found.ignored),
            warnings=tuple(found.ignored),
        )

    def settle(self, receipt: Receipt) -> tuple[Change, ...]:
        """Return the differences that webhooks and controllers cause right after a good apply."""
        return _drifted(self._compared())

    def adopt(self) -> Baseline | None:
        """Return the objects of the kustomization that already exist as the baseline; None if none exists."""
        cluster = self._reading()
        read = reading.read_all(cluster, declared(cluster, self.workspace))
        there = {about: live["metadata"]["uid"] for about, live in read.items() if live and not is_terminating(live)}
        if not there:
            return None
        return Baseline(f"existing objects: {', '.join(map(str, there))}", outputs(there))

    def _reading(self) -> Cluster:
        return self._connected(self.workspace.reading)

    def _connected(self, variables: Variables) -> Cluster:
        return connected(self.workspace.processes, variables(), self.workspace.platform)

    def _compared(self) -> Survey:
        cluster = self._reading()
        return compare(
            cluster,
            declared(cluster, self.workspace),
            mark(self.workspace),
            rules_of(self.workspace).ignoring,
        )

    def _planned(self, found: Survey, inputs_digest: str, before: Workspace, *, force: bool) -> Plan:
        """Build a plan from a survey. Removals follow the order rules of the release in the workspace `before`."""
        workspace = self.workspace
        gone = {about: live["metadata"]["uid"] for about, live in found.gone.items()}
        changes = found.changes
        rules = rules_of(workspace)
        waves = rules.waves(found.wanted)
        removal = rules_of(before).waves(gone)
        ended = (found.ran, found.over)
        saved = Saved(found.wanted, gone, force, found.replaced, waves, removal, *ended, found.taken)
        warnings = (*found.notes, *found.ignored, *rules.order_notes(waves, found.wanted))
        return Plan(
            target=workspace.target,
            engine="kustomize",
            changes=changes,
            unit_digest=workspace.unit_digest,
            inputs_digest=inputs_digest,
            basis=found.basis,
            artifact=plans.save(saved, workspace.folder),
            text=kubernetes_plans.text(changes, warnings),
            reversibility=kubernetes_plans.reversibility(
                changes, workspace.unit.protected, workspace.options(KustomizeOptions).protects
            ),
            warnings=warnings,
            unknown=found.unknown,
        )


def _inventory(cluster: Cluster, workspace: Workspace) -> Inventory:
    return Inventory(cluster, mark(workspace), workspace.options(KustomizeOptions).inventory)


def _with_what_was_done(error: Exception, done: Sequence[str]) -> str:
    return f"{error}\nDone before: {', '.join(done) or 'nothing'}"


def _basis_now(cluster: Cluster, saved: Saved, ignoring: Ignoring) -> str:
    live = reading.read_all(cluster, (*saved.wanted, *saved.gone))
    return basis(saved.wanted, live, ignoring)


def _drifted(found: Survey) -> tuple[Change, ...]:
    return tuple(change.reversed for change in found.changes)


ENGINE = Engine(
    name="kustomize",
    make=Kustomize,
    reads=reads,
    interface=interface,
    executable="kubectl",
    setting="kubectl",
    options=KustomizeOptions,
    validators=VALIDATORS,
)
