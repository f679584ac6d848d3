"""Helm behind the engine protocol: one unit is one release of one chart.

A plan compares the revision that is installed with what the chart would render now, object by object. Applying it
installs exactly the archive and values that were planned, on exactly the revision that they were compared with, and
waits until everything is ready. The way back is helm's own: to the revision that the receipt names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from tasks.cluster import access, comparison, rollouts
from tasks.cluster.objects import indexed
from tasks.cluster.readiness import readiness
from tasks.domain.errors import FlowmartError, Refused, StalePlan, Unanswered
from tasks.domain.outcome import Applied, Observation, Outcome, Progress, Verification
from tasks.domain.plan import Action, Change, Plan
from tasks.domain.release import Baseline, Inputs, Receipt, Target
from tasks.engines import kubernetes_plans
from tasks.engines.base import Engine, Variables, Workspace
from tasks.engines.changes import the_other_way
from tasks.engines.helm import charts, plans
from tasks.engines.helm.answers import Installed, good_revision, installed, rendered
from tasks.engines.helm.charts import Installation, interface, reads
from tasks.engines.helm.commands import HISTORY, done
from tasks.engines.helm.commands import Helm as Commands
from tasks.engines.helm.errors import NotInstalled
from tasks.engines.helm.plans import Does, Saved

log = structlog.get_logger("flowmart.helm")

_UNKNOWN_KIND = re.compile(r"no matches for kind|error validating data: the server could not find")
"""How helm says that a manifest is of a kind whose definition is not in the cluster yet."""


class Helm:
    """The engine for units whose source is a chart."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._executable = workspace.executable

    def validate(self) -> None:
        """The inputs are of the right kind, and the chart can be packed with its dependencies."""
        workspace = self.workspace
        what = charts.installation(workspace.unit.name, workspace.unit.inputs)
        self._packed(self._commands(workspace, workspace.reading), workspace, what)

    def plan(self, inputs: Inputs) -> Plan:
        """What installing or upgrading the release would change, and the archive and values for it."""
        workspace = self.workspace
        target = workspace.target
        what = charts.installation(target.unit, inputs.values)
        helm = self._commands(workspace, workspace.reading)
        chart, values = self._packed(helm, workspace, what)
        live = _installed(helm, what.release, what.namespace)
        new, warnings = _rehearsed(helm, what, chart, values, live)
        found = _plan(workspace, target, inputs.digest, live, new)
        if workspace.reconciling and workspace.receipt:
            found = _putting_right(found, self.detect_drift(workspace.receipt).changes)
        saved = plans.upgrade(what.release, what.namespace, chart, values)
        return _finished(found, saved, chart.parent, [*warnings, *_told_of(live)])

    def apply(self, plan: Plan) -> Applied:
        """Do what was planned, and wait for it; `StalePlan` when a file or the revision is not what it was."""
        workspace = self.workspace
        saved = plans.load(plan)
        helm = self._commands(workspace, workspace.writing)
        live = _installed(helm, saved.release, saved.namespace)
        if _basis(live) != plan.basis:
            now = _basis(live) or "none"
            raise StalePlan(
                f"{plan.target}: planned from revision {plan.basis or 'none'}, it is {now} now; plan again"
            )
        if plan.empty:
            return Applied(Outcome.SUCCEEDED, _outputs(saved, live))
        try:
            live = _unstuck(helm, saved, live)
            _do(helm, saved)
        except Unanswered as error:
            return Applied(Outcome.UNANSWERED, detail=str(error))
        except Refused as error:
            return Applied(Outcome.FAILED, detail=self._explained(error, helm, saved, live, workspace))
        return Applied(Outcome.SUCCEEDED, _outputs(saved, _installed(helm, saved.release, saved.namespace)))

    def verify(self) -> Verification:
        """Whether the release is installed to the end, and everything that it made is ready."""
        workspace = self.workspace
        what = charts.installation(workspace.unit.name, workspace.unit.inputs)
        live = _installed(self._commands(workspace, workspace.reading), what.release, what.namespace)
        if live is None or live.status != "deployed":
            return Verification(Outcome.FAILED, detail=f"the release is {live.status if live else 'not installed'}")
        cluster = access.opened(workspace.reading())
        waiting = [about for about in live.objects if not readiness(cluster.read(about)).ready]
        if waiting:
            told = f"not ready: {', '.join(map(str, waiting))}"
            return Verification(Outcome.FAILED, pending=True, detail=told)
        return Verification(Outcome.SUCCEEDED)

    def plan_rollback(self, failed: Workspace, to: Receipt | Baseline | None) -> Plan | None:
        """What going back to the receipt's revision would change; without a receipt, what uninstalling would."""
        workspace = self.workspace
        what = charts.installation(workspace.unit.name, workspace.unit.inputs)
        helm = self._commands(workspace, workspace.reading)
        live = _installed(helm, what.release, what.namespace)
        if isinstance(to, Baseline):
            return None
        if to is None:
            found = _plan(workspace, workspace.target, workspace.inputs.digest, live, Installed(0, "none"))
            saved = Saved(Does.REMOVE, what.release, what.namespace)
            return _finished(replace(found, changes_outputs=live is not None), saved, _folder(workspace), ())
        good = self._recorded(helm, what, to)
        found = _plan(workspace, to.target, to.inputs_digest, live, good)
        saved = Saved(Does.ROLL_BACK, what.release, what.namespace, revision=good.revision)
        return _finished(found, saved, _folder(workspace), _told_of(live))

    def detect_drift(self, receipt: Receipt) -> Plan:
        """What differs in the cluster from what the receipt's revision sets, and whether it is in force still."""
        workspace = self.workspace
        what = charts.installation(receipt.target.unit, workspace.unit.inputs)
        helm = self._commands(workspace, workspace.reading)
        live = _installed(helm, what.release, what.namespace)
        moved = _moved(what, receipt, live)
        wanted = live if live is None else self._recorded(helm, what, receipt)
        cluster = access.opened(workspace.reading())
        drifted = [comparison.drifted(o, m, cluster.read(o)) for o, m in (wanted.objects if wanted else {}).items()]
        changes = (*moved, *(change for change in drifted if change))
        return Plan(
            target=receipt.target,
            engine="helm",
            changes=changes,
            unit_digest=workspace.unit_digest,
            inputs_digest=receipt.inputs_digest,
            basis=_basis(live),
            text=kubernetes_plans.text(changes),
        )

    def observe(self, plan: Plan) -> Observation:
        """Whether the release reached another revision, and whether that was deployed."""
        workspace, saved = self.workspace, plans.load(plan)
        live = _installed(self._commands(workspace, workspace.reading), saved.release, saved.namespace)
        if _basis(live) == plan.basis:
            return Observation(Progress.UNCHANGED)
        done = live is None if saved.does is Does.REMOVE else live is not None and live.status == "deployed"
        if done:
            return Observation(Progress.DONE, _outputs(saved, live))
        return Observation(Progress.PARTIAL, detail=f"revision {live.revision} is {live.status}" if live else "")

    def settle(self, receipt: Receipt) -> tuple[Change, ...]:
        """What differs right after a good apply."""
        return self.detect_drift(receipt).changes

    def adopt(self) -> Baseline | None:
        """The revision that is installed, where there is one."""
        workspace = self.workspace
        what = charts.installation(workspace.unit.name, workspace.unit.inputs)
        live = _installed(self._commands(workspace, workspace.reading), what.release, what.namespace)
        if live is None:
            return None
        told = f"existing Helm release {what.namespace}/{what.release}, revision {live.revision}"
        return Baseline(told, {"revision": live.revision})

    def _commands(self, workspace: Workspace, variables: Variables) -> Commands:
        seconds = workspace.unit.time_limit
        return Commands(self._executable, _folder(workspace), variables(), seconds, workspace.processes)

    def _packed(self, helm: Commands, workspace: Workspace, what: Installation) -> tuple[Path, Path]:
        """The chart as one archive, and all values in one file that only its owner reads."""
        folder = _folder(workspace)
        whole = charts.assemble(workspace.folder, folder)
        archive = done(helm.package(whole, folder))
        values = folder / "values.json"
        values.touch(mode=0o600)
        found = charts.values(workspace.folder, workspace.environment.name, what.values)
        values.write_text(json.dumps(found, indent=1))
        return archive, values

    def _recorded(self, helm: Commands, what: Installation, receipt: Receipt) -> Installed:
        """The revision that a receipt names, as helm keeps it."""
        revision = receipt.outputs.get("revision")
        found = _installed(helm, what.release, what.namespace, int(revision)) if revision else None
        if found is None:
            told = f"{receipt.target}: helm has no revision {revision} of {what.namespace}/{what.release} any more"
            raise Refused(f"{told} (it keeps {HISTORY}); promote the release that should be there")
        return found

    def _explained(
        self, error: Refused, helm: Commands, saved: Saved, before: Installed | None, workspace: Workspace
    ) -> str:
        """Why an apply failed: helm's reason, what the pods say, and what became of a first install."""
        told = [str(error)]
        try:
            live = _installed(helm, saved.release, saved.namespace)
            told += rollouts.unready(access.opened(workspace.reading()), live.objects) if live else []
            if before is None and live is not None and saved.does is Does.UPGRADE:
                done(helm.uninstall(saved.release, namespace=saved.namespace, wait=True))
                told.append("It was the first install, so what it had made was removed again.")
        except FlowmartError as another:
            told.append(f"And then: {another}")
        return "\n".join(told)


def _folder(workspace: Workspace) -> Path:
    """Where the unit's archive, values and plan files are: beside the release's files, not among them."""
    folder = workspace.infrastructure.parent / "helm" / workspace.environment.name / workspace.unit.name
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _installed(helm: Commands, release: str, namespace: str, revision: int | None = None) -> Installed | None:
    """A revision of the release, by default the newest; `None` when there is none."""
    try:
        return installed(done(helm.status(release, namespace=namespace, revision=revision)), namespace)
    except NotInstalled:
        return None


def _rehearsed(
    helm: Commands, what: Installation, chart: Path, values: Path, live: Installed | None
) -> tuple[Installed, list[str]]:
    """What the release would be, as the cluster sees it; what helm does not ask it about, as the chart renders it."""
    given = json.loads(values.read_text())
    asked = partial(helm.install_or_upgrade, dry_run=True, create_namespace=False)
    # helm rehearses nothing on a release that is stuck.
    if not (live and live.stuck):
        try:
            return installed(done(asked(what.release, chart, given, namespace=what.namespace)), what.namespace), []
        except Refused as error:
            if not _UNKNOWN_KIND.search(str(error)):
                raise
    documents = done(helm.template(what.release, chart, given, namespace=what.namespace, include_crds=True))
    objects = rendered(indexed(documents, str(chart), what.namespace))
    if live and live.stuck:
        return objects, []
    return objects, ["the chart brings kinds that the cluster does not know yet: it was not asked about them"]


def _do(helm: Commands, saved: Saved) -> None:
    """The one command that changes the cluster."""
    if saved.does is Does.REMOVE:
        done(helm.uninstall(saved.release, namespace=saved.namespace, wait=True))
    elif saved.does is Does.ROLL_BACK:
        done(helm.rollback(saved.release, saved.revision, namespace=saved.namespace, wait=True))
    else:
        given = json.loads(Path(saved.values).read_text())
        asked = partial(helm.install_or_upgrade, create_namespace=False, wait=True)
        done(asked(saved.release, Path(saved.chart), given, namespace=saved.namespace))


def _unstuck(helm: Commands, saved: Saved, live: Installed | None) -> Installed | None:
    """Clear what a helm that was killed left behind: go back to the last good revision, or remove a first install."""
    if live is None or not live.stuck or saved.does is not Does.UPGRADE:
        return live
    good = good_revision(list(done(helm.history(saved.release, namespace=saved.namespace))))
    log.warning("release is stuck", release=saved.release, status=live.status, back_to=good)
    if good is None or live.status == "uninstalling":
        done(helm.uninstall(saved.release, namespace=saved.namespace, wait=True))
        return None
    # Without waiting: what was good then may not get ready now, and what we are about to apply is to mend that.
    done(helm.rollback(saved.release, good, namespace=saved.namespace))
    return live


def _plan(workspace: Workspace, target: Target, inputs_digest: str, live: Installed | None, new: Installed) -> Plan:
    changes = comparison.changes(live.everything if live else {}, new.everything)
    return Plan(
        target=target,
        engine="helm",
        changes=changes,
        unit_digest=workspace.unit_digest,
        inputs_digest=inputs_digest,
        basis=_basis(live),
        reversibility=kubernetes_plans.reversibility(changes, workspace.unit.protected),
        # A revision that did not come to a good end has to be replaced, even by the same objects.
        changes_outputs=live is None or live.status != "deployed",
    )


def _putting_right(plan: Plan, drifted: Iterable[Change]) -> Plan:
    """The plan with what helm does unasked: an upgrade of the same release takes back what was done by hand."""
    planned = {change.address for change in plan.changes}
    others = (the_other_way(change) for change in drifted if change.address not in planned)
    return replace(plan, changes=(*plan.changes, *others))


def _finished(plan: Plan, saved: Saved, folder: Path, warnings: list[str] | tuple[str, ...]) -> Plan:
    text = kubernetes_plans.text(plan.changes, warnings)
    return replace(plan, artifact=plans.save(saved, folder), text=text, warnings=tuple(warnings))


def _told_of(live: Installed | None) -> list[str]:
    if live is None or live.status == "deployed":
        return []
    return [f"revision {live.revision} is {live.status}: {'it is cleared first' if live.stuck else 'it is replaced'}"]


def _moved(what: Installation, receipt: Receipt, live: Installed | None) -> tuple[Change, ...]:
    """The release itself, when somebody else worked on it with helm."""
    then, now = receipt.outputs.get("revision"), live.revision if live else None
    if then == now:
        return ()
    address = f"Release/{what.namespace}/{what.release}"
    action = Action.DELETE if live is None else Action.UPDATE
    after = {"revision": now, "status": live.status} if live else None
    return (Change(address, "helm/Release", action, {"revision": then, "status": "deployed"}, after),)


def _basis(live: Installed | None) -> str:
    return live.basis if live else ""


def _outputs(saved: Saved, live: Installed | None) -> Mapping[str, Any]:
    if live is None:
        return {}
    return {"release": saved.release, "namespace": saved.namespace, "revision": live.revision}


ENGINE = Engine(name="helm", make=Helm, reads=reads, interface=interface, executable="helm")
