"""Builds the plan of a helm unit: the comparison of revisions, the cluster's checks, and the text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tasks.cluster import comparison, evidence, quotas
from tasks.cluster.access import Cluster
from tasks.cluster.objects import shown
from tasks.domain.errors import Refused
from tasks.domain.plan import Action, Change, Plan
from tasks.engines import kubernetes_plans
from tasks.engines.base import Workspace
from tasks.engines.helm import definitions, hooks, plans
from tasks.engines.helm.answers import Installed
from tasks.engines.helm.charts import Installation
from tasks.engines.helm.hooks import Occasion
from tasks.engines.helm.plans import Saved
from tasks.engines.helm.rehearsing import rehearsed, require_free
from tasks.engines.helm.rendering import Foretold, Objects

_LARGEST = 2**20
"""The maximum size of a Secret in bytes (`MaxSecretSize` of Kubernetes)."""
_DOUBT = 1.05
"""The margin of error of a size that helm itself did not compute. The apply decides about sizes within it."""


@dataclass(frozen=True)
class Upgrade:
    """The two ends of an upgrade.

    Attributes:
        what: the release.
        live: the installed revision; None if the release is not installed.
        new: the new revision.
        definitions: the custom resource definitions in the chart's crds/.
        server_side: whether this helm applies server-side.
    """

    what: Installation
    live: Installed | None
    new: Foretold
    definitions: Objects
    server_side: bool


def compared(
    workspace: Workspace, inputs_digest: str, live: Installed | None, new: Installed, occasion: Occasion
) -> Plan:
    """Plan the changes from one revision to another. Objects with helm's `keep` policy are not deleted.

    Hooks that do not run on this occasion are no changes in the cluster. If one of them changes, the release does.

    Args:
        workspace: the unit's workspace.
        inputs_digest: the digest of the inputs that are planned.
        live: the installed revision; None if the release is not installed.
        new: the revision to reach.
        occasion: what helm does.
    """
    there = _present(live)
    if there and there.doomed:
        found = _anew(there, new)
    else:
        found = comparison.changes(there.everything if there else {}, new.everything)
    kept = _kept(there.objects if there else {}, new.everything)
    recorded = set(map(str, hooks.silent(occasion, live, new)))
    changes = tuple(
        change
        for change in found
        if change.address not in recorded and (change.action is not Action.DELETE or change.address not in kept)
    )
    renewed = live is None or live.status != "deployed" or any(change.address in recorded for change in found)
    return Plan(
        target=workspace.target,
        engine="helm",
        changes=changes,
        unit_digest=workspace.unit_digest,
        inputs_digest=inputs_digest,
        basis=basis(live),
        reversibility=kubernetes_plans.reversibility(changes, workspace.unit.protected),
        # A revision that did not end well has to be replaced, even by the same objects.
        changes_outputs=renewed,
        warnings=(
            *_notes(live),
            *(hooks.notes(occasion, live, new) if changes or renewed else ()),
            *(f"{address} stays: it says {hooks.KEEP}: keep" for address in sorted(kept)),
            *(_run_again(there, new) if changes or renewed else ()),
        ),
    )


def asked(cluster: Cluster, plan: Plan, upgrade: Upgrade) -> Plan:
    """Check the plan with the cluster, and add the definitions, unknown objects and warnings that result.

    Args:
        cluster: the cluster, as the identity that reads.
        plan: the plan.
        upgrade: the two ends of the upgrade.

    Raises:
        Refused: the cluster rejects an object, a quota has no room for the new objects, an object belongs to another
            owner, or helm could not store or create the release.
    """
    live = None if upgrade.live and upgrade.live.doomed else _present(upgrade.live)
    before, after = live.objects if live else {}, upgrade.new.sample.objects
    created = {about: manifest for about, manifest in after.items() if about not in before}
    if upgrade.new.is_blind:
        require_free(cluster, upgrade.what, created)
    short = quotas.exceeded(cluster, created, after)
    if short:
        raise Refused("; ".join(short))
    if upgrade.new.installed.size > _LARGEST * _DOUBT:
        size = f"{upgrade.new.installed.size / 2**20:.1f} MiB"
        told = f"helm's record of the release would have {size}, and a Secret holds 1 MiB"
        raise Refused(f"{told}; leave files out of the chart (.helmignore), or make two charts of it")
    twice = upgrade.new.installed.repeated
    if twice and live is None and not upgrade.server_side:
        told = "the chart declares it twice, and helm 3 cannot create it twice; remove one, or use Helm 4"
        raise Refused(f"{twice[0]}: {told}")
    dropped = set(upgrade.live.hooks if upgrade.live else ()) - set(upgrade.new.installed.everything)
    compared = definitions.compared(cluster, upgrade.definitions, first=live is None)
    unknown, notes = rehearsed(cluster, before, upgrade.new, compared, server_side=upgrade.server_side)
    return replace(
        plan,
        changes=(*compared.created, *plan.changes),
        unknown=tuple(dict.fromkeys((*upgrade.new.unknown, *unknown))),
        warnings=(
            *plan.warnings,
            *(f"{about}: the chart declares it more than once; the last one counts" for about in twice),
            *stays(hooks.existing(cluster, sorted(dropped, key=str))),
            *compared.notes,
            *notes,
        ),
    )


def stays(names: Iterable[str]) -> list[str]:
    """Return a note for each object that helm leaves in the cluster."""
    return [f"{name} stays: helm does not remove it" for name in names]


def repairing(plan: Plan, drifted: Iterable[Change]) -> Plan:
    """Add the drift that helm reverts without being asked: an upgrade to the same release undoes manual changes."""
    planned = {change.address for change in plan.changes}
    others = (change.reversed for change in drifted if change.address not in planned)
    return replace(plan, changes=(*plan.changes, *others))


def finished(plan: Plan, saved: Saved, folder: Path, notes: Iterable[str] = ()) -> Plan:
    """Complete the plan with its saved file, its notes and its text.

    Args:
        plan: the plan.
        saved: what its apply needs.
        folder: where to save that.
        notes: further warnings, put first.
    """
    warnings = (*notes, *plan.warnings)
    text = kubernetes_plans.text(plan.changes, warnings)
    return replace(plan, artifact=plans.save(saved, folder), text=text, warnings=warnings)


def basis(live: Installed | None) -> str:
    """Return the revision and status that a plan is computed from; empty if the release is not installed."""
    return live.basis if live else ""


def _notes(live: Installed | None) -> list[str]:
    if live is None or live.status == "deployed":
        return []
    then = "removed first" if live.doomed else "cleared first" if live.stuck else "replaced"
    return [f"revision {live.revision} is {live.status}: it is {then}"]


def _present(live: Installed | None) -> Installed | None:
    """Return the revision whose objects are in the cluster: none if only the release's history was kept."""
    return None if live is None or live.gone else live


def _anew(before: Installed, after: Installed) -> tuple[Change, ...]:
    """Return the changes of a release that is removed and installed anew: what stays in it is replaced."""
    both = {str(about): manifest for about, manifest in before.objects.items() if about in after.objects}
    dropped = {about: manifest for about, manifest in before.everything.items() if about not in after.everything}
    found = comparison.changes(dropped, after.everything)
    return tuple(
        replace(change, action=Action.REPLACE, before=shown(both[change.address]))
        if change.address in both
        else change
        for change in found
    )


def _run_again(there: Installed | None, new: Installed) -> Iterator[str]:
    """Yield notes on unchanged Jobs that the cluster removes once they have ended. helm creates what is missing."""
    for about, manifest in new.objects.items():
        if there and evidence.ends(manifest) and there.objects.get(about) == manifest:
            yield f"{about} runs again if the cluster has removed it since it ended (ttlSecondsAfterFinished)"


def _kept(before: Objects, after: Objects) -> set[str]:
    """Return the objects that the chart drops and helm leaves in the cluster."""
    return {str(about) for about, manifest in before.items() if about not in after and hooks.says_keep(manifest)}
