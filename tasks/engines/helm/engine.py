"""The Helm engine: one unit is one release of one chart.

A plan compares the installed revision with what the chart renders now, object by object. It also asks the cluster
whether it would accept the objects. An apply installs exactly the archive and values that were planned, on exactly
the revision that they were compared with. It then waits until everything is ready. A rollback is helm's own: it
returns to the revision that the receipt names.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from tasks.cluster import waiting
from tasks.cluster.access import Cluster
from tasks.cluster.connections import connected
from tasks.cluster.waiting import Deadline
from tasks.domain.errors import FlowmartError, Refused, StalePlan, Unanswered
from tasks.domain.outcome import Applied, Observation, Outcome, Progress, Verification
from tasks.domain.plan import Change, Plan
from tasks.domain.release import Baseline, Inputs, Receipt
from tasks.domain.residual import drift_beyond
from tasks.engines import kubernetes_plans
from tasks.engines.base import Engine, Variables, Workspace
from tasks.engines.helm import (
    charts,
    drift,
    hooks,
    ignored,
    planning,
    plans,
    readiness,
    records,
    revisions,
    vendoring,
)
from tasks.engines.helm.answers import Installed
from tasks.engines.helm.charts import Installation, Packed, interface, reads
from tasks.engines.helm.commands import Helm as Commands
from tasks.engines.helm.commands import done
from tasks.engines.helm.hooks import Occasion
from tasks.engines.helm.ignored import Leaving
from tasks.engines.helm.options import HelmOptions
from tasks.engines.helm.plans import Does, Saved
from tasks.engines.helm.rendering import unplanned


class Helm:
    """The engine for units whose source is a chart."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._executable = workspace.executable

    def validate(self) -> None:
        """Check the unit's inputs, and that the chart can be packed with its dependencies."""
        workspace = self.workspace
        what = charts.installation(workspace.unit.name, workspace.unit.inputs)
        self._packed(self._commands(workspace, workspace.reading), workspace, what)

    def plan(self, inputs: Inputs) -> Plan:
        """Plan an install or an upgrade of the release. The plan keeps the archive and values to apply.

        Raises:
            InvalidInput: an input or the chart is wrong.
            Refused: helm or the cluster rejects what the chart renders to.
        """
        workspace, cluster = self.workspace, self._reading()
        what = charts.installation(workspace.target.unit, inputs.values)
        helm = self._commands(workspace, workspace.reading)
        packed = self._packed(helm, workspace, what)
        live = revisions.current(helm, what.release, what.namespace, existed=workspace.baseline is not None)
        new, notes = revisions.rehearsed(helm, cluster, what, packed, live)
        saved, left = plans.upgrade(what, packed, new), self._leaving(helm).upgrade(live, new.installed)
        if left.edits:
            revisions.require(helm, cluster, saved, live, left)
        occasion, ends = hooks.occasion_of(live), (live and left.cut(live), left.cut(new.installed))
        found = planning.compared(workspace, inputs.digest, *ends, occasion)
        becomes = replace(new, installed=left.sent(new.installed), sample=left.sent(new.sample))
        defined = revisions.definitions(helm, what, packed)
        found = planning.asked(cluster, found, planning.Upgrade(what, live, becomes, defined, helm.server_side))
        if workspace.reconciling and workspace.receipt:
            drifted = drift_beyond(workspace.residual, self.detect_drift(workspace.receipt).changes)
            found = planning.repairing(found, drifted)
        notes += ignored.notes(cluster, new.installed.objects, left, "the chart", changing=not found.empty)
        notes += [] if found.empty else ignored.rescaled(cluster, new.installed.objects, left)
        return planning.finished(found, saved, packed.chart.parent, notes)

    def apply(self, plan: Plan) -> Applied:
        """Carry out a plan and wait until the release is ready.

        Raises:
            StalePlan: a file or the revision is not what was planned.
        """
        workspace, saved = self.workspace, plans.load(plan)
        helm, existed = self._commands(workspace, workspace.writing), workspace.baseline is not None
        live = revisions.current(helm, saved.release, saved.namespace, existed=existed)
        if planning.basis(live) != plan.basis:
            now = planning.basis(live) or "none"
            raise StalePlan(
                f"{plan.target}: planned from revision {plan.basis or 'none'}, it is {now} now; plan again"
            )
        if plan.empty:
            return Applied(Outcome.SUCCEEDED, revisions.outputs(saved, live))
        try:
            if saved.does is Does.UPGRADE:
                left = self._leaving(helm).upgrade(live, saved.planned)
                revisions.require(helm, self._opened(workspace.writing), saved, live, left)
            live = self._cleared(helm, saved, live)
            return Applied(Outcome.SUCCEEDED, revisions.outputs(saved, self._carried_out(helm, saved, live)))
        except StalePlan:
            raise
        except Unanswered as error:
            return Applied(Outcome.UNANSWERED, detail=str(error))
        except Refused as error:
            return Applied(Outcome.FAILED, detail=self._explained(error, helm, saved, live))

    def observe(self, plan: Plan) -> Observation:
        """Find out whether the release reached another revision, and how that ended.

        Raises:
            Unanswered: helm may still be running, or objects are still getting ready.
        """
        workspace, saved = self.workspace, plans.load(plan)
        live = revisions.read(self._commands(workspace, workspace.reading), saved.release, saved.namespace)
        if planning.basis(live) == plan.basis:
            return Observation(Progress.UNCHANGED)
        if live is None:
            ended = Progress.DONE if saved.does is Does.REMOVE else Progress.PARTIAL
            return Observation(ended, detail="" if saved.does is Does.REMOVE else "the release is not installed")
        if live.stuck and not live.is_over(workspace.unit.time_limit):
            raise Unanswered(f"{plan.target}: revision {live.revision} is {live.status}; helm may still be running")
        if live.status != "deployed" or saved.does is Does.REMOVE:
            return Observation(Progress.PARTIAL, detail=f"revision {live.revision} is {live.status}")
        waiting_for = readiness.unready(self._reading(), live.objects, self._options.judging)
        if waiting_for:
            raise Unanswered(f"{plan.target}: the cluster is still working: {'; '.join(waiting_for)}")
        return Observation(Progress.DONE, revisions.outputs(saved, live))

    def verify(self) -> Verification:
        """Check that the release is deployed, matches its manifests, and has only ready objects."""
        workspace = self.workspace
        what = charts.installation(workspace.unit.name, workspace.unit.inputs)
        live = revisions.read(self._commands(workspace, workspace.reading), what.release, what.namespace)
        if live is None or live.status != "deployed":
            return Verification(Outcome.FAILED, detail=f"the release is {live.status if live else 'not installed'}")
        cluster = self._reading()
        found = drift.compared(cluster, live.objects, self._options.ignoring)
        differences = tuple(change.reversed for change in found.changes)
        if differences:
            return Verification(Outcome.FAILED, differences)
        waiting_for = readiness.unready(cluster, live.objects, self._options.judging)
        if waiting_for:
            return Verification(Outcome.FAILED, pending=True, detail=f"not ready: {'; '.join(waiting_for)}")
        return Verification(Outcome.SUCCEEDED)

    def plan_rollback(self, failed: Workspace, to: Receipt | Baseline | None) -> Plan | None:
        """Plan the rollback to the revision of a receipt or a baseline; without either, plan to uninstall.

        Returns:
            The plan; None if helm no longer has the baseline's revision.

        Raises:
            Refused: helm no longer has the receipt's revision.
        """
        workspace = self.workspace
        what = charts.installation(workspace.unit.name, workspace.unit.inputs)
        helm = self._commands(workspace, workspace.reading)
        live = revisions.read(helm, what.release, what.namespace)
        to = to or workspace.baseline or failed.baseline
        if to is None:
            nothing = Installed(0, "none")
            found = planning.compared(workspace, workspace.inputs.digest, live, nothing, Occasion.REMOVE)
            saved = Saved(Does.REMOVE, what.release, what.namespace)
            found = replace(found, changes_outputs=live is not None)
            return planning.finished(found, saved, _folder(workspace), self._left_over(helm, failed, live))
        if isinstance(to, Baseline):
            good = revisions.read(helm, what.release, what.namespace, int(to.data["revision"]))
            if good is None:
                return None
            digest = workspace.inputs.digest
        else:
            good, digest = revisions.recorded(helm, what, to), to.inputs_digest
        leaving = self._leaving(helm)
        left = leaving.rollback(live, good)
        ends = (live and left.cut(live), left.cut(good))
        found = planning.compared(workspace, digest, *ends, Occasion.ROLL_BACK)
        if isinstance(to, Receipt):
            found = replace(found, target=to.target)
        notes = leaving.notes_of_rollback(live, good, changing=not found.empty)
        return planning.finished(found, plans.rollback(what, good), _folder(workspace), notes)

    def detect_drift(self, receipt: Receipt) -> Plan:
        """Compare the cluster, and the release's revision in helm, with the receipt."""
        workspace = self.workspace
        live, found = self._drifted(receipt)
        return Plan(
            target=receipt.target,
            engine="helm",
            changes=found.changes,
            unit_digest=workspace.unit_digest,
            inputs_digest=receipt.inputs_digest,
            basis=planning.basis(live),
            text=kubernetes_plans.text(found.changes, found.ignored),
            warnings=found.ignored,
        )

    def settle(self, receipt: Receipt) -> tuple[Change, ...]:
        """Return the differences that exist right after a good apply, although nobody changed anything."""
        return self._drifted(receipt)[1].changes

    def adopt(self) -> Baseline | None:
        """Return the installed revision as the baseline; None if the release is not installed."""
        workspace = self.workspace
        what = charts.installation(workspace.unit.name, workspace.unit.inputs)
        live = revisions.read(self._commands(workspace, workspace.reading), what.release, what.namespace)
        if live is None:
            return None
        told = f"existing Helm release {what.namespace}/{what.release}, revision {live.revision}"
        return Baseline(told, {"revision": live.revision})

    @property
    def _options(self) -> HelmOptions:
        return self.workspace.options(HelmOptions)

    def _reading(self) -> Cluster:
        return self._opened(self.workspace.reading)

    def _opened(self, variables: Variables) -> Cluster:
        return connected(self.workspace.processes, variables(), self.workspace.platform)

    def _drifted(self, receipt: Receipt) -> tuple[Installed | None, drift.Compared]:
        workspace = self.workspace
        what = charts.installation(receipt.target.unit, workspace.unit.inputs)
        helm = self._commands(workspace, workspace.reading)
        live = revisions.read(helm, what.release, what.namespace)
        declared = revisions.recorded(helm, what, receipt).objects if live else {}
        found = drift.compared(self._reading(), declared, self._options.ignoring)
        return live, replace(found, changes=(*drift.moved(what, receipt, live), *found.changes))

    def _leaving(self, helm: Commands) -> Leaving:
        reach = records.are_in_reach(self.workspace.processes.environment)
        return Leaving(self._reading(), self._options.ignoring, helm.server_side, reach)

    def _cleared(self, helm: Commands, saved: Saved, live: Installed | None) -> Installed | None:
        """Clear a stuck release if an upgrade is to begin, and return what is installed then."""
        if saved.does is not Does.UPGRADE or live is None or not live.stuck:
            return live
        cluster, existed = self._opened(self.workspace.writing), self.workspace.baseline is not None
        return revisions.clear(helm, cluster, saved, live, self._leaving(helm).rollback, existed=existed)

    def _carried_out(self, helm: Commands, saved: Saved, live: Installed | None) -> Installed | None:
        """Run helm, wait until what it installed is ready, and return the installed revision."""
        cluster = self._opened(self.workspace.writing)
        deadline = Deadline(self.workspace.unit.time_limit)
        readiness.await_deletions(cluster, saved, deadline)
        leaving = self._leaving(helm)
        left = (leaving.rollback if saved.does is Does.ROLL_BACK else leaving.upgrade)(live, saved.planned)
        revisions.change(helm, cluster, saved, left)
        now = revisions.read(helm, saved.release, saved.namespace)
        others = unplanned(left.sent(saved.planned), now, saved.nameless) if now else []
        if others:
            raise Refused(f"installed something else than what was planned: {', '.join(others)}")
        there = now.objects if now else {}
        over = readiness.ended(there)
        reasons = waiting.until_ready(cluster, there, deadline, self._options.judging, over)
        if reasons:
            raise Refused(f"not ready within {deadline.seconds:g} s: {'; '.join(reasons)}")
        return now

    def _commands(self, workspace: Workspace, variables: Variables) -> Commands:
        return Commands(
            self._executable,
            _folder(workspace),
            variables(),
            workspace.unit.time_limit,
            workspace.processes,
            charts.secrets(workspace.folder, workspace.environment.name, workspace.unit.inputs),
        )

    def _packed(self, helm: Commands, workspace: Workspace, what: Installation) -> Packed:
        """Pack the chart and write the values: the chart's for the environment, overridden by those of the inputs.

        The inputs may hold secrets, so only the owner can read their file.
        """
        folder = _folder(workspace)
        whole = charts.assemble(workspace.folder, folder)
        archive = done(helm.package(whole, folder))
        values = folder / "values.json"
        values.touch(mode=0o600)
        values.write_text(json.dumps(what.values, indent=1))
        of_environment = charts.values_file(whole, workspace.environment.name)
        return Packed(archive, (*([of_environment] if of_environment else []), values))

    def _left_over(self, helm: Commands, failed: Workspace, live: Installed | None) -> list[str]:
        """Return notes on what helm leaves when it removes the release, except what its plan says of `keep`."""
        if live is None:
            return []
        folder, unknown = _folder(self.workspace) / "removing", []
        objects = [*live.hooks]
        try:
            objects += charts.definitions(done(helm.package(charts.assemble(failed.folder, folder), folder)))
        except FlowmartError as error:
            # The removal does not need the chart.
            unknown.append(f"what stays of the chart's crds/ is not known: {error}")
        return unknown + planning.stays(hooks.existing(self._reading(), objects))

    def _explained(self, error: Refused, helm: Commands, saved: Saved, before: Installed | None) -> str:
        """Explain a failed apply with helm's reason and the pods' reports, and remove a failed first install."""
        told, workspace = [str(error)], self.workspace
        first = before is None and workspace.baseline is None and workspace.receipt is None
        try:
            live = revisions.read(helm, saved.release, saved.namespace)
            told += readiness.explained(self._reading(), live, self._options.judging) if live else []
            if first and live is not None and saved.does is Does.UPGRADE:
                done(helm.uninstall(saved.release, namespace=saved.namespace, wait=True))
                told.append("It was the first install, so what it had made was removed again.")
                stay = hooks.left_behind(self._reading(), live, charts.definitions(saved.chart))
                told += [f"helm does not remove {', '.join(stay)}."] if stay else []
        except FlowmartError as another:
            told.append(f"And then: {another}")
        return "\n".join(told)


def _folder(workspace: Workspace) -> Path:
    """Return the folder for the unit's archive, values and plan: beside the release's files, not among them."""
    folder = workspace.infrastructure.parent / "helm" / workspace.environment.name / workspace.unit.name
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


ENGINE = Engine(
    name="helm",
    make=Helm,
    reads=reads,
    interface=interface,
    executable="helm",
    options=HelmOptions,
    vendor=vendoring.vendor,
    pulls=vendoring.pulls,
    usual_seconds=20.0,
)
