"""Tells what becomes of a chart's hooks in a plan, and what helm leaves in the cluster.

helm creates a hook's object only on the occasions that the hook names, unchanged or not, and only records the other
hooks. It never removes what a hook made together with the release, nor what says `keep`, nor what is in crds/
(https://helm.sh/docs/topics/charts_hooks/).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from tasks.cluster.access import Cluster
from tasks.cluster.errors import NotPermitted
from tasks.cluster.objects import Manifest, Reference
from tasks.cluster.ownership import annotated
from tasks.engines.helm.answers import Installed, occasions

KEEP = "helm.sh/resource-policy"


class Occasion(StrEnum):
    """What helm does to a release, in the words of its hooks: pre-install, post-install."""

    INSTALL = "install"
    UPGRADE = "upgrade"
    ROLL_BACK = "rollback"
    REMOVE = "delete"

    def runs(self, hook: Manifest) -> bool:
        """Tell whether helm creates the hook's object on this occasion."""
        return bool({f"pre-{self}", f"post-{self}"}.intersection(occasions(hook)))


def occasion_of(live: Installed | None) -> Occasion:
    """Return what `helm upgrade --install` does, given the installed revision."""
    return Occasion.INSTALL if live is None or live.gone or live.doomed else Occasion.UPGRADE


def running(occasion: Occasion, live: Installed | None, new: Installed) -> dict[Reference, Manifest]:
    """Return the hooks that run: those of the new revision, or of the live one if that is removed."""
    hooks = live.hooks if live and occasion is Occasion.REMOVE else new.hooks
    return {about: hook for about, hook in hooks.items() if occasion.runs(hook)}


def silent(occasion: Occasion, live: Installed | None, new: Installed) -> set[Reference]:
    """Return the hooks, of either revision, whose objects helm neither creates nor removes on this occasion."""
    objects = {*(live.objects if live else ()), *new.objects}
    hooks = {*(live.hooks if live else ()), *new.hooks}
    return hooks - objects - (running(occasion, live, new).keys() & new.hooks.keys())


def notes(occasion: Occasion, live: Installed | None, new: Installed) -> Iterator[str]:
    """Yield notes for the operator: which hooks run, and which changed ones are only recorded."""
    for about, hook in running(occasion, live, new).items():
        yield f"hook {about} runs ({', '.join(occasions(hook))})"
    for about in sorted(silent(occasion, live, new) & new.hooks.keys(), key=str):
        if live and live.hooks.get(about) != new.hooks[about]:
            yield f"hook {about} is only recorded: it runs at {', '.join(occasions(new.hooks[about]))}"


def says_keep(manifest: Manifest) -> bool:
    """Tell whether helm leaves the object when its release no longer has it."""
    return annotated(manifest).get(KEEP, "").strip().lower() == "keep"


def left_behind(cluster: Cluster, revision: Installed, definitions: Mapping[Reference, Manifest]) -> list[str]:
    """Name what exists of a release, and what helm does not remove with it.

    Args:
        cluster: the cluster, as the identity that reads.
        revision: the revision that is removed.
        definitions: the custom resource definitions in the chart's crds/.
    """
    kept = [about for about, manifest in revision.objects.items() if says_keep(manifest)]
    return existing(cluster, [*definitions, *revision.hooks, *kept])


def existing(cluster: Cluster, objects: Iterable[Reference]) -> list[str]:
    """Name the objects that exist, and those of which this identity may not know."""
    return [name for name in (_name(cluster, about) for about in objects) if name]


def _name(cluster: Cluster, about: Reference) -> str:
    """Return the name of an object; "" if it does not exist."""
    try:
        return str(about) if cluster.read(about) is not None else ""
    except NotPermitted:
        return f"{about} (if it exists: it may not be read here)"
